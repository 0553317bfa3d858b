/** @module Waits: until something may be tried again, as elapsed time, so that a clock that is put right ends them. */

/** A wait of so many milliseconds that began at `since`, by the injected clock. */
export interface Wait {
  readonly since: number
  readonly milliseconds: number
}

/** A wait that is over. */
export const noWait: Wait = Object.freeze({ since: 0, milliseconds: 0 })

/**
 * Whether a wait goes on at `now`. One that began "in the future" was begun by a clock that has been put back since:
 * it is over, or it would last as long as the clock was wrong. Only for what merely waits: what forbids (an end, a
 * revocation, a replay mark) stands whatever the clock does.
 */
export function isWaiting({ since, milliseconds }: Wait, now: number): boolean {
  return now >= since && now - since < milliseconds
}

/** Of two waits the one that lasts longer from `now` on. */
export function longerWait(one: Wait, other: Wait, now: number): Wait {
  if (!isWaiting(one, now)) return other
  return one.since + one.milliseconds > other.since + other.milliseconds ? one : other
}

/**
 * How far a time that was noted here may lie ahead of `now` without a clock having been put back: clocks of several
 * instances differ, and a request in flight looked at the time a while ago. Milliseconds.
 */
export const clockTolerance = 60_000

/** Whether a time was noted by a clock that has been put back since, or by one that is wrong. */
export function isAhead(time: number, now: number): boolean {
  return time - now > clockTolerance
}

/** A time that something is to be proven by; 0, as if it were unknown, where it lies in the future. */
export function unlessAhead(time: number, now: number): number {
  return isAhead(time, now) ? 0 : time
}

/** How often something may be tried at the request of anybody: a few times at once, then once in a while. */
export interface Allowance {
  /** Whether one more is allowed at `now`; counts it if so. */
  take(now: number): boolean
  /** Counts one that was not asked for, if any is left. */
  spend(now: number): void
  /** As new. */
  reset(): void
}

/**
 * Makes an allowance of `most` at once, of which one comes back every so many milliseconds: under any flood the next is
 * allowed within that time, and a single call of a stranger does not delay the call after it. A clock that is put back
 * gives all of them back.
 */
export function createAllowance(most: number, milliseconds: number): Allowance {
  let left = most
  let since = 0
  const refill = (now: number): void => {
    if (now < since) left = most
    const earned = Math.floor(Math.max(now - since, 0) / Math.max(milliseconds, 1))
    left = Math.min(most, left + earned)
    since = left === most ? now : since + earned * milliseconds
  }
  return {
    take(now) {
      refill(now)
      if (left === 0) return false
      left -= 1
      return true
    },
    spend(now) {
      if (left === most) since = now
      if (left > 0) left -= 1
    },
    reset() {
      left = most
      since = 0
    },
  }
}

/**
 * Makes the allowance of fetches for keys that logins in flight cause in vain: ten at once, then one in five seconds.
 * It is theirs alone, so that what anybody can send without a login never uses it up; a fetch that brings a new key
 * gives all of them back, so that it never delays a roll-over but under a flood of logins.
 */
export const createLoginAllowance = (): Allowance => createAllowance(10, 5000)
