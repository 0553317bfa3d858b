/** @module What a token must look like before its signature is worth checking. */
import type { Claims } from '../citizen.js'
import { findAlgorithm } from './algorithms.js'
import { decodeBase64url, parseStrictObject } from './strict-json.js'
import type { TokenParts } from './token-parts.js'
import { withoutClaims } from './without-claims.js'

/** A whole token, dots included, in characters; a longer one is not decoded (`JWT-10`). */
export const maximumTokenLength = 8192
/** The encoded header of a token (`JWT-10`). */
export const maximumTokenHeaderLength = 2048
/** A key's name, in a token as in a key set (`JWT-04`). */
export const maximumKidLength = 256

/** Why a token was refused. */
export type TokenProblem =
  /** Not three parts of canonical base64url, not JSON objects, duplicate names, `crit`, a claim of a wrong type. */
  | 'malformed'
  | 'too-large'
  /** The algorithm is not on the allow list. */
  | 'algorithm'
  | 'signature'
  /** The issuer has no key of that name for that algorithm. */
  | 'unknown-key'
  | 'issuer'
  | 'audience'
  | 'expired'
  /** `nbf` or `iat` lies in the future by more than the clock skew. */
  | 'not-yet-valid'
  /** A token of another kind: an ID token, an access token, a logout token. */
  | 'kind'
  /** A required claim is missing, of a wrong type, or out of range. */
  | 'claims'

/** What the claims of an acceptable token are. */
export interface ClaimRules {
  /** Names of `alg`, exact. */
  readonly algorithms: readonly string[]
  /** What `aud` must contain; without it a token that has an `aud` is refused. */
  readonly audience: string | undefined
  /** Claims that must be there and be boolean. */
  readonly kindClaims: readonly string[]
  /** Claims that are left out once the kind of the token is known: the provider is not believed them. Default none. */
  readonly untrustedClaims?: readonly string[] | undefined
  /** Claims of other kinds of token that these may have; default: none. */
  readonly acceptedClaims?: readonly string[] | undefined
  /** The claim that names the identity session. */
  readonly sessionClaim: string
  /** At most 60 (`JWT-08`). */
  readonly clockSkewSeconds: number
}

/** A token whose parts are well-formed and whose claims are acceptable; nothing is proven yet. */
export interface DecodedToken {
  readonly algorithm: string
  readonly kid: string | undefined
  readonly claims: Claims
  readonly sessionValue: string
  /** Milliseconds since the epoch, as are the two below. */
  readonly issuedAt: number
  readonly notBefore: number
  readonly expiresAt: number
  readonly signature: Uint8Array
}

/** Claims that only other kinds of token have: ID tokens, access tokens, logout tokens. Source: RFC 8725, 3.12. */
const foreignClaims: readonly string[] = ['nonce', 'at_hash', 'c_hash', 'azp', 'client_id', 'scope', 'events']
/** The last second of the year 9999: what is later is a mistake, most likely milliseconds. */
const latestNumericDate = 253_402_300_799

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= latestNumericDate
}

interface TokenHeader {
  readonly algorithm: string
  readonly kid: string | undefined
}

/** `alg` and `kid` of an acceptable header. `jku`, `x5u`, `jwk` and `x5c` are never looked at (`JWT-04`). */
function readHeader(part: string, algorithms: readonly string[]): TokenHeader | TokenProblem {
  const header = parseStrictObject(part)
  if (header === undefined) return 'malformed'
  const { alg, kid, typ } = header
  if (findAlgorithm(alg) === undefined || !algorithms.includes(alg as string)) return 'algorithm'
  // RFC 7515, section 4.1.11: no extension is understood here, so any `crit` is refused, and with it `b64`.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64') || Object.hasOwn(header, 'zip')) {
    return 'malformed'
  }
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT')) return 'kind'
  if (kid !== undefined && !(isText(kid) && kid.length <= maximumKidLength)) return 'malformed'
  return { algorithm: alg as string, kid }
}

function hasAudience(claims: Readonly<Record<string, unknown>>, audience: string | undefined): boolean {
  if (!Object.hasOwn(claims, 'aud')) return audience === undefined
  if (audience === undefined) return false
  return Array.isArray(claims.aud) ? claims.aud.includes(audience) : claims.aud === audience
}

type KindRules = Pick<ClaimRules, 'kindClaims' | 'acceptedClaims'>

/** The claims of other kinds of token that a token has, and may not have. */
export function foreignIn(
  claims: Readonly<Record<string, unknown>>,
  { acceptedClaims = [] }: KindRules,
): readonly string[] {
  return foreignClaims.filter((name) => Object.hasOwn(claims, name) && !acceptedClaims.includes(name))
}

/** The claims of our kind of token that a token lacks. */
export function kindsMissingIn(
  claims: Readonly<Record<string, unknown>>,
  { kindClaims }: KindRules,
): readonly string[] {
  return kindClaims.filter((name) => typeof claims[name] !== 'boolean')
}

function isOurKind(claims: Readonly<Record<string, unknown>>, rules: KindRules): boolean {
  return foreignIn(claims, rules).length === 0 && kindsMissingIn(claims, rules).length === 0
}

/**
 * Whether a token is within its time at `now` (milliseconds): before `exp`, and not before `nbf`, each give or take
 * the skew. Source: RFC 7519, sections 4.1.4 and 4.1.5.
 */
export function findTimeProblem(
  token: Pick<DecodedToken, 'notBefore' | 'expiresAt'>,
  now: number,
  skewMilliseconds: number,
): 'expired' | 'not-yet-valid' | undefined {
  if (now >= token.expiresAt + skewMilliseconds) return 'expired'
  if (now < token.notBefore - skewMilliseconds) return 'not-yet-valid'
  return undefined
}

/** Frozen as all claims of tokens are: requests share them. */
function believedOf(claims: Claims, { untrustedClaims = [] }: ClaimRules): Claims {
  return untrustedClaims.length === 0 ? claims : Object.freeze(withoutClaims(claims, untrustedClaims))
}

/** Claims that hold by the rules, with what the session layer needs of them; times are not yet compared. */
function readClaims(
  part: string,
  rules: ClaimRules,
): Omit<DecodedToken, 'algorithm' | 'kid' | 'signature'> | TokenProblem {
  const claims = parseStrictObject(part)
  if (claims === undefined) return 'malformed'
  const { iss, sub, exp, iat, nbf = 0 } = claims
  const sessionValue = claims[rules.sessionClaim]
  if (!isText(iss) || !isText(sub) || !isText(sessionValue)) return 'claims'
  if (!isNumericDate(exp) || !isNumericDate(iat) || !isNumericDate(nbf) || exp <= iat) return 'claims'
  if (!isOurKind(claims, rules)) return 'kind'
  if (!hasAudience(claims, rules.audience)) return 'audience'
  return {
    claims: believedOf(claims as Claims, rules),
    sessionValue,
    issuedAt: Math.floor(iat * 1000),
    // A token from the future would outlive every revocation that is yet to come.
    notBefore: Math.floor(Math.max(nbf, iat) * 1000),
    expiresAt: Math.floor(exp * 1000),
  }
}

/**
 * Makes the function that decodes a token strictly and holds its claims against the rules, cheap checks first; the
 * signature, and whose key it must be, are left to the caller. It never throws. `now` in milliseconds.
 * Source: RFC 7515, RFC 7519, RFC 8725; `JWT-01`, `JWT-04` to `JWT-10`.
 */
export function createTokenDecoder(
  rules: ClaimRules,
): (parts: TokenParts, now: number) => DecodedToken | TokenProblem {
  const skew = rules.clockSkewSeconds * 1000
  // All tokens of one key have the same header: it is read once.
  let latestPart = ''
  let latestHeader: TokenHeader | undefined

  return ({ header: part, payload, signature }, now) => {
    if (part.length > maximumTokenHeaderLength) return 'too-large'
    if (part.length + payload.length + signature.length + 2 > maximumTokenLength) return 'too-large'
    let header = part === latestPart ? latestHeader : undefined
    if (header === undefined) {
      const read = readHeader(part, rules.algorithms)
      if (typeof read === 'string') return read
      header = read
      latestHeader = read
      latestPart = Buffer.from(part, 'latin1').toString('latin1')
    }
    const signatureBytes = decodeBase64url(signature)
    if (signatureBytes === undefined || signatureBytes.length === 0) return 'malformed'
    const claims = readClaims(payload, rules)
    if (typeof claims === 'string') return claims
    const { algorithm, kid } = header
    return findTimeProblem(claims, now, skew) ?? { algorithm, kid, signature: signatureBytes, ...claims }
  }
}
