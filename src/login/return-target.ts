/** @module Decides where a browser may be sent back to after a login or a logout. */
import { parseUrl } from '../parse-url.js'

/** What a target is measured against. */
export interface ReturnTargetOptions {
  /** Our own origin. */
  readonly applicationUrl: string
  /** What a proxy takes away, as in `/app`: other paths of our origin belong to others. Empty: the whole origin is ours. */
  readonly applicationPath: string
  /** Other origins that may be named. */
  readonly returnOrigins: readonly string[]
  /** Where our own routes are served, as in `/session`. */
  readonly routesPath: string
}

/**
 * Longest target, in characters, before and after normalisation: as long as a guard's. Sealed in a transaction it must
 * leave the answer's header room in the buffer of a proxy, 4,096 octets in nginx.
 */
export const longestReturnTarget = 1_500

/** Routes of ours that lead on to somewhere: to return to one of them would be a loop, or an action. */
const leadingRoutes = [
  'login',
  'logout',
  'return',
  'leave',
  'callback',
  'reauthenticate',
  'frontchannel-logout',
]

/**
 * Makes the check of a `returnTo`. It returns a path that begins with exactly one slash (with query and fragment)
 * for our own origin, an absolute address for an allowed sibling origin, and `undefined` for anything else. What it
 * returns is normalised: it passes the check again unchanged, and browsers read it as this check did.
 * Source: `RPI-11`; WHATWG URL; OAuth 2.0 Security BCP (RFC 9700), section 4.11.
 */
export function createReturnTargetCheck(
  options: ReturnTargetOptions,
): (value: unknown) => string | undefined {
  const own = new URL(options.applicationUrl).origin
  const others = options.returnOrigins.map((origin) => new URL(origin).origin)
  const allowed = new Set([own, ...others])
  const ownPath = others.includes(own) ? '' : options.applicationPath
  const routesPath = options.routesPath.toLowerCase()

  return (value) => {
    if (typeof value !== 'string' || value.length > longestReturnTarget) return undefined
    // The parser drops tabs and line breaks, trims blanks and turns backslashes round. Nobody means those.
    if (/[\\\p{Cc}\p{Zl}\p{Zp}]|^\s|\s$/u.test(value)) return undefined
    const url = /^(?:\/(?!\/)|https?:\/\/[^/])/i.test(value) ? parseUrl(value, own) : undefined
    if (url === undefined || !allowed.has(url.origin)) return undefined
    if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(value)) return undefined
    if (!isPlainPath(url.pathname)) return undefined
    if (url.origin === own && !liesBelow(url.pathname, ownPath)) return undefined
    if (leadsOn(url.pathname, routesPath)) return undefined
    const target = `${url.pathname}${url.search}${url.hash}`
    const result = url.origin === own ? target : `${url.origin}${target}`
    return result.length > longestReturnTarget ? undefined : result
  }
}

/**
 * Whether a path stays a path for whoever reads it next: `/.//host` normalises to `//host`, and servers that decode
 * before they redirect make hosts of `/%2fhost`, `/%5chost` and `/%09/host`.
 */
function isPlainPath(pathname: string): boolean {
  return !pathname.startsWith('//') && !/^\/+%2f|%5c|%[01][0-9a-f]|%7f/i.test(pathname)
}

/** Whether a path lies below another, however often it is decoded; one that cannot be decoded does not. */
function liesBelow(pathname: string, base: string): boolean {
  if (base === '') return true
  return [pathname, decodedPath(pathname)].every((path) => path === base || path?.startsWith(`${base}/`))
}

/**
 * Whether a path is one of our leading routes, however it is written; a path that cannot be decoded counts as one. So
 * does what lies below a name: those are the routes of a provider, which may be added at any time.
 */
function leadsOn(pathname: string, routesPath: string): boolean {
  const plain = decodedPath(pathname)?.toLowerCase()
  if (plain === undefined) return true
  if (plain.startsWith(`${routesPath}/`) && plain.indexOf('/', routesPath.length + 1) !== -1) return true
  return leadingRoutes.some((route) => {
    const path = `${routesPath}/${route}`
    return plain === path || plain.startsWith(`${path};`)
  })
}

/** What servers may make of a path that decode it; `undefined`: it cannot be decoded. */
function decodedPath(pathname: string): string | undefined {
  let decoded = pathname
  // Twice: a proxy in front of us may decode once before our server does.
  for (let round = 0; round < 2; round += 1) {
    try {
      decoded = decodeURIComponent(decoded)
    } catch {
      if (round === 0) return undefined
    }
  }
  return new URL(`http://localhost${decoded.replace(/\/+/g, '/').replace(/[?#\\]/g, '')}`).pathname
}
