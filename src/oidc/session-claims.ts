/** @module What an ID token says of the person: the session's claims, how and when they proved who they are. */
import type { Assurance, Claims } from '../citizen.js'
import type { PersonStatement } from '../protocols/token-refresh.js'
import { withoutClaims } from '../tokens/without-claims.js'
import { claimsOfMethod } from './claim-names.js'
import type { IdTokenClaims } from './id-token.js'
import type { ResolvedOidcOptions } from './options.js'

/** Claims that are about the token, not about the person. */
const protocolClaims: ReadonlySet<string> = new Set([
  'aud',
  'azp',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'nbf',
  'jti',
  'sid',
  'session_expiry',
])

/**
 * What kind of proof a word of `amr` stands for: something known, had, or been. Words of one kind are one factor, however
 * many they are. No kind have those that say where, how risky or that somebody was there (`geo`, `rba`, `user`), or that
 * another authentication was taken over (`wia`), and those that nobody has registered.
 * Source: RFC 8176, section 2; NIST SP 800-63B-4, section 2.
 */
const kindOfMethod: ReadonlyMap<string, 'known' | 'had' | 'been'> = new Map([
  ['pwd', 'known'],
  ['pin', 'known'],
  ['kba', 'known'],
  ['otp', 'had'],
  ['sms', 'had'],
  ['tel', 'had'],
  ['hwk', 'had'],
  ['swk', 'had'],
  ['sc', 'had'],
  ['pop', 'had'],
  ['face', 'been'],
  ['fpt', 'been'],
  ['iris', 'been'],
  ['retina', 'been'],
  ['vbm', 'been'],
])

/** What decides how an ID token is read. */
type ReadingOptions = Pick<ResolvedOidcOptions, 'assuranceLevel' | 'stepUpAcrValues' | 'untrustedClaims'>

/** The session's claims: those of the ID token without the ones that are about the token, or not believed. */
function sessionClaimsOf(claims: IdTokenClaims, { untrustedClaims }: ReadingOptions): Claims {
  const kept = Object.entries(claims).filter(([name]) => !protocolClaims.has(name))
  return withoutClaims(Object.fromEntries(kept) as Claims, untrustedClaims)
}

/** What the ID token of a login says of its person. */
export function personOfLogin(claims: IdTokenClaims, options: ReadingOptions): PersonStatement {
  return statementOf(sessionClaimsOf(claims, options), options)
}

/**
 * What is believed of the claims of a session that began when more was: under other options, or with 0.1.0. `undefined`:
 * all of it.
 */
export function personStillBelieved(claims: Claims, options: ReadingOptions): PersonStatement | undefined {
  const believed = withoutClaims(claims, options.untrustedClaims)
  return believed === claims ? undefined : statementOf(believed, options)
}

function statementOf(claims: Claims, options: ReadingOptions): PersonStatement {
  return { claims, level: options.assuranceLevel(claims), method: methodOf(claims, options.stepUpAcrValues) }
}

/** Claims of an ID token that would show more than the others do, if the provider were believed them. */
export function untrustedFactorsIn(
  claims: IdTokenClaims,
  { stepUpAcrValues, untrustedClaims }: ReadingOptions,
): readonly string[] {
  const believed = withoutClaims(claims, untrustedClaims)
  const shown = methodOf(believed, stepUpAcrValues)
  return untrustedClaims.filter(
    (name) =>
      Object.hasOwn(claims, name) &&
      methodOf({ ...believed, [name]: claims[name] }, stepUpAcrValues) !== shown,
  )
}

/** Claims that describe a person. Some providers send them with the first ID token alone. Source: OpenID Connect Core 1.0, 5.1. */
const descriptiveClaims: ReadonlySet<string> = new Set([
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'email',
  'email_verified',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'phone_number',
  'phone_number_verified',
  'address',
  'updated_at',
])

/**
 * What a later ID token of the session says of its person: its claims, and those of the earlier that it may leave out
 * without taking them back. A right that it does not name any more is gone.
 * Source: OpenID Connect Core 1.0, section 12.2.
 */
export function personOfLater(known: Claims, later: IdTokenClaims, options: ReadingOptions): PersonStatement {
  const said = sessionClaimsOf(later, options)
  const saysMethod = claimsOfMethod.some((name) => said[name] !== undefined)
  const isKept = (name: string): boolean =>
    // A new address is not verified because the old one was.
    (descriptiveClaims.has(name) && said[name.replace(/_verified$/, '')] === undefined) ||
    (!saysMethod && claimsOfMethod.includes(name)) ||
    name === 'auth_time'
  const kept = Object.entries(withoutClaims(known, options.untrustedClaims)).filter(([name]) => isKept(name))
  return statementOf({ ...Object.fromEntries(kept), ...said }, options)
}

/**
 * What an ID token says that was issued before the one that the session knows of, as by an answer that comes late: how
 * the person authenticated, where that is less by now than the session has; and nothing else.
 */
export function personOfEarlier(
  { claims: known, level }: { readonly claims: Claims; readonly level: number },
  earlier: IdTokenClaims,
  options: ReadingOptions,
): Partial<PersonStatement> {
  const said = personOfLater(known, earlier, options)
  if (said.level >= level) return {}
  const isOfMethod = ([name]: readonly [string, unknown]): boolean =>
    claimsOfMethod.some((one) => one === name)
  const rest = Object.entries(known).filter((claim) => !isOfMethod(claim))
  const claims = {
    ...Object.fromEntries(rest),
    ...Object.fromEntries(Object.entries(said.claims).filter(isOfMethod)),
  }
  return { ...said, claims: claims as Claims }
}

/** When the person proved who they are, in milliseconds since the epoch; 0: the provider does not say. */
export function authenticatedAtOf(claims: IdTokenClaims): number {
  return claims.auth_time === undefined ? 0 : Math.floor(claims.auth_time * 1000)
}

/** When the provider wants the session to end at the latest, in milliseconds since the epoch. Source: OpenID IPSIE SL1. */
export function sessionEndOf({ session_expiry: end }: IdTokenClaims): number | undefined {
  return end === undefined ? undefined : Math.floor(end * 1000)
}

/**
 * A time by our clock that the authentication was after: it was as old as the provider's own two times say when the
 * token was issued. That was after we asked for it, but for providers that make it at their login page: no later than
 * it says, as far as the clocks agree (`skewSeconds`). Both times may be a second short. `undefined`: nobody knows. The
 * provider does not say, or its clock was put back in between.
 */
export function authenticatedAfterOf(
  { iat, auth_time: time }: IdTokenClaims,
  { askedAt, skewSeconds }: { readonly askedAt: number; readonly skewSeconds: number },
): number | undefined {
  if (time === undefined || Math.floor(time) > iat) return undefined
  const issuedAfter = Math.min(askedAt, (iat + 1 + skewSeconds) * 1000)
  return issuedAfter - Math.max(iat - Math.floor(time) + 1, 1) * 1000
}

/** Whether `amr` says two factors: by a word that means several, or by words of two kinds. */
function hasTwoFactors(amr: unknown): boolean {
  const words: readonly unknown[] = Array.isArray(amr) ? amr : []
  if (words.includes('mfa') || words.includes('mca')) return true
  const kinds = new Set(words.map((word) => (typeof word === 'string' ? kindOfMethod.get(word) : undefined)))
  kinds.delete(undefined)
  return kinds.size > 1
}

/**
 * How the person proved who they are, by claims that the provider is believed: by CitizenOne's `isDidAuth` and `isMfa`, by
 * an `acr` that stands for a second factor there (`stepUpAcrValues`), else by `amr`.
 * Source: CitizenOne, "Sessions & JWT"; RFC 8176; OpenID Connect Core 1.0, section 2.
 */
export function methodOf(
  claims: Readonly<Record<string, unknown>>,
  stepUpAcrValues: readonly string[] = [],
): Assurance['method'] {
  if (claims.isDidAuth === true) return 'did'
  const isStepUp = stepUpAcrValues.some((value) => value === claims.acr)
  return claims.isMfa === true || isStepUp || hasTwoFactors(claims.amr) ? 'mfa' : 'password'
}
