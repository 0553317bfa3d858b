/** @module Names of claims that mean something here. */

import { factorClaims } from '../config/trusted-claims.js'

/** Claims of OpenID Connect that say how somebody authenticated. Source: OpenID Connect Core 1.0, section 2. */
export const standardClaims: readonly string[] = ['acr', 'amr']

/** Claims that may show a second factor, where a provider is believed them. */
export const trustableClaims: readonly string[] = [...standardClaims, ...factorClaims]

/** Claims that say how somebody authenticated: of a statement that has one of them, the others are not older. */
export const claimsOfMethod: readonly string[] = [...trustableClaims, 'mfaRequired']

/**
 * Claims that the ID token alone says: of the token itself, of the session, and of how somebody authenticated. UserInfo is
 * not bound to a login, and is never asked about one. The last two lead to other servers, with access tokens for them.
 * Source: OpenID Connect Core 1.0, sections 2, 5.3.2 and 5.6.2.
 */
export const claimsOfIdTokens: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'events',
  'sid',
  'auth_time',
  'session_expiry',
  ...claimsOfMethod,
  '_claim_names',
  '_claim_sources',
])
