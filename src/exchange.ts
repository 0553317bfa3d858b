/** @module The seam between the core and a framework: what the core needs of a request, and what it answers. */

/** A value that is there at once, or later. The hot path never waits when nothing needs waiting for. */
export type MaybePromise<T> = T | Promise<T>

/**
 * One `Set-Cookie` in its parts. Adapters serialise it at the edge and never merge two into one line.
 * Source: RFC 6265bis, section 4.1.
 */
export interface SetCookie {
  readonly name: string
  readonly value: string
  /** Without it the cookie is host-only. */
  readonly domain?: string | undefined
  /** Default `/`. */
  readonly path?: string | undefined
  /** Seconds; 0 deletes. Without it the cookie lives as long as the browser's session. */
  readonly maxAgeSeconds?: number | undefined
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
  readonly partitioned?: boolean | undefined
}

/**
 * One request, as an adapter hands it to the core. It is not a web `Request`: building one costs more than
 * everything that the core does on a plain request.
 */
export interface Exchange {
  /** Upper case, as received. */
  readonly method: string
  /** Path and query as received from the client; the origin comes from configuration, never from `Host`. */
  readonly target: string
  readonly remoteAddress: string | undefined
  /** A request header by its lower-case name; several lines joined as Node joins them. */
  header(name: string): string | undefined
  /** The raw body, for the few POST endpoints. Throws `body-too-large` beyond `limit` bytes. */
  body(limit: number): Promise<Uint8Array>
  /** The form body: the framework's parsed form if there is one, else parsed from `body(limit)`. */
  form(limit: number): Promise<URLSearchParams>
  /** Adds a `Set-Cookie` to the response and makes it `Cache-Control: private, no-store`. */
  setCookie(cookie: SetCookie): void
  /**
   * `false`: no cookie reaches the browser with this answer, so nothing is begun or given out that needs one. Without it:
   * they do.
   */
  readonly canSetCookies?: boolean | undefined
  /**
   * Calls the listener once when the exchange is over: the response is sent, or the connection gone; at once if it is
   * over already. `false`: it cannot be told when that is, and the listener is never called. Without it: the same.
   */
  onClose?(listener: () => void): boolean
}

/** A whole answer of the core to a request. Cookies travel by {@link Exchange.setCookie}. */
export interface Reply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/** Answers a request, or returns `undefined`: not ours, go on. */
export type Handler = (exchange: Exchange) => MaybePromise<Reply | undefined>
