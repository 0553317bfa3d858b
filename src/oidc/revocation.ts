/** @module The revocation of a session's tokens at the provider: time-boxed, and blocking nothing. */
import * as client from 'openid-client'
import type { Leg } from '../receipt.js'
import { failedCallOf } from './call-failure.js'
import { reasonWithout } from './metadata.js'
import type { Connection } from './provider.js'
import type { KeptTokens } from './tokens.js'

/**
 * Revokes the refresh token, which takes the access tokens of its grant along, or the access token where there is no
 * other. Never throws.
 * Source: RFC 7009, sections 2 and 2.2; `RPI-12`, `BCL-25`.
 */
export async function revokeTokens(
  connection: Connection | undefined,
  tokens: KeptTokens | undefined,
  now: number,
): Promise<Pick<Leg, 'state' | 'reason'>> {
  if (tokens === undefined) return { state: 'skipped', reason: 'no-tokens' }
  if (connection === undefined) return { state: 'unknown', reason: 'provider-unavailable' }
  if (connection.metadata.revocationEndpoint === undefined) {
    const none = 'no-revocation-endpoint'
    return { state: 'skipped', reason: reasonWithout(connection.metadata, 'revocation_endpoint', none) }
  }
  const { refreshToken, accessToken } = tokens
  const [token, hint] =
    refreshToken === undefined ? [accessToken, 'access_token'] : [refreshToken, 'refresh_token']
  try {
    await client.tokenRevocation(await connection.client(now), token, { token_type_hint: hint })
    return { state: 'done' }
  } catch (error) {
    const { problem, error: code, status } = failedCallOf(error)
    if (problem === 'timeout') return { state: 'timed-out' }
    // RFC 7009, section 2.2.1: this kind of token cannot be revoked there.
    if (code === 'unsupported_token_type') return { state: 'skipped', reason: code }
    if (code !== undefined) return { state: 'refused', reason: code }
    return status !== undefined && status < 500
      ? { state: 'refused', reason: `status-${status}` }
      : { state: 'unknown', reason: problem }
  }
}
