/** @module The Express adapter: middleware that knows who is there, guards, and a logout handler. Express 5 and 4. */
import type { ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import {
  type ActiveCitizen,
  type Citizen,
  CitizenSessionError,
  type Claims,
  createSuite,
  type Demand,
  type LogoutRequest,
  type MaybePromise,
  type Reply,
  type Suite,
  type SuiteOptions,
} from '../src/index.js'
import { NodeExchange, type NodeRequest, sendReply } from './node.js'

/** What a guard leaves in the types of the handlers behind it: there, `req.citizen` is an active citizen. */
export interface Guarded {
  readonly citizenIsActive: true
}

/** The type of `req.citizen`: narrowed in the same route behind a guard. */
export type CitizenOf<Locals> = Locals extends Guarded ? ActiveCitizen : Citizen

declare module 'express-serve-static-core' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameters must be those of the interface that is merged with
  interface Request<P, ResBody, ReqBody, ReqQuery, LocalsObj extends Record<string, any>> {
    /** Who is there. Behind a guard in the same route: an active citizen. */
    citizen: CitizenOf<LocalsObj>
  }
}

/** The middleware of one application, and its suite. */
export interface CitizenMiddleware<C extends Claims = Claims> {
  (request: NodeRequest, response: ServerResponse, next: (error?: unknown) => void): void
  readonly suite: Suite<C>
}

// biome-ignore lint/suspicious/noExplicitAny: what Express lets an application put there
type GuardedLocals = Guarded & Record<string, any>

/** A guard: its types tell the handlers behind it in the same route that the citizen is active. */
// biome-ignore lint/suspicious/noExplicitAny: a guard fits every route, whatever its parameters and bodies
export type Guard = RequestHandler<any, any, any, any, GuardedLocals>

interface Served {
  readonly suite: Suite
  readonly exchange: NodeExchange
}

const served = new WeakMap<object, Served>()

/**
 * Makes the middleware: it serves its own routes under `routes.path`, and gives every other request its
 * `req.citizen`. Settings come from the argument, then from the environment, then from the defaults.
 * @throws ConfigurationError at once, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
): CitizenMiddleware<C> {
  const suite = isSuite(options) ? options : createSuite<C>(options)
  const middleware = (
    request: NodeRequest & { citizen?: Citizen },
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const exchange = new NodeExchange(request, response)
    const handler = suite.endpoint(exchange)
    if (handler !== undefined) {
      answer(handler(exchange), exchange, response, next)
      return
    }
    if (suite.skips(exchange)) {
      next()
      return
    }
    served.set(request, { suite: suite as unknown as Suite, exchange })
    const citizen = suite.authenticate(exchange)
    if (citizen instanceof Promise) {
      citizen.then((settled) => {
        request.citizen = settled
        next()
      }, next)
      return
    }
    request.citizen = citizen
    next()
  }
  return Object.assign(middleware, { suite })
}

function isSuite<C extends Claims>(options: SuiteOptions | Suite<C>): options is Suite<C> {
  return 'authenticate' in options
}

function answer(
  reply: MaybePromise<Reply | undefined>,
  exchange: NodeExchange,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  Promise.resolve(reply)
    .then((settled) => {
      if (settled === undefined) next()
      else sendReply(response, settled, exchange.method)
    })
    .catch(next)
}

function servedBy(request: object): Served {
  const found = served.get(request)
  if (found !== undefined) return found
  throw new CitizenSessionError(
    'no-middleware',
    'this request did not pass citizenSession(): add app.use(citizenSession()) before guards and handlers',
  )
}

function guardWith(demand: Demand): Guard {
  return (request, response, next) => {
    const { suite, exchange } = servedBy(request)
    const refusal = suite.guard(exchange, request.citizen, demand)
    if (refusal === undefined) next()
    else sendReply(response, refusal, exchange.method)
  }
}

/** Lets only an active citizen through. */
export function requireCitizen(): Guard {
  return guardWith({})
}

/** Lets only a citizen through who has used a second factor, or what counts as one. */
export function requireMfa(): Guard {
  return guardWith({ secondFactor: true })
}

/** Lets only a citizen through whose assurance is of this level or higher. */
export function requireAssurance(level: number): Guard {
  if (!Number.isInteger(level) || level < 1)
    throw new TypeError('requireAssurance takes a level of 1 or higher')
  return guardWith({ level })
}

/** Lets only a citizen through who has proven who they are within that many seconds. Unknown counts as too long ago. */
export function requireRecent({ maxAgeSeconds }: { readonly maxAgeSeconds: number }): Guard {
  if (!(maxAgeSeconds > 0)) throw new TypeError('requireRecent takes maxAgeSeconds, a number above 0')
  return guardWith({ maxAgeSeconds })
}

/** Lets only a citizen through whose claims pass the predicate; 403 otherwise, for no login mends it. */
export function requireClaims<C extends Claims = Claims>(predicate: (claims: C) => boolean): Guard {
  return (request, response, next) => {
    requireCitizen()(request, response, (error?: unknown) => {
      if (error !== undefined) return next(error)
      if (predicate((request.citizen as ActiveCitizen<C>).claims)) return next()
      next(new CitizenSessionError('claims-refused', 'this citizen may not do that', { status: 403 }))
    })
  }
}

/** A logout route of the application's own: POST ends the session, GET asks for confirmation. */
export function logout(options: LogoutRequest = {}): RequestHandler {
  return (request, response, next) => {
    const { suite, exchange } = servedBy(request)
    answer(suite.logout(exchange, options), exchange, response, next)
  }
}

/**
 * The active citizen of a request, where types cannot follow the guard.
 * @throws CitizenSessionError `not-active` (401) if nobody is signed in.
 */
export function citizenOf<C extends Claims = Claims>(request: object): ActiveCitizen<C> {
  const { citizen } = request as { citizen?: Citizen }
  if (citizen?.state === 'active') return citizen as ActiveCitizen<C>
  throw new CitizenSessionError('not-active', 'nobody is signed in on this request', { status: 401 })
}
