/** @module Deletes a cookie in every variant under which a browser may hold it. */
import type { SetCookie } from '../exchange.js'
import { isCookiePath } from './serialize.js'

/** At most so many lines a call: about 3.5 KB, which still fits the header buffer of a proxy (4 KB in nginx). */
export const maximumExpiryLines = 24

/** Where cookies of these names may have been set. */
export interface ExpiryOptions {
  /** The base domain; `false` where cookies were only ever set for our own host. */
  readonly domain: string | false
  /** The configured path of the cookie. */
  readonly path: string
  /** Host name of the application, without a port. */
  readonly applicationHost: string
  /** Path and query of the request, as the browser sees it. Default: only the configured path and `/`. */
  readonly target?: string | undefined
  readonly secure: boolean
  readonly sameSite: SetCookie['sameSite']
  /** Default `true`. It plays no part in which cookie is meant. */
  readonly httpOnly?: boolean | undefined
  readonly partitioned?: boolean | undefined
}

/** The base domain, no Domain at all, our host, and each parent between: the likely ones first. */
function domainVariants(host: string, base: string | false): (string | undefined)[] {
  const variants = new Set<string | undefined>()
  // An address has no parents, and browsers ignore a Domain that is one.
  const isNamed = !host.includes(':') && !/^[\d.]+$/.test(host)
  if (base !== false && (host === base || host.endsWith(`.${base}`))) variants.add(base)
  variants.add(undefined)
  if (isNamed) variants.add(host)
  if (base !== false && host.endsWith(`.${base}`)) {
    for (let name = host; name !== base; name = name.slice(name.indexOf('.') + 1)) variants.add(name)
  }
  return [...variants]
}

/** The configured path, `/`, each prefix of the request's path, then the same with a slash at the end. */
function pathVariants(configured: string, target: string | undefined): string[] {
  const variants = new Set<string>([configured, '/'])
  const path = (target ?? '/').replace(/[?#].*$/s, '')
  const segments = path.split('/').filter((segment) => segment !== '')
  const prefixes: string[] = []
  let prefix = ''
  for (const segment of segments.slice(0, maximumExpiryLines)) {
    prefix += `/${segment}`
    prefixes.push(prefix)
  }
  for (const each of prefixes) variants.add(each)
  for (const each of [configured, ...prefixes]) if (!each.endsWith('/')) variants.add(`${each}/`)
  return [...variants].filter(isCookiePath)
}

/**
 * The deletions of one or more cookies in every variant that can hold them: without Domain, and with Domain for the
 * application's host and each parent up to the base domain; for the configured path, `/` and each prefix of the
 * request's path. Names that begin with `__Host-` have a single variant.
 *
 * At most {@link maximumExpiryLines} lines, the likely ones first; the names of one variant stay together. What the
 * cap leaves out is deleted by a later answer on a shorter path, and is refused by then in any case.
 * Source: RFC 6265bis, section 5.7; `CK-05`, `CK-06`.
 */
export function expiryVariants(names: string | readonly string[], options: ExpiryOptions): SetCookie[] {
  const all = typeof names === 'string' ? [names] : names
  const free = all.filter((name) => !/^__host-/i.test(name))
  const cookies: SetCookie[] = []
  const add = (name: string, domain: string | undefined, path: string) => {
    cookies.push({
      name,
      value: '',
      domain,
      path,
      maxAgeSeconds: 0,
      httpOnly: options.httpOnly ?? true,
      secure: options.secure,
      sameSite: options.sameSite,
      partitioned: options.partitioned,
    })
  }
  for (const name of all) if (!free.includes(name)) add(name, undefined, '/')
  if (free.length === 0) return cookies
  const host = options.applicationHost.toLowerCase()
  const domains = domainVariants(host, options.domain === false ? false : options.domain.toLowerCase())
  for (const path of pathVariants(options.path, options.target)) {
    for (const domain of domains) {
      if (cookies.length + free.length > maximumExpiryLines) return cookies
      for (const name of free) add(name, domain, path)
    }
  }
  return cookies
}
