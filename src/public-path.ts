/** @module An application behind a proxy that takes a path prefix away: our addresses are those that browsers see. */
import type { Citizen, Claims } from './citizen.js'
import type { Exchange, SetCookie } from './exchange.js'
import type { Suite } from './suite.js'

/** An exchange as the browser sees it: with the prefix that a proxy took away from the target. */
class PublicExchange implements Exchange {
  readonly method: string
  readonly target: string
  readonly remoteAddress: string | undefined
  /** The exchange as the application sees it. */
  readonly received: Exchange
  readonly onClose?: (listener: () => void) => boolean

  constructor(received: Exchange, path: string) {
    this.received = received
    this.method = received.method
    // `*` is no path, and nobody took anything away from it.
    this.target = received.target.startsWith('/') ? path + received.target : received.target
    this.remoteAddress = received.remoteAddress
    if (received.onClose !== undefined) this.onClose = (listener) => received.onClose?.(listener) ?? false
  }

  header(name: string): string | undefined {
    return this.received.header(name)
  }

  body(limit: number): Promise<Uint8Array> {
    return this.received.body(limit)
  }

  form(limit: number): Promise<URLSearchParams> {
    return this.received.form(limit)
  }

  setCookie(cookie: SetCookie): void {
    this.received.setCookie(cookie)
  }
}

/** The exchange as the application sees it: what its own rules about paths are written for. */
export function asReceived(exchange: Exchange): Exchange {
  return exchange instanceof PublicExchange ? exchange.received : exchange
}

/**
 * The same suite for requests from which a proxy has taken `application.path` away. Inside of it every target is the
 * one that browsers see, so that what is matched, compared with a cookie's path, and led back to is one and the same.
 */
export function withPublicPath<C extends Claims>(suite: Suite<C>): Suite<C> {
  const { path } = suite.options.application
  if (path === '') return suite
  // One for each exchange: what the suite notes of a request, it notes by its exchange.
  const seenAs = new WeakMap<Exchange, Exchange>()
  const publicly = (exchange: Exchange): Exchange => {
    const known = seenAs.get(exchange)
    if (known !== undefined) return known
    const seen = new PublicExchange(exchange, path)
    seenAs.set(exchange, seen)
    return seen
  }
  return {
    ...suite,
    endpoint(exchange) {
      const seen = publicly(exchange)
      const handler = suite.endpoint(seen)
      return handler && (() => handler(seen))
    },
    authenticate: (exchange) => suite.authenticate(publicly(exchange)),
    peek: (exchange) => suite.peek(publicly(exchange)),
    guard: (exchange, citizen: Citizen<C>, demand) => suite.guard(publicly(exchange), citizen, demand),
    logout: (exchange, request) => suite.logout(publicly(exchange), request),
  }
}
