/** @module What is kept of a login: the tokens, and what later checks compare with. A text to the core. */
import { decodeJwt } from 'jose'
import type { TokenEndpointResponse } from 'openid-client'
import type { AccessToken } from '../protocols/token-refresh.js'
import { maximumSealableBytes } from '../seal.js'
import type { IdTokenClaims } from './id-token.js'

/** What is kept with a session. Times are milliseconds since the epoch. */
export interface KeptTokens {
  readonly version: 1
  readonly accessToken: string
  readonly accessIssuedAt: number
  readonly accessExpiresAt: number
  readonly refreshToken?: string | undefined
  /** As received: encrypted, where it came so. */
  readonly idToken: string
  /** What a refreshed ID token is compared with (`SES-21`). */
  readonly identity: Pick<IdTokenClaims, 'iss' | 'sub' | 'iat' | 'auth_time' | 'azp' | 'nonce'>
  readonly sessionState?: string | undefined
  /** `sid` of the ID token. */
  readonly sessionId?: string | undefined
}

/** Characters of each token of a token endpoint; a session keeps none that is longer. 32 KiB; `HLD-08`. */
export const maximumTokenLength = 32_768
/**
 * Life of tokens whose answer does not say it, for RFC 6749, section 5.1 leaves it open, or says none: a provider that
 * has just given them does not mean that they are over.
 */
const unsaidLifeSeconds = 300
const longestLifeSeconds = 31_536_000
/** A token that expires sooner would expire on its way. */
const leastLifeMilliseconds = 10_000

/** What is kept of a token answer; what it leaves out stays as it was. */
export function keepTokens(
  response: TokenEndpointResponse,
  known: Pick<KeptTokens, 'idToken' | 'identity' | 'refreshToken' | 'sessionState' | 'sessionId'>,
  now: number,
): KeptTokens | 'too-large' {
  const refreshToken = response.refresh_token ?? known.refreshToken
  if (response.access_token.length > maximumTokenLength || (refreshToken?.length ?? 0) > maximumTokenLength) {
    return 'too-large'
  }
  const { expires_in: said = 0 } = response
  const life = said > 0 ? Math.min(said, longestLifeSeconds) : unsaidLifeSeconds
  const sessionState = readSessionState(response.session_state) ?? known.sessionState
  const tokens: KeptTokens = {
    version: 1,
    accessToken: response.access_token,
    accessIssuedAt: now,
    accessExpiresAt: now + life * 1000,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    idToken: response.id_token ?? known.idToken,
    identity: known.identity,
    ...(sessionState === undefined ? {} : { sessionState }),
    ...(known.sessionId === undefined ? {} : { sessionId: known.sessionId }),
  }
  // No token is longer than it may be, but what is written of them could be: quotes, say, are written as two.
  return Buffer.byteLength(serializeTokens(tokens)) > maximumSealableBytes ? 'too-large' : tokens
}

/** The kept tokens as a text. */
export function serializeTokens(tokens: KeptTokens): string {
  return JSON.stringify(tokens)
}

/** Reads a text of {@link serializeTokens}; `undefined` for one of a later version. The core has unsealed it. */
export function parseTokens(text: string | undefined): KeptTokens | undefined {
  if (text === undefined) return undefined
  try {
    const tokens = JSON.parse(text) as KeptTokens
    return tokens.version === 1 && typeof tokens.idToken === 'string' ? tokens : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether an issuer has given the tokens: they are secrets of that provider's, and shown to none that has taken its place
 * under the same name, by other options or on an instance that has not been told of a removal.
 */
export function isGivenBy({ identity }: KeptTokens, issuer: string): boolean {
  return identity.iss === issuer
}

/** What of an ID token a later one is compared with. */
export function identityOf(claims: IdTokenClaims): KeptTokens['identity'] {
  const { iss, sub, iat, auth_time, azp, nonce } = claims
  return {
    iss,
    sub,
    iat,
    ...(auth_time === undefined ? {} : { auth_time }),
    ...(azp === undefined ? {} : { azp }),
    ...(nonce === undefined ? {} : { nonce }),
  }
}

/** Whether an ID token of ours says that it is good then still. */
export function isUnexpired(idToken: string, at: number): boolean {
  try {
    return (decodeJwt(idToken).exp ?? 0) * 1000 > at
  } catch {
    return false
  }
}

/**
 * When tokens are to be replaced at the latest: a session that the provider ends sooner than them goes on only with a
 * later `session_expiry`, which new tokens bring.
 */
export function renewedBefore({ accessExpiresAt }: KeptTokens, endsAt: number | undefined): number {
  return Math.min(accessExpiresAt, endsAt ?? accessExpiresAt)
}

/** The access token for calls to APIs; none that has expired and cannot be renewed. */
export function accessTokenOf(tokens: KeptTokens, now: number): AccessToken | undefined {
  const isLost = tokens.refreshToken === undefined && now >= tokens.accessExpiresAt - leastLifeMilliseconds
  if (tokens.accessToken === '' || isLost) return undefined
  return { value: tokens.accessToken, expiresAt: tokens.accessExpiresAt }
}

/**
 * A `session_state` as it may be used: opaque, never recomputed, and refused with a blank in it.
 * Source: OpenID Connect Session Management 1.0, section 2; `SES-01`.
 */
export function readSessionState(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,512}$/.test(value) ? value : undefined
}
