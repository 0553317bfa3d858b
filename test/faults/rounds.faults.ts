/**
 * @module Rounds of failing servers: an end that was told as done is served by nobody afterwards, whatever fails; no
 * session that was there before is lost to an outage; nothing answers 500. Run by `npm run test:faults`.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { type Outcome, runRound } from './round.js'

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const seed = number('CITIZEN_FAULT_SEED', 1)
const first = number('CITIZEN_FAULT_FIRST', 0)
const rounds = number('CITIZEN_FAULT_ROUNDS', 5)
const outcomes: Outcome[] = []

const lineOf = (round: number, outcome: Outcome): string => {
  const { topology, client, fault, tally, backAfter } = outcome
  return [
    `round ${round}${outcome.void === undefined ? '' : `, void (${outcome.void})`} (seed ${seed}): ${topology}, ${client}, ${fault}: ${tally.requests} requests`,
    `${tally.acknowledged} ends done, ${tally.unacknowledged} not told as done`,
    `${tally.servedAfterEnd.length} served after the end, ${tally.lost.length} lost, ${tally.errors.length} errors`,
    `last unavailable after ${(backAfter / 1000).toFixed(1)} s`,
  ].join('; ')
}

describe('HLD-26 HLD-19 an end told as done is done, and service comes back', () => {
  it.each(Array.from({ length: rounds }, (_, index) => first + index))('round %i', async (round) => {
    const outcome = await runRound(seed, round)
    outcomes.push(outcome)
    for (const line of [...outcome.tally.servedAfterEnd, ...outcome.tally.lost, ...outcome.tally.errors]) {
      console.log(`  ${line}`)
    }
    console.log(lineOf(round, outcome))
    const { tally } = outcome
    expect(tally.servedAfterEnd, 'requests served after an end that was told as done').toEqual([])
    expect(tally.lost, 'live sessions lost').toEqual([])
    expect(tally.errors, 'errors').toEqual([])
  })

  it('has at least one round that says something', () => {
    expect(outcomes.filter((outcome) => outcome.void === undefined)).not.toEqual([])
  })
})

afterAll(() => {
  const sum = (count: (outcome: Outcome) => number) =>
    outcomes.reduce((total, each) => total + count(each), 0)
  const times = outcomes.map(({ backAfter }) => backAfter).toSorted((one, other) => one - other)
  const seconds = (at: number) => ((times[Math.floor((times.length - 1) * at)] ?? 0) / 1000).toFixed(1)
  console.log(
    [
      `${outcomes.length} rounds (${outcomes.filter((outcome) => outcome.void !== undefined).length} void): ${sum(({ tally }) => tally.requests)} requests`,
      `${sum(({ tally }) => tally.acknowledged)} ends told as done, ${sum(({ tally }) => tally.unacknowledged)} not`,
      `${sum(({ tally }) => tally.servedAfterEnd.length)} requests served after an end told as done`,
      `${sum(({ tally }) => tally.lost.length)} requests of live sessions refused`,
      `${sum(({ tally }) => tally.errors.length)} errors`,
      `the last request told unavailable ${seconds(0.5)} s (median), ${seconds(1)} s (longest) after the fault`,
    ].join('; '),
  )
})
