/** @module Deadlines of store operations: one queue and one timer for all that are under way. */

interface Waiting {
  readonly expiresAt: number
  fail: (() => void) | undefined
}

/** The promise's own outcome, or a rejection once the deadline is over. */
export type Guard = <Value>(promise: Promise<Value>) => Promise<Value>

/**
 * Returns a guard, which rejects with `onExpired()` after `milliseconds`. All promises have the same deadline, so the
 * first in is the first to expire, and one timer (which keeps no process alive) is enough.
 */
export function createDeadline(milliseconds: number, onExpired: () => Error): Guard {
  let waiting: Waiting[] = []
  let first = 0
  let timer: NodeJS.Timeout | undefined

  function arm(): void {
    while (first < waiting.length && waiting[first]?.fail === undefined) first += 1
    const next = waiting[first]
    if (next === undefined) {
      waiting = []
      first = 0
      timer = undefined
      return
    }
    if (first > 1024) {
      waiting = waiting.slice(first)
      first = 0
    }
    // After the timers comes the reading of sockets: an answer that waits there because the process was busy counts.
    timer = setTimeout(() => setImmediate(expire), Math.max(next.expiresAt - performance.now(), 1))
    timer.unref()
  }

  function expire(): void {
    const now = performance.now()
    for (let next = waiting[first]; next !== undefined && next.expiresAt <= now; next = waiting[first]) {
      next.fail?.()
      first += 1
    }
    arm()
  }

  return function guard<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        expiresAt: performance.now() + milliseconds,
        fail: () => {
          entry.fail = undefined
          reject(onExpired())
        },
      }
      waiting.push(entry)
      if (timer === undefined) arm()
      promise.then(
        (value) => {
          entry.fail = undefined
          resolve(value)
        },
        (error: unknown) => {
          entry.fail = undefined
          reject(error)
        },
      )
    })
  }
}
