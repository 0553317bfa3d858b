/**
 * @module `npm run test:all`: every test there is, with its own set-up, on a machine with Node, npm and a clone.
 * The last line is `N passed, N failed`; the exit code is 1 if anything failed. Output in full: `.cache/logs`.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import {
  build,
  cache,
  checkNode,
  installPackages,
  lastLines,
  logFile,
  npm,
  readJson,
  root,
  run,
  SetUpError,
} from '../examples/set-up.mjs'
import { howToGet, obtainProgram, programs } from './programs.mjs'
import { countReport, coverageTable } from './report.mjs'

const [thisNode] = process.versions.node.split('.')
const otherNodes = ['22', '24'].filter((major) => major !== thisNode)
const isContinuousIntegration = /^(1|true)$/i.test(process.env.CI ?? '')
const totals = { passed: 0, failed: 0 }
const leftOut = []

/**
 * Runs one step and prints its result. A step that fails counts as failed, with its failures in full.
 * @param {string} name
 * @param {() => Promise<{ passed?: number, failed?: number, note?: string, details?: string }>} work
 */
async function step(name, work) {
  const startedAt = performance.now()
  let result
  try {
    result = await work()
  } catch (error) {
    result = {
      failed: 1,
      details: error instanceof SetUpError ? error.message : (error?.stack ?? String(error)),
    }
  }
  const { passed = 0, failed = 0, note, details } = result
  totals.passed += passed
  totals.failed += failed
  const counts = passed + failed === 0 ? undefined : `${passed} passed, ${failed} failed`
  const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${[seconds, counts, note].filter(Boolean).join('; ')})`,
  )
  if (details) console.log(`${details}\n`)
  return failed === 0
}

/** A step that is one program: it passes with exit code 0 and counts only where it fails. */
function checkStep(name, work) {
  return step(name, async () => {
    const { code, output } = await work()
    return code === 0 ? {} : { failed: 1, details: output.trim() }
  })
}

/** Runs vitest and counts what its JSON report says. */
async function vitest(log, args, { node = process.execPath, env } = {}) {
  const report = logFile(log).replace(/\.log$/, '.json')
  rmSync(report, { force: true })
  const command = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--reporter=${join(root, 'test/stall.mjs')}`,
  ]
  const { code, output } = await run(node, [...command, `--outputFile.json=${report}`, ...args], {
    log,
    // A limit for what hangs: on a slow machine everything takes a multiple.
    timeoutSeconds: 4200,
    env: { ...env, NO_COLOR: '1' },
  })
  if (!existsSync(report)) return { failed: 1, details: lastLines(output, 80) }
  return countReport(readJson(report), { code, output, root, failSkipped: isContinuousIntegration })
}

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

function testFiles(marker) {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.test.ts') && name.split('.').includes(marker))
    .map((name) => join('test', name))
}

function printCoverage() {
  const file = join(cache, 'coverage', 'coverage-summary.json')
  if (existsSync(file)) console.log(`\n${coverageTable(readJson(file), root)}\n`)
}

async function setUp() {
  const isReady = await step('set-up: Node and npm packages', async () => {
    checkNode()
    await installPackages((line) => console.log(`       ${line}`))
    return { note: `Node ${process.versions.node}` }
  })
  if (!isReady) return false
  for (const [kind, { variable }] of Object.entries(programs)) {
    await step(`set-up: ${kind}`, async () => {
      const path = await obtainProgram(kind, (line) => console.log(`       ${line}`))
      if (path !== undefined) {
        process.env[variable] = path
        return { note: path }
      }
      const files = testFiles(kind)
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
  return await step('build', async () => {
    await build(() => {})
    return {}
  })
}

/** The demo goes through everything by itself and ends with 0 or 1. */
async function walk(major, node = process.execPath) {
  if (!existsSync(join(root, 'examples/demo/main.mjs'))) return
  const program = [join(root, 'examples/demo/start.mjs'), '--walk']
  await checkStep(`the demo on Node ${major}`, () =>
    run(node, program, { log: `demo-node-${major}`, timeoutSeconds: 300 }),
  )
}

async function onOtherNodes(env) {
  for (const major of otherNodes) {
    let node
    const isHere = await step(`set-up: Node ${major}`, async () => {
      try {
        node = await otherNode(major)
        return {}
      } catch (error) {
        if (isContinuousIntegration) throw error
        return { note: 'not here: its tests are left out', details: error.message }
      }
    })
    if (!isHere || node === undefined) continue
    await walk(major, node)
    await step(`the package on Node ${major}`, () =>
      vitest(`package-node-${major}`, ['--project', 'package', 'test/package/smoke.test.ts'], { node, env }),
    )
    await step(`quick tests on Node ${major}`, () =>
      vitest(`quick-node-${major}`, ['--project', 'quick'], { node, env }),
    )
  }
}

async function main() {
  const startedAt = performance.now()
  if (await setUp()) {
    const env = { CITIZEN_TEST_LEAVE_OUT: leftOut.join(',') }
    await checkStep('types of the tests', () => npm(['run', '--silent', 'typecheck'], { log: 'types' }))
    await checkStep('lint', () => npm(['run', '--silent', 'lint'], { log: 'lint' }))
    const coverage = [
      '--coverage',
      '--coverage.reporter=json-summary',
      `--coverage.reportsDirectory=${join(cache, 'coverage')}`,
    ]
    await step('quick and real tests', () =>
      vitest(
        'tests',
        ['--project', 'quick', '--project', 'real', ...coverage, '--coverage.reportOnFailure'],
        { env },
      ),
    )
    printCoverage()
    if (existsSync(join(root, 'examples/demo/main.mjs'))) {
      await checkStep('the demo walks through', () =>
        npm(['run', '--silent', 'demo', '--', '--walk'], { log: 'demo' }),
      )
    }
    if (!leftOut.includes('redis')) {
      await checkStep('servers that fail: 5 rounds', () =>
        run(process.execPath, [join(root, 'test/faults/run.mjs'), '--rounds', '5'], {
          log: 'faults',
          timeoutSeconds: 600,
        }),
      )
    }
    await step('the package', () => vitest('package', ['--project', 'package'], { env }))
    await step('consumers', () => vitest('consumers', ['--project', 'consumers'], { env }))
    await onOtherNodes(env)
  }
  for (const kind of leftOut) console.log(`left out: tests that need ${kind}; ${howToGet(kind)}`)
  console.log(
    `${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes; output in full: ${relative(root, join(cache, 'logs'))}`,
  )
  console.log(`${totals.passed} passed, ${totals.failed} failed`)
  process.exitCode = totals.failed === 0 ? 0 : 1
}

await main()
