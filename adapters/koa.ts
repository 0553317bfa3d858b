/** @module The Koa adapter: middleware that knows who is there, guards, and a logout handler. Koa 3 and 2. */
import type { Middleware, Next, ParameterizedContext } from 'koa'
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
  type FrameworkRequest,
  keepErrorPrivate,
  keepPrivate,
  NodeExchange,
  notifyRouteObservers,
  Served,
} from './node.js'
import { createUpgrade, type Upgrade } from './upgrade.js'
import { headersOf, replacedPolicies, suiteFrom } from './web.js'

/** What a guard leaves in the types of the middleware behind it: there, `ctx.state.citizen` is an active citizen. */
export interface GuardedState<C extends Claims = Claims> {
  citizen: ActiveCitizen<C>
}

declare module 'koa' {
  interface DefaultState {
    /** Who is there. Behind a guard in the same route: an active citizen. */
    citizen: Citizen
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the middleware fits every application, whatever its state and context
type AnyContext = ParameterizedContext<any, any, any>

/** The middleware of one application, and its suite. */
export interface CitizenMiddleware<C extends Claims = Claims> {
  (context: AnyContext, next: Next): Promise<void>
  readonly suite: Suite<C>
  /** Authenticates an upgrade to WebSocket: `server.on('upgrade', …)`. */
  readonly upgrade: Upgrade<C>
}

/** A guard: its types tell the middleware behind it in the same route that the citizen is active. */
// biome-ignore lint/suspicious/noExplicitAny: a guard fits every route, whatever its context and bodies
export type Guard<C extends Claims = Claims> = Middleware<GuardedState<C>, any, any>

/**
 * Makes the middleware: it serves its own routes under `routes.path`, and gives every other request its
 * `ctx.state.citizen`. Settings come from the argument, then from the environment, then from the defaults.
 * @throws ConfigurationError at once, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
  ..._none: readonly never[]
): CitizenMiddleware<C> {
  refuseNoObject('citizenSession', options)
  const suite = suiteFrom<C>(options)
  const middleware = async (context: AnyContext, next: Next): Promise<void> => {
    if (context.req === undefined) throw wrongFramework('koa', 'Express')
    const exchange = new NodeExchange(context.req, context.res, context.request as FrameworkRequest)
    const handler = suite.endpoint(exchange)
    if (handler !== undefined) {
      notifyRouteObservers(suite as unknown as Suite, context.req)
      await answer(context, exchange, handler(exchange), next)
      return
    }
    const isSkipped = suite.skips(exchange)
    attachSuite(context.req, new Served(suite as unknown as Suite, exchange, isSkipped))
    if (isSkipped) return next()
    const citizen = suite.authenticate(exchange)
    context.state.citizen = citizen instanceof Promise ? await citizen : citizen
    try {
      await next()
    } finally {
      // Koa's error handler clears the headers: then they come back when the headers are written.
      exchange.showCookies()
    }
  }
  return Object.assign(middleware, { suite, upgrade: createUpgrade(suite) })
}

async function answer(
  context: AnyContext,
  exchange: NodeExchange,
  reply: Reply | undefined | Promise<Reply | undefined>,
  next: Next,
): Promise<void> {
  const settled = await reply
  if (settled === undefined) return next()
  applyReply(context, settled)
  exchange.showCookies()
}

/** Makes an answer of the core the response, as a handler does: middleware around us sees it. */
function applyReply(context: AnyContext, reply: Reply): void {
  // `null` sets a status of its own, so the status comes after it; headers after the type that a body suggests.
  context.body = reply.body ?? null
  context.status = reply.status
  for (const name of replacedPolicies(reply)) context.remove(name)
  context.set({ ...headersOf(reply) })
}

/** Whether a request is kept out; then it is answered. */
function isRefused(context: AnyContext, demand: Demand): boolean {
  const { suite, exchange } = authenticatedSuiteOf(context.req)
  const refusal = suite.guard(exchange, context.state.citizen, demand)
  if (refusal === undefined) keepPrivate(context.res)
  else applyReply(context, refusal)
  return refusal !== undefined
}

function guardWith<C extends Claims>(demand: Demand): Guard<C> {
  // One async function for each guard is enough: it costs more than the guard itself.
  return (context, next) => {
    try {
      return isRefused(context, demand) ? answered : guarded(context, next)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

/** What a guard answers that has answered the request; one for all. */
const answered = Promise.resolve()

/** Runs what a guard lets through. Koa's error handler clears the headers, and with them what keeps it private. */
async function guarded(context: AnyContext, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    keepErrorPrivate(context.res)
    throw error
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
 * true. Else an error `claims-refused` (403) is thrown, as by `ctx.throw`, for no login mends it.
 */
export function requireClaims<C extends Claims = Claims>(
  predicate: (claims: C) => boolean,
  ..._none: readonly never[]
): Guard<C> {
  const isAllowed = demandClaims(predicate)
  return async (context, next) => {
    if (isRefused(context, {})) return
    if (!isAllowed(context.state.citizen.claims))
      throw new CitizenSessionError('claims-refused', 'this citizen may not do that', { status: 403 })
    await guarded(context, next)
  }
}

/** A logout route of the application's own: POST ends the session, GET asks for confirmation. */
// biome-ignore lint/suspicious/noExplicitAny: it fits every route, whatever its state, context and bodies
export function logout(options: LogoutRequest = {}, ..._none: readonly never[]): Middleware<any, any, any> {
  checkLogoutRequest(options)
  return async (context, next) => {
    const { suite, exchange } = authenticatedSuiteOf(context.req)
    await answer(context, exchange, suite.logout(exchange, options), next)
  }
}

/**
 * The active citizen of a request, where types cannot follow the guard.
 * @throws CitizenSessionError `not-active` (401) if nobody is signed in.
 */
export function citizenOf<C extends Claims = Claims>(context: {
  readonly state: { readonly citizen?: Citizen | undefined }
}): ActiveCitizen<C> {
  const { citizen } = context.state
  if (citizen?.state === 'active') return citizen as ActiveCitizen<C>
  throw new CitizenSessionError('not-active', 'nobody is signed in on this request', { status: 401 })
}
