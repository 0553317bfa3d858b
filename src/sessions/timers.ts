/** @module Timers: when a session ends, and when a touch is worth writing. Pure arithmetic in milliseconds. */
import type { AliasRecord, LiveRecord, SessionRecord } from '../session-record.js'
import { clockTolerance, isAhead } from '../wait.js'

/** The times of a record that decide when it ends. */
export interface Times {
  readonly lastSeenAt: number
  readonly endsAt: number
  readonly idleMilliseconds: number
}

/**
 * A record under the idle time of today: the shorter of its own and the application's, which may have changed since it
 * began. The one place that decides it; the same object where nothing differs.
 */
export function withIdleTime(record: LiveRecord, idleMilliseconds: number): LiveRecord
export function withIdleTime<R extends SessionRecord | AliasRecord | undefined>(
  record: R,
  idleMilliseconds: number,
): R | LiveRecord
export function withIdleTime(
  record: SessionRecord | AliasRecord | undefined,
  idleMilliseconds: number,
): SessionRecord | AliasRecord | undefined {
  if (record?.state !== 'live' || record.idleMilliseconds <= idleMilliseconds) return record
  return { ...record, idleMilliseconds }
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

/** Whether a live record asks for no write, by time alone: no timer is over, no touch due, no work for its sign-in. */
export function isUnchanged(record: LiveRecord, now: number): boolean {
  const { idleMilliseconds } = record
  const unseen = now - record.lastSeenAt
  return (
    record.signIn !== 'due' &&
    unseen >= -clockTolerance &&
    unseen < touchInterval(idleMilliseconds) &&
    unseen < idleMilliseconds &&
    now < record.endsAt
  )
}

/** Whether a record was begun, or touched, by a clock that has been put back since. */
export function isFromAhead(record: Pick<LiveRecord, 'startedAt' | 'lastSeenAt'>, now: number): boolean {
  return isAhead(record.lastSeenAt, now) || isAhead(record.startedAt, now)
}

/** The record itself; as if it had begun, or been seen, at `now`, where it says that this was "in the future". */
export function countedFromNow(record: LiveRecord, now: number, absoluteMilliseconds: number): LiveRecord {
  if (!isFromAhead(record, now)) return record
  const { startedAt, lastSeenAt, endsAt, newestToken } = record
  return {
    ...record,
    startedAt: Math.min(startedAt, now),
    lastSeenAt: Math.min(lastSeenAt, now),
    endsAt: Math.min(endsAt, now + absoluteMilliseconds),
    // The latest `iat` that a token may have now: else none would be newer for long. No sooner: else an older one would be.
    newestToken: newestToken && {
      ...newestToken,
      olderUntil: Math.min(newestToken.olderUntil, now + clockTolerance),
    },
  }
}
