/**
 * @module What has ended a session that is `identity-ended`: a verified logout message of its provider is written as a
 * revocation, a refresh that the provider refused is not. What was revoked since for another reason counts before both.
 */
import type { EndedRecord, EndReason, RecordAddress, Store } from '../stores/store.js'

/** Why a session is over, and since when. */
export interface EndCause {
  readonly reason: EndReason
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Whether the provider has said so itself, by a logout message that was verified. */
  readonly isProviderLogout: boolean
}

/** The cause of an end. Only one that is `identity-ended` costs a look at the revocations. */
export async function endCauseOf(
  store: Pick<Store, 'revocation'>,
  { person, session }: RecordAddress,
  { reason, at }: EndedRecord,
): Promise<EndCause> {
  const known = { reason, at, isProviderLogout: false }
  if (reason !== 'identity-ended') return known
  const found = await store.revocation(person, session)
  if (found === undefined) return known
  // One of the whole person may be older than the session.
  const concerns = found.kind === 'session' || (found.endsBefore ?? found.at) >= at
  if (!concerns) return known
  return {
    reason: found.reason,
    at: Math.max(at, found.at),
    isProviderLogout: found.reason === 'identity-ended',
  }
}

/**
 * The reason as a session by the shared cookie has it. The cookie may be good still, and proves no authentication: a
 * provider's logout message ends it as a revocation, which only a new authentication follows.
 */
export async function sharedReasonOf(
  store: Pick<Store, 'revocation'>,
  address: RecordAddress,
  record: EndedRecord,
): Promise<EndReason> {
  const { reason, isProviderLogout } = await endCauseOf(store, address, record)
  return isProviderLogout ? 'revoked' : reason
}
