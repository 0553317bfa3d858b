/**
 * @module What CI has time for, on one core and in a minute: seeds that must break no rule, and planted faults that must be found.
 * Where the minute is over before, as on a busy machine, it says how many seeds were done.
 */
import { bundleSimulation } from './bundle.mjs'
import { plantedFaults } from './planted/faults.mjs'
import { runSeeds } from './threads.mjs'

const seeds = 800
const secondsForSeeds = 45
/** Found within a few seeds each, by different rules. */
const quick = [
  'a start does not look at the revocation',
  'an outage of the store is read as "nothing is there"',
  'an idle session goes on',
  'a sign-out only deletes the cookies',
  'polls keep a session alive',
  'a suite that stops goes on taking its id',
]

let failed = 0
const total = await runSeeds(await bundleSimulation(), {
  from: 1,
  count: seeds,
  seconds: secondsForSeeds,
  threads: 1,
  onFound: ({ seed, story }) => console.log(`seed ${seed}\n${story}`),
})
failed += total.found
console.log(`${total.done} of ${seeds} seeds: ${total.found} break a rule`)
for (const name of quick) {
  const fault = plantedFaults.find((each) => each.name.startsWith(name))
  if (fault === undefined) throw new Error(`no such planted fault: ${name}`)
  const { found, done } = await runSeeds(await bundleSimulation(fault.patches), {
    from: 1,
    count: 150,
    most: 1,
    shrinks: false,
    threads: 1,
  })
  if (found === 0) failed += 1
  console.log(`${found === 0 ? `NOT FOUND in ${done}` : 'found'}: ${fault.name}`)
}
process.exitCode = failed === 0 ? 0 : 1
