/** @module What the steps of a session's life stand on, and how long its record is kept. */
import type { Report } from '../events.js'
import type { Sealer } from '../seal.js'
import type { EndReason, RecordAddress } from '../session-record.js'
import type { Store } from '../stores/store.js'
import type { Revocations } from './revocation.js'

/** A session of this application that has ended, for whoever must end something with it. */
export interface EndedSession {
  readonly address: RecordAddress
  readonly publicId: string
  readonly reason: EndReason
  /** Identifier of the application's own framework session, where one was bound. */
  readonly boundSession: string | undefined
}

/** What the lifecycle of one application's sessions is made with. */
export interface LifecycleOptions {
  readonly application: string
  readonly idleMilliseconds: number
  readonly absoluteMilliseconds: number
  /** Whether the application has work of its own to do for each sign-in. */
  readonly hasSignInWork: boolean
  /** How many records of a person are kept. */
  readonly mostRecords: number
  readonly store: Store
  /** Where revocations are kept besides, if anywhere. */
  readonly revocations: Store | undefined
  readonly sealer: Sealer
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly report: Report
  readonly onEnded: (session: EndedSession) => void
}

/** What each step of the lifecycle gets. */
export interface LifecycleContext extends LifecycleOptions {
  /** How long a record is kept at least. Milliseconds. */
  readonly retention: number
  readonly revoking: Revocations
}

const leastRetention = 24 * 60 * 60 * 1000
/** A token is good that much longer than its `exp` at most. */
const mostSkew = 60_000

/** How long records are kept at least where sessions last that long at most. Milliseconds. */
export function retentionOf(absoluteMilliseconds: number): number {
  return Math.max(leastRetention, absoluteMilliseconds)
}

/** Until when a record is kept: as long as any token for it could live, and one of that `exp` does. */
export function retainedUntil(retention: number, now: number, tokenExpiresAt: number): number {
  return Math.max(now + retention, tokenExpiresAt + mostSkew)
}
