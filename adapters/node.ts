/** @module Requests and responses of node:http as the core sees them; shared by the Express and Koa adapters. */
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  CitizenSessionError,
  type Exchange,
  type Reply,
  type SetCookie,
  type Suite,
  serializeCookie,
} from '../src/index.js'
import { cacheHeaders, headersOf, privateAnswer, replacedPolicies, targetOf } from './web.js'

/** What a framework knows of a request besides node:http. Express keeps it on the request, Koa on `ctx.request`. */
export interface FrameworkRequest {
  /** The address as received, where a framework has shortened `url` for a mounted application. */
  readonly originalUrl?: string | undefined
  /** The body, where a body parser has read it. */
  readonly body?: unknown
  /** The client's address as the framework's trust in proxies has it. */
  readonly ip?: string | undefined
}

/** A request of node:http, with what frameworks may have added to it. */
export type NodeRequest = IncomingMessage & FrameworkRequest

const wholeAddress = /^[a-z][a-z\d+.-]*:\/\//i

/**
 * Path and query of what Node took from a request line: proxies and programs may send a whole address there, whose host
 * says as little as `Host`. Source: RFC 9112, section 3.2.2.
 */
export function targetOfLine(line: string): string {
  return line.startsWith('/') || !wholeAddress.test(line) ? line : targetOf(line)
}

/** One exchange over node:http. */
export class NodeExchange implements Exchange {
  readonly #request: NodeRequest
  readonly #response: ServerResponse
  readonly #framework: FrameworkRequest
  #cookies: string[] | undefined

  constructor(request: NodeRequest, response: ServerResponse, framework: FrameworkRequest = request) {
    this.#request = request
    this.#response = response
    this.#framework = framework
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get target(): string {
    return targetOfLine(this.#framework.originalUrl ?? this.#request.url ?? '/')
  }

  get remoteAddress(): string | undefined {
    return this.#framework.ip ?? this.#request.socket.remoteAddress
  }

  header(name: string): string | undefined {
    const { headers } = this.#request
    // HTTP/2 has a field of its own for the host. Source: RFC 9113, section 8.3.1.
    const value = headers[name] ?? (name === 'host' ? headers[':authority'] : undefined)
    return typeof value === 'string' ? value : value?.join(', ')
  }

  body(limit: number): Promise<Uint8Array> {
    const request = this.#request
    if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(bodyTooLarge())
    if (request.readableDidRead || request.readableEnded) {
      return Promise.reject(malformed(400, 'the body was read before us, and not as a form'))
    }
    // It has told that already, and nothing more will come.
    if (request.destroyed) return Promise.reject(malformed(400, 'the body broke off'))
    // Not an async iterator: leaving one early destroys the connection, and the answer with it.
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let length = 0
      const settle = (error?: Error): void => {
        request.off('data', take).off('end', finish).off('error', fail).off('close', fail)
        if (error === undefined) resolve(Buffer.concat(chunks))
        else reject(error)
      }
      const take = (chunk: Buffer): void => {
        length += chunk.length
        if (length <= limit) {
          chunks.push(chunk)
          return
        }
        // The rest is read and dropped, as Node does with a body that nobody wants: a client that is still sending
        // would not see an answer on a connection that ends.
        request.resume()
        settle(bodyTooLarge())
      }
      const finish = (): void => settle()
      const fail = (): void => settle(malformed(400, 'the body broke off'))
      request.on('data', take).once('end', finish).once('error', fail).once('close', fail)
    })
  }

  async form(limit: number): Promise<URLSearchParams> {
    const request = this.#request
    if (!hasBody(request)) return new URLSearchParams()
    const parsed = this.#framework.body
    // A parser that did not know this type may have left an empty object, and the body where it was.
    const isParsed = typeof parsed === 'object' && parsed !== null && request.readableDidRead
    if (isParsed && !Buffer.isBuffer(parsed)) return formOf(parsed)
    const type = this.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    const coding = this.header('content-encoding')?.trim().toLowerCase() ?? 'identity'
    if (type !== 'application/x-www-form-urlencoded' || coding !== 'identity') {
      // Whether a body of no said length has anything in it shows only when it ends.
      if (type === undefined && (await this.body(limit)).byteLength === 0) return new URLSearchParams()
      throw malformed(415, 'send a plain form: application/x-www-form-urlencoded')
    }
    const body = Buffer.isBuffer(parsed)
      ? parsed
      : typeof parsed === 'string'
        ? Buffer.from(parsed)
        : await this.body(limit)
    if (body.byteLength > limit) throw bodyTooLarge()
    return new URLSearchParams(Buffer.from(body).toString('utf8'))
  }

  setCookie(cookie: SetCookie): void {
    if (this.#response.headersSent) {
      throw new CitizenSessionError(
        'usage',
        'the headers are sent, so no cookie can be set any more: log out, or refresh, before the response begins',
      )
    }
    const line = serializeCookie(cookie)
    if (this.#cookies === undefined) {
      this.#cookies = []
      guardHeaders(this.#response, this.#cookies)
    }
    this.#cookies.push(line)
  }

  onClose(listener: () => void): boolean {
    const response = this.#response
    if (response.closed || response.destroyed) listener()
    else response.once('close', listener)
    return true
  }

  /** Puts our cookies where middleware around the handler sees them, such as a cache of whole responses. */
  showCookies(): void {
    if (this.#cookies !== undefined && !this.#response.headersSent) addCookies(this.#response, this.#cookies)
  }
}

/** A request that has passed the middleware. A class for the same reason as `LiveSession` of the core has. */
export class Served {
  readonly suite: Suite
  readonly exchange: NodeExchange
  /** `routes.skip` leaves it alone: nobody has looked who is there. */
  readonly isSkipped: boolean

  constructor(suite: Suite, exchange: NodeExchange, isSkipped: boolean) {
    this.suite = suite
    this.exchange = exchange
    this.isSkipped = isSkipped
  }
}

/** A property and no WeakMap: that would cost every request several times what it costs to know who is there. */
const served = Symbol('citizen-session.served')

/** Notes which suite has seen a request, for the guards and handlers behind the middleware. */
export function attachSuite(request: object, by: Served): void {
  // Not enumerable, so that whoever prints or copies a request leaves it alone.
  Object.defineProperty(request, served, { value: by, configurable: true })
}

/**
 * The suite that has seen a request.
 * @throws CitizenSessionError `no-middleware`
 */
export function suiteOf(request: object): Served {
  const found = (request as { readonly [served]?: Served })[served]
  if (found !== undefined) return found
  throw new CitizenSessionError(
    'no-middleware',
    'this request did not pass citizenSession(): add app.use(citizenSession()) before guards and handlers',
  )
}

/**
 * The suite that has looked who is there.
 * @throws CitizenSessionError `no-middleware`
 */
export function authenticatedSuiteOf(request: object): Served {
  const found = suiteOf(request)
  if (!found.isSkipped) return found
  throw new CitizenSessionError(
    'no-middleware',
    'routes.skip covers this request, so the guard cannot know who is there: take the request out of routes.skip, or remove the guard',
  )
}

/** Sees each request that a route of ours answers, before it is answered. */
export type RouteObserver = (suite: Suite, request: NodeRequest) => void

/** By the middleware that each belongs to: it goes with that, for an application may be made anew in one process. */
const observers = new WeakMap<object, RouteObserver>()
const observing = new Set<WeakRef<object>>()
const forgotten = new FinalizationRegistry<WeakRef<object>>((reference) => observing.delete(reference))

/** Lets a middleware see the requests that a route of ours answers, for as long as it is there: none would reach it. */
export function observeRoutes(middleware: object, observer: RouteObserver): void {
  const reference = new WeakRef(middleware)
  observers.set(middleware, observer)
  observing.add(reference)
  forgotten.register(middleware, reference)
}

/** Shows a request to every middleware that observes our routes. */
export function notifyRouteObservers(suite: Suite, request: NodeRequest): void {
  for (const reference of observing) {
    const middleware = reference.deref()
    if (middleware !== undefined) observers.get(middleware)?.(suite, request)
  }
}

/**
 * Keeps what a guard lets through out of caches, and out of what the back button shows after a sign-out, unless the
 * handler says otherwise. Set before the handler: what it says replaces this, however it says it.
 */
export function keepPrivate(response: ServerResponse): void {
  if (response.headersSent || response.hasHeader('cache-control')) return
  response.setHeader('cache-control', privateAnswer)
}

/**
 * Keeps also what an error handler answers out of caches, which clears the headers first, as Koa's does. Called where a
 * guarded handler has thrown; an answer that says otherwise by then keeps its word.
 */
export function keepErrorPrivate(response: ServerResponse): void {
  if (response.headersSent) return
  const writeHead = response.writeHead.bind(response) as WriteHead
  response.writeHead = ((status, reasonOrHeaders, headers) => {
    keepPrivate(response)
    return writeHead(status, reasonOrHeaders, headers)
  }) satisfies WriteHead as typeof response.writeHead
}

/** Sends a whole answer of the core. */
export function sendReply(response: ServerResponse, reply: Reply, method: string): void {
  response.statusCode = reply.status
  for (const name of replacedPolicies(reply)) response.removeHeader(name)
  for (const [name, value] of Object.entries(headersOf(reply))) response.setHeader(name, value)
  if (reply.body === undefined) {
    response.end()
    return
  }
  response.setHeader('content-length', Buffer.byteLength(reply.body))
  response.end(method === 'HEAD' ? undefined : reply.body)
}

/**
 * Whether a request has a body, were it empty. HTTP/2 needs no length for one, and knows no transfer codings: there the
 * stream goes on after the headers. Sources: RFC 9112, section 6.3; RFC 9113, section 8.1.1.
 */
function hasBody(
  request: IncomingMessage & { readonly stream?: { readonly endAfterHeaders?: boolean } },
): boolean {
  const { 'transfer-encoding': codings, 'content-length': length } = request.headers
  if (codings !== undefined) return true
  if (length !== undefined) return Number(length) > 0
  return request.httpVersionMajor >= 2 && request.stream?.endAfterHeaders !== true
}

function malformed(status: number, message: string): CitizenSessionError {
  return new CitizenSessionError('body-malformed', message, { status })
}

function bodyTooLarge(): CitizenSessionError {
  return new CitizenSessionError('body-too-large', 'the body is larger than this route reads', {
    status: 413,
  })
}

/** A parsed form as parameters: lists stay lists, anything nested is not a form field of ours. */
function formOf(parsed: object): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parsed)) {
    const values: unknown[] = Array.isArray(value) ? value : [value]
    for (const each of values) if (typeof each === 'string') form.append(name, each)
  }
  return form
}

type WriteHead = (
  status: number,
  reasonOrHeaders?: string | GivenHeaders,
  headers?: GivenHeaders,
) => ServerResponse

/** Headers as `writeHead` takes them; Node takes `null` for none. */
type GivenHeaders = OutgoingHttpHeaders | OutgoingHttpHeader[] | null | undefined

/**
 * Adds our cookies when the headers are written, whatever the handler did to `Set-Cookie` and `Cache-Control` until
 * then. Only responses that carry a cookie of ours pay for it.
 */
function guardHeaders(response: ServerResponse, cookies: readonly string[]): void {
  const writeHead = response.writeHead.bind(response) as WriteHead
  response.writeHead = ((status, reasonOrHeaders, headers) => {
    const reason = typeof reasonOrHeaders === 'string' ? reasonOrHeaders : undefined
    applyHeaders(response, headers ?? (typeof reasonOrHeaders === 'string' ? undefined : reasonOrHeaders))
    addCookies(response, cookies)
    return reason === undefined ? writeHead(status) : writeHead(status, reason)
  }) satisfies WriteHead as typeof response.writeHead
}

function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  const present = response.getHeader('set-cookie')
  const theirs = present === undefined ? [] : Array.isArray(present) ? present : [String(present)]
  response.setHeader('set-cookie', [...theirs, ...cookies.filter((line) => !theirs.includes(line))])
  for (const name of cacheHeaders) response.removeHeader(name)
  response.setHeader('cache-control', privateAnswer)
}

/**
 * The headers given to `writeHead`, which win over those set before: as an object, as one flat list of names and
 * values, or as pairs. A name that comes again in a list adds a value, as in Node.
 */
function applyHeaders(response: ServerResponse, headers: GivenHeaders): void {
  if (headers === undefined || headers === null) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value)
    return
  }
  const flat = (Array.isArray(headers[0]) ? (headers as unknown[]).flat(1) : headers) as (string | string[])[]
  if (flat.length % 2 !== 0) throw new TypeError('writeHead: the list of headers has a name without a value')
  const names = flat.filter((_, at) => at % 2 === 0).map(String)
  for (const name of names) response.removeHeader(name)
  for (const [index, name] of names.entries()) {
    const value = flat[2 * index + 1]
    if (value !== undefined) response.appendHeader(name, Array.isArray(value) ? value : String(value))
  }
}
