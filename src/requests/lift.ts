/** @module What a login that comes back may lift: the one rule for every way to sign in. */
import type { ResolvedOptions } from '../config/options.js'
import type { EndedRecord } from '../stores/store.js'

/** What a login brought, besides the person. Times are milliseconds since the epoch. */
export interface Proof {
  /** When the person proved who they are, as the provider says; 0: it does not. */
  readonly authenticatedAt: number
  /** Whether the person had pressed our button. */
  readonly mayLift: boolean
  /** When the login began. */
  readonly since: number
  /** Whether what came is newer than that end. */
  readonly isNewer: boolean
}

/**
 * Whether a login lifts an application end: `proven` by a new authentication, `resumed` by the person's decision, or
 * not. `known` is the authentication that the ended session stood on.
 * Source: NIST SP 800-63B-4, 5.2.
 */
export function liftOf(
  ended: EndedRecord,
  known: number,
  proof: Proof,
  onIdle: ResolvedOptions['application']['onIdle'],
): 'proven' | 'resumed' | undefined {
  // Later than the end, and than what the ended session stood on: the provider's clock may be ahead of ours.
  if (proof.authenticatedAt > ended.at && proof.authenticatedAt > known) return 'proven'
  if (!proof.mayLift || proof.since < ended.at) return undefined
  if (ended.reason === 'identity-ended') return proof.isNewer ? 'resumed' : undefined
  const isResumable =
    ended.reason === 'idle-timeout' ||
    ended.reason === 'application-sign-out' ||
    ended.reason === 'identity-changed' ||
    ended.reason === 'too-many-sessions'
  return isResumable && onIdle === 'resume' ? 'resumed' : undefined
}
