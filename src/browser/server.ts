/** @module What the client asks the server, and what it makes of the answers. */
import { parseStatus, type Status } from './status.js'

const send = (address: string, init: RequestInit): Promise<Response> =>
  fetch(address, { ...init, signal: AbortSignal.timeout(5000) })

/** Asks how things stand (`GET`, never activity), or says that the person is there (`POST`). Throws without an answer. */
export async function askStatus(basePath: string, isExtending: boolean): Promise<Status> {
  const path = isExtending ? '/extend' : '/status'
  const method = isExtending ? 'POST' : 'GET'
  // An extension counts whatever its headers say.
  const response = await send(basePath + path, { method, headers: { 'citizen-activity': 'none' } })
  const status = parseStatus(await response.json())
  if (!status || status.state === 'unavailable') throw new Error('no status')
  return status
}

/** Signs out; tells where the browser must go on to, if anywhere. Throws if the session could not be ended. */
export async function askSignOut(
  basePath: string,
  fields: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const response = await send(`${basePath}/logout`, { method: 'POST', body: new URLSearchParams(fields) })
  if (!response.ok) throw new Error('not signed out')
  const { continueAt }: { continueAt?: string } = await response.json()
  return /^https?:/.test(String(continueAt)) ? continueAt : undefined
}

/** An address of the login with the page to come back to. */
export function loginFrom(login: string): string {
  const here = encodeURIComponent(location.pathname + location.search)
  return `${login}${login.includes('?') ? '&' : '?'}returnTo=${here}`
}
