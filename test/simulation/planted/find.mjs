/**
 * @module `node test/simulation/planted/find.mjs [--seeds N] [NAME …]`: after how many seeds each planted fault is found, and by which rule.
 * The exit code is 1 if one is not.
 */
import { parseArgs } from 'node:util'
import { bundleSimulation } from '../bundle.mjs'
import { runSeeds } from '../threads.mjs'
import { plantedFaults } from './faults.mjs'

const { values, positionals } = parseArgs({
  options: { seeds: { type: 'string', default: '10000' }, threads: { type: 'string' } },
  allowPositionals: true,
})
const chosen = plantedFaults.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)
let missed = 0
for (const { name, patches } of chosen) {
  let first
  const total = await runSeeds(await bundleSimulation(patches), {
    from: 1,
    count: Number(values.seeds),
    most: 1,
    shrinks: false,
    threads: values.threads === undefined ? undefined : Number(values.threads),
    onFound: (found) => {
      first ??= found
    },
  })
  if (first === undefined) missed += 1
  const what =
    first === undefined ? `NOT FOUND in ${total.done}` : `seed ${first.seed}: ${first.violation.invariant}`
  console.log(`${name}\n  ${what}`)
}
console.log(`${chosen.length - missed} of ${chosen.length} found`)
process.exitCode = missed === 0 ? 0 : 1
