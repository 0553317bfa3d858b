/** @module What the client asks the server, and what it makes of the answers. */
import type { SignOutWish } from './options.js'
import { isAddress, parseStatus, type Status } from './status.js'

/** Sends a request, and waits five seconds for its answer. */
export const send = (address: string, init: RequestInit): Promise<Response> =>
  fetch(address, { ...init, signal: AbortSignal.timeout(5000) })

/** Asks how things stand (never activity), or says that the person is there (`POST`). Throws without an answer. */
export async function askStatus(address: string, method?: 'POST'): Promise<Status | undefined> {
  // An extension counts whatever its headers say.
  const response = await send(address, { method, headers: { 'citizen-activity': 'none' } })
  const status = parseStatus(await response.json())
  return status?.state === 'unavailable' ? undefined : status
}

/**
 * Signs out; tells where the browser must go on to: only where the server's answer says, which has checked what was
 * asked for; else to the login. Throws if the session could not be ended.
 */
export async function askSignOut(basePath: string, request: SignOutWish): Promise<string | undefined> {
  // What is left out stays the server's choice; `undefined` as a text names nothing either.
  const body = new URLSearchParams(request as Record<string, string>)
  const response = await send(`${basePath}/logout`, { method: 'POST', body })
  if (!response.ok) throw new Error('not signed out')
  const { continueAt, returnTo }: { continueAt?: unknown; returnTo?: unknown } = await response.json()
  return [continueAt, returnTo, `${basePath}/login`].find(isAddress)
}

/** An address of the login with the page to come back to. */
export function loginFrom(login: string): string {
  const here = encodeURIComponent(location.pathname + location.search)
  return `${login}${login.includes('?') ? '&' : '?'}returnTo=${here}`
}
