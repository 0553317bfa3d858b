/** @module The life of a session: begun, resumed, raised, ended; each step written first and reported then. */
import type { EndedRecord, LiveRecord, NewestToken, RecordAddress, SessionRecord } from '../session-record.js'
import type { EndOutcome, FoundRevocation } from '../stores/store.js'
import { announceEnd, endOver, endSession, type SessionEnd } from './end.js'
import {
  type LifecycleContext,
  type LifecycleOptions,
  retainedUntil,
  retentionOf,
} from './lifecycle-context.js'
import { moveProviderEnd } from './provider-end.js'
import { createGeneration, publicIdOf, type RecordDetails, withName } from './record.js'
import { reviseDetails } from './revise.js'
import { createRevocations, type Revocations } from './revocation.js'
import { type AskedRevocation, applyRevocation, revocationsOf } from './session-revocations.js'
import { type SessionStart, type SessionStartOutcome, startSession } from './start.js'
import { countedFromNow } from './timers.js'

/** What a session shows from a new generation on. */
export interface Rise {
  readonly level: number
  readonly authenticatedAt: number
  /** Of the shared cookie: the token that shows it. */
  readonly newestToken?: NewestToken | undefined
}

/** The steps of a session's life. Each throws `StoreUnavailableError` where the store cannot answer. */
export interface Lifecycle {
  /** How long a record is kept at least. Milliseconds. */
  readonly retention: number
  /** Until when a record is kept: as long as any token for it could live, and one of that `exp` does. */
  retainedUntil(now: number, tokenExpiresAt: number): number
  startSession(start: SessionStart): Promise<SessionStartOutcome>
  /** Ends a record, unless it changed meanwhile; the answer is what is there then, and whether it would survive. */
  end(address: RecordAddress, record: LiveRecord, end: SessionEnd, now: number): Promise<EndOutcome>
  /** Ends a record whose timer is over, by the idle time that it says or by the application's, if that is shorter. */
  endOver(address: RecordAddress, record: LiveRecord, now: number): Promise<SessionRecord | undefined>
  /**
   * Lets a live record count from now that was begun, or touched, by a clock that has been put back since: no timer
   * of it would run before that time. `undefined`: it has ended, or is another one by now.
   */
  countFromNow(address: RecordAddress, record: LiveRecord, now: number): Promise<LiveRecord | undefined>
  /**
   * Takes up when the provider wants a live session to end: sooner, or later up to the absolute limit.
   */
  moveProviderEnd(
    address: RecordAddress,
    record: LiveRecord,
    move: { readonly providerEnd: number; readonly now: number },
  ): Promise<void>
  /** Gives a live record a new generation at a higher level of assurance, or a newer authentication. */
  raiseAssurance(address: RecordAddress, record: LiveRecord, rise: Rise): Promise<LiveRecord | undefined>
  /**
   * Notes another value of a live session with its record, where a shared store is asked for revocations. `false`: it
   * has ended, or another generation has begun.
   */
  addName(address: RecordAddress, record: LiveRecord, name: string): Promise<boolean>
  /** Revokes in every store that is concerned, and reports what that ended. */
  revoke: Revocations['revoke']
  /** Every revocation that concerns a session which has ended, of whichever store. */
  revocationsOf(address: RecordAddress, record: EndedRecord): Promise<readonly FoundRevocation[]>
  /** Ends a live session that another application has revoked where both look. `true`: it had. */
  applyRevocation(
    address: RecordAddress,
    record: LiveRecord,
    now: number,
    asked?: AskedRevocation,
  ): Promise<boolean>
}

/** Makes the lifecycle of one application's sessions. */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const retention = retentionOf(options.absoluteMilliseconds)
  const retained: Lifecycle['retainedUntil'] = (now, expiry) => retainedUntil(retention, now, expiry)
  const revoking = createRevocations({
    store: options.store,
    revocations: options.revocations,
    retainedUntil: retained,
    clock: options.clock,
    onEnded(ended, reason) {
      for (const { address, record } of ended) announceEnd(context, address, record, reason)
    },
  })
  const context: LifecycleContext = { ...options, retention, revoking }
  return {
    retention,
    retainedUntil: retained,
    startSession: (start) => startSession(context, start),
    end: (address, record, end, now) => endSession(context, address, record, end, now),
    endOver: (address, record, now) => endOver(context, address, record, now),
    countFromNow: (address, record, now) => countFromNow(context, address, record, now),
    moveProviderEnd: (address, record, move) => moveProviderEnd(context, address, record, move),
    raiseAssurance: (address, record, rise) => raiseAssurance(context, address, record, rise),
    addName: (address, record, name) => addName(context, address, record, name),
    revoke: revoking.revoke,
    revocationsOf: (address, record) => revocationsOf(context, address, record),
    applyRevocation: (address, record, now, asked) => applyRevocation(context, address, record, now, asked),
  }
}

async function countFromNow(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  now: number,
): Promise<LiveRecord | undefined> {
  // Before its beginning is moved: what was revoked until now concerns a session that may have begun before.
  if (await applyRevocation(context, address, record, now)) return undefined
  const counted = countedFromNow(record, now, context.absoluteMilliseconds)
  const { endsAt } = counted
  const isWritten = await context.store.update(address, record.generation, { notAfter: now, endsAt })
  return isWritten ? counted : undefined
}

async function raiseAssurance(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  rise: Rise,
): Promise<LiveRecord | undefined> {
  const generation = createGeneration(context.random)
  const isWritten = await context.store.update(address, record.generation, { generation, ...rise })
  if (!isWritten) return undefined
  context.report({
    type: 'session.started',
    publicId: publicIdOf(generation),
    person: address.person,
    level: rise.level,
    cause: 'assurance',
  })
  return { ...record, generation, ...rise }
}

async function addName(
  context: LifecycleContext,
  address: RecordAddress,
  record: LiveRecord,
  name: string,
): Promise<boolean> {
  if (context.revocations === undefined) return true
  const revise = (details: RecordDetails) => ({ details: withName(details, name) })
  return (await reviseDetails(context, address, record, revise)) !== undefined
}
