/** @module Our cookies on their ways through Next.js: the proxy's request and response, and the jar of its own. */
import { cookies } from 'next/headers.js'
import { type NextRequest, NextResponse } from 'next/server.js'
import type { SetCookie, Suite } from '../src/index.js'
import type { WebExchange } from './web.js'

/** Whether a cookie carries a part of a renewed token. */
export function isTokenPart(suite: Suite, { name, maxAgeSeconds }: SetCookie): boolean {
  const names = suite.options.sharedCookie?.names
  if (names === undefined) return false
  const { header, payload, signature } = names
  return maxAgeSeconds !== 0 && (name === header || name === payload || name === signature)
}

/**
 * Shows to what comes after the proxy the cookies that the browser will have. Deleted ones stay: whoever judges the
 * request again must come to the same result.
 */
export function presentCookies(suite: Suite, request: NextRequest, set: readonly SetCookie[]): void {
  if (set.length === 0) return
  const header = withCookieHeader(request.headers.get('cookie') ?? '', set)
  for (const { name, value, maxAgeSeconds } of set) {
    if (maxAgeSeconds !== 0) request.cookies.set(name, value)
  }
  // As a browser sends them: the jar above has encoded values, and no duplicates.
  request.headers.set('cookie', header)
  // The browser does not have the new token yet: a handler that acts upon it would take it for delivered.
  if (set.some((cookie) => isTokenPart(suite, cookie))) request.headers.set('citizen-activity', 'none')
}

function withCookieHeader(header: string, set: readonly SetCookie[]): string {
  const fresh = new Map<string, string>()
  for (const { name, value, maxAgeSeconds } of set) if (maxAgeSeconds !== 0) fresh.set(name, value)
  const kept = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !fresh.has(pair.split('=', 1)[0]?.trim() ?? ''))
  return [...kept, ...[...fresh].map(([name, value]) => `${name}=${value}`)].join('; ')
}

/** Headers that a page or route must not be able to set beside our cookies; what the proxy sets wins. */
const notStored = { 'cdn-cache-control': 'no-store', 'surrogate-control': 'no-store', 'x-accel-expires': '0' }

/** The application's response of the proxy with our cookies, and the request with them, where it goes on. */
export function merge(response: Response, request: NextRequest, exchange: WebExchange): Response {
  const set = exchange.cookies
  const merged = exchange.finish(response)
  const goesOn = merged.headers.has('x-middleware-next') || merged.headers.has('x-middleware-rewrite')
  if (set.length === 0 || !goesOn) return merged
  for (const [name, value] of Object.entries(notStored)) merged.headers.set(name, value)
  const names = merged.headers.get('x-middleware-override-headers')?.split(',')
  if (names === undefined) {
    for (const [name, value] of NextResponse.next({ request: { headers: request.headers } }).headers) {
      if (name.startsWith('x-middleware-') && name !== 'x-middleware-next') merged.headers.set(name, value)
    }
    return merged
  }
  const theirs = merged.headers.get('x-middleware-request-cookie') ?? ''
  merged.headers.set('x-middleware-request-cookie', withCookieHeader(theirs, set))
  const all = new Set([...names.map((name) => name.trim()), 'cookie'])
  const activity = request.headers.get('citizen-activity')
  if (activity !== null) {
    merged.headers.set('x-middleware-request-citizen-activity', activity)
    all.add('citizen-activity')
  }
  merged.headers.set('x-middleware-override-headers', [...all].join(','))
  return merged
}

/** Hands cookies to Next.js, whose jar holds one of a name: of several deletions, the one as the cookie was set. */
export async function leaveInJar(suite: Suite, set: readonly SetCookie[]): Promise<void> {
  if (set.length === 0) return
  const { sharedCookie } = suite.options
  const domain = sharedCookie?.domain || undefined
  const path = sharedCookie?.path ?? '/'
  const chosen = new Map<string, SetCookie>()
  for (const cookie of set) {
    const before = chosen.get(cookie.name)
    const isAsSet = before?.maxAgeSeconds === 0 && before.domain === domain && before.path === path
    if (cookie.maxAgeSeconds !== 0 || !isAsSet) chosen.set(cookie.name, cookie)
  }
  const jar = await cookies()
  for (const { maxAgeSeconds, domain: its, path: where, partitioned, ...rest } of chosen.values()) {
    jar.set({
      ...rest,
      path: where ?? '/',
      ...(its === undefined ? {} : { domain: its }),
      ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
      ...(partitioned === undefined ? {} : { partitioned }),
    })
  }
}
