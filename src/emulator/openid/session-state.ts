/** @module `session_state`, and the browser state that it stands for. */
import { createHash } from 'node:crypto'
import type { SignedIn } from '../visit.js'

/** Name of the cookie with the browser state; scripts of the provider's own frame read it. Source: Safewhere. */
export const browserStateCookie = 'OPBS'

/** What a `session_state` is made of. */
export interface SessionStateParts {
  readonly clientId: string
  /** Address that the authentication answer goes to; its origin counts. */
  readonly redirectUri: string
  readonly browserState: string
  readonly salt: string
}

/**
 * The origin of an address as browsers write it: scheme and host in lower case, IDN as punycode, the port unless it is
 * the scheme's own. `null` for a scheme without origins. Source: RFC 6454, sections 4 and 6.2.
 */
export const originOf = (address: string): string => new URL(address).origin

/** The value for a client. Source: OpenID Connect Session Management 1.0, section 3.2. */
export function sessionStateOf({ clientId, redirectUri, browserState, salt }: SessionStateParts): string {
  const text = `${clientId} ${originOf(redirectUri)} ${browserState} ${salt}`
  return `${createHash('sha256').update(text).digest('base64url')}.${salt}`
}

/**
 * The browser state: a digest of the living sessions of this browser, so that it changes with each sign-in and
 * sign-out, and tells nothing about them.
 */
export function browserStateOf(held: readonly SignedIn[]): string {
  const values = held.map(({ session }) => session.cookie).sort()
  return createHash('sha256')
    .update(['OPBS', ...values].join(' '))
    .digest('base64url')
}
