/** @module Logout tokens of the back channel, verified by every rule of the specification; ending is the caller's. */
import { isForClient, isNumericDate, isText, normalType } from './claim-checks.js'
import { type SignatureProblem, type SignatureRules, verifySignature } from './signed-token.js'

/** The event that makes a token a logout token. Source: OpenID Connect Back-Channel Logout 1.0, section 2.4. */
export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Characters of a logout token; a longer one is not looked at (`BCL-04`). */
export const maximumLogoutTokenLength = 8192

/** Why a logout token was refused. */
export type LogoutTokenProblem =
  | SignatureProblem
  | 'type'
  | 'issuer'
  | 'audience'
  | 'issued-at'
  | 'expired'
  | 'expiry'
  | 'identifier'
  | 'event'
  | 'subject'
  | 'nonce'

/** A verified logout token. Times are milliseconds since the epoch. */
export interface LogoutToken {
  readonly issuer: string
  readonly subject: string | undefined
  readonly sessionId: string | undefined
  readonly tokenId: string
  /** When the token can no longer be accepted, skew included: the replay memory must reach beyond. */
  readonly acceptableUntil: number
}

/** What logout tokens are held to. */
export interface LogoutTokenRules extends SignatureRules {
  readonly issuer: string
  readonly clientId: string
  readonly clockSkewSeconds: number
  /** `compatible` also takes an absent `typ` and `JWT` (`BCL-19`). */
  readonly requireType: 'logout+jwt' | 'compatible'
  readonly isExpiryRequired: boolean
  readonly maximumLifetimeSeconds: number
}

/**
 * Verifies a logout token. Never throws for what it is given.
 * Source: OpenID Connect Back-Channel Logout 1.0 errata 1, sections 2.4 and 2.6; `BCL-04` to `BCL-20`, `BCL-31`.
 */
export async function verifyLogoutToken(
  jwt: unknown,
  rules: LogoutTokenRules,
  now: number,
): Promise<LogoutToken | { readonly problem: LogoutTokenProblem }> {
  const signed = await verifySignature(jwt, rules, now)
  if (typeof signed === 'string') return { problem: signed }
  const { claims } = signed
  const problem = typeProblem(signed.type, rules) ?? partyProblem(claims, rules) ?? contentProblem(claims)
  if (problem !== undefined) return { problem }
  const acceptableUntil = readTimes(claims, rules, now)
  if (typeof acceptableUntil === 'string') return { problem: acceptableUntil }
  return {
    issuer: rules.issuer,
    subject: claims.sub as string | undefined,
    sessionId: claims.sid as string | undefined,
    tokenId: claims.jti as string,
    acceptableUntil,
  }
}

/** An explicit type of another kind is refused in any case: it may be an access token. */
function typeProblem(type: string | undefined, rules: LogoutTokenRules): 'type' | undefined {
  const normal = normalType(type)
  if (normal === 'logout+jwt') return undefined
  const isTolerated = normal === undefined || normal === 'jwt'
  return rules.requireType === 'compatible' && isTolerated ? undefined : 'type'
}

function partyProblem(
  claims: Readonly<Record<string, unknown>>,
  rules: LogoutTokenRules,
): 'issuer' | 'audience' | undefined {
  if (claims.iss !== rules.issuer) return 'issuer'
  return isForClient(claims, rules.clientId) ? undefined : 'audience'
}

function contentProblem(
  claims: Readonly<Record<string, unknown>>,
): 'event' | 'subject' | 'nonce' | 'identifier' | undefined {
  // Any `nonce`, even null, makes it an ID token.
  if (Object.hasOwn(claims, 'nonce')) return 'nonce'
  const { events, sub, sid, jti } = claims
  if (!isObject(events) || !Object.hasOwn(events, logoutEvent) || !isObject(events[logoutEvent]))
    return 'event'
  if (sub === undefined && sid === undefined) return 'subject'
  if (sub !== undefined && !isText(sub)) return 'subject'
  if (sid !== undefined && !isText(sid)) return 'subject'
  return isText(jti) ? undefined : 'identifier'
}

function readTimes(
  claims: Readonly<Record<string, unknown>>,
  rules: LogoutTokenRules,
  now: number,
): number | 'issued-at' | 'expired' | 'expiry' {
  const { iat, exp } = claims
  const skew = rules.clockSkewSeconds * 1000
  const life = rules.maximumLifetimeSeconds * 1000
  if (!isNumericDate(iat)) return 'issued-at'
  const issuedAt = iat * 1000
  if (issuedAt > now + skew || now - issuedAt > life + skew) return 'issued-at'
  const acceptedAtMost = issuedAt + life + skew
  if (exp === undefined) return rules.isExpiryRequired ? 'expiry' : acceptedAtMost
  if (!isNumericDate(exp)) return 'expiry'
  const expiresAt = exp * 1000
  if (now >= expiresAt + skew) return 'expired'
  if (expiresAt > now + life + skew) return 'expiry'
  return Math.min(expiresAt + skew, acceptedAtMost)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
