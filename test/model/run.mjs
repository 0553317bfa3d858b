/**
 * @module `npm run model [-- --quick] [-- --fault WORD]`: SPIN looks at every state of the model of the record's life, part by part,
 * and must find each planted fault. The exit code is 1 where a rule is broken, a search was cut short, or a fault is not found.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { cache } from '../../examples/set-up.mjs'
import { findProgram, howToGet } from '../programs.mjs'
import { modelFaults } from './faults.mjs'
import { storyOfTrail } from './trail.mjs'

const execute = promisify(execFile)
const model = fileURLToPath(new URL('record.pml', import.meta.url))

/** Each is looked at whole: two applications of two processes, two tabs, an operator. `isQuick`: CI has time for it. */
const configurations = [
  { parts: ['LOSS', 'REPLICA'], isQuick: true },
  { parts: ['REFRESH'], isQuick: true },
  { parts: ['IDLE', 'LOSS', 'SMALL'], isQuick: true },
  { parts: ['NEAR', 'SMALL'], isQuick: true },
  { parts: ['IDLE'] },
  { parts: ['NEAR', 'REPLICA', 'SMALL'] },
  { parts: ['NEAR'] },
  { parts: ['REFRESH', 'LOSS'] },
]

/** No search takes more memory. Megabytes. */
const mostMemory = 5500

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, fault: { type: 'string' } } })

/** Runs a program niced, and returns what it says; the machine is others' too. */
async function run(program, args, cwd) {
  const options = { cwd, maxBuffer: 64 * 1024 * 1024 }
  return await execute('nice', ['-n', '10', program, ...args], options).catch((error) => {
    if (typeof error.stdout === 'string' && program.endsWith('pan')) return error
    throw new Error(`${program}: ${error.stderr ?? error.message}`)
  })
}

function folderOf(words) {
  const folder = join(cache, 'model', words.join('-').toLowerCase())
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

const definesOf = (words) => words.map((word) => `-D${word}`)

/** Makes the program that searches, and lets it. Breadth first finds the shortest history, and needs more memory. */
async function search({ spin, gcc }, words, { isBreadthFirst }) {
  const folder = folderOf(words)
  await run(spin, ['-a', ...definesOf(words), model], folder)
  const order = isBreadthFirst ? ['-DBFS', '-O1'] : ['-O2']
  const options = ['-w', '-DSAFETY', '-DCOLLAPSE', `-DMEMLIM=${mostMemory}`, ...order]
  await run(gcc, [...options, '-o', 'pan', 'pan.c'], folder)
  const { stdout } = await run(join(folder, 'pan'), isBreadthFirst ? ['-w20'] : ['-w22', '-m3000000'], folder)
  const numberOf = (pattern) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
  return {
    folder,
    stdout,
    errors: numberOf(/errors: (\d+)/),
    states: numberOf(/(\d+) states, stored/),
    depth: numberOf(/depth reached (\d+)/),
    seconds: numberOf(/elapsed time ([\d.e+-]+)/),
    megabytes: numberOf(/([\d.]+)\s+total actual memory usage/),
    isWhole: !/Search not completed|max search depth too small|out of memory|reached -DMEMLIM/i.test(stdout),
  }
}

const measured = ({ states, depth, seconds, megabytes }) =>
  `${states} states, depth ${depth}, ${seconds.toFixed(1)} s, ${Math.round(megabytes)} MB`

/** The history that was found, step by step, as SPIN plays it again. */
async function trailOf({ spin }, folder, words) {
  const file = join(process.cwd(), 'record.pml.trail')
  const trail = [join(folder, 'record.pml.trail'), file].find(existsSync)
  if (trail === undefined) return []
  const { stdout } = await run(spin, ['-t', '-k', trail, ...definesOf(words), model], folder)
  return stdout.split('\n').flatMap((line) => (/^\s*(STEP|BROKEN) /.test(line) ? [line.trim()] : []))
}

async function checkConfiguration(programs, { parts }) {
  const result = await search(programs, parts, { isBreadthFirst: false })
  const isFine = result.errors === 0 && result.isWhole
  console.log(`${isFine ? 'holds ' : 'FAILED'} ${parts.join(' ')}: ${measured(result)}`)
  if (!isFine) {
    console.log(result.isWhole ? '' : 'the search was not exhaustive')
    console.log(storyOfTrail(await trailOf(programs, result.folder, parts)).join('\n'))
  }
  return isFine
}

async function checkFault(programs, { word, name, rule, parts }) {
  const words = [...parts, 'PLANTED', `FAULT_${word}`]
  const result = await search(programs, words, { isBreadthFirst: true })
  const steps = await trailOf(programs, result.folder, words)
  const story = storyOfTrail(steps)
  const isFound = result.errors > 0 && story.at(-1)?.includes(rule) === true
  console.log(`${isFound ? 'found ' : 'NOT FOUND'} ${name} (${measured(result)})`)
  for (const line of story) console.log(`         ${line}`)
  return isFound
}

async function main() {
  const [spin, gcc] = ['spin', 'compiler'].map(findProgram)
  if (spin === undefined || gcc === undefined) {
    console.error(`left out: ${howToGet(spin === undefined ? 'spin' : 'compiler')}`)
    return 1
  }
  const programs = { spin, gcc }
  const startedAt = performance.now()
  let failed = 0
  if (values.fault === undefined) {
    for (const each of configurations.filter(({ isQuick }) => isQuick || !values.quick)) {
      if (!(await checkConfiguration(programs, each))) failed += 1
    }
  }
  const chosen = modelFaults.filter(({ word }) => values.fault === undefined || word === values.fault)
  if (chosen.length === 0) throw new TypeError(`no such fault: ${values.fault}`)
  for (const each of chosen) if (!(await checkFault(programs, each))) failed += 1
  const lines = readFileSync(model, 'utf8').split('\n').length
  console.log(
    `${chosen.length} faults planted in ${lines} lines of model; ${failed} failed; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  )
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
