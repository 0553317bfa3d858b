/**
 * @module What has ended a session that is `identity-ended`: a verified logout message of its provider is written as a
 * revocation, a refresh that the provider refused is not. What was revoked besides counts too: an administrator's first.
 */

import type { EndedRecord, EndReason, RecordAddress } from '../session-record.js'
import type { Lifecycle } from './lifecycle.js'

/** Why a session is over, and since when. */
export interface EndCause {
  readonly reason: EndReason
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Whether the provider has said so itself, by a logout message that was verified. */
  readonly isProviderLogout: boolean
}

type Ends = Pick<Lifecycle, 'revocationsOf'>

/** The cause of an end. Only one that is `identity-ended` costs a look at the revocations. */
export async function endCauseOf(ends: Ends, address: RecordAddress, record: EndedRecord): Promise<EndCause> {
  const known = { reason: record.reason, at: record.at, isProviderLogout: false }
  if (record.reason !== 'identity-ended') return known
  const found = await ends.revocationsOf(address, record)
  const latest = found.toSorted((one, other) => other.at - one.at)[0]
  if (latest === undefined) return known
  const isByAdministrator = found.some(({ reason }) => reason === 'revoked')
  const reason = isByAdministrator ? 'revoked' : latest.reason
  return { reason, at: Math.max(record.at, latest.at), isProviderLogout: reason === 'identity-ended' }
}

/**
 * The reason as a session by the shared cookie has it. The cookie may be good still, and proves no authentication: a
 * provider's logout message ends it as a revocation, which only a new authentication follows.
 */
export async function sharedReasonOf(
  ends: Ends,
  address: RecordAddress,
  record: EndedRecord,
): Promise<EndReason> {
  const { reason, isProviderLogout } = await endCauseOf(ends, address, record)
  return isProviderLogout ? 'revoked' : reason
}
