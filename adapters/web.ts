/** @module Web requests and responses as the core sees them; shared by the Next.js and fetch adapters. */
import {
  CitizenSessionError,
  type Claims,
  createSuite,
  type Exchange,
  type Reply,
  type SetCookie,
  type Suite,
  type SuiteOptions,
  serializeCookie,
} from '../src/index.js'

/** Whether an adapter is given a suite, and not the options of one. */
export function isSuite<C extends Claims>(given: SuiteOptions | Suite<C>): given is Suite<C> {
  return 'authenticate' in given
}

/**
 * The suite that an adapter is given, or the one of these options.
 * @throws ConfigurationError
 */
export function suiteFrom<C extends Claims>(given: SuiteOptions | Suite<C>): Suite<C> {
  return isSuite(given) ? given : createSuite<C>(given)
}

/** What is needed of a web `Request`; where a framework has none, its parts do. */
export type WebRequest = Pick<Request, 'method' | 'url' | 'headers' | 'body' | 'bodyUsed'> &
  Partial<Pick<Request, 'signal'>>

/** Headers by which a cache in front of us would be told something else than by `Cache-Control`. Source: RFC 9213. */
export const cacheHeaders = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'netlify-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
  'x-accel-expires',
]

/** `Cache-Control` of what is for one person and one moment: no cache keeps it, and no history of a browser does. */
export const privateAnswer = 'private, no-store'

/** Headers by which browsers hold a page to something. */
const policyHeaders = [
  'content-security-policy',
  'content-security-policy-report-only',
  'cross-origin-opener-policy',
  'referrer-policy',
  'x-frame-options',
]

/**
 * The policies of middleware before us that a whole answer of the core replaces: a page of ours stands under its own
 * alone, for what holds the application's pages would stop a sign-in, a sign-out, or a frame that must be shown.
 */
export function replacedPolicies(reply: Reply): readonly string[] {
  return reply.headers['content-security-policy'] === undefined ? [] : policyHeaders
}

/**
 * The headers of an answer of the core: its own, and what every one tells browsers. It is of the type that it says, no other
 * site loads it, and what is no page of ours is shown in no frame and loads nothing. Source: ASVS 5.0 3.4.4, 3.4.6 and 3.5.8;
 * Fetch, `Cross-Origin-Resource-Policy`.
 */
export function headersOf({ headers, body }: Reply): Readonly<Record<string, string>> {
  const isBare = body === undefined || headers['content-security-policy'] !== undefined
  return {
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...(isBare ? {} : { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" }),
    ...headers,
  }
}

const slash = 0x2f
const questionMark = 0x3f
const numberSign = 0x23

const none: readonly SetCookie[] = Object.freeze([])

/** One exchange over a web request. Its cookies travel with the one response that leaves through it. */
export class WebExchange implements Exchange {
  readonly method: string
  readonly target: string
  readonly remoteAddress: string | undefined
  readonly #request: WebRequest
  #cookies: SetCookie[] | undefined
  #isAnswered = false
  #isGuarded = false
  readonly #since = keepings
  /** Those who want to know the end; there only if somebody does. */
  #closeListeners: (() => void)[] | undefined

  constructor(request: WebRequest, remoteAddress?: string) {
    this.#request = request
    this.method = request.method
    this.target = targetOf(request.url)
    this.remoteAddress = remoteAddress
  }

  /** What was set so far. */
  get cookies(): readonly SetCookie[] {
    return this.#cookies ?? none
  }

  header(name: string): string | undefined {
    // A request of HTTP/2 may have its host in its address alone.
    const value = this.#request.headers.get(name) ?? (name === 'host' ? authorityOf(this.#request.url) : null)
    return value ?? undefined
  }

  async body(limit: number): Promise<Uint8Array> {
    const { body, bodyUsed } = this.#request
    if (Number(this.header('content-length') ?? 0) > limit) throw bodyTooLarge()
    if (bodyUsed) throw malformed(400, 'the body was read before us')
    if (body === null) return new Uint8Array()
    const reader = body.getReader()
    const chunks: Uint8Array[] = []
    let length = 0
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw malformed(400, 'the body broke off')
      })
      if (done) return joined(chunks, length)
      length += value.byteLength
      if (length > limit) {
        // Whoever sends more than asked for is not waited for.
        void reader.cancel().catch(() => undefined)
        throw bodyTooLarge()
      }
      chunks.push(value)
    }
  }

  async form(limit: number): Promise<URLSearchParams> {
    const { body, bodyUsed } = this.#request
    if (body === null && !bodyUsed) return new URLSearchParams()
    const type = this.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    const coding = this.header('content-encoding')?.trim().toLowerCase() ?? 'identity'
    if (type !== 'application/x-www-form-urlencoded' || coding !== 'identity') {
      // Whether a body of no said length has anything in it shows only when it ends.
      if (type === undefined && (await this.body(limit)).byteLength === 0) return new URLSearchParams()
      throw malformed(415, 'send a plain form: application/x-www-form-urlencoded')
    }
    return new URLSearchParams(new TextDecoder().decode(await this.body(limit)))
  }

  setCookie(cookie: SetCookie): void {
    if (this.#isAnswered) {
      throw new CitizenSessionError(
        'usage',
        'the response is on its way, so no cookie can be set any more: log out, or refresh, before it is returned',
      )
    }
    // Refused here, where the caller can see it, and not while the response is made.
    serializeCookie(cookie)
    this.#cookies ??= []
    this.#cookies.push(cookie)
  }

  /**
   * A guard has let this through: the response is kept out of caches, and out of what the back button shows after a
   * sign-out, unless the handler says otherwise.
   */
  keepPrivate(): void {
    this.#isGuarded = true
  }

  /** A whole answer of the core as a response, with the cookies. */
  reply(reply: Reply): Response {
    return this.finish(toResponse(reply, this.method))
  }

  /** A web request does not tell when its response is sent: only the body of the one that leaves through here does. */
  onClose(listener: () => void): boolean {
    if (this.#isAnswered) return false
    this.#closeListeners ??= []
    this.#closeListeners.push(listener)
    return true
  }

  /** The application's response with the cookies that were set until now; none can be set any more. */
  finish(response: Response): Response {
    this.#isAnswered = true
    // Servers that upgrade by themselves, as Bun does, want none.
    if ((response as Response | undefined) === undefined) return response
    const kept = this.#isGuarded ? keptPrivate(response) : this.passOn(response)
    const finished = this.#cookies === undefined ? kept : withCookies(kept, this.#cookies)
    if (this.#closeListeners === undefined) return finished
    // An upgrade goes on for as long as its socket, which we do not see.
    if (finished.status === 101) return finished
    if (finished.body === null) {
      this.tellClose()
      return finished
    }
    const { body, abandon } = withEnd(finished.body, () => this.tellClose())
    const { status, statusText, headers } = finished
    // Servers neither read nor cancel the body of an answer to HEAD, or to a client that went before there was one.
    const { signal } = this.#request
    if (this.method === 'HEAD' || signal?.aborted) abandon()
    else signal?.addEventListener('abort', abandon, { once: true })
    return new Response(body, { status, statusText, headers })
  }

  /**
   * A response that no guard of this exchange has let through: where an earlier one has kept the same object private, as
   * it was before. What was kept private since this exchange began, a guard further in has let through for it.
   */
  passOn(response: Response): Response {
    const keeping = (response as KeptResponse | undefined)?.[keptPrivateBy]
    if (keeping === undefined || keeping > this.#since || !isPrivateAnswer(response)) return response
    const headers = new Headers(response.headers)
    headers.delete('cache-control')
    return copyOf(response, headers)
  }

  /** The cookies that were set until now, where no response leaves through here; none can be set any more. */
  close(): readonly SetCookie[] {
    this.#isAnswered = true
    this.tellClose()
    return this.cookies
  }

  /** Tells that the exchange is over, where no response of ours shows it. */
  tellClose(): void {
    for (const listener of this.#closeListeners ?? []) listener()
    this.#closeListeners = undefined
  }
}

/** A whole answer of the core as a response, without cookies. */
export function toResponse(reply: Reply, method: string): Response {
  const { status, body } = reply
  const isBare = method === 'HEAD' || body === undefined
  return new Response(isBare ? null : body, { status, headers: headersOf(reply) })
}

/**
 * A response with cookies of ours beside its own, `private, no-store`. Always a copy: an application may hand out the
 * same response to everybody. Without cookies it is the response itself. An answer that no copy can be made of, such
 * as an upgrade, goes out without them.
 */
export function withCookies(response: Response, cookies: readonly SetCookie[]): Response {
  if (cookies.length === 0 || response.status < 200 || response.status > 599) return response
  const headers = new Headers(response.headers)
  const present = new Set(headers.getSetCookie())
  for (const cookie of cookies) {
    const line = serializeCookie(cookie)
    if (!present.has(line)) headers.append('set-cookie', line)
    present.add(line)
  }
  for (const name of cacheHeaders) headers.delete(name)
  headers.set('cache-control', privateAnswer)
  return copyOf(response, headers)
}

/** On a response that {@link keptPrivate} has changed: the number of the latest time. */
const keptPrivateBy = Symbol('citizen-session.kept-private-by')

type KeptResponse = Response & { readonly [keptPrivateBy]?: number }

/** How many times a response was kept private. */
let keepings = 0

function isPrivateAnswer({ headers }: Response): boolean {
  return headers.get('cache-control') === privateAnswer
}

/**
 * The response out of caches, where it says nothing of them. The very same one: servers send a response that nobody has
 * taken the body of at once, and a copy in pieces, as a stream. Where its headers must not be changed, a copy.
 */
function keptPrivate(response: Response): Response {
  const { status, headers } = response
  if (status < 200 || status > 599) return response
  const isOurs = keptPrivateBy in response && isPrivateAnswer(response)
  if (!isOurs && headers.has('cache-control')) return response
  keepings += 1
  try {
    Object.defineProperty(response, keptPrivateBy, { value: keepings, configurable: true })
    headers.set('cache-control', privateAnswer)
    return response
  } catch {
    const changed = new Headers(headers)
    changed.set('cache-control', privateAnswer)
    return copyOf(response, changed)
  }
}

function copyOf({ status, statusText, body }: Response, headers: Headers): Response {
  return new Response(body, { status, statusText, headers })
}

/**
 * The same body, which tells its end: read to the last, broken off, or given up by the client. `abandon`: nobody will read
 * it any more.
 */
function withEnd(
  inner: ReadableStream<Uint8Array>,
  tell: () => void,
): { readonly body: ReadableStream<Uint8Array>; abandon(): void } {
  const reader = inner.getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) {
            controller.enqueue(value)
            return
          }
          controller.close()
        } catch (error) {
          controller.error(error)
        }
        tell()
      },
      cancel(reason) {
        tell()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  const abandon = (): void => {
    tell()
    reader.cancel().catch(() => undefined)
  }
  return { body, abandon }
}

/** Host and port of an absolute URL as they stand there. */
function authorityOf(url: string): string {
  return url.slice(url.indexOf('://') + 3).split(/[/?#]/, 1)[0] ?? ''
}

/** Path and query of an absolute URL as it stands there, without the cost of parsing it. */
export function targetOf(url: string): string {
  const length = url.length
  let start = url.indexOf('://') + 3
  while (start < length && !isEndOfAuthority(url.charCodeAt(start))) start += 1
  const fragment = url.indexOf('#', start)
  const target = url.slice(start, fragment === -1 ? length : fragment)
  return target.startsWith('/') ? target : `/${target}`
}

function isEndOfAuthority(code: number): boolean {
  return code === slash || code === questionMark || code === numberSign
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let position = 0
  for (const chunk of chunks) {
    whole.set(chunk, position)
    position += chunk.byteLength
  }
  return whole
}

function malformed(status: number, message: string): CitizenSessionError {
  return new CitizenSessionError('body-malformed', message, { status })
}

function bodyTooLarge(): CitizenSessionError {
  return new CitizenSessionError('body-too-large', 'the body is larger than this route reads', {
    status: 413,
  })
}
