/** @module When the tokens of very many people are refreshed that were all issued in the same second. */
import { describe, expect, it } from 'vitest'
import { tokenState } from '../../src/shared-cookie/token-state.js'

const issuedAt = Date.parse('2026-03-02T09:00:00Z')

function dueSeconds(person: number, lifeSeconds: number, afterSeconds?: number): number {
  const token = {
    claims: { iss: 'https://id.citizen.example', sub: `person-${person}` },
    sessionValue: `session-${person}`,
    issuedAt,
    expiresAt: issuedAt + lifeSeconds * 1000,
    attachment: undefined,
  }
  return (tokenState(token, 'benefits', afterSeconds).refreshDueAt - issuedAt) / 1000
}

const people = Array.from({ length: 10_000 }, (_, person) => person)

describe('REF-1 the refreshes of 10,000 tokens that were issued in one second', () => {
  it('are spread over a tenth of 30 minutes, and none is due after half of them', () => {
    const due = people.map((person) => dueSeconds(person, 1800))
    expect(Math.min(...due)).toBeGreaterThanOrEqual(720)
    expect(Math.max(...due)).toBeLessThanOrEqual(900)
    expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(170)
    const inEachSecond = new Map<number, number>()
    for (const seconds of due.map(Math.floor)) inEachSecond.set(seconds, (inEachSecond.get(seconds) ?? 0) + 1)
    expect(Math.max(...inEachSecond.values())).toBeLessThan(200)
  })

  it('are due at the same moment in every process', () => {
    expect(dueSeconds(7, 1800)).toBe(dueSeconds(7, 1800))
    expect(dueSeconds(7, 1800)).not.toBe(dueSeconds(8, 1800))
  })

  it.each([1, 60, 299])(
    'are not spread in a life of %s s: half of it is what everybody counts upon',
    (life) => {
      expect(new Set(people.slice(0, 100).map((person) => dueSeconds(person, life)))).toEqual(
        new Set([life / 2]),
      )
    },
  )

  it.each([300, 3600, 86_400])('are spread in proportion to a life of %s s', (life) => {
    const due = people.slice(0, 1000).map((person) => dueSeconds(person, life))
    expect(Math.min(...due)).toBeGreaterThanOrEqual(0.4 * life - 0.001)
    expect(Math.max(...due)).toBeLessThanOrEqual(0.5 * life)
  })

  it('are due exactly when afterSeconds says', () => {
    expect(people.slice(0, 100).every((person) => dueSeconds(person, 1800, 1200) === 1200)).toBe(true)
  })
})
