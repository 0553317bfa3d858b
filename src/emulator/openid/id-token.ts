/** @module The id_token, and the claims that scopes give. */
import { createHash } from 'node:crypto'
import type { Person } from '../people.js'
import type { Grant } from './grants.js'
import { faultsOf, type Provider } from './provider.js'

/** Claims of the scopes `profile` and `email`. Source: OpenID Connect Core, section 5.4. */
export function scopeClaims(scope: readonly string[], person: Person): Readonly<Record<string, unknown>> {
  return {
    ...(scope.includes('profile') && { name: person.name, preferred_username: person.username }),
    ...(scope.includes('email') && {
      email: `${person.username.replaceAll('@', '.')}@citizen.example`,
      email_verified: true,
    }),
  }
}

/** What an id_token is made of. */
export interface IdTokenParts {
  readonly grant: Grant
  readonly person: Person
  /** Whether it answers the authorization itself; a refresh leaves `nonce` out. */
  readonly isFirst: boolean
  readonly accessToken?: string | undefined
  /** The code that it comes with by the browser. */
  readonly code?: string | undefined
  /** Without an access token the claims have to be here. Default no. */
  readonly hasScopeClaims?: boolean | undefined
}

/** Signs it. Sources: OpenID Connect Core, sections 2, 3.1.3.6, 3.3.2.11 and 12.2; Front-Channel Logout, section 3. */
export async function signIdToken(provider: Provider, parts: IdTokenParts): Promise<string> {
  const { context, options, signing } = provider
  const { grant, person, isFirst, accessToken, code } = parts
  const now = Math.floor(context.now() / 1000)
  const claims = {
    iss: context.url(),
    sub: grant.sub,
    aud: grant.client.client_id,
    exp: now + options.idTokenSeconds,
    iat: now,
    auth_time: grant.authTime,
    acr: options.acrValues[grant.level],
    amr: grant.amr,
    sid: grant.sid,
    ...(options.saysSessionExpiry && { session_expiry: Math.floor(grant.sso.session.endsAt / 1000) }),
    ...(isFirst && grant.nonce !== undefined && { nonce: grant.nonce }),
    ...(accessToken !== undefined && { at_hash: hashOf(accessToken) }),
    ...(code !== undefined && { c_hash: hashOf(code) }),
    ...(parts.hasScopeClaims && scopeClaims(grant.scope, person)),
  }
  return signing.sign(
    { ...claims, ...faultyClaims(provider, now, parts) },
    grant.client.id_token_signed_response_alg,
  )
}

/** Left half of the digest; each of our algorithms has SHA-256. Source: OpenID Connect Core, section 3.1.3.6. */
const hashOf = (token: string) =>
  createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url')

function faultyClaims(
  provider: Provider,
  now: number,
  { isFirst, code, accessToken }: IdTokenParts,
): Readonly<Record<string, unknown>> {
  switch (faultsOf(provider).idToken) {
    case 'wrong-nonce':
      return { nonce: 'another-nonce' }
    case 'wrong-aud':
      return { aud: 'another-client' }
    case 'wrong-iss':
      return { iss: `${provider.context.url()}.other.example` }
    case 'late':
      return { iat: now - 7200, exp: now - 3600 }
    case 'other-sub-on-refresh':
      return isFirst ? {} : { sub: 'somebody-else' }
    case 'other-sub-beside-code':
      return code === undefined ? {} : { sub: 'somebody-else' }
    case 'wrong-c-hash':
      return code === undefined ? {} : { c_hash: hashOf(`${code}x`) }
    case 'without-c-hash':
      return { c_hash: undefined }
    case 'wrong-at-hash':
      return accessToken === undefined ? {} : { at_hash: hashOf(`${accessToken}x`) }
    case 'session-over':
      return { session_expiry: now - 1 }
    case 'session-expiry-text':
      return { session_expiry: new Date((now + 3600) * 1000).toISOString() }
    case undefined:
      return {}
  }
}
