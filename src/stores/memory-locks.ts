/** @module Claims, leases and registrations of the memory store. */
import type { Clock } from '../clock.js'

/** How long a claim holds before it is settled. */
export const claimSeconds = 30

/** How many old entries one new one may clear away, so that no sweep is ever long. */
const sweepStep = 4

interface Lock {
  readonly owner: string | number
  readonly until: number
}

/** Keys that are held until a time. */
export function createLocks(clock: Clock) {
  const locks = new Map<string, Lock>()
  let sweeper = locks.entries()

  function sweep(now: number): void {
    for (let step = 0; step < sweepStep; step++) {
      const { done, value } = sweeper.next()
      if (done) {
        sweeper = locks.entries()
        return
      }
      if (value[1].until <= now) locks.delete(value[0])
    }
  }

  return {
    /** Who holds the key now. */
    owner(key: string): string | number | undefined {
      const lock = locks.get(key)
      return lock !== undefined && lock.until > clock() ? lock.owner : undefined
    },
    hold(key: string, owner: string | number, seconds: number): void {
      const now = clock()
      sweep(now)
      locks.set(key, { owner, until: now + seconds * 1000 })
    },
    free(key: string): void {
      locks.delete(key)
    },
  }
}
