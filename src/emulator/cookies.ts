/** @module The cookies of the emulator: the shared one in three parts, and the provider's own. */
import { defaultUpstream } from './people.js'

/** Names of the three parts of the shared cookie. */
export interface CookieNames {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

/** How the emulator sets its cookies. */
export interface CookieOptions {
  readonly names: CookieNames
  /** `false`: host-only. */
  readonly domain: string | false
  readonly secure: boolean
  /** Whether the provider's own cookie comes with frames and forms of other sites: `SameSite=None; Secure`. */
  readonly crossSite: boolean
}

/** Name of the provider's own cookie, host-only, one for each upstream; the applications never see it. */
export const identityCookieName = (secure: boolean, upstream: string): string =>
  `${secure ? '__Host-' : ''}c1_identity${upstream === defaultUpstream ? '' : `_${upstream}`}`

/** The parts of a compact token; missing ones are empty. */
function partsOf(token: string) {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { header, payload, signature }
}

/** A `Cookie` header value that carries the token in its three parts. */
export function toCookieHeader(token: string, names: CookieNames): string {
  const parts = partsOf(token)
  return `${names.header}=${parts.header}; ${names.payload}=${parts.payload}; ${names.signature}=${parts.signature}`
}

/**
 * The three `Set-Cookie` lines of a token: header and signature HttpOnly, the payload readable by scripts.
 * `undefined` deletes all three. Source: CitizenOne, Sessions & JWT; RFC 6265bis, section 4.1.
 */
export function sharedCookieLines(token: string | undefined, options: CookieOptions): string[] {
  const parts = partsOf(token ?? '')
  const tail = `${options.domain === false ? '' : `; Domain=${options.domain}`}; Path=/${token === undefined ? deletion : ''}`
  const secure = options.secure ? '; Secure' : ''
  const line = (name: string, value: string, httpOnly: string) =>
    `${name}=${value}${tail}${httpOnly}${secure}; SameSite=Lax`
  return [
    line(options.names.header, parts.header, '; HttpOnly'),
    line(options.names.payload, parts.payload, ''),
    line(options.names.signature, parts.signature, '; HttpOnly'),
  ]
}

const deletion = '; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'

/** The end of the `Set-Cookie` line of a cookie that is the provider's alone. */
export const ownCookieTail = ({ secure, crossSite }: CookieOptions): string =>
  `${secure || crossSite ? '; Secure' : ''}; SameSite=${crossSite ? 'None' : 'Lax'}`

/** The `Set-Cookie` line of the provider's own cookie of an upstream; `undefined` deletes it. */
export function identityCookieLine(
  value: string | undefined,
  upstream: string,
  options: CookieOptions,
): string {
  const end = value === undefined ? deletion : ''
  const name = identityCookieName(options.secure, upstream)
  return `${name}=${value ?? ''}; Path=/${end}; HttpOnly${ownCookieTail(options)}`
}

/** Every value of each cookie name, in the order of the header. */
export function parseCookieHeader(header: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at < 1) continue
    const name = pair.slice(0, at).trim()
    const list = values.get(name)
    if (list) list.push(pair.slice(at + 1).trim())
    else values.set(name, [pair.slice(at + 1).trim()])
  }
  return values
}

/** Tokens that the parts of the shared cookie can make, at most 8: a sibling may have planted others. */
export function tokensOf(cookies: ReadonlyMap<string, readonly string[]>, names: CookieNames): string[] {
  const tokens: string[] = []
  for (const header of cookies.get(names.header) ?? []) {
    for (const payload of cookies.get(names.payload) ?? []) {
      for (const signature of cookies.get(names.signature) ?? []) {
        if (tokens.length === 8) return tokens
        tokens.push(`${header}.${payload}.${signature}`)
      }
    }
  }
  return tokens
}
