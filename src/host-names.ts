/** @module What the name of a host says by itself: this machine, an address, a name below another. */

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

/** Parameter of a login that was led to the host of `application.url`, and is led there no more. */
export const movedParameter = 'moved'
