/** @module The refresh token grant: what each answer means for the session. */
import * as client from 'openid-client'
import type { Claims } from '../citizen.js'
import { mayBeSpent } from '../outbound.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { PersonStatement, TokenOutcome } from '../protocols/token-refresh.js'
import type { TellUntrusted } from '../protocols/untrusted-claims.js'
import { maximumSealableBytes } from '../seal.js'
import { watchIdToken } from './answered-id-token.js'
import { failedCallOf } from './call-failure.js'
import { findRefreshedDifference, verifyIdToken } from './id-token.js'
import type { ResolvedOidcOptions } from './options.js'
import type { RenewedGrant } from './person.js'
import type { Connection } from './provider.js'
import { personOfLater, sessionEndOf, untrustedFactorsIn } from './session-claims.js'
import { idTokenRules } from './token-answer.js'
import { type KeptTokens, keepTokens, maximumTokenLength, renewedBefore, serializeTokens } from './tokens.js'

/** A session whose tokens are to be renewed. */
export interface RenewableSession {
  readonly kept: KeptTokens
  /** What is known of the person. */
  readonly claims: Claims
  /** Asks what UserInfo says by then; absent: it is not asked. */
  readonly askUserInfo?: ((grant: RenewedGrant) => Promise<VerifiedLogin['userInfo']>) | undefined
  readonly tellUntrusted: TellUntrusted
}

/**
 * Renews tokens. Only `invalid_grant` says that the session is over; everything else keeps it. Never throws for what
 * the provider does.
 * Source: RFC 6749, sections 5.2 and 6; OpenID Connect Core 1.0, section 12; `REF-2`, `REF-3`, `SES-21`, `HLD-07`.
 */
export async function renewTokens(
  connection: Connection,
  options: ResolvedOidcOptions,
  session: RenewableSession,
  now: number,
): Promise<TokenOutcome> {
  const { kept, claims: known } = session
  if (kept.refreshToken === undefined) return { kind: 'failed', problem: 'no-refresh-token' }
  let response: client.TokenEndpointResponse
  let idTokenOf: () => unknown
  try {
    const configuration = await connection.client(now, options.refresh.timeoutSeconds)
    // Left in, it could cost the answer as a whole, and with it the only copy of the next refresh token.
    idTokenOf = watchIdToken(configuration, 'taken-out')
    response = await client.refreshTokenGrant(configuration, kept.refreshToken)
  } catch (error) {
    const { problem, error: code, status, retryAfterSeconds } = failedCallOf(error)
    if (code === 'invalid_grant') return { kind: 'refused', problem: code }
    const failed = { kind: 'failed', problem: code ?? problem, status, retryAfterSeconds } as const
    return mayBeSpent({ problem, status }) ? { ...failed, mayBeSpent: true } : failed
  }
  const idToken = idTokenOf()
  // A refresh token that has been replaced is spent: its successor must be kept, whatever came with it.
  const isRotated = response.refresh_token !== undefined && response.refresh_token !== kept.refreshToken
  if (response.access_token === kept.accessToken && !isRotated)
    return { kind: 'failed', problem: 'unchanged' }
  if (idToken === undefined) return toOutcome(response, session, now)
  const rules = idTokenRules(options, connection)
  const demand = { nonce: undefined, accessToken: response.access_token }
  const verified = await verifyIdToken(idToken, rules, demand, now)
  if ('claims' in verified) {
    const difference = findRefreshedDifference(kept.identity, verified.claims)
    if (difference !== undefined) return refuseIdToken(response, kept, difference, verified.claims)
    session.tellUntrusted(untrustedFactorsIn(verified.claims, options))
    const identity = { ...kept.identity, iat: verified.claims.iat }
    const said = {
      person: personOfLater(known, verified.claims, options),
      endsAt: sessionEndOf(verified.claims),
    }
    const renewed = { ...session, kept: { ...kept, idToken: String(idToken), identity } }
    return toOutcome(response, renewed, now, said)
  }
  // Nothing speaks against the ID token, and it is not needed: the one before stays.
  if (verified.problem === 'keys-unavailable' && isRotated) return toOutcome(response, session, now)
  return refuseIdToken(response, kept, verified.problem, verified.signed)
}

/**
 * The answer to an ID token that is not to be used. Nothing of the session changes but the refresh token, where the
 * provider has signed that the answer is this person's: the old one is spent.
 */
function refuseIdToken(
  response: client.TokenEndpointResponse,
  kept: KeptTokens,
  problem: string,
  signed: Readonly<Record<string, unknown>> | undefined,
): TokenOutcome {
  const { iss, sub } = kept.identity
  const word =
    problem === 'sub' || (signed !== undefined && signed.sub !== sub) ? 'subject' : `id-token-${problem}`
  const refreshToken = response.refresh_token
  if (refreshToken === undefined || refreshToken === kept.refreshToken)
    return { kind: 'failed', problem: word }
  const isSamePerson = signed?.iss === iss && signed.sub === sub
  return isSamePerson
    ? failedBeside(word, { ...kept, refreshToken })
    : { kind: 'failed', problem: word, mayBeSpent: true }
}

/** A failure whose answer has left nothing but the next refresh token, where it can be kept. */
function failedBeside(problem: string, tokens: KeptTokens): TokenOutcome {
  const successor = serializeTokens(tokens)
  const isTooLong = (tokens.refreshToken?.length ?? 0) > maximumTokenLength
  return isTooLong || Buffer.byteLength(successor) > maximumSealableBytes
    ? { kind: 'failed', problem, mayBeSpent: true }
    : { kind: 'failed', problem, successor }
}

function toOutcome(
  response: client.TokenEndpointResponse,
  { kept: known, claims, askUserInfo }: RenewableSession,
  now: number,
  { person, endsAt }: { readonly person?: PersonStatement; readonly endsAt?: number | undefined } = {},
): TokenOutcome {
  const tokens = keepTokens(response, known, now)
  if (tokens === 'too-large') return failedWith(tokens, response, known)
  const { access_token: accessToken, token_type: tokenType } = response
  const grant = { accessToken, tokenType, subject: known.identity.sub, claims: person?.claims ?? claims }
  let asked: Promise<VerifiedLogin['userInfo']> | undefined
  const ask = () => {
    asked ??= askUserInfo?.(grant)
    return asked ?? Promise.resolve(undefined)
  }
  return {
    kind: 'tokens',
    tokens: serializeTokens(tokens),
    expiresAt: renewedBefore(tokens, endsAt),
    person,
    endsAt,
    ...(askUserInfo === undefined ? {} : { askUserInfo: ask }),
  }
}

/** An access token that is of no use, beside a refresh token that may be the only one left. */
function failedWith(
  problem: string,
  response: client.TokenEndpointResponse,
  known: KeptTokens,
): TokenOutcome {
  const refreshToken = response.refresh_token ?? known.refreshToken
  return refreshToken === undefined
    ? { kind: 'failed', problem, mayBeSpent: true }
    : failedBeside(problem, { ...known, refreshToken })
}
