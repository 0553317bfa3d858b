/** @module One HTTP request of the command line: within a deadline, a size, and the origins that it may ask. */
import { lookup as systemLookup } from 'node:dns'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request as overTls } from 'node:https'
import type { LookupFunction } from 'node:net'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import type { Clock } from '../clock.js'

/** Why no answer came. */
export type ProbeProblem =
  | 'timeout'
  | 'refused'
  | 'unknown-host'
  /** The certificate is not one that this machine trusts for that name. */
  | 'certificate'
  | 'network'
  /** The address is on none of the origins that may be asked. */
  | 'not-allowed'

/** No answer came. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
  readonly problem: ProbeProblem

  constructor(problem: ProbeProblem, cause?: unknown) {
    super(`no answer: ${problem}`, { cause })
    this.problem = problem
  }
}

/** One request. Redirects are never followed, and no cookie is kept. */
export interface ProbeRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** More of an answer is not read. Default {@link maximumBodyBytes}. */
  readonly maximumBytes?: number | undefined
}

/** An answer, whatever its status. */
export interface ProbeAnswer {
  readonly url: string
  readonly status: number
  /** A header by its lower-case name; several lines joined by commas. */
  header(name: string): string | undefined
  /** Every `Set-Cookie` line. */
  readonly setCookies: readonly string[]
  /** At most what the request allows. */
  readonly body: string
  readonly isTruncated: boolean
  /** Milliseconds since the epoch, by our clock: half way between request and answer. */
  readonly at: number
}

/** Asks one address. @throws ProbeError */
export type Probe = (request: ProbeRequest) => Promise<ProbeAnswer>

/** More of a body is not read unless a request says so: 256 KiB. */
export const maximumBodyBytes = 262_144

/** What a probe is made of. */
export interface ProbeOptions {
  /** Origins that may be asked; everything else is refused before a name is looked up. */
  readonly origins: ReadonlySet<string>
  /** Default 5. */
  readonly timeoutSeconds?: number | undefined
  /** Certificates in PEM that are trusted besides those of Node. */
  readonly certificates?: string | undefined
  readonly clock: Clock
  /** Ends requests under way. */
  readonly stop?: AbortSignal | undefined
  /** Default: names below `localhost` are this machine, the system knows all others. */
  readonly lookup?: LookupFunction | undefined
}

/** Browsers resolve every name below `localhost` to the machine itself; the system's resolver often does not. */
export const lookupAsBrowsers: LookupFunction = (hostname, options, callback) => {
  if (!hostname.endsWith('.localhost')) return systemLookup(hostname, options, callback)
  const address = '127.0.0.1'
  return options.all === true ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4)
}

let lastContext: { readonly certificates: string; readonly context: SecureContext } | undefined

/** All roots and the certificates. Kept for those that were asked for last: reading the roots takes longer than a connection. */
function contextOf(certificates: string): SecureContext {
  if (lastContext?.certificates !== certificates) {
    const context = createSecureContext({ ca: [...rootCertificates, certificates] })
    lastContext = { certificates, context }
  }
  return lastContext.context
}

/** Makes a probe. */
export function createProbe(options: ProbeOptions): Probe {
  const { origins, clock, lookup = lookupAsBrowsers } = options
  const timeout = (options.timeoutSeconds ?? 5) * 1000
  const secureContext = options.certificates === undefined ? undefined : contextOf(options.certificates)

  return async ({ url, method = 'GET', headers = {}, body, maximumBytes = maximumBodyBytes }) => {
    const address = new URL(url)
    if (!origins.has(address.origin)) throw new ProbeError('not-allowed')
    const startedAt = clock()
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), timeout)
    try {
      const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
        const wanted = {
          method,
          headers: { 'user-agent': 'citizen-session', ...headers, ...length },
          lookup,
          agent: false,
          maxHeaderSize: 65_536,
          signal:
            options.stop === undefined
              ? controller.signal
              : AbortSignal.any([controller.signal, options.stop]),
        } as const
        const outgoing =
          address.protocol === 'https:'
            ? overTls(
                address,
                { ...wanted, ...(secureContext === undefined ? {} : { secureContext }) },
                resolve,
              )
            : overHttp(address, wanted, resolve)
        outgoing.on('error', reject)
        outgoing.end(body)
      })
      const at = (startedAt + clock()) / 2
      const { text, isTruncated } = await readBody(incoming, maximumBytes)
      return {
        url,
        status: incoming.statusCode ?? 0,
        header: (name) => {
          const value = incoming.headers[name]
          return Array.isArray(value) ? value.join(', ') : value
        },
        setCookies: incoming.headers['set-cookie'] ?? [],
        body: text,
        isTruncated,
        at,
      }
    } catch (error) {
      throw new ProbeError(controller.signal.aborted ? 'timeout' : problemOf(error), error)
    } finally {
      clearTimeout(timer)
    }
  }
}

async function readBody(
  incoming: IncomingMessage,
  maximumBytes: number,
): Promise<{ text: string; isTruncated: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > maximumBytes) return { text: Buffer.concat(chunks).toString('utf8'), isTruncated: true }
    chunks.push(chunk)
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isTruncated: false }
}

function problemOf(error: unknown): ProbeProblem {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  if (typeof code !== 'string') return 'network'
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown-host'
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) return 'certificate'
  return 'network'
}

/** A `fetch` made of a probe, for the parts of the package that take one. Bodies are texts. */
export function toFetch(probe: Probe): typeof globalThis.fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const answer = await probe({ url, headers: Object.fromEntries(new Headers(init?.headers)) })
    const headers = new Headers()
    for (const name of ['cache-control', 'age', 'content-type']) {
      const value = answer.header(name)
      if (value !== undefined) headers.set(name, value)
    }
    return new Response(answer.body, { status: answer.status, headers })
  }
}
