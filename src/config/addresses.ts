/** @module Which addresses a configuration may name: https, and http only where nothing leaves the machine. */
import { isLoopbackHost, isPlainHost } from '../host-names.js'
import { parseUrl } from '../parse-url.js'

/** What checking depends on besides the options. */
export interface Surroundings {
  /** `NODE_ENV` is `production`: plain http is refused everywhere. */
  readonly isProduction: boolean
}

/** A checked value, or what to write instead. */
export type Checked<T> = { readonly value: T } | { readonly problem: string }

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

/** Reads the origin of the application, and says where a path belongs that people find it below. */
export function checkOwnOrigin(value: unknown, surroundings: Surroundings, example: string): Checked<string> {
  const address = checkAddress(value, surroundings, example)
  if ('problem' in address || address.value.pathname === '/') return checkOrigin(value, surroundings, example)
  return {
    problem: `write the origin alone, such as ${example}: a path in front of the application goes into application.path where a proxy takes it away, else into routes.path (docs/operations.md says how to tell)`,
  }
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
  return checkAbsolute(value, surroundings, `${example}, or https://id.example.gov${example}`)
}

/** Reads an absolute address of whatever path and query, as the URL parser writes it. */
export function checkAbsolute(value: unknown, surroundings: Surroundings, example: string): Checked<string> {
  const checked = checkAddress(value, surroundings, example)
  return 'problem' in checked ? checked : { value: checked.value.href }
}
