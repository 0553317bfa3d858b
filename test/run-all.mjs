/**
 * @module `npm run test:all`: every test there is, with its own set-up, on a machine with Node, npm and a clone.
 * The last line is `N passed, N failed`; the exit code is 1 if anything failed. Output in full: `.cache/logs`.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import {
  build,
  cache,
  checkNode,
  installNext,
  installPackages,
  lastLines,
  npm,
  readJson,
  root,
  run,
  SetUpError,
} from '../examples/set-up.mjs'
import { consumerGroups, createIdleMeter, filesOfKind, realGroups, runJobs } from './lanes.mjs'
import { howToGet, obtainProgram, programs } from './programs.mjs'
import { coverageTable, slowestFiles } from './report.mjs'
import { checkStep, step, totals, vitest } from './steps.mjs'

const [thisNode] = process.versions.node.split('.')
const otherNodes = ['22', '24'].filter((major) => major !== thisNode)
const isContinuousIntegration = /^(1|true)$/i.test(process.env.CI ?? '')
const leftOut = []

/** The other Node of a major version, from the npm registry, in a folder of its own. */
async function otherNode(major) {
  const name = `node-${process.platform}-${process.arch}`
  const prefix = join(cache, `node-${major}`)
  const executable = join(prefix, 'node_modules', name, 'bin', 'node')
  if (existsSync(executable)) return executable
  const args = ['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--ignore-scripts']
  const { code, output } = await npm([...args, `${name}@${major}`], { log: `node-${major}` })
  if (code === 0 && existsSync(executable)) return executable
  throw new SetUpError(
    `Node ${major} could not be had from the npm registry (${name}):\n${lastLines(output, 8)}`,
  )
}

function printCoverage() {
  const file = join(cache, 'coverage', 'coverage-summary.json')
  if (existsSync(file)) console.log(`\n${coverageTable(readJson(file), root)}\n`)
}

async function setUpPackages() {
  const isReady = await step('set-up: Node and npm packages', async () => {
    checkNode()
    await installPackages((line) => console.log(`       ${line}`))
    return { note: `Node ${process.versions.node}` }
  })
  if (!isReady) return false
  return await step('build', async () => {
    await build(() => {})
    return {}
  })
}

/** One after another: Debian's packages are installed under one lock. */
async function setUpPrograms() {
  for (const [kind, { variable }] of Object.entries(programs)) {
    await step(`set-up: ${kind}`, async () => {
      const path = await obtainProgram(kind, (line) => console.log(`       ${line}`))
      if (path !== undefined) {
        process.env[variable] = path
        return { note: path }
      }
      const files = filesOfKind(kind)
      leftOut.push(kind)
      const details = [
        `these tests are left out: ${howToGet(kind)}`,
        ...files.map((name) => `  ${name}`),
      ].join('\n')
      return {
        failed: isContinuousIntegration ? 1 : 0,
        note: `not here: ${files.length} test files left out`,
        details,
      }
    })
  }
}

/** Every other Node that is here, with its executable. */
async function setUpOtherNodes() {
  const nodes = []
  for (const major of otherNodes) {
    await step(`set-up: Node ${major}`, async () => {
      try {
        nodes.push({ major, node: await otherNode(major) })
        return {}
      } catch (error) {
        if (isContinuousIntegration) throw error
        return { note: 'not here: its tests are left out', details: error.message }
      }
    })
  }
  return nodes
}

/** All quick and real tests one after another: coverage is counted in one process. */
async function withCoverage(env) {
  const args = [
    '--coverage',
    '--coverage.reporter=json-summary',
    `--coverage.reportsDirectory=${join(cache, 'coverage')}`,
    '--coverage.reportOnFailure',
  ]
  await step('quick and real tests, with coverage', () =>
    vitest('tests', ['--project', 'quick', '--project', 'long', '--project', 'real', ...args], { env }),
  )
  printCoverage()
}

/** The real tests, a job for each group. They share their modules: much of the time went into loading them anew. */
function realJobs(env) {
  return realGroups(Object.keys(programs).concat('next'), leftOut).map(({ name, files, ...job }) => ({
    ...job,
    work: () =>
      step(`real tests: ${name}`, () =>
        vitest(
          `real-${name.replace(/\W+/g, '-').toLowerCase()}`,
          ['--project', 'real', '--no-isolate', ...files],
          { env },
        ),
      ),
  }))
}

/** Users' projects, a job for each file. */
function consumerJobs(env) {
  return consumerGroups().map(({ name, file, ...job }) => ({
    ...job,
    work: () =>
      step(`consumers: ${name}`, () =>
        vitest(`consumers-${name}`, ['--project', 'consumers', file], { env }),
      ),
  }))
}

/** The demo goes through everything by itself and ends with 0 or 1. Another Node builds its part on Next.js anew. */
function walkJob(major, node, seconds) {
  return {
    seconds,
    cores: 0.8,
    folder: 'examples/next',
    work: () =>
      checkStep(`the demo on Node ${major}`, () =>
        run(node, [join(root, 'examples/demo/start.mjs'), '--walk'], {
          log: `demo-node-${major}`,
          timeoutSeconds: 300,
        }),
      ),
  }
}

/** Where the quick tests run with algorithms alone that FIPS 140 approves of: they run there in any case. */
const approvedOnlyNode = otherNodes[0]

/** What is shown on another Node. */
function otherNodeJobs({ major, node }, given) {
  const isApprovedOnly = major === approvedOnlyNode
  const env = {
    ...given,
    CITIZEN_TEST_OTHER_NODE: 'true',
    ...(isApprovedOnly ? { CITIZEN_TEST_APPROVED_ONLY: 'true' } : {}),
  }
  const which = isApprovedOnly ? ', approved algorithms only' : ''
  const tests = (name, log, args) => () => step(name, () => vitest(log, args, { node, env }))
  const quick = ['--project', 'quick', '--project', 'long', '--maxWorkers', '1']
  const smoke = ['--project', 'package', 'test/package/smoke.test.ts']
  return [
    {
      seconds: 125,
      cores: 0.9,
      work: tests(`quick tests on Node ${major}${which}`, `quick-node-${major}`, quick),
    },
    { seconds: 15, cores: 0.8, work: tests(`the package on Node ${major}`, `package-node-${major}`, smoke) },
    walkJob(major, node, 20),
  ]
}

/** Everything that runs side by side. */
function jobsOf(nodes, { env, hasOwn, hasConsumers }) {
  // First, for the others of their kind find the source transformed then; beside it only what waits most of the time.
  const quick = () => step('quick tests', () => vitest('quick', ['--project', 'quick'], { env }))
  const long = () =>
    step('long tests', () => vitest('long', ['--project', 'long', '--maxWorkers', '1'], { env }))
  const packageTests = () => step('the package', () => vitest('package', ['--project', 'package'], { env }))
  const faults = () =>
    checkStep('servers that fail: 5 rounds', () =>
      run(process.execPath, [join(root, 'test/faults/run.mjs'), '--rounds', '5'], {
        log: 'faults',
        timeoutSeconds: 600,
      }),
    )
  // The whole of it takes longer than CI has: `npm run simulate` goes on elsewhere, and adds up what it has done.
  const simulation = () =>
    checkStep('simulation: 800 seeds, and faults that it must find', () =>
      run(process.execPath, [join(root, 'test/simulation/check.mjs')], {
        log: 'simulation',
        timeoutSeconds: 600,
      }),
    )
  const model = () =>
    checkStep('the model: the smaller parts whole, and faults that it must find', () =>
      run(process.execPath, [join(root, 'test/model/run.mjs'), '--quick'], {
        log: 'model',
        timeoutSeconds: 900,
      }),
    )
  const isModelHere = !leftOut.includes('spin') && !leftOut.includes('compiler')
  return [
    ...(hasOwn ? [{ seconds: 150, cores: 1.5, isFirst: true, work: quick }, ...realJobs(env)] : []),
    ...(hasOwn ? [{ seconds: 90, cores: 0.9, work: long }] : []),
    ...(hasConsumers ? consumerJobs(env) : []),
    ...nodes.flatMap((each) => otherNodeJobs(each, env)),
    walkJob(thisNode, process.execPath, 25),
    { seconds: 120, cores: 1, work: packageTests },
    { seconds: 70, cores: 1, work: simulation },
    ...(isModelHere ? [{ seconds: 50, cores: 1, work: model }] : []),
    ...(leftOut.includes('redis') ? [] : [{ seconds: 140, cores: 0.4, work: faults }]),
  ]
}

function printSummary(startedAt, idle) {
  console.log(`\nthe slowest test files:\n${slowestFiles(totals.files).join('\n')}\n`)
  for (const name of totals.secondTries) console.log(`needed a second try: ${name}`)
  for (const kind of leftOut) console.log(`left out: tests that need ${kind}; ${howToGet(kind)}`)
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
  const busy = `cores ${Math.round(100 - 100 * idle())} % busy`
  console.log(`${minutes} minutes; ${busy}; output in full: ${relative(root, join(cache, 'logs'))}`)
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
}

async function main() {
  const startedAt = performance.now()
  const idle = createIdleMeter()
  const { values } = parseArgs({
    options: { coverage: { type: 'boolean' }, 'without-consumers': { type: 'boolean' } },
  })
  if (await setUpPackages()) {
    const [nodes] = await Promise.all([
      setUpOtherNodes(),
      setUpPrograms(),
      step('set-up: Next.js', async () => {
        await installNext((line) => console.log(`       ${line}`))
        return {}
      }),
      checkStep('types of the tests', () => npm(['run', '--silent', 'typecheck'], { log: 'types' })),
      checkStep('lint', () => npm(['run', '--silent', 'lint'], { log: 'lint' })),
    ])
    const env = { CITIZEN_TEST_LEAVE_OUT: leftOut.join(',') }
    if (values.coverage) await withCoverage(env)
    const jobs = jobsOf(nodes, {
      env,
      hasOwn: !values.coverage,
      hasConsumers: !values['without-consumers'],
    })
    await runJobs(jobs, availableParallelism())
  }
  printSummary(startedAt, idle)
  process.exitCode = totals.failed === 0 ? 0 : 1
}

await main()
