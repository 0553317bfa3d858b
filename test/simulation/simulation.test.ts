/** @module The simulation itself: one seed is one history, whatever else the machine does; the first seeds break no rule. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeadline } from '../../src/stores/redis/deadline.js'
import { textOf } from '../house/source.js'
import { type Apart, openApart } from './apart.mjs'
import { bundleSimulation } from './bundle.mjs'
import { planOf, storyOf } from './main.js'
import type { Plan } from './plan.js'
import { plantedFaults } from './planted/faults.mjs'
import type { Outcome } from './run.js'
import { addRange } from './seeds.mjs'

let thread: Apart
beforeAll(async () => {
  thread = openApart(await bundleSimulation())
})
afterAll(() => thread.close())

const run = async (plan: Plan, how?: { readonly isBusy: boolean }): Promise<Outcome> =>
  (await thread.call('runPlan', [plan], how)) as Outcome

/** What a test before this one has left: an operation of a store that never ends, and its deadline. */
async function leaveOperation(milliseconds: number): Promise<void> {
  const guard = createDeadline(milliseconds, () => new Error('late'))
  await guard(new Promise(() => undefined)).catch(() => undefined)
}

describe('one seed', () => {
  it.each([1, 12, 23])('gives one history, byte for byte, also on a busy machine: %i', async (seed) => {
    const first = await run(planOf(seed))
    const second = await run(planOf(seed), { isBusy: true })
    expect(first.history.length).toBeGreaterThan(500)
    expect(second.history).toBe(first.history)
    expect(second.steps).toBe(first.steps)
  })

  it('gives the same history in the same steps while what other tests have left in the process goes on', async () => {
    const first = await run(planOf(1))
    const left = [1, 20, 60].map(leaveOperation)
    const second = await run(planOf(1))
    await Promise.all(left)
    expect(second.history).toBe(first.history)
    expect(second.steps).toBe(first.steps)
  })

  it('plans the same twice, and another seed plans another', () => {
    expect(planOf(7)).toEqual(planOf(7))
    expect(planOf(8).actions).not.toEqual(planOf(7).actions)
  })
})

it.each(Array.from({ length: 20 }, (_, index) => index + 1))('breaks no rule with seed %i', async (seed) => {
  const plan = planOf(seed)
  const outcome = await run(plan)
  expect(outcome.violation, storyOf(plan, outcome)).toBeUndefined()
})

it.each(['oidc', 'saml'] as const)(
  'signs people in by a protocol, and delivers what ends them: %s',
  async (protocol) => {
    let told = ''
    for (let seed = 1; seed <= 60 && !isWhole(told); seed += 1) {
      const plan = planOf(seed)
      if (plan.world.protocol === protocol) told += (await run(plan)).history
    }
    expect(isWhole(told)).toBe(true)
  },
)

/** Somebody was served by a session of the protocol, and a message of the provider was carried out. */
const isWhole = (told: string): boolean =>
  / at library: 200, active/.test(told) && /delivers a (?:soap|backchannel-logout) for .*: 200$/m.test(told)

it('breaks no rule any more where it once did', async () => {
  const folder = new URL('./found/', import.meta.url)
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
    const { plan } = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { plan: Plan }
    const outcome = await run(plan)
    expect(outcome.violation, `${name}\n${storyOf(plan, outcome)}`).toBeUndefined()
  }
})

describe('planted faults', () => {
  it('are thirty at least, each with a name of its own', () => {
    expect(plantedFaults.length).toBeGreaterThanOrEqual(30)
    expect(new Set(plantedFaults.map(({ name }) => name)).size).toBe(plantedFaults.length)
  })

  it.each(plantedFaults.map(({ name, patches }) => [name, patches] as const))(
    'change what is there exactly once: %s',
    (_name, patches) => {
      for (const { file, find, put } of patches) {
        expect(textOf(file).split(find).length, `${file}: ${find}`).toBe(2)
        expect(put).not.toBe(find)
      }
    },
  )
})

it.each([
  [[], 1, 10, [[1, 10]]],
  [[[1, 10]], 11, 20, [[1, 20]]],
  [[[1, 10]], 5, 30, [[1, 30]]],
  [
    [[1, 10]],
    21,
    30,
    [
      [1, 10],
      [21, 30],
    ],
  ],
  [[[21, 30]], 1, 20, [[1, 30]]],
  [[[1, 10]], 11, 10, [[1, 10]]],
] as const)('adds up seeds: %j and %i to %i', (ranges, from, to, sum) => {
  expect(addRange(ranges as unknown as [number, number][], from, to)).toEqual(sum)
})
