/** @module The session cookie: names the session that OpenID Connect or SAML began in this browser. */

import { randomText } from '../digest.js'
import { newerFormat } from '../errors.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { AliasRecord, SessionRecord } from '../session-record.js'
import { ownCookieName } from './name.js'
import { readCookies } from './parse.js'

/** What a session cookie says: where the record lies, which generation of it, and which protocol began it. */
export interface NamedSession {
  readonly person: string
  readonly session: string
  /** 128 random bits, compared with the record's: without them the rest opens nothing. */
  readonly generation: string
  readonly protocol: string
}

/** What no generation of a record begins with. */
const refusedMark = '~'

/** A generation for the cookie of a login that was refused: it tells the reason on, and was never a session's. */
export function refusedGeneration(random: (bytes: number) => Uint8Array): string {
  return `${refusedMark}${randomText(random, 16)}`
}

/**
 * Whether a record is of the generation that a cookie names. An older generation is nobody (`HLD-02`). An end counts for
 * the cookie of a login that it has refused, and where it does not say which generation it ended.
 */
export function isNamedBy(
  record: { readonly state: 'live' | 'ended'; readonly generation: string },
  generation: string,
): boolean {
  if (record.generation === generation) return true
  return record.state === 'ended' && (record.generation === '' || generation.startsWith(refusedMark))
}

/** Whether what lies at an address is of another generation than the cookie that names it: then the cookie is nobody. */
export function isSuperseded(record: SessionRecord | AliasRecord | undefined, generation: string): boolean {
  return record !== undefined && record.state !== 'alias' && !isNamedBy(record, generation)
}

/** The session cookie of one application. */
export interface SessionCookie {
  readonly name: string
  /** Its value in a `Cookie` header; `undefined` where it is not there, or there more than once. */
  find(cookieHeader: string | undefined): string | undefined
  /**
   * What a value says, or `undefined` for anything that we did not make.
   * @throws StoreUnavailableError `store-format` for what a newer release has made
   */
  open(value: string): NamedSession | undefined
  make(named: NamedSession): SetCookie
  /** Takes the cookie away from the browser. */
  drop(exchange: Exchange): void
  /** Whether the answer to this request takes the cookie away: after that, none is given by it. */
  isDropped(exchange: Exchange): boolean
}

/**
 * Makes the session cookie of an application: host-only, HttpOnly, SameSite=Lax, for the browser's session, and
 * sealed: it is opaque, names nobody, and a new one is made with every generation.
 * Source: RFC 6265bis, 4.1.3.2; ASVS 5.0, 7.2.3 and 7.2.4; NIST SP 800-63B-4, 5.1.1.
 */
export function createSessionCookie(options: {
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
}): SessionCookie {
  const { sealer } = options
  const name = ownCookieName(options.application, 'sid', options.isSecure)
  const base = { name, path: '/', httpOnly: true, secure: options.isSecure, sameSite: 'lax' } as const
  const dropped = new WeakSet<Exchange>()

  return {
    name,
    find(cookieHeader) {
      if (!cookieHeader?.includes(name)) return undefined
      const [value, ...more] = readCookies(cookieHeader, name)
      return more.length === 0 ? value : undefined
    },
    open(value) {
      const words = sealer.open('session', name, value)?.split(' ') ?? []
      const [person, session, generation, protocol] = words
      if (!person || !session || !generation || !protocol) return undefined
      if (words.length > 4) throw newerFormat(`the cookie ${name}`)
      return Object.freeze({ person, session, generation, protocol })
    },
    make: ({ person, session, generation, protocol }) => ({
      ...base,
      value: sealer.seal('session', name, `${person} ${session} ${generation} ${protocol}`),
    }),
    drop(exchange) {
      dropped.add(exchange)
      exchange.setCookie({ ...base, value: '', maxAgeSeconds: 0 })
    },
    isDropped: (exchange) => dropped.has(exchange),
  }
}
