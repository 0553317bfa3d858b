/** @module The Express adapter: middleware that knows who is there, guards, and a logout handler. Express 5 and 4. */
import type { ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import {
  type ActiveCitizen,
  type Citizen,
  CitizenSessionError,
  type Claims,
  checkLogoutRequest,
  type Demand,
  demandClaims,
  demandLevel,
  demandProvider,
  demandRecent,
  type LogoutRequest,
  type MaybePromise,
  type Reply,
  refuseArguments,
  refuseNoObject,
  type Suite,
  type SuiteOptions,
  wrongFramework,
} from '../src/index.js'
import {
  attachSuite,
  authenticatedSuiteOf,
  keepPrivate,
  NodeExchange,
  type NodeRequest,
  notifyRouteObservers,
  Served,
  sendReply,
} from './node.js'
import { createUpgrade, type Upgrade } from './upgrade.js'
import { suiteFrom } from './web.js'

/** What a guard leaves in the types of the handlers behind it: there, `req.citizen` is an active citizen. */
export interface Guarded<C extends Claims = Claims> {
  readonly activeCitizen: ActiveCitizen<C>
}

/** The type of `req.citizen`: narrowed in the same route behind a guard. */
export type CitizenOf<Locals> = Locals extends Guarded<infer C> ? ActiveCitizen<C> : Citizen

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
  /** Authenticates an upgrade to WebSocket: `server.on('upgrade', …)`. */
  readonly upgrade: Upgrade<C>
}

// biome-ignore lint/suspicious/noExplicitAny: what Express lets an application put there
type GuardedLocals<C extends Claims> = Guarded<C> & Record<string, any>

/**
 * A guard: its types tell the handlers behind it in the same route that the citizen is active. The first half lets it
 * stand where types cannot follow: in lists, and before handlers with types of their own.
 */
// biome-ignore lint/suspicious/noExplicitAny: a guard fits every route, whatever its parameters and bodies
export type Guard<C extends Claims = Claims> = RequestHandler<any, any, any, any, any> &
  // biome-ignore lint/suspicious/noExplicitAny: as above
  RequestHandler<any, any, any, any, GuardedLocals<C>>

/**
 * Makes the middleware: it serves its own routes under `routes.path`, and gives every other request its
 * `req.citizen`. Settings come from the argument, then from the environment, then from the defaults.
 * @throws ConfigurationError at once, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
  ..._none: readonly never[]
): CitizenMiddleware<C> {
  refuseNoObject('citizenSession', options)
  const suite = suiteFrom<C>(options)
  const middleware = (
    request: NodeRequest & { citizen?: Citizen },
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    // Koa gives two: its context, and a function.
    if (typeof next !== 'function') throw wrongFramework('express', 'Koa')
    const exchange = new NodeExchange(request, response)
    const handler = suite.endpoint(exchange)
    if (handler !== undefined) {
      notifyRouteObservers(suite as unknown as Suite, request)
      answer(handler(exchange), exchange, response, next)
      return
    }
    const isSkipped = suite.skips(exchange)
    attachSuite(request, new Served(suite as unknown as Suite, exchange, isSkipped))
    if (isSkipped) {
      next()
      return
    }
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
  return Object.assign(middleware, { suite, upgrade: createUpgrade(suite) })
}

function answer(
  reply: MaybePromise<Reply | undefined>,
  exchange: NodeExchange,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  Promise.resolve(reply).then((settled) => {
    if (settled === undefined) {
      next()
      return
    }
    try {
      sendReply(response, settled, exchange.method)
    } catch (error) {
      next(error)
    }
  }, next)
}

/** Whether a request is kept out; then it is answered. */
function isRefused(request: { citizen: Citizen }, response: ServerResponse, demand: Demand): boolean {
  const { suite, exchange } = authenticatedSuiteOf(request)
  const refusal = suite.guard(exchange, request.citizen, demand)
  if (refusal === undefined) keepPrivate(response)
  else sendReply(response, refusal, exchange.method)
  return refusal !== undefined
}

function guardWith<C extends Claims>(demand: Demand): Guard<C> {
  return (request, response, next) => {
    if (!isRefused(request, response, demand)) next()
  }
}

/**
 * Lets only an active citizen through; with `provider`, one who has signed in there (`citizen.provider`), or at one of a
 * list. Like the others it takes nothing more than is named, so that a function given in the place of a handler, without
 * parentheses, does not compile.
 * @throws TypeError `usage` for what is given all the same.
 */
export function requireCitizen<C extends Claims = Claims>(
  wanted?: { readonly provider?: string | readonly string[] },
  ..._none: readonly never[]
): Guard<C> {
  return guardWith(demandProvider(wanted))
}

/** Lets only a citizen through who has used a second factor, or what counts as one. */
export function requireMfa<C extends Claims = Claims>(...none: readonly never[]): Guard<C> {
  refuseArguments('requireMfa', none)
  return guardWith({ secondFactor: true })
}

/** Lets only a citizen through whose assurance is of this level or higher. */
export function requireAssurance<C extends Claims = Claims>(
  level: number,
  ..._none: readonly never[]
): Guard<C> {
  return guardWith(demandLevel(level))
}

/** Lets only a citizen through who has proven who they are within that many seconds. Unknown counts as too long ago. */
export function requireRecent<C extends Claims = Claims>(
  limit: { readonly maxAgeSeconds: number },
  ..._none: readonly never[]
): Guard<C> {
  return guardWith(demandRecent(limit))
}

/**
 * Lets only an active citizen through for whose claims the predicate returns `true`, and nothing else that counts as
 * true. Else the application's error handler gets `claims-refused` (403), for no login mends it.
 */
export function requireClaims<C extends Claims = Claims>(
  predicate: (claims: C) => boolean,
  ..._none: readonly never[]
): Guard<C> {
  const isAllowed = demandClaims(predicate)
  return (request, response, next) => {
    if (isRefused(request, response, {})) return
    if (isAllowed((request.citizen as ActiveCitizen<C>).claims)) next()
    else next(new CitizenSessionError('claims-refused', 'this citizen may not do that', { status: 403 }))
  }
}

/** A logout route of the application's own: POST ends the session, GET asks for confirmation. */
export function logout(options: LogoutRequest = {}, ..._none: readonly never[]): RequestHandler {
  checkLogoutRequest(options)
  return (request, response, next) => {
    const { suite, exchange } = authenticatedSuiteOf(request)
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
