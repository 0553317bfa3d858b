/** @module Deletes a cookie in every variant under which a browser may hold it. */
import type { Exchange, SetCookie } from '../exchange.js'
import { isCookiePath, serializeCookie } from './serialize.js'

/** One answer has no room for every variant: the likely ones go with the first, the rest with a later one. */
export type ExpiryBatch = 'likely' | 'rest'

/**
 * Octets of the lines of one batch. The whole header of an answer must fit the buffer of a proxy, 4,096 in nginx, and
 * the answer with the first batch carries a transaction, what is left to do, a redirect and what the application adds as well.
 */
export const maximumExpiryBytes: Readonly<Record<ExpiryBatch, number>> = { likely: 1_300, rest: 2_400 }

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
  /**
   * Path and query of the request, as the browser sees it, and of other pages where such cookies were seen. Default:
   * only the configured path and `/`.
   */
  readonly target?: string | readonly string[] | undefined
  /** Default `likely`. */
  readonly batch?: ExpiryBatch | undefined
  /** Which answer of the rest this is, from 0. Default 0; beyond the last there is nothing. */
  readonly round?: number | undefined
  /** Leaves the variant that is ours: with the configured domain and path. Default `false`. */
  readonly sparesConfigured?: boolean | undefined
  readonly secure: boolean
  readonly sameSite: SetCookie['sameSite']
  /** Default `true`. It plays no part in which cookie is meant. */
  readonly httpOnly?: boolean | undefined
  /** Default: without `Partitioned`, and then with it where cookies are Secure. */
  readonly partitioned?: boolean | undefined
}

/**
 * Deletes the cookies of the shared token in the browser, in the variants of one batch: for the path of the request,
 * and of another page where they were seen. `false`: that batch has nothing.
 */
export type SharedExpiry = (
  exchange: Exchange,
  how?: Pick<ExpiryOptions, 'batch' | 'round' | 'sparesConfigured'> & {
    readonly seenAt?: string | undefined
  },
) => boolean

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

/** Each path prefix of an address that a cookie's path can be, the shortest first. */
function prefixesOf(target: string): string[] {
  const segments = target.replace(/[?#].*$/s, '').split('/')
  const prefixes: string[] = []
  let prefix = ''
  for (const segment of segments.filter((each) => each !== '').slice(0, mostPrefixes)) {
    prefix += `/${segment}`
    prefixes.push(prefix)
  }
  return prefixes
}

/** The configured path, `/`, each prefix of the requests' paths, then the same with a slash at the end. */
function pathVariants(configured: string, targets: readonly string[]): string[] {
  const lists = targets.map(prefixesOf)
  const variants = new Set<string>([configured, '/'])
  for (let depth = 0; depth < mostPrefixes; depth += 1) {
    for (const list of lists) {
      const prefix = list[depth]
      if (prefix !== undefined) variants.add(prefix)
    }
  }
  for (const each of [...variants]) if (!each.endsWith('/')) variants.add(`${each}/`)
  return [...variants].filter(isCookiePath)
}

/** One variant under which a browser may hold a cookie. */
interface Variant {
  readonly domain: string | undefined
  readonly path: string
  readonly partitioned: boolean | undefined
}

/** Every variant, the likely ones first. */
function variantsOf(options: ExpiryOptions): Variant[] {
  const host = options.applicationHost.toLowerCase()
  const base = options.domain === false ? false : options.domain.toLowerCase()
  const { target = [], path: configured, partitioned, secure } = options
  const paths = pathVariants(configured, typeof target === 'string' ? [target] : target)
  const plain = paths.flatMap((path) =>
    domainVariants(host, base).map((domain): Variant => ({ domain, path, partitioned })),
  )
  const own = base === false ? undefined : base
  const meant =
    options.sparesConfigured === true
      ? plain.filter(({ domain, path }) => domain !== own || path !== configured)
      : plain
  // A browser keeps a partitioned cookie beside the one without: what deletes one leaves the other.
  const isPartitionable = partitioned === undefined && secure
  return isPartitionable ? [...meant, ...plain.map((each) => ({ ...each, partitioned: true }))] : meant
}

/**
 * The deletions of one or more cookies in every variant that can hold them: without Domain, and with Domain for the
 * application's host and each parent up to the base domain; for the configured path, `/` and each prefix of the
 * requests' paths; without and with `Partitioned`. Names that begin with `__Host-` have a single variant.
 *
 * The likely ones come first; each batch has at most {@link maximumExpiryBytes}, and the names of one variant stay
 * together. The rest takes as many answers as it needs.
 * Source: RFC 6265bis, section 5.7; `CK-05`, `CK-06`; CHIPS, draft-cutler-httpbis-partitioned-cookies.
 */
export function expiryVariants(names: string | readonly string[], options: ExpiryOptions): SetCookie[] {
  const all = typeof names === 'string' ? [names] : names
  const free = all.filter((name) => !/^__host-/i.test(name))
  const deletion = (name: string, { domain, path, partitioned }: Variant): SetCookie => ({
    name,
    value: '',
    domain,
    path,
    maxAgeSeconds: 0,
    httpOnly: options.httpOnly ?? true,
    secure: options.secure,
    sameSite: options.sameSite,
    partitioned,
  })
  const single: Variant = { domain: undefined, path: '/', partitioned: options.partitioned }
  const wanted = options.batch === 'rest' ? 1 + (options.round ?? 0) : 0
  const bound = all.filter((name) => !free.includes(name)).map((name) => deletion(name, single))
  const isBoundSpared = options.sparesConfigured === true
  const batches: SetCookie[][] = [isBoundSpared ? [] : bound]
  let room: number = maximumExpiryBytes.likely
  for (const variant of free.length === 0 ? [] : variantsOf(options)) {
    const deletions = free.map((name) => deletion(name, variant))
    const size = bytesOf(deletions)
    const current = batches.at(-1) ?? []
    // The first batch begins with the cookie that is set, whatever the room.
    const isRest = variant.partitioned === true && options.partitioned === undefined
    if ((size <= room || current.length === 0) && !(isRest && batches.length === 1)) {
      current.push(...deletions)
    } else {
      if (batches.length > wanted) break
      batches.push(deletions)
      room = maximumExpiryBytes.rest
    }
    room -= size
  }
  return batches[wanted] ?? []
}

function bytesOf(cookies: readonly SetCookie[]): number {
  return cookies.reduce((sum, cookie) => sum + `set-cookie: ${serializeCookie(cookie)}\r\n`.length, 0)
}
