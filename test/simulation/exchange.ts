/** @module A request as an adapter of a world hands it to the core, and what came of it. */
import type { Exchange, Reply, SetCookie } from '../../src/index.js'

/** A request on its way. */
export interface Message {
  readonly method: 'GET' | 'POST'
  /** Path and query. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>> | undefined
  /** A body that is no form. */
  readonly body?: string | undefined
}

export class SimulatedExchange implements Exchange {
  readonly method: string
  readonly target: string
  readonly remoteAddress = '192.0.2.1'
  readonly cookies: SetCookie[] = []
  readonly #message: Message
  readonly #listeners: (() => void)[] = []
  #isClosed = false

  constructor(message: Message) {
    this.#message = message
    this.method = message.method
    this.target = message.target
  }

  header(name: string): string | undefined {
    return this.#message.headers[name]
  }

  async body(): Promise<Uint8Array> {
    return Buffer.from(this.#message.body ?? new URLSearchParams(this.#message.form).toString())
  }

  async form(): Promise<URLSearchParams> {
    return new URLSearchParams(this.#message.body ?? this.#message.form)
  }

  setCookie(cookie: SetCookie): void {
    this.cookies.push(cookie)
  }

  onClose(listener: () => void): boolean {
    if (this.#isClosed) listener()
    else this.#listeners.push(listener)
    return true
  }

  /** The response is sent, or the connection gone. */
  close(): void {
    this.#isClosed = true
    for (const listener of this.#listeners.splice(0)) listener()
  }
}

/** What the browser gets. */
export interface Delivered {
  readonly reply: Reply
  readonly cookies: readonly SetCookie[]
}
