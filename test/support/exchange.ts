/** @module A request of the tests as the core sees it, and the answer as a web `Response`. */
import { type Exchange, type Reply, type SetCookie, serializeCookie } from '../../src/index.js'

/** An exchange made from a web request; its cookies can be looked at. */
export class TestExchange implements Exchange {
  readonly method: string
  readonly target: string
  readonly remoteAddress = '127.0.0.1'
  readonly cookies: SetCookie[] = []
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
    this.method = request.method
    const url = new URL(request.url)
    this.target = `${url.pathname}${url.search}`
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }

  async body(): Promise<Uint8Array> {
    return new Uint8Array(await this.#request.arrayBuffer())
  }

  async form(): Promise<URLSearchParams> {
    return new URLSearchParams(await this.#request.text())
  }

  setCookie(cookie: SetCookie): void {
    this.cookies.push(cookie)
  }

  /** The answer with the cookies that were set. */
  respond(reply: Reply): Response {
    const headers = new Headers(reply.headers)
    for (const cookie of this.cookies) headers.append('set-cookie', serializeCookie(cookie))
    if (this.cookies.length > 0) headers.set('cache-control', 'private, no-store')
    return new Response(reply.body ?? null, { status: reply.status, headers })
  }
}
