/** @module Requests and responses of node:http as the core sees them; shared by the Express and Koa adapters. */
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import {
  CitizenSessionError,
  type Exchange,
  type Reply,
  type SetCookie,
  serializeCookie,
} from '../src/index.js'

/** A request of node:http, with what frameworks may have added to it. */
export type NodeRequest = IncomingMessage & {
  /** The address as received, where a framework has shortened `url` for a mounted application. */
  readonly originalUrl?: string | undefined
  /** The body, where a body parser has read it. */
  readonly body?: unknown
}

/** One exchange over node:http. */
export class NodeExchange implements Exchange {
  readonly #request: NodeRequest
  readonly #response: ServerResponse
  #cookies: string[] | undefined

  constructor(request: NodeRequest, response: ServerResponse) {
    this.#request = request
    this.#response = response
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  get target(): string {
    return this.#request.originalUrl ?? this.#request.url ?? '/'
  }

  get remoteAddress(): string | undefined {
    return this.#request.socket.remoteAddress
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  async body(limit: number): Promise<Uint8Array> {
    const request = this.#request
    if (Number(request.headers['content-length'] ?? 0) > limit) throw bodyTooLarge()
    if (request.readableEnded) {
      throw new CitizenSessionError('body-malformed', 'the body was read before us, and not as a form', {
        status: 400,
      })
    }
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > limit) throw bodyTooLarge()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  async form(limit: number): Promise<URLSearchParams> {
    const parsed = this.#request.body
    if (typeof parsed === 'object' && parsed !== null && !Buffer.isBuffer(parsed)) return formOf(parsed)
    const bytes = Buffer.isBuffer(parsed)
      ? parsed
      : typeof parsed === 'string'
        ? Buffer.from(parsed)
        : undefined
    const type = this.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
    if (
      bytes === undefined &&
      this.header('content-length') === undefined &&
      this.header('transfer-encoding') === undefined
    ) {
      return new URLSearchParams()
    }
    const body = bytes ?? (await this.body(limit))
    if (body.byteLength > limit) throw bodyTooLarge()
    if (body.byteLength === 0) return new URLSearchParams()
    if (type !== 'application/x-www-form-urlencoded') {
      throw new CitizenSessionError('body-malformed', 'send a form: application/x-www-form-urlencoded', {
        status: 415,
      })
    }
    return new URLSearchParams(Buffer.from(body).toString('utf8'))
  }

  setCookie(cookie: SetCookie): void {
    const line = serializeCookie(cookie)
    if (this.#cookies === undefined) {
      this.#cookies = []
      guardHeaders(this.#response, this.#cookies)
    }
    this.#cookies.push(line)
  }
}

/** Sends a whole answer of the core. */
export function sendReply(response: ServerResponse, reply: Reply, method: string): void {
  response.statusCode = reply.status
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value)
  if (reply.body === undefined || method === 'HEAD') {
    response.end()
    return
  }
  response.setHeader('content-length', Buffer.byteLength(reply.body))
  response.end(reply.body)
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
  reasonOrHeaders?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
  headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
) => ServerResponse

/**
 * Adds our cookies when the headers are written, whatever the handler did to `Set-Cookie` and `Cache-Control` until
 * then. Only responses that carry a cookie of ours pay for it.
 */
function guardHeaders(response: ServerResponse, cookies: readonly string[]): void {
  const writeHead = response.writeHead.bind(response) as WriteHead
  response.writeHead = ((status, reasonOrHeaders, headers) => {
    const hasReason = typeof reasonOrHeaders === 'string'
    applyHeaders(response, hasReason ? headers : reasonOrHeaders)
    const present = response.getHeader('set-cookie')
    const theirs = present === undefined ? [] : Array.isArray(present) ? present : [String(present)]
    response.setHeader('set-cookie', [...theirs, ...cookies.filter((line) => !theirs.includes(line))])
    response.setHeader('cache-control', 'private, no-store')
    return hasReason ? writeHead(status, reasonOrHeaders) : writeHead(status)
  }) satisfies WriteHead as typeof response.writeHead
}

/** The headers given to `writeHead`, which win over those set before: as an object, as pairs, or as one flat list. */
function applyHeaders(
  response: ServerResponse,
  headers: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined,
): void {
  if (headers === undefined) return
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) response.setHeader(name, value)
    return
  }
  const isPaired = Array.isArray(headers[0])
  const flat = (isPaired ? (headers as unknown[]).flat(1) : headers) as OutgoingHttpHeader[]
  const grouped = new Map<string, OutgoingHttpHeader>()
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = String(flat[at])
    const value = flat[at + 1] as OutgoingHttpHeader
    const before = grouped.get(name.toLowerCase())
    const isList = before !== undefined && name.toLowerCase() === 'set-cookie'
    grouped.set(name.toLowerCase(), isList ? [before, value].flat().map(String) : value)
  }
  for (const [name, value] of grouped) response.setHeader(name, value)
}
