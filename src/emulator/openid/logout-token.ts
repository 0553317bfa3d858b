/** @module Logout tokens: as they should be, and every way in which they can be wrong. */

import type { LogoutTokenFault } from '../faults/openid.js'
import type { SignTokenOptions } from '../keys.js'
import { randomUuid } from '../random.js'
import type { RegisteredClient } from './clients.js'
import type { Provider } from './provider.js'

/** The event of a logout token. Source: Back-Channel Logout, section 2.4. */
export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** How long a logout token is good. Source: Back-Channel Logout, section 4 (at most two minutes). */
const lifeSeconds = 120

/** What a logout token is made of. */
export interface LogoutTokenParts {
  readonly client: RegisteredClient
  readonly sub: string
  readonly sid: string
  /** Whether `sid` goes in although the client did not ask for it. */
  readonly hasSid?: boolean | undefined
  readonly fault?: LogoutTokenFault | undefined
  /** Claims on top; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Signs differently. */
  readonly signature?: SignTokenOptions | undefined
}

/** Signs one. Source: Back-Channel Logout 1.0 with errata 1, section 2.4. */
export async function signLogoutToken(provider: Provider, parts: LogoutTokenParts): Promise<string> {
  const { context, signing } = provider
  const { client, fault } = parts
  const now = Math.floor(context.now() / 1000)
  const hasSid = parts.hasSid ?? client.backchannel_logout_session_required === true
  const claims: Record<string, unknown> = {
    iss: context.url(),
    aud: client.client_id,
    iat: now,
    exp: now + lifeSeconds,
    jti: randomUuid(context.options.random),
    events: { [logoutEvent]: {} },
    sub: parts.sub,
    ...(hasSid && { sid: parts.sid }),
    ...faultyClaims(fault, { now, issuer: context.url(), sid: parts.sid }),
    ...parts.claims,
  }
  for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name]
  const signature = { ...faultySignature(fault), ...parts.signature }
  const header = { typ: 'logout+jwt', ...signature.header }
  const token = await signing.sign(claims, client.id_token_signed_response_alg, { ...signature, header })
  return fault === 'unsigned' ? token.slice(0, token.lastIndexOf('.') + 1) : token
}

function faultyClaims(
  fault: LogoutTokenFault | undefined,
  { now, issuer, sid }: { readonly now: number; readonly issuer: string; readonly sid: string },
): Readonly<Record<string, unknown>> {
  switch (fault) {
    case 'late':
      return { iat: now - 3600, exp: now - 3600 + lifeSeconds }
    case 'sub-only':
      return { sid: undefined }
    case 'sid-only':
      return { sub: undefined, sid }
    case 'no-subject':
      return { sub: undefined, sid: undefined }
    case 'wrong-iss':
      return { iss: `${issuer}.other.example` }
    case 'wrong-aud':
      return { aud: 'another-client' }
    case 'with-nonce':
      return { nonce: 'a-nonce' }
    case 'without-events':
      return { events: undefined }
    case 'wrong-event':
      return { events: { 'http://schemas.openid.net/event/another': {} } }
    case 'without-jti':
      return { jti: undefined }
    case 'older-provider':
      return { exp: undefined }
    default:
      return {}
  }
}

function faultySignature(fault: LogoutTokenFault | undefined): SignTokenOptions {
  switch (fault) {
    case 'alg-hs256':
      return { alg: 'HS256' }
    case 'alg-none':
      return { alg: 'none' }
    case 'stranger-key':
      return { key: 'stranger', alg: 'RS256' }
    case 'older-provider':
      return { header: { typ: 'JWT' } }
    default:
      return {}
  }
}
