/** @module The fetch adapter: for applications that are `(Request) => Response`. */
import {
  type ActiveCitizen,
  type Citizen,
  CitizenSessionError,
  type Claims,
  checkDemand,
  checkLogoutRequest,
  claimsRefused,
  type Demand,
  demandClaims,
  demandLevel,
  demandProvider,
  demandRecent,
  type LogoutRequest,
  type MaybePromise,
  type Reply,
  refuseArguments,
  refuseNoFunction,
  refuseNoObject,
  type Suite,
  type SuiteOptions,
} from '../src/index.js'
import { suiteFrom, toResponse, WebExchange } from './web.js'

/** Who is there, and what puts our cookies on the response. */
export interface Seen<C extends Claims = Claims> {
  readonly citizen: Citizen<C>
  /** The response with our cookies, `private, no-store`; the very same one if there are none. */
  apply(response: Response): Response
}

/** A guard: the answer that keeps a request out, or `undefined`: let it through. */
export type Guard = (request: Request) => Promise<Response | undefined>

/** Wraps a handler: it gets the citizen beside what the framework hands to it. */
export interface WithCitizen<C extends Claims = Claims> {
  /** Lets only an active citizen through who meets the demand. */
  <R extends Request = Request, Context extends object = object>(
    handler: (
      request: R,
      context: Context & { readonly citizen: ActiveCitizen<C> },
    ) => MaybePromise<Response>,
    demand?: Demand,
  ): (request: R, context?: Context) => Promise<Response>
  /** Lets everybody through. */
  optional<R extends Request = Request, Context extends object = object>(
    handler: (request: R, context: Context & { readonly citizen: Citizen<C> }) => MaybePromise<Response>,
  ): (request: R, context?: Context) => Promise<Response>
}

/** The sessions of one application: what serves it, guards it and says who is there. */
export interface CitizenAuth<C extends Claims = Claims> {
  readonly suite: Suite<C>
  /**
   * Wraps a whole application: our own routes are served, and every response gets our cookies, whatever made it. It
   * belongs outside of everything that reads bodies or changes addresses.
   */
  fetch<Rest extends readonly unknown[]>(
    application: (request: Request, ...rest: Rest) => MaybePromise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>
  /** Serves one of our own routes; `undefined`: the request is the application's. */
  handle(request: Request): Promise<Response | undefined>
  /** Who is there; looked at once for each request. Where nothing wraps the handler, `apply` the response. */
  citizen(request: Request): Promise<Seen<C>>
  /**
   * The active citizen of a request, for what stands behind a guard.
   * @throws CitizenSessionError `not-active` (401) if nobody is signed in.
   */
  citizenOf(request: Request): Promise<ActiveCitizen<C>>
  readonly withCitizen: WithCitizen<C>
  /** Lets only an active citizen through; with `provider`, one who has signed in there, or at one of a list. */
  requireCitizen(wanted?: { readonly provider?: string | readonly string[] }): Guard
  /** Lets only a citizen through who has used a second factor, or what counts as one. */
  requireMfa(...none: readonly never[]): Guard
  /** Lets only a citizen through whose assurance is of this level or higher. */
  requireAssurance(level: number): Guard
  /** Lets only a citizen through who has proven who they are within that many seconds. Unknown counts as too long ago. */
  requireRecent(recency: { readonly maxAgeSeconds: number }): Guard
  /**
   * Lets only an active citizen through for whose claims the predicate returns `true`, and nothing else that counts
   * as true. Else the answer is 403 `claims-refused`, for no login mends it.
   */
  requireClaims(predicate: (claims: C) => boolean): Guard
  /** A logout route of the application's own: POST ends the session, GET asks for confirmation. */
  logout(options?: LogoutRequest): (request: Request) => Promise<Response>
}

type Handler<C extends Claims> = Parameters<WithCitizen<C>>[0]

/** A request that was looked at. */
class LookedAt<C extends Claims> {
  readonly exchange: WebExchange
  readonly citizen: MaybePromise<Citizen<C>>
  /** How many wrappers are around the handler that is at work. */
  wrappers = 0

  constructor(exchange: WebExchange, citizen: MaybePromise<Citizen<C>>) {
    this.exchange = exchange
    this.citizen = citizen
  }
}

type RouteOfOurs = NonNullable<ReturnType<Suite['endpoint']>>

/** What a guard answers that lets a request through; one for all. */
const letThrough = Promise.resolve(undefined)

/** A request on which it may be noted that it was looked at. */
type Noted<C extends Claims> = Request & { readonly [name: symbol]: LookedAt<C> | undefined }

/** What each step gets: the suite, and where on a request it notes that it has looked at it. */
interface FetchContext<C extends Claims> {
  readonly suite: Suite<C>
  /** Names a property, for a WeakMap would cost every request as much as it costs to know who is there. */
  readonly lookedAt: symbol
}

/**
 * Makes the sessions of one application. Settings come from the argument, then from the environment, then from the
 * defaults.
 * @throws ConfigurationError at once, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
): CitizenAuth<C> {
  refuseNoObject('citizenSession', options)
  const suite = suiteFrom<C>(options)
  const context: FetchContext<C> = { suite, lookedAt: Symbol('citizen-session.looked-at') }
  const requireCitizen = guardWith(context, {})
  return {
    suite,
    fetch(application) {
      refuseNoFunction('fetch', application, 'the application')
      return (request, ...rest) => serve(context, request, () => application(request, ...rest))
    },
    async handle(request) {
      const exchange = new WebExchange(request)
      const reply = await suite.endpoint(exchange)?.(exchange)
      return reply === undefined ? undefined : exchange.reply(reply)
    },
    async citizen(request) {
      const looked = look(context, request)
      return { citizen: await looked.citizen, apply: (response) => apply(looked, response) }
    },
    async citizenOf(request) {
      const citizen = await look(context, request).citizen
      if (citizen.state === 'active') return citizen
      throw new CitizenSessionError('not-active', 'nobody is signed in on this request', { status: 401 })
    },
    withCitizen: Object.assign(wrapActive(context) as WithCitizen<C>, { optional: wrapAny(context) }),
    requireCitizen: (wanted) =>
      wanted === undefined ? requireCitizen : guardWith(context, demandProvider(wanted)),
    requireMfa(...none) {
      refuseArguments('requireMfa', none)
      return guardWith(context, { secondFactor: true })
    },
    requireAssurance: (level) => guardWith(context, demandLevel(level)),
    requireRecent: (limit) => guardWith(context, demandRecent(limit)),
    requireClaims: (predicate) => guardClaims(context, demandClaims(predicate)),
    logout(options) {
      checkLogoutRequest(options)
      return async (request) => {
        const looked = look(context, request)
        // Its cookies belong on the same response, so it must be done before that is made.
        await looked.citizen
        return answer(looked, await suite.logout(looked.exchange, options))
      }
    },
  }
}

/** Serves our own routes, and runs the application for every other request. */
function serve<C extends Claims>(
  context: FetchContext<C>,
  request: Request,
  application: () => MaybePromise<Response>,
): Promise<Response> {
  // Not an async function: a plain request waits for the application alone.
  try {
    const exchange = new WebExchange(request)
    const handler = context.suite.endpoint(exchange)
    if (handler !== undefined) return serveRoute(context, request, exchange, handler, application)
    return serveApplication(context, request, exchange, application)
  } catch (error) {
    return Promise.reject(error)
  }
}

async function serveRoute<C extends Claims>(
  context: FetchContext<C>,
  request: Request,
  exchange: WebExchange,
  handler: RouteOfOurs,
  application: () => MaybePromise<Response>,
): Promise<Response> {
  const reply = await handler(exchange)
  return reply === undefined
    ? serveApplication(context, request, exchange, application)
    : exchange.reply(reply)
}

function serveApplication<C extends Claims>(
  context: FetchContext<C>,
  request: Request,
  exchange: WebExchange,
  application: () => MaybePromise<Response>,
): Promise<Response> {
  if (context.suite.skips(exchange)) {
    return Promise.resolve(application()).then((response) => exchange.passOn(response))
  }
  const looked = look(context, request, exchange)
  const { citizen } = looked
  return citizen instanceof Promise
    ? citizen.then(() => around(looked, application))
    : around(looked, application)
}

/** Looks once for each request. */
function look<C extends Claims>(
  { suite, lookedAt }: FetchContext<C>,
  request: Request,
  given?: WebExchange,
): LookedAt<C> {
  const known = (request as Noted<C>)[lookedAt]
  if (known !== undefined) return known
  const exchange = given ?? new WebExchange(request)
  if (suite.skips(exchange)) throw skipped()
  const looked = new LookedAt(exchange, suite.authenticate(exchange))
  // Not enumerable, so that whoever prints or copies a request leaves it alone.
  Object.defineProperty(request, lookedAt, { value: looked })
  return looked
}

function guardWith<C extends Claims>(context: FetchContext<C>, demand: Demand): Guard {
  const judge = (looked: LookedAt<C>, citizen: Citizen<C>): Response | undefined => {
    const refusal = context.suite.guard(looked.exchange, citizen, demand)
    if (refusal !== undefined) return answer(looked, refusal)
    looked.exchange.keepPrivate()
    return undefined
  }
  return (request) => {
    try {
      const looked = look(context, request)
      const { citizen } = looked
      if (citizen instanceof Promise) return citizen.then((settled) => judge(looked, settled))
      const refusal = judge(looked, citizen)
      return refusal === undefined ? letThrough : Promise.resolve(refusal)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

function guardClaims<C extends Claims>(context: FetchContext<C>, isAllowed: (claims: C) => boolean): Guard {
  const requireCitizen = guardWith(context, {})
  return async (request) => {
    const refusal = await requireCitizen(request)
    if (refusal !== undefined) return refusal
    const looked = look(context, request)
    const { claims } = (await looked.citizen) as ActiveCitizen<C>
    if (isAllowed(claims)) return undefined
    return answer(looked, claimsRefused(context.suite.options, looked.exchange))
  }
}

/** The wrapper of handlers that lets everybody through. */
function wrapAny<C extends Claims>(context: FetchContext<C>): WithCitizen<C>['optional'] {
  return (handler) => {
    refuseNoFunction('withCitizen', handler, 'a handler')
    return async (request, given) => {
      const looked = look(context, request)
      const citizen = await looked.citizen
      return around(looked, () => handler(request, { ...given, citizen } as Parameters<typeof handler>[1]))
    }
  }
}

/** The wrapper of handlers that lets only an active citizen through who meets the demand. */
function wrapActive<C extends Claims>(context: FetchContext<C>) {
  const wrap = wrapAny(context)
  return (handler: Handler<C>, demand: Demand = {}) => {
    refuseNoFunction('withCitizen', handler, 'a handler')
    const isKeptOut = guardWith(context, checkDemand('withCitizen', demand))
    return wrap(async (request, given) => {
      const refusal = await isKeptOut(request)
      return refusal ?? handler(request, given as Parameters<typeof handler>[1])
    })
  }
}

/** Runs a handler; its response gets our cookies from the outermost wrapper, once it is final. */
async function around(looked: LookedAt<Claims>, handler: () => MaybePromise<Response>): Promise<Response> {
  looked.wrappers += 1
  let response: Response | undefined
  try {
    response = await handler()
  } finally {
    looked.wrappers -= 1
    // What was thrown past the last of us leaves no response.
    if (response === undefined && looked.wrappers === 0) looked.exchange.tellClose()
  }
  return apply(looked, response)
}

function apply({ exchange, wrappers }: LookedAt<Claims>, response: Response): Response {
  return wrappers > 0 ? response : exchange.finish(response)
}

/** An answer of the core as a response. */
function answer({ exchange, wrappers }: LookedAt<Claims>, reply: Reply): Response {
  return wrappers > 0 ? toResponse(reply, exchange.method) : exchange.reply(reply)
}

function skipped(): CitizenSessionError {
  return new CitizenSessionError(
    'no-middleware',
    'routes.skip covers this request, so the guard cannot know who is there: take the request out of routes.skip, or remove the guard',
  )
}
