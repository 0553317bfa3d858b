/** @module Writes one `Set-Cookie` line, and refuses what a browser would silently drop. */
import { CitizenSessionError } from '../errors.js'
import type { SetCookie } from '../exchange.js'

/** Name and value together, in octets. A browser drops more without a word. Source: RFC 6265bis, section 5.6. */
export const maximumPairLength = 4096
/** One attribute's value, in octets; a browser ignores a longer one. Source: RFC 6265bis, section 5.6. */
export const maximumAttributeLength = 1024
/** 400 days, beyond which browsers shorten anyway. Source: RFC 6265bis, section 5.5. */
export const maximumAgeSeconds = 34_560_000

/** Whether a cookie has room for a value of visible ASCII; {@link serializeCookie} refuses what it has not. */
export function hasRoomFor(name: string, value: string): boolean {
  return name.length + value.length <= maximumPairLength
}

// The grammar of RFC 6265bis, section 4.1.1: token, cookie-octet, path-value, and a host name of LDH labels.
const cookieName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const cookieValue = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const pathValue = /^\/[\x20-\x3a\x3c-\x7e]*$/
const domainValue =
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
const hostPrefix = /^__host-/i
const securePrefix = /^__(?:host|secure)-/i
const sameSiteValues = { strict: 'Strict', lax: 'Lax', none: 'None' } as const

/** Whether a path can stand in a `Path` attribute: absolute, printable ASCII without `;`, at most 1,024 octets. */
export function isCookiePath(path: string): boolean {
  return path.length <= maximumAttributeLength && pathValue.test(path)
}

/**
 * What is wrong with the attributes of a cookie, whatever its value; `undefined` if nothing is. Prefixes bind in any
 * letter case, because browsers compare them so. Source: RFC 6265bis, sections 4.1.3 and 5.7; `CK-01`, `CK-13`.
 */
export function findCookieProblem(cookie: Omit<SetCookie, 'value'>): string | undefined {
  const { name, domain, path, maxAgeSeconds } = cookie
  if (!cookieName.test(name)) return 'the name of a cookie must be a token of RFC 9110'
  if (domain !== undefined && !domainValue.test(domain)) {
    return 'the domain of a cookie must be a host name without a leading dot'
  }
  if (path !== undefined && !pathValue.test(path)) {
    return 'the path of a cookie must begin with / and be printable ASCII without ;'
  }
  if (maxAgeSeconds !== undefined && !(Number.isInteger(maxAgeSeconds) && maxAgeSeconds >= 0)) {
    return 'the age of a cookie must be a whole number of seconds, 0 or more'
  }
  if (cookie.sameSite === 'none' && !cookie.secure) return 'SameSite=None needs Secure'
  if (cookie.partitioned === true && !cookie.secure) return 'Partitioned needs Secure'
  if (securePrefix.test(name) && !cookie.secure) return `the prefix of ${name} needs Secure`
  if (hostPrefix.test(name)) {
    if (domain !== undefined) return `the prefix of ${name} forbids Domain`
    if (path !== undefined && path !== '/') return `the prefix of ${name} needs Path=/`
  }
  return undefined
}

/**
 * The value of one `Set-Cookie` header line. An age of 0 also brings an `Expires` in the past; an age of more than
 * 400 days is shortened to that.
 * @throws CitizenSessionError `usage` when name, value or attributes break the rules; `cookie-too-large` when name
 * and value exceed 4,096 octets, or an attribute 1,024 (`CK-09`).
 * Source: RFC 6265bis, section 4.1.
 */
export function serializeCookie(cookie: SetCookie): string {
  const { name, value, domain, path = '/', maxAgeSeconds } = cookie
  const problem = findCookieProblem(cookie)
  if (problem !== undefined) throw new CitizenSessionError('usage', problem)
  if (!cookieValue.test(value)) {
    throw new CitizenSessionError('usage', `the value of ${name} holds an octet that a cookie cannot carry`)
  }
  // Everything is ASCII by now: characters are octets.
  if (name.length + value.length > maximumPairLength) {
    throw new CitizenSessionError(
      'cookie-too-large',
      `${name} would be ${name.length + value.length} octets, and browsers drop more than ${maximumPairLength}`,
    )
  }
  if (
    path.length > maximumAttributeLength ||
    (domain !== undefined && domain.length > maximumAttributeLength)
  ) {
    throw new CitizenSessionError(
      'cookie-too-large',
      `an attribute of ${name} is longer than ${maximumAttributeLength} octets, and browsers ignore it`,
    )
  }
  let line = `${name}=${value}`
  if (domain !== undefined) line += `; Domain=${domain}`
  line += `; Path=${path}`
  if (maxAgeSeconds === 0) {
    line += '; Max-Age=0'
    // Whatever knows the prefix knows Max-Age, and the header of a logout has no room to spare.
    if (!/^__Host-/i.test(name)) line += '; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
  } else if (maxAgeSeconds !== undefined) line += `; Max-Age=${Math.min(maxAgeSeconds, maximumAgeSeconds)}`
  if (cookie.httpOnly) line += '; HttpOnly'
  if (cookie.secure) line += '; Secure'
  line += `; SameSite=${sameSiteValues[cookie.sameSite]}`
  if (cookie.partitioned === true) line += '; Partitioned'
  return line
}
