/** @module ID tokens: verified beyond what TLS vouches for, and compared with the one that a session stands on. */
import { isForClient, isNumericDate, isText, normalType } from './claim-checks.js'
import { leftHalf } from './left-half.js'
import { type SignatureProblem, type SignatureRules, verifySignature } from './signed-token.js'

/** Why an ID token was refused. */
export type IdTokenProblem =
  | SignatureProblem
  | 'kind'
  | 'issuer'
  | 'audience'
  | 'claims'
  | 'expired'
  | 'not-yet-valid'
  | 'nonce'
  /** The access token, the code, or the state beside it is another one. */
  | 'at-hash'
  | 'c-hash'
  | 's-hash'
  | 'auth-time'
  | 'too-old'
  /** `session_expiry` is no time. */
  | 'session-expiry'

/** The claims of a verified ID token that everything else stands on. */
export interface IdTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly azp?: string
  /** Seconds since the epoch. */
  readonly iat: number
  readonly exp: number
  readonly auth_time?: number
  readonly nonce?: string
  readonly sid?: string
  readonly acr?: string
  /** When the session is to end here at the latest; seconds since the epoch. Source: OpenID IPSIE SL1. */
  readonly session_expiry?: number
  readonly [name: string]: unknown
}

/** What ID tokens are held to. */
export interface IdTokenRules extends SignatureRules {
  readonly issuer: string
  readonly clientId: string
  readonly clockSkewSeconds: number
}

/** What one authentication asked for. */
export interface IdTokenDemand {
  /** `undefined`: at a refresh, where none is sent. */
  readonly nonce: string | undefined
  /** How old the authentication may be, in seconds; `undefined`: any (`SES-20`). */
  readonly maxAgeSeconds?: number | undefined
  /** The access token of the very answer that brought it, which its `at_hash` must name; `undefined`: none came. */
  readonly accessToken?: string | undefined
}

/** An ID token that can be used. */
export interface VerifiedIdToken {
  readonly claims: IdTokenClaims
  /** By which it was signed. */
  readonly algorithm: string
}

/** An ID token that is not to be used. */
export interface RefusedIdToken {
  readonly problem: IdTokenProblem
  /** What it says, where its signature is the provider's. */
  readonly signed?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Verifies an ID token.
 * Source: OpenID Connect Core 1.0, sections 2, 3.1.3.7, 3.1.3.8 and 12.2; `SES-20`, `JWT-05`.
 */
export async function verifyIdToken(
  jwt: unknown,
  rules: IdTokenRules,
  demand: IdTokenDemand,
  now: number,
): Promise<VerifiedIdToken | RefusedIdToken> {
  const signed = await verifySignature(jwt, rules, now)
  if (typeof signed === 'string') return { problem: signed }
  const { claims } = signed
  const refuse = (problem: IdTokenProblem): RefusedIdToken => ({ problem, signed: claims })
  const type = normalType(signed.type)
  if ((type !== undefined && type !== 'jwt') || Object.hasOwn(claims, 'events')) return refuse('kind')
  if (claims.iss !== rules.issuer) return refuse('issuer')
  if (!isForClient(claims, rules.clientId)) return refuse('audience')
  // With other audiences the provider must say for whom it was made.
  const isShared = Array.isArray(claims.aud) && claims.aud.length > 1
  if (isShared && claims.azp === undefined) return refuse('audience')
  // Ignored, it would leave a session without the end that the provider has set.
  if (claims.session_expiry !== undefined && !isNumericDate(claims.session_expiry))
    return refuse('session-expiry')
  if (!hasGoodTypes(claims)) return refuse('claims')
  const problem = timeProblem(claims, rules, demand, now)
  if (problem !== undefined) return refuse(problem)
  if (demand.nonce !== undefined && claims.nonce !== demand.nonce) return refuse('nonce')
  const { algorithm } = signed
  return namesAccessToken(claims, algorithm, demand.accessToken) ? { claims, algorithm } : refuse('at-hash')
}

/** Whether an ID token says nothing of the access token that came with it, or that it is this one. */
function namesAccessToken(
  { at_hash }: IdTokenClaims,
  algorithm: string,
  accessToken: string | undefined,
): boolean {
  return accessToken === undefined || at_hash === undefined || at_hash === leftHalf(accessToken, algorithm)
}

function hasGoodTypes(claims: Readonly<Record<string, unknown>>): claims is IdTokenClaims {
  const { sub, exp, iat, nbf, auth_time, sid, acr } = claims
  if (!isText(sub, 255) || !isNumericDate(exp) || !isNumericDate(iat) || exp <= iat) return false
  if (nbf !== undefined && !isNumericDate(nbf)) return false
  if (auth_time !== undefined && !isNumericDate(auth_time)) return false
  if (sid !== undefined && !isText(sid)) return false
  return acr === undefined || isText(acr)
}

function timeProblem(
  claims: IdTokenClaims,
  rules: IdTokenRules,
  demand: IdTokenDemand,
  now: number,
): IdTokenProblem | undefined {
  const seconds = now / 1000
  const skew = rules.clockSkewSeconds
  if (seconds >= claims.exp + skew) return 'expired'
  const notBefore = typeof claims.nbf === 'number' ? Math.max(claims.nbf, claims.iat) : claims.iat
  if (seconds < notBefore - skew) return 'not-yet-valid'
  if (claims.auth_time !== undefined && claims.auth_time > seconds + skew) return 'auth-time'
  if (demand.maxAgeSeconds === undefined) return undefined
  if (claims.auth_time === undefined) return 'auth-time'
  return seconds - claims.auth_time > demand.maxAgeSeconds + skew ? 'too-old' : undefined
}

/** Which claim of a refreshed ID token is not what it was. */
export type RefreshedClaim = 'iss' | 'sub' | 'iat' | 'auth_time' | 'azp' | 'nonce'

/**
 * Compares a refreshed ID token with the one before. `undefined`: it is the same person's and session's.
 * Source: OpenID Connect Core 1.0, section 12.2; `SES-21`.
 */
export function findRefreshedDifference(
  before: Pick<IdTokenClaims, 'iss' | 'sub' | 'iat' | 'auth_time' | 'azp' | 'nonce'>,
  after: IdTokenClaims,
): RefreshedClaim | undefined {
  if (after.iss !== before.iss) return 'iss'
  if (after.sub !== before.sub) return 'sub'
  if (after.iat < before.iat) return 'iat'
  if (
    after.auth_time !== undefined &&
    before.auth_time !== undefined &&
    after.auth_time !== before.auth_time
  ) {
    return 'auth_time'
  }
  if (after.azp !== before.azp) return 'azp'
  return after.nonce !== undefined && after.nonce !== before.nonce ? 'nonce' : undefined
}
