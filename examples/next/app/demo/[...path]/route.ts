import type { NextRequest } from 'next/server'
import { deskUrl } from '../../../lib/demo'

/** What the desk needs to know of a request. */
const passed = ['content-type', 'cookie', 'last-event-id', 'origin']

/** What a page needs to know of an answer. */
const returned = ['cache-control', 'content-type', 'set-cookie', 'x-content-type-options']

/** As a part of the demo: its look, log and switches, which it lends to all of its applications. Else nothing. */
async function passOn(request: NextRequest): Promise<Response> {
  if (deskUrl === undefined) return new Response(null, { status: 404 })
  const headers = new Headers()
  for (const name of passed) {
    const value = request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const { pathname, search } = request.nextUrl
  const {
    body,
    status,
    headers: answered,
  } = await fetch(new URL(pathname + search, deskUrl), {
    method: request.method,
    headers,
    body: request.method === 'POST' ? await request.text() : undefined,
    cache: 'no-store',
    signal: request.signal,
  })
  const kept = [...answered].filter(([name]) => returned.includes(name))
  return new Response(body, { status, headers: kept })
}

export { passOn as GET, passOn as POST }
