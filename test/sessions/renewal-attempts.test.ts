/** @module Attempts to renew tokens: which of them leave it open whether the tokens are spent. */
import { expect, it } from 'vitest'
import { beginAttempt } from '../../src/sessions/renewal-attempts.js'
import { memoryStore } from '../../src/stores/memory/store.js'

/** A store on a clock that the test moves, and attempts with one token. */
function createPlace() {
  let now = 1_800_000_000_000
  const store = memoryStore({ clock: () => now })
  return {
    attempt: (seconds: number) => beginAttempt(store, 'a token', seconds),
    travel(seconds: number) {
      now += seconds * 1000
    },
  }
}

it('HLD-07 an answer that is lost leaves the next attempt open, until one leaves the tokens as they are', async () => {
  const { attempt } = createPlace()
  await attempt(600)
  const second = await attempt(600)
  expect(second.isRepeated).toBe(true)
  await second.settleAll()
  const third = await attempt(600)
  expect(third.isRepeated).toBe(false)
  // Its own answer is lost in turn.
  expect((await attempt(600)).isRepeated).toBe(true)
})

it('HLD-07 a word about an older loss says nothing of a newer one, also where it outlives the note of the older', async () => {
  const { attempt, travel } = createPlace()
  await attempt(100)
  travel(50)
  await (await attempt(100)).settleAll()
  travel(51)
  // The note of the first is gone; the answer to this one is lost.
  expect((await attempt(100)).isRepeated).toBe(false)
  travel(1)
  expect((await attempt(100)).isRepeated).toBe(true)
})
