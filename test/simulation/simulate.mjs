/**
 * @module `npm run simulate -- --seeds N [--seed N] [--minutes M] [--record]`: worlds of N seeds, on every core. A seed that breaks
 * a rule is told as its shortest story, and becomes a file in `found/`. The exit code is 1 if one did.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundleSimulation } from './bundle.mjs'
import { nextSeed, noteSeeds, runName } from './seeds.mjs'
import { runSeeds } from './threads.mjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    record: { type: 'boolean' },
    threads: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
})

const number = (name, fallback) => {
  const value = values[name] === undefined ? fallback : Number(values[name])
  if (!(value > 0)) throw new TypeError(`--${name} must be a number above 0`)
  return value
}

/** Keeps what was found, for the tests to run for ever. */
function keep({ seed, violation, plan }) {
  const folder = new URL('./found/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const name = `${violation.invariant.replace(/\W+/g, '-').replace(/^-|-$/g, '')}-${seed}.json`
  const file = fileURLToPath(new URL(name, folder))
  writeFileSync(file, `${JSON.stringify({ invariant: violation.invariant, plan }, undefined, 2)}\n`)
  console.log(`kept as ${name}`)
}

const address = await bundleSimulation()
const name = runName()
const isOne = values.seed !== undefined && values.seeds === undefined
const from = number('seed', values.record ? nextSeed(name) : 1)
const count = isOne ? 1 : number('seeds', values.minutes === undefined ? 1000 : Number.MAX_SAFE_INTEGER)

if (isOne) {
  const { planOf, runPlan, storyOf } = await import(address)
  const plan = planOf(from)
  console.log(storyOf(plan, await runPlan(plan)))
}
const startedAt = performance.now()
const total = await runSeeds(address, {
  from,
  count,
  seconds: number('minutes', Infinity) * 60,
  threads: values.threads === undefined ? undefined : number('threads'),
  onFound: (found) => {
    console.log(`\nseed ${found.seed}\n${found.story}`)
    if (values['dry-run'] !== true) keep(found)
  },
})
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `${total.done} seeds in ${seconds.toFixed(1)} s, ${(total.done / seconds).toFixed(0)} a second, ${Math.round(total.steps / Math.max(total.done, 1))} steps each; ${total.found} break a rule`,
)
if (values.record && total.found === 0) console.log(noteSeeds(name, from, total.until))
process.exitCode = total.found === 0 ? 0 : 1
