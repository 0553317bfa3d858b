/** @module Which addresses a configuration may name: https, and http only where nothing leaves the machine. */
import { parseUrl } from '../parse-url.js'

/** What checking depends on besides the options. */
export interface Surroundings {
  /** `NODE_ENV` is `production`: plain http is refused everywhere. */
  readonly isProduction: boolean
}

/** A checked value, or what to write instead. */
export type Checked<T> = { readonly value: T } | { readonly problem: string }

/**
 * Whether a host name (as `URL.hostname` gives it) always means this machine: `localhost`, `*.localhost`,
 * 127.0.0.0/8 and ::1. Source: RFC 6761, section 6.3; RFC 6890, section 2.2.2.
 */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true
  return hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/** Whether a host name (as `URL.hostname` gives it) is an IP address. */
export function isAddressHost(hostname: string): boolean {
  return hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname)
}

/**
 * Whether a host is made only of what host names are made of. The URL parser also lets `;`, `,`, `'` and `*` through,
 * which mean something in a cookie or in a content security policy.
 */
export function isPlainHost(hostname: string): boolean {
  return /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/.test(hostname)
}

/** Whether `host` is `domain` or below it. Both in lower case. Source: RFC 6265bis, section 5.1.3 (`CK-04`). */
export function domainMatches(host: string, domain: string): boolean {
  if (host === domain) return true
  return host.endsWith(`.${domain}`) && !isAddressHost(host)
}

/** Reads an absolute http(s) address, without user name, fragment, blanks or a dot at the end of the host. */
export function checkAddress(value: unknown, surroundings: Surroundings, example: string): Checked<URL> {
  if (typeof value !== 'string') return { problem: `write an address, such as ${example}` }
  // The URL parser drops tabs and line breaks and turns backslashes round: what is read must be what was written.
  if (/[\s\\\p{Cc}]/u.test(value)) {
    return { problem: `write an address without blanks or backslashes, such as ${example}` }
  }
  const url = /^https?:\/\/[^/]/i.test(value) ? parseUrl(value) : undefined
  if (url === undefined) {
    return { problem: `write an absolute address that begins with https://, such as ${example}` }
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: `write the address without a user name or password, such as ${example}` }
  }
  if (value.includes('#')) return { problem: `write the address without a fragment, such as ${example}` }
  if (!isPlainHost(url.hostname)) {
    return {
      problem: `write a host of letters, digits and hyphens without a dot at its end, as in ${example}`,
    }
  }
  if (url.protocol === 'http:') {
    if (surroundings.isProduction) return { problem: 'write an https:// address: NODE_ENV is production' }
    if (!isLoopbackHost(url.hostname)) {
      return {
        problem:
          'write an https:// address: http is accepted only for localhost, *.localhost, 127.0.0.0/8 and [::1]',
      }
    }
  }
  return { value: url }
}

/** Reads an origin: scheme, host and port, nothing else. A single slash at the end is accepted and dropped. */
export function checkOrigin(value: unknown, surroundings: Surroundings, example: string): Checked<string> {
  const checked = checkAddress(value, surroundings, example)
  if ('problem' in checked) return checked
  if (checked.value.pathname !== '/' || String(value).includes('?')) {
    return { problem: `write an origin, without path or query, such as ${example}` }
  }
  return { value: checked.value.origin }
}

/** Reads an origin with or without a path prefix; the result has no slash at its end. */
export function checkBase(value: unknown, surroundings: Surroundings, example: string): Checked<string> {
  const checked = checkAddress(value, surroundings, example)
  if ('problem' in checked) return checked
  if (String(value).includes('?')) return { problem: `write the address without a query, such as ${example}` }
  return { value: `${checked.value.origin}${checked.value.pathname.replace(/\/+$/, '')}` }
}

/** Reads an endpoint: a path that begins with one slash (kept as it is), or an absolute address. */
export function checkEndpoint(value: unknown, surroundings: Surroundings, example: string): Checked<string> {
  if (typeof value === 'string' && value.startsWith('/')) {
    if (/^\/\//.test(value) || /[\s\\#\p{Cc}]/u.test(value)) {
      return {
        problem: `write a path that begins with one slash, such as ${example}, or an absolute address`,
      }
    }
    return { value }
  }
  const checked = checkAddress(value, surroundings, `${example}, or https://id.example.gov${example}`)
  return 'problem' in checked ? checked : { value: checked.value.href }
}
