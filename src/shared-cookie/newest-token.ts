/**
 * @module Which of a session's tokens is the newest, and what an older one is still worth: a provider that takes a factor
 * back issues another token, and the one before holds by its signature until its `exp`.
 */
import type { Assurance, Claims } from '../citizen.js'
import type { LiveRecord, NewestToken, ShownByTokens } from '../session-record.js'
import { methodOf } from '../sessions/create-citizen.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { withoutClaims } from '../tokens/without-claims.js'

/** A token, and the level that its claims show. */
export interface ShownToken {
  readonly token: Pick<VerifiedToken, 'claims' | 'issuedAt' | 'expiresAt'>
  readonly level: number
}

/** What a token changes in the record of its session. */
export interface TokenNews extends ShownByTokens {
  /** Whether it shows less than the one before in anything. */
  readonly isFall: boolean
}

const strength = { password: 0, mfa: 1, did: 2 } as const satisfies Record<Assurance['method'], number>

/** How much the claims of a token show, to be compared with others. */
export function strengthOf(claims: Claims): number {
  return strength[methodOf(claims)]
}

/** The claims by which a token shows more than a method. */
const claimsAbove: Readonly<Record<Assurance['method'], readonly string[]>> = {
  password: ['isMfa', 'isDidAuth'],
  mfa: ['isDidAuth'],
  did: [],
}

/** What the record says of the token by which a session begins. */
export function firstToken({ claims, issuedAt }: ShownToken['token']): NewestToken {
  return { method: methodOf(claims), olderUntil: issuedAt - 1 }
}

/** What a session goes on with that a token resumes: with no more than the newest token before the end, if that is newer. */
export function resumedWith({ token, level }: ShownToken, before: ShownByTokens | undefined): ShownByTokens {
  return before === undefined || token.issuedAt > before.newestToken.olderUntil
    ? { level, newestToken: firstToken(token) }
    : { level: Math.min(level, before.level), newestToken: before.newestToken }
}

/** Whether the record has nothing to learn from a token, and the token is worth what it says. */
export function isSettled({ token, level }: ShownToken, record: LiveRecord): boolean {
  const { newestToken } = record
  // Of a release that did not note it: noted when the record is written next.
  if (newestToken === undefined) return level <= record.level
  const { issuedAt, claims } = token
  const { olderUntil, method } = newestToken
  if (issuedAt < olderUntil) return level <= record.level && strengthOf(claims) <= strength[method]
  return issuedAt <= olderUntil + 1 && level === record.level && methodOf(claims) === method
}

/**
 * What a token changes in the record; `undefined`: nothing, as it is the newest that is known, or older. By `iat`: a token
 * with another factor may expire sooner than the one before. Of two tokens of one second the one that shows less counts,
 * unless it expires sooner; where a fall is known, a token of its second raises only where it expires later than any that is
 * known, as where a provider signs anew with the `iat` of before.
 */
export function newsOf(shown: ShownToken, record: LiveRecord): TokenNews | undefined {
  const { token, level } = shown
  const { newestToken } = record
  const method = methodOf(token.claims)
  if (newestToken === undefined) {
    if (token.expiresAt < record.tokenExpiresAt && level <= record.level) return undefined
    // How the person had signed in is not known: perhaps by more.
    return newsFrom(shown, level < record.level || method !== 'did')
  }
  const { olderUntil } = newestToken
  if (token.issuedAt < olderUntil) return undefined
  const isFall = level < record.level || strength[method] < strength[newestToken.method]
  if (token.issuedAt > olderUntil + 1) return newsFrom(shown, isFall)
  if (isFall) return token.expiresAt < record.tokenExpiresAt ? undefined : newsFrom(shown, true)
  if (level === record.level && method === newestToken.method) return undefined
  if (token.issuedAt > olderUntil) return newsFrom(shown, false)
  return token.expiresAt > record.tokenExpiresAt
    ? { level, newestToken: { method, olderUntil }, isFall: false }
    : undefined
}

function newsFrom({ token, level }: ShownToken, isFall: boolean): TokenNews {
  const olderUntil = isFall ? token.issuedAt : token.issuedAt - 1
  return { level, newestToken: { method: methodOf(token.claims), olderUntil }, isFall }
}

/** What of a token's claims, and of its level, is believed beside what a newer token has shown. */
export function believedOf(
  { token, level }: ShownToken,
  record: LiveRecord,
): { readonly claims: Claims; readonly level: number } {
  const { newestToken } = record
  if (newestToken === undefined || token.issuedAt > newestToken.olderUntil) {
    return { claims: token.claims, level }
  }
  const { method } = newestToken
  const isAbove = strengthOf(token.claims) > strength[method]
  const claims = isAbove ? Object.freeze(withoutClaims(token.claims, claimsAbove[method])) : token.claims
  return { claims, level: Math.min(level, record.level) }
}
