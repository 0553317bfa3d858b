/** @module Keys that are held for a while in the memory store. */
import type { Clock } from '../../clock.js'
import { isWaiting, type Wait } from '../../wait.js'
import { createForgetting } from '../forgetting.js'

/** How many old entries one new one may clear away, so that no sweep is ever long. */
const sweepStep = 4

interface Lock extends Wait {
  readonly owner: string | number
}

/** Keys that are held for a while: one that merely makes others wait is free after a step of the clock back. */
export function createLocks(clock: Clock, purpose: 'wait' | 'forbid') {
  const isLasting = purpose === 'forbid'
  const isHeld = (lock: Lock, now: number): boolean =>
    isLasting ? now < lock.since + lock.milliseconds : isWaiting(lock, now)
  const forgetUntil = createForgetting()
  const locks = new Map<string, Lock>()
  let sweeper = locks.entries()

  function sweep(now: number): void {
    const forgotten = forgetUntil(now)
    for (let step = 0; step < sweepStep; step++) {
      const { done, value } = sweeper.next()
      if (done) {
        sweeper = locks.entries()
        return
      }
      if (!isHeld(value[1], isLasting ? forgotten : now)) locks.delete(value[0])
    }
  }

  return {
    /** Who holds the key now. */
    owner(key: string): string | number | undefined {
      const lock = locks.get(key)
      return lock !== undefined && isHeld(lock, clock()) ? lock.owner : undefined
    },
    hold(key: string, owner: string | number, seconds: number): void {
      const now = clock()
      sweep(now)
      locks.set(key, { owner, since: now, milliseconds: seconds * 1000 })
    },
    free(key: string): void {
      locks.delete(key)
    },
  }
}
