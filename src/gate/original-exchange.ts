/** @module The request that a proxy asks about, as the proxy tells it: what the person's browser has sent. */
import type { ResolvedOptions } from '../config/options.js'
import type { Exchange, SetCookie } from '../exchange.js'

type GateSettings = Pick<ResolvedOptions['routes']['gate'], 'requestHeaders' | 'cookies'>

/** Where a request to the gate says what was asked for. Lower-case names. */
const originalHeaders = {
  'x-original': { target: 'x-original-uri', method: 'x-original-method' },
  'x-forwarded': { target: 'x-forwarded-uri', method: 'x-forwarded-method' },
} as const

/** A path of the same origin that an address can name: no other host, and nothing but visible characters. */
const ownPath = /^\/(?![/\\])[!-~]*$/
/** A method, as a request line has it. Source: RFC 9110, sections 5.6.2 and 9.1. */
const token = /^[\w!#$%&'*+.^`|~-]{1,32}$/

/** What the proxy says of the request that it asks about. */
export interface OriginalRequest {
  readonly method: string
  /** Path and query, as browsers see them; the start page for what is no path. */
  readonly target: string
}

/**
 * Reads what was asked for. `rest`: what stands in the address behind the policy; where there is anything, it is the
 * original address, and the method the original method, as Envoy asks. `undefined`: the proxy does not say.
 *
 * An address that is no path of ours is the browser's doing, not the proxy's: it counts as the start page.
 */
export function readOriginal(
  exchange: Exchange,
  rest: string,
  { requestHeaders, startPage }: Pick<GateSettings, 'requestHeaders'> & { readonly startPage: string },
): OriginalRequest | undefined {
  const names = originalHeaders[requestHeaders]
  const target = rest.startsWith('/') ? rest : exchange.header(names.target)
  const method = rest.startsWith('/') ? exchange.method : exchange.header(names.method)
  if (target === undefined || method === undefined || !token.test(method)) return undefined
  return { method, target: ownPath.test(target) ? target : startPage }
}

/**
 * The original request as an exchange: its headers are those that the proxy passes on. Cookies are kept for the answer of
 * the gate, and where the proxy hands none on to the browser, nothing is begun that needs one.
 */
export class OriginalExchange implements Exchange {
  readonly method: string
  readonly target: string
  readonly canSetCookies: boolean
  /** What was set so far. */
  readonly cookies: SetCookie[] = []
  readonly #received: Exchange

  constructor(received: Exchange, { method, target }: OriginalRequest, canSetCookies: boolean) {
    this.#received = received
    this.method = method
    this.target = target
    this.canSetCookies = canSetCookies
  }

  get remoteAddress(): string | undefined {
    return this.#received.remoteAddress
  }

  header(name: string): string | undefined {
    const value = this.#received.header(name)
    if (value !== undefined || name !== 'upgrade') return value
    // Proxies keep `Upgrade` to themselves, for it is about one connection; the rest of a handshake they pass on.
    return this.#received.header('sec-websocket-version') === undefined ? undefined : 'websocket'
  }

  /** The body is the backend's, and never comes here. */
  async body(): Promise<Uint8Array> {
    return new Uint8Array()
  }

  async form(): Promise<URLSearchParams> {
    return new URLSearchParams()
  }

  setCookie(cookie: SetCookie): void {
    this.cookies.push(cookie)
  }
}
