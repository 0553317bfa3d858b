/**
 * @module Near reads while everything fails that carries their announcements: nobody is served from memory for longer than
 * the bound after an end that was told as done. Run by `npm run test:faults`; `-- --near` runs these alone.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { lineOf, type NearOutcome, type Planned, planOf, runFault } from './near/rounds.js'
import { bound, startNearWorld } from './near/worlds.js'
import type { Topology } from './servers.js'

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const seed = number('CITIZEN_FAULT_SEED', 1)
const first = number('CITIZEN_FAULT_FIRST', 0)
const count = number('CITIZEN_FAULT_NEAR', 20)
const outcomes: NearOutcome[] = []

/** Faults one after another that befall one world. */
function worldsOf(planned: readonly Planned[]): readonly (readonly [Topology, readonly Planned[]])[] {
  const worlds: [Topology, Planned[]][] = []
  for (const each of planned) {
    const last = worlds.at(-1)
    if (last?.[0] === each.topology) last[1].push(each)
    else worlds.push([each.topology, [each]])
  }
  return worlds
}

/** A machine that has other work may not bring servers about at the first try. */
async function startWorld(topology: Topology) {
  for (let time = 1; ; time += 1) {
    try {
      return await startNearWorld(topology)
    } catch (error) {
      if (time === 3) throw error
    }
  }
}

describe(`near reads at a bound of ${bound} ms`, () => {
  const planned = Array.from({ length: count }, (_, at) =>
    planOf(seed, first + at, process.env.CITIZEN_FAULT_KIND),
  )
  it.each(worldsOf(planned))(
    '%s',
    async (topology, list) => {
      let world = await startWorld(topology)
      const own: NearOutcome[] = []
      try {
        for (const each of list) {
          const outcome = await runFault(world, each)
          own.push(outcome)
          for (const line of [...outcome.beyond, ...outcome.problems]) console.log(`  ${line}`)
          console.log(lineOf(seed, outcome))
          if (outcome.void === undefined) continue
          // What was only half done cannot be undone.
          await world.close()
          world = await startWorld(topology)
        }
      } finally {
        outcomes.push(...own)
        await world.close()
      }
      const told = (of: (outcome: NearOutcome) => readonly string[]) =>
        own.flatMap((outcome) => of(outcome).map((line) => `fault ${outcome.planned.index}: ${line}`))
      expect(
        told(({ beyond }) => beyond),
        'requests served beyond the promise',
      ).toEqual([])
      expect(
        told(({ problems }) => problems),
        'problems',
      ).toEqual([])
    },
    count * 60_000,
  )

  it('served from memory, and ended sessions', () => {
    const isTelling = ({ servedNear, ends, void: reason }: NearOutcome) =>
      reason === undefined && servedNear > 0 && ends > 0
    expect(outcomes.filter(isTelling)).not.toEqual([])
  })
})

afterAll(() => {
  const sum = (of: (outcome: NearOutcome) => number) => outcomes.reduce((total, each) => total + of(each), 0)
  console.log(
    [
      `${outcomes.length} near faults (${outcomes.filter((outcome) => outcome.void !== undefined).length} void)`,
      `${sum(({ served }) => served)} requests served, ${sum(({ servedNear }) => servedNear)} from memory`,
      `${sum(({ ends }) => ends)} ends told as done, ${sum(({ unacknowledged }) => unacknowledged)} not`,
      `${sum(({ beyond }) => beyond.length)} served beyond ${bound} ms; the longest ${Math.max(0, ...outcomes.map(({ longest }) => longest)).toFixed(1)} ms after an end`,
      `${sum(({ replaced }) => replaced)} strict reads at a server that was replaced`,
    ].join('; '),
  )
})
