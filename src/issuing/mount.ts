/** @module Puts a handler into Express, Koa, Next and everything that speaks node:http or web requests. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Citizen } from '../citizen.js'
import { CitizenSessionError } from '../errors.js'
import type { MaybePromise, Reply } from '../exchange.js'

/** What our handlers need of a request; an `Exchange` has it. */
export interface SsoRequest {
  readonly method: string
  /** A request header by its lower-case name. */
  header(name: string): string | undefined
}

/** Answers a request. The citizen is who the middleware or the guard before it has found. */
export type SsoHandler = (request: SsoRequest, citizen: Citizen | undefined) => MaybePromise<Reply>

/** As much of a Koa context as we need. */
export interface KoaContext {
  readonly method: string
  readonly state: object
  get(name: string): string
  set(name: string, value: string): unknown
  status: number
  body: unknown
}

/** One handler in the shape of each framework. */
export interface Mounted {
  /** For a test, or a framework that is not among these. */
  readonly handle: SsoHandler
  /** Express, Connect and bare node:http. Errors go to `next` where there is one. */
  readonly node: (
    request: IncomingMessage,
    response: ServerResponse,
    next?: (error?: unknown) => void,
  ) => void
  /** Koa. */
  readonly koa: (context: KoaContext) => Promise<void>
  /** Next route handlers, Hono and everything with web requests; the argument that `withCitizen` adds fits. */
  readonly web: (request: Request, context?: object) => Promise<Response>
}

/** Makes all shapes of a handler. */
export function mount(handle: SsoHandler): Mounted {
  // A handler may throw before it returns a promise.
  const answer = async (request: SsoRequest, citizen: Citizen | undefined): Promise<Reply> =>
    handle(request, citizen)
  return {
    handle,
    node(request, response, next) {
      const seen: SsoRequest = { method: request.method ?? 'GET', header: (name) => headerOf(request, name) }
      answer(seen, citizenIn(request))
        .then((reply) => send(response, reply, seen.method))
        .catch((error: unknown) => {
          if (next !== undefined) next(error)
          else if (response.headersSent) response.destroy()
          else send(response, replyTo(error), seen.method)
        })
    },
    async koa(context) {
      const seen = { method: context.method, header: (name: string) => context.get(name) || undefined }
      const reply = await answer(seen, citizenIn(context.state))
      for (const [name, value] of Object.entries(reply.headers)) context.set(name, value)
      context.body = reply.body ?? ''
      context.status = reply.status
    },
    async web(request, context) {
      const seen = {
        method: request.method,
        header: (name: string) => request.headers.get(name) ?? undefined,
      }
      let reply: Reply
      try {
        reply = await answer(seen, context === undefined ? undefined : citizenIn(context))
      } catch (error) {
        if (!(error instanceof CitizenSessionError)) throw error
        reply = replyTo(error)
      }
      const hasBody = request.method !== 'HEAD' && reply.status !== 304
      return new Response(hasBody ? (reply.body ?? null) : null, {
        status: reply.status,
        headers: reply.headers,
      })
    },
  }
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

function citizenIn(holder: object): Citizen | undefined {
  const citizen: unknown = Reflect.get(holder, 'citizen')
  return typeof citizen === 'object' && citizen !== null && 'state' in citizen
    ? (citizen as Citizen)
    : undefined
}

function send(response: ServerResponse, reply: Reply, method: string): void {
  response.statusCode = reply.status
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value)
  const body = reply.body ?? ''
  if (reply.status !== 304) response.setHeader('content-length', Buffer.byteLength(body))
  response.end(method === 'HEAD' || reply.status === 304 ? undefined : body)
}

/** An error as an answer, without its message where it is not the client's. Source: RFC 9457. */
export function replyTo(error: unknown): Reply {
  const known = error instanceof CitizenSessionError ? error : undefined
  const { status = 500, code = 'internal', headers = {} } = known ?? {}
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: JSON.stringify({ status, code }),
  }
}

/** The answer to a method that a handler does not take. */
export function methodNotAllowed(allowed: string): Reply {
  return { status: 405, headers: { allow: allowed, 'cache-control': 'no-store' } }
}
