/** @module What the store contract needs of a store under test, and the values that its tests are made of. */
import { randomBytes } from 'node:crypto'
import type { EndedRecord, EndReason, LiveRecord, RecordAddress } from '../../src/session-record.js'
import type { StartOutcome, StartRequest, Store } from '../../src/stores/store.js'

/** A store with a clock that a test can move. */
export interface StoreHarness {
  readonly store: Store
  /** The injected clock, in milliseconds. */
  now(): number
  /** Lets time pass, for the store's clock and for the lives of its keys. */
  advance(seconds: number): Promise<void>
  /** Puts the injected clock back (a negative number: on), while the store's own time, if it has one, stands still. */
  setBack(seconds: number): Promise<void>
  close(): Promise<void>
}

export type MakeStoreHarness = () => Promise<StoreHarness>

/** Milliseconds. */
export const minute = 60_000
export const day = 86_400_000

/** A digest, generation or fingerprint that nobody else has. */
export const unique = (): string => randomBytes(16).toString('base64url')

export function addressOf(given: Partial<RecordAddress> = {}): RecordAddress {
  return { person: unique(), session: unique(), application: 'benefits', ...given }
}

export function liveAt(now: number, given: Partial<LiveRecord> = {}): LiveRecord {
  return {
    state: 'live',
    generation: unique(),
    startedAt: now,
    lastSeenAt: now,
    endsAt: now + 12 * 60 * minute,
    idleMilliseconds: 10 * minute,
    tokenExpiresAt: now + 5 * minute,
    level: 1,
    authenticatedAt: 0,
    retainUntil: now + day,
    sealed: '',
    ...given,
  }
}

export function endedAt(
  record: LiveRecord,
  now: number,
  reason: EndReason = 'idle-timeout',
  given: Partial<EndedRecord> = {},
): EndedRecord {
  const { generation, retainUntil, sealed } = record
  return { state: 'ended', reason, at: now, generation, retainUntil, sealed, ...given }
}

/** Starts a session now, with a token issued now. */
export async function startAt(
  { store, now }: StoreHarness,
  address: RecordAddress,
  given: Partial<LiveRecord> &
    Partial<Pick<StartRequest, 'issuedAt' | 'resumes' | 'provenAt' | 'mostRecords'>> = {},
): Promise<StartOutcome> {
  const { issuedAt = now(), resumes, provenAt, mostRecords, ...fields } = given
  return store.start(address, {
    record: liveAt(now(), fields),
    issuedAt,
    now: now(),
    resumes,
    provenAt,
    mostRecords,
  })
}

/** Starts a session that nothing stands against. */
export async function startedAt(
  harness: StoreHarness,
  address: RecordAddress,
  given: Partial<LiveRecord> = {},
): Promise<LiveRecord> {
  const outcome = await startAt(harness, address, given)
  if (outcome.outcome !== 'started') throw new Error(`not started, but ${outcome.outcome}`)
  return outcome.record
}

/**
 * Lets time pass until what is retained no longer is forgotten: that takes a clock that has gone on for an hour, and
 * another person's session that begins.
 */
export async function letForget(harness: StoreHarness): Promise<void> {
  for (let step = 0; step < 3; step += 1) {
    await harness.advance(3601)
    await startedAt(harness, addressOf())
  }
}
