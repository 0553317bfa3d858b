/** @module Replicas that cannot be counted, for a user who may not ask for INFO: only what confirms is known of them. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createAcknowledgement } from '../../src/stores/redis/acknowledge.js'
import type { Connection } from '../../src/stores/redis/connection.js'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'], now: 0 }))
afterEach(() => vi.useRealTimers())

const uncounted = '-1 - -'

it('HLD-26 HLD-20 are not forgotten because ends had to wait for their turn', async () => {
  let confirming = 1
  const connection = {
    client: { topology: 'single' },
    async both() {
      vi.advanceTimersByTime(20)
      return [['confirmed', uncounted], confirming]
    },
  } as unknown as Connection
  const acknowledgement = createAcknowledgement(connection, 'all')
  const end = (milliseconds: number) =>
    acknowledgement.isAcknowledged(
      { key: 'k', field: 'f', at: 1, deadline: performance.now() + milliseconds },
      uncounted,
    )
  // What `WAIT 0 0` told at the start.
  acknowledgement.note({ online: 1, id: '-', former: '-' })
  // Nobody was asked in its time.
  expect(await end(0)).toBe(false)
  expect(await end(250)).toBe(true)
  vi.advanceTimersByTime(61_000)
  // The replica is there, and behind.
  confirming = 0
  expect(await end(250)).toBe(false)
  confirming = 1
  expect(await end(250)).toBe(true)
  vi.advanceTimersByTime(61_000)
  confirming = 0
  expect(await end(250)).toBe(false)
  // One that has been away for a minute is waited for no more.
  vi.advanceTimersByTime(61_000)
  expect(await end(250)).toBe(true)
})
