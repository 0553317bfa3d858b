/** @module Deletes a cookie in every variant under which a browser may hold it. */
import type { SetCookie } from '../exchange.js'
import { isCookiePath, serializeCookie } from './serialize.js'

/** One answer has no room for every variant: the likely ones go with the first, the rest with a later one. */
export type ExpiryBatch = 'likely' | 'rest'

/**
 * Octets of the lines of one batch. The whole header of an answer must fit the buffer of a proxy, 4,096 in nginx, and
 * the answer with the first batch carries a marker, a redirect and what the application adds as well.
 */
export const maximumExpiryBytes: Readonly<Record<ExpiryBatch, number>> = { likely: 1_500, rest: 2_400 }

/** A path has at most so many prefixes that count; each batch ends long before. */
const mostPrefixes = 24

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
  /** Default `likely`. */
  readonly batch?: ExpiryBatch | undefined
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
  for (const segment of segments.slice(0, mostPrefixes)) {
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
 * The likely ones come first; each batch has at most {@link maximumExpiryBytes}, and the names of one variant stay
 * together. What both batches leave out is refused in any case.
 * Source: RFC 6265bis, section 5.7; `CK-05`, `CK-06`.
 */
export function expiryVariants(names: string | readonly string[], options: ExpiryOptions): SetCookie[] {
  const all = typeof names === 'string' ? [names] : names
  const free = all.filter((name) => !/^__host-/i.test(name))
  const deletion = (name: string, domain: string | undefined, path: string): SetCookie => ({
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
  const likely = all.filter((name) => !free.includes(name)).map((name) => deletion(name, undefined, '/'))
  if (free.length === 0) return options.batch === 'rest' ? [] : likely
  const rest: SetCookie[] = []
  const room = { ...maximumExpiryBytes }
  let isLikely = true
  const host = options.applicationHost.toLowerCase()
  const domains = domainVariants(host, options.domain === false ? false : options.domain.toLowerCase())
  for (const path of pathVariants(options.path, options.target)) {
    for (const domain of domains) {
      const variant = free.map((name) => deletion(name, domain, path))
      const size = bytesOf(variant)
      isLikely &&= size <= room.likely || likely.length === 0
      if (!isLikely && size > room.rest) return options.batch === 'rest' ? rest : likely
      room[isLikely ? 'likely' : 'rest'] -= size
      ;(isLikely ? likely : rest).push(...variant)
    }
  }
  return options.batch === 'rest' ? rest : likely
}

function bytesOf(cookies: readonly SetCookie[]): number {
  return cookies.reduce((sum, cookie) => sum + `set-cookie: ${serializeCookie(cookie)}\r\n`.length, 0)
}
