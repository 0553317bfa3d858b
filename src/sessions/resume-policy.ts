/** @module What a login that comes back may resume, and by which authentication: the one rule for every way to sign in. */
import type { ResolvedOptions } from '../config/options.js'
import type { EndedRecord } from '../session-record.js'

/** When a login says that the person authenticated. Times are milliseconds since the epoch. */
export interface StatedAuthentication {
  /** When the person proved who they are, as the provider says; 0: it does not. */
  readonly authenticatedAt: number
  /** Whether the login had asked the provider for a new authentication. */
  readonly askedReauthentication: boolean
  /** When the login began. */
  readonly since: number
}

/** What a login brought, besides the person. */
export interface Proof extends StatedAuthentication {
  /** Whether the person had pressed our button. */
  readonly mayResume: boolean
  /** Whether what came is newer than that end. */
  readonly isNewer: boolean
}

/** Authentication times have no fractions of a second. */
const wholeSecond = 1000

/** How far an authentication time may be from a time of ours that it is compared with. Milliseconds. */
export function toleranceOf(skewMilliseconds: number): number {
  return skewMilliseconds + wholeSecond
}

/**
 * When the login began, if the person has authenticated in its course; else 0. Two clocks differ, and an
 * authentication shortly before the login may be the one that the session before stood on: where that is known
 * (`previousAuthTime`) it must be newer by the provider's own clock, without any skew, else it must have been asked for.
 */
export function provenAtOf(
  { authenticatedAt, since, askedReauthentication }: StatedAuthentication,
  previousAuthTime: number,
  skewMilliseconds: number,
): number {
  const isRecent = authenticatedAt !== 0 && authenticatedAt >= since - toleranceOf(skewMilliseconds)
  const isNew = previousAuthTime === 0 ? askedReauthentication : authenticatedAt > previousAuthTime
  return isRecent && isNew ? since : 0
}

/**
 * Whether a login lifts an application end: `proven` by a new authentication, `resumed` by the person's decision, or
 * not. `previousAuthTime` is the authentication that the ended session stood on, by the provider's clock; 0: it is unknown.
 * Source: NIST SP 800-63B-4, 5.2.
 */
export function resumeOf(
  ended: EndedRecord,
  previousAuthTime: number,
  proof: Proof,
  rules: {
    readonly onIdle: ResolvedOptions['application']['onIdle']
    readonly skewMilliseconds: number
  },
): 'proven' | 'resumed' | undefined {
  const { authenticatedAt } = proof
  // Later than the end, and than what the ended session stood on: the provider's clock may be ahead of ours.
  if (authenticatedAt > ended.at && authenticatedAt > previousAuthTime) return 'proven'
  // Or behind it: a login that began after the end, and in whose course the person has authenticated.
  if (provenAtOf(proof, previousAuthTime, rules.skewMilliseconds) > ended.at) return 'proven'
  if (!proof.mayResume || proof.since < ended.at) return undefined
  if (ended.reason === 'identity-ended') return proof.isNewer ? 'resumed' : undefined
  const isResumable =
    ended.reason === 'idle-timeout' ||
    ended.reason === 'application-sign-out' ||
    ended.reason === 'identity-changed' ||
    ended.reason === 'too-many-sessions'
  return isResumable && rules.onIdle === 'resume' ? 'resumed' : undefined
}
