/** @module An extension without a new token, by a clock that is ahead: what other instances wait for afterwards. */
import { describe, expect, it } from 'vitest'
import { dueSeconds, engines } from '../sessions/renewals.js'

describe('HLD-05 an extension by an instance whose clock is ahead', () => {
  it.each([
    ['right', 0],
    ['an hour ahead', 3600],
    ['a day ahead', 86_400],
  ])('keeps the others waiting for half of the token’s life at most: %s', async (_name, ahead) => {
    const [, make] = engines[0]
    const leases: number[] = []
    const engine = await make()
    engine.fault.before = (name, given) => {
      if (name === 'renewLease') leases.push(Number(given[2]))
    }
    engine.script.onAnswer = () => new Response('', { status: 200 })
    // The clock is put on once the renewal has begun, so that the token is good until then.
    engine.script.onSent = () => engine.travel(ahead)
    engine.travel(dueSeconds)
    await engine.visit()
    expect(engine.sent).toHaveLength(1)
    expect(leases).toHaveLength(1)
    expect(leases[0]).toBeGreaterThanOrEqual(599)
    expect(leases[0]).toBeLessThanOrEqual(600)
  })
})
