/** @module A person's browser: its cookies, its tokens, and what it keeps of a login or a logout on the way. */
import type { SetCookie } from '../../src/index.js'

interface Kept {
  readonly cookie: SetCookie
  readonly host: string
  readonly endsAt: number
}

/** A cookie jar: Domain and host-only, path and life, as RFC 6265bis has them; all sites of a world are of one site. */
export class Jar {
  readonly #kept = new Map<string, Kept>()

  set(cookie: SetCookie, host: string, now: number): void {
    const { name, domain, path = '/', maxAgeSeconds } = cookie
    if (domain !== undefined && host !== domain && !host.endsWith(`.${domain}`)) return
    if (/^__Host-/i.test(name) && (domain !== undefined || path !== '/' || !cookie.secure)) return
    const key = `${name} ${domain ?? `host ${host}`} ${path}`
    if (maxAgeSeconds !== undefined && maxAgeSeconds <= 0) this.#kept.delete(key)
    else this.#kept.set(key, { cookie, host, endsAt: now + (maxAgeSeconds ?? Infinity) * 1000 })
  }

  /** The `Cookie` header for an address; `''`: there is none. */
  header(host: string, path: string, now: number): string {
    const pairs: string[] = []
    for (const { cookie, host: from, endsAt } of this.#kept.values()) {
      const { name, value, domain, path: prefix = '/' } = cookie
      const isHosts = domain === undefined ? host === from : host === domain || host.endsWith(`.${domain}`)
      const isPaths = path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
      if (isHosts && isPaths && endsAt > now) pairs.push(`${name}=${value}`)
    }
    return pairs.join('; ')
  }

  /** Deletes what was set under a name, wherever. */
  drop(isMeant: (name: string) => boolean): void {
    for (const [key, { cookie }] of this.#kept) if (isMeant(cookie.name)) this.#kept.delete(key)
  }
}

/** A `Set-Cookie` line of somebody else, in its parts. */
export function parseSetCookie(line: string): SetCookie {
  const [pair = '', ...attributes] = line.split(/;\s*/)
  const at = pair.indexOf('=')
  const given = new Map(
    attributes.map((each) => {
      const [name = '', value = ''] = each.split('=')
      return [name.toLowerCase(), value] as const
    }),
  )
  const age = given.get('max-age')
  return {
    name: pair.slice(0, at),
    value: pair.slice(at + 1),
    domain: given.get('domain') || undefined,
    path: given.get('path') || '/',
    maxAgeSeconds: age === undefined ? undefined : Number(age),
    httpOnly: given.has('httponly'),
    secure: given.has('secure'),
    sameSite: 'lax',
  }
}

/** The value of a cookie in a `Cookie` header. */
export function cookieIn(header: string, name: string): string | undefined {
  for (const pair of header.split('; ')) if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1)
  return undefined
}

/** What the token of the shared cookie says, if all three parts came. */
export function tokenIn(header: string): SharedToken | undefined {
  const payload = cookieIn(header, 'c1_payload')
  const isWhole =
    cookieIn(header, 'c1_header') !== undefined && cookieIn(header, 'c1_signature') !== undefined
  if (payload === undefined || !isWhole) return undefined
  const { jti, sub, iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as SharedToken
  return { jti, sub, iat, exp }
}

/** Claims of a token, as far as a world looks at them. */
export interface SharedToken {
  readonly jti: string
  readonly sub: string
  /** Seconds since the epoch. */
  readonly iat: number
  readonly exp: number
}
