/** @module The refresh token grant: what each answer means for the session. */
import * as client from 'openid-client'
import type { TokenOutcome } from '../protocol.js'
import { findRefreshedDifference, verifyIdToken } from './id-token.js'
import type { ResolvedOidcOptions } from './options.js'
import { failedCallOf } from './outcome-of.js'
import type { Connection } from './provider.js'
import { idTokenRules } from './token-answer.js'
import { type KeptTokens, keepTokens, serializeTokens } from './tokens.js'

/**
 * Renews tokens. Only `invalid_grant` says that the session is over; everything else keeps it. Never throws for what
 * the provider does.
 * Source: RFC 6749, sections 5.2 and 6; OpenID Connect Core 1.0, section 12; `REF-2`, `REF-3`, `SES-21`.
 */
export async function renewTokens(
  connection: Connection,
  options: ResolvedOidcOptions,
  kept: KeptTokens,
  now: number,
): Promise<TokenOutcome> {
  if (kept.refreshToken === undefined) return { kind: 'failed', problem: 'no-refresh-token' }
  let response: client.TokenEndpointResponse
  try {
    const configuration = await connection.client(now, options.refresh.timeoutSeconds)
    response = await client.refreshTokenGrant(configuration, kept.refreshToken)
  } catch (error) {
    const { problem, error: code, status, retryAfterSeconds } = failedCallOf(error)
    if (code === 'invalid_grant') return { kind: 'refused', problem: code }
    return { kind: 'failed', problem: code ?? problem, status, retryAfterSeconds }
  }
  // A refresh token that has been replaced is spent: its successor must be kept, whatever came with it.
  const isRotated = response.refresh_token !== undefined && response.refresh_token !== kept.refreshToken
  if (response.access_token === kept.accessToken && !isRotated)
    return { kind: 'failed', problem: 'unchanged' }
  let { identity } = kept
  if (response.id_token !== undefined) {
    const rules = idTokenRules(options, connection)
    const verified = await verifyIdToken(response.id_token, rules, { nonce: undefined }, now)
    if ('problem' in verified && verified.problem === 'keys-unavailable' && isRotated) {
      // Nothing speaks against the ID token, and it is not needed: the one before stays.
      return toOutcome({ ...response, id_token: undefined }, kept, now)
    }
    if ('problem' in verified) return { kind: 'failed', problem: `id-token-${verified.problem}` }
    const difference = findRefreshedDifference(kept.identity, verified.claims)
    if (difference === 'sub') return { kind: 'failed', problem: 'subject' }
    if (difference !== undefined) return { kind: 'failed', problem: `id-token-${difference}` }
    identity = { ...kept.identity, iat: verified.claims.iat }
  }
  return toOutcome(response, { ...kept, identity }, now)
}

function toOutcome(response: client.TokenEndpointResponse, known: KeptTokens, now: number): TokenOutcome {
  if (response.expires_in !== undefined && response.expires_in <= 0)
    return { kind: 'failed', problem: 'answer' }
  const tokens = keepTokens(response, known, now)
  if (tokens === 'too-large') return { kind: 'failed', problem: tokens }
  return { kind: 'tokens', tokens: serializeTokens(tokens), expiresAt: tokens.accessExpiresAt }
}
