/** @module Timers: when a session ends, and when a touch is worth writing. Pure arithmetic in milliseconds. */

/** The times of a record that decide when it ends. */
export interface Times {
  readonly lastSeenAt: number
  readonly endsAt: number
  readonly idleMilliseconds: number
}

/** When the session ends if nobody touches it, the absolute limit included. */
export function idleEndsAt(times: Times): number {
  return Math.min(times.lastSeenAt + times.idleMilliseconds, times.endsAt)
}

/**
 * Which timer has run out at `now`, if one has; of two the one that ran out first. A session lives while
 * `now` is before its end.
 * Source: ASVS 5.0 7.3.1, 7.3.2; NIST SP 800-63B-4 5.2.
 */
export function timerOver(times: Times, now: number): 'idle-timeout' | 'absolute-timeout' | undefined {
  const idleEnd = times.lastSeenAt + times.idleMilliseconds
  if (now < idleEnd && now < times.endsAt) return undefined
  return idleEnd < times.endsAt ? 'idle-timeout' : 'absolute-timeout'
}

/** When the timer that is over ran out. */
export function overSince(times: Times): number {
  return idleEndsAt(times)
}

/**
 * How long a touch stays unwritten: the session may end that much early, never late.
 * min(10 s, idle / 20).
 */
export function touchInterval(idleMilliseconds: number): number {
  return Math.min(10_000, idleMilliseconds / 20)
}
