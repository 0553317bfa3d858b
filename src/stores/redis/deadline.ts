/** @module Deadlines of store operations: one list and one timer for all that are under way. */
import { type Timer, timers } from '../../timers.js'

/** An operation that is under way, in the list of those, the one that began first at its head. */
interface Waiting {
  readonly expiresAt: number
  readonly fail: (error: Error) => void
  before: Waiting | undefined
  after: Waiting | undefined
  isSettled: boolean
}

/** The promise's own outcome, or a rejection once the deadline is over. */
export type Guard = <Value>(promise: Promise<Value>) => Promise<Value>

/**
 * Returns a guard, which rejects with `onExpired()` after `milliseconds`. All promises have the same deadline, so the
 * first in is the first to expire, and one timer (which keeps no process alive) is enough. What has settled leaves the
 * list at once: kept until its deadline, it would grow old, and be the collector's work.
 */
export function createDeadline(milliseconds: number, onExpired: () => Error): Guard {
  let first: Waiting | undefined
  let last: Waiting | undefined
  let timer: Timer | undefined

  function arm(): void {
    if (first === undefined) {
      timer = undefined
      return
    }
    // After the timers comes the reading of sockets: an answer that waits there because the process was busy counts.
    timer = timers.setTimeout(
      () => timers.setImmediate(expire),
      Math.max(first.expiresAt - timers.elapsed(), 1),
    )
    timer.unref()
  }

  function expire(): void {
    const now = timers.elapsed()
    for (let next = first; next !== undefined && next.expiresAt <= now; next = first) {
      leave(next)
      next.fail(onExpired())
    }
    arm()
  }

  function leave(entry: Waiting): void {
    if (entry.isSettled) return
    entry.isSettled = true
    if (entry.before === undefined) first = entry.after
    else entry.before.after = entry.after
    if (entry.after === undefined) last = entry.before
    else entry.after.before = entry.before
    // An operation that never ends is kept, and would keep all that came after it, with their answers.
    entry.before = undefined
    entry.after = undefined
  }

  return function guard<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const entry: Waiting = {
        // Rounded up, so that it is a small number, which an object holds in itself.
        expiresAt: Math.ceil(timers.elapsed() + milliseconds),
        fail: reject,
        before: last,
        after: undefined,
        isSettled: false,
      }
      if (last === undefined) first = entry
      else last.after = entry
      last = entry
      if (timer === undefined) arm()
      promise.then(
        (value) => {
          leave(entry)
          resolve(value)
        },
        (error: unknown) => {
          leave(entry)
          reject(error)
        },
      )
    })
  }
}
