/** @module A `fetch` that lets the person sign in, or prove more, where the server asks for it, and then asks again. */

import { isOwnPath } from './status.js'

/** Leads the person to the login at this address; true once the request is worth repeating. */
export type SignInHandler = (login: string) => Promise<boolean>

let handler: SignInHandler | undefined

/** Sets what is asked for a sign-in between a refused request and its repetition; nothing removes it. */
export function installSignInHandler(next?: SignInHandler): void {
  handler = next
}

/**
 * `fetch`, but a refusal of ours (401 with problem details that name a login) becomes a dialog, or a redirect where
 * the client is headless; afterwards the request is sent once more. Without a started client, or if the person
 * declines, the refusal is the answer. Source: RFC 9457; RFC 9470, section 3.
 */
export async function citizenFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init)
  const response = await fetch(request.clone())
  const login = await loginIn(response)
  return login && (await handler?.(login)) ? fetch(request) : response
}

/** The login that a refusal names: a path of our own origin. */
async function loginIn(response: Response): Promise<string | undefined> {
  // Only an answer of our own origin is `basic`.
  const isOurs = response.status === 401 && response.type === 'basic'
  if (!isOurs || response.headers.get('content-type') !== 'application/problem+json') return undefined
  const { login }: { login?: unknown } = await response.clone().json()
  return isOwnPath(login) ? login : undefined
}
