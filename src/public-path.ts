/** @module A request from which a proxy has taken a path prefix away: as the browser sees it, and as the application does. */
import type { Exchange, SetCookie } from './exchange.js'

/** An exchange as the browser sees it: with the prefix that a proxy took away from the target. */
export class PublicExchange implements Exchange {
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
