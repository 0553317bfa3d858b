/** @module The Next.js adapter for the App Router: proxy, route handlers, server actions, server components. */
import { headers } from 'next/headers.js'
import { connection, type NextFetchEvent, type NextRequest, NextResponse } from 'next/server.js'
import {
  type ActiveCitizen,
  type Citizen,
  CitizenSessionError,
  type Claims,
  checkDemand,
  checkLogoutRequest,
  claimsRefused,
  createSuite,
  type Demand,
  type LogoutRequest,
  type Reply,
  refuseNoFunction,
  refuseRequest,
  type Suite,
  type SuiteOptions,
} from '../src/index.js'
import { isTokenPart, leaveInJar, merge, presentCookies } from './next-cookies.js'
import { toResponse, WebExchange, type WebRequest } from './web.js'

/** The parameters of a dynamic route. */
export type RouteParameters = Readonly<Record<string, string | string[] | undefined>>

/** What Next.js gives to a route handler besides the request. */
export interface RouteContext<P = RouteParameters> {
  readonly params: Promise<P>
}

/** A function as `route.ts` exports it. */
export type RouteHandler<P = RouteParameters> = (
  request: NextRequest,
  context: RouteContext<P>,
) => Promise<Response>

/** A function as `proxy.ts` exports it. */
export type ProxyHandler = (request: NextRequest, event: NextFetchEvent) => Promise<Response>

/** What the application's own part of a proxy gets besides the request. */
export interface ProxyContext<C extends Claims = Claims> {
  readonly citizen: Citizen<C>
  readonly event: NextFetchEvent
  /** The answer that keeps this citizen out, or `undefined`: let the request through. */
  guard(demand?: Demand): Response | undefined
}

/** The application's own part of a proxy: what it returns is merged with ours; nothing means: go on. */
export type ProxyPart<C extends Claims = Claims> = (
  request: NextRequest,
  context: ProxyContext<C>,
) => Response | undefined | null | Promise<Response | undefined | null>

/** The citizen of a pure read: nothing about it can be changed there. */
export type ReadCitizen<C extends Claims = Claims> =
  | Omit<ActiveCitizen<C>, 'refresh' | 'logout'>
  | Exclude<Citizen<C>, { readonly state: 'active' }>

/** What a citizen must have shown, besides being active. */
export interface Requirement<C extends Claims = Claims> extends Demand {
  /** Lets through only for `true`. Else the answer is 403 `claims-refused`, for no login mends it. */
  readonly claims?: ((claims: C) => boolean) | undefined
}

type Answer = Response | Promise<Response>

/** Wraps route handlers so that they know their citizen. */
export interface WithCitizen<C extends Claims = Claims> {
  /** Lets only an active citizen through who meets the requirement. */
  <P = RouteParameters>(
    handler: (
      request: NextRequest,
      context: RouteContext<P> & { readonly citizen: ActiveCitizen<C> },
    ) => Answer,
    requirement?: Requirement<C>,
  ): RouteHandler<P>
  /** Lets everybody through. */
  optional<P = RouteParameters>(
    handler: (request: NextRequest, context: RouteContext<P> & { readonly citizen: Citizen<C> }) => Answer,
  ): RouteHandler<P>
}

/** Wraps server actions so that they know their citizen. */
export interface ActionWithCitizen<C extends Claims = Claims> {
  /** Runs the action only for an active citizen who meets the requirement; sends others to the login. */
  <A extends unknown[], R>(
    action: (citizen: ActiveCitizen<C>, ...rest: A) => R | Promise<R>,
    requirement?: Requirement<C>,
  ): (...rest: A) => Promise<R>
  /** Runs the action for everybody. */
  optional<A extends unknown[], R>(
    action: (citizen: Citizen<C>, ...rest: A) => R | Promise<R>,
  ): (...rest: A) => Promise<R>
}

/** The session layer of one Next.js application. Its members may be taken apart: `const { read } = auth`. */
export interface NextSession<C extends Claims = Claims> {
  /** Made when it is first used, so that `next build` needs no settings. `await auth.suite.ready()` in `instrumentation.ts`. */
  readonly suite: Suite<C>
  /** For `proxy.ts`: keeps the session alive on pages, and brings refreshed cookies to the browser. Guards nothing. */
  readonly proxy: ProxyHandler
  /** {@link NextSession.proxy} with a part of the application's own, whose response is merged with ours. */
  compose(part: ProxyPart<C>): ProxyHandler
  /** For `app/session/[...citizen]/route.ts`: our own routes. */
  readonly handlers: { readonly GET: RouteHandler; readonly POST: RouteHandler }
  readonly withCitizen: WithCitizen<C>
  readonly actionWithCitizen: ActionWithCitizen<C>
  /** A logout route of the application's own: POST ends the session, GET asks for confirmation. */
  logout(options?: LogoutRequest): RouteHandler
  /** Who is there, for server components: verifies by itself, never writes, never redirects. */
  read(): Promise<ReadCitizen<C>>
  /** Where a login begins that leads back to `returnTo`, a path of ours. */
  loginPath(returnTo?: string): string
}

/** What all copies of this module in one process share: Next.js bundles one into each kind of entry. */
interface Runtime {
  readonly suite: Suite
  exchange(request: WebRequest): WebExchange
}

const registry = Symbol.for('citizen-session/next')

/**
 * Makes the session layer. Settings come from the argument, then from the environment, then from the defaults; they
 * are read when it is first used.
 * @throws ConfigurationError at the first use, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
): NextSession<C> {
  refuseRequest('citizenSession', options)
  const runtime = () => runtimeOf(options as SuiteOptions | Suite)

  const compose =
    (part?: ProxyPart<C>): ProxyHandler =>
    async (request, event) => {
      const { suite, exchange: open } = runtime()
      const exchange = open(request)
      if (suite.endpoint(exchange) !== undefined) return NextResponse.next()
      const isSkipped = suite.skips(exchange)
      if (isSkipped && part === undefined) return NextResponse.next()
      const citizen = (await (isSkipped ? suite.peek(exchange) : suite.authenticate(exchange))) as Citizen<C>
      presentCookies(suite, request, exchange.cookies)
      const guard: ProxyContext<C>['guard'] = (demand) => {
        const refusal = suite.guard(exchange, citizen, demand)
        if (refusal === undefined) exchange.keepPrivate()
        return refusal && absolute(toResponse(refusal, exchange.method), suite.options.application.url)
      }
      try {
        const answer = await part?.(request, { citizen, event, guard })
        return merge(answer ?? NextResponse.next(), request, exchange)
      } catch (error) {
        // Next.js answers what was thrown, without us: nobody waits for the end of this exchange any more.
        exchange.close()
        throw error
      }
    }

  const routeOf =
    <P>(
      handler: (request: NextRequest, context: RouteContext<P> & { citizen: Citizen }) => Answer,
      requirement: Requirement<C> | undefined,
    ): RouteHandler<P> =>
    async (request, context) => {
      await connection()
      const { suite, exchange: open } = runtime()
      const exchange = open(request)
      const citizen = await suite.authenticate(exchange)
      const refusal = requirement && suite.guard(exchange, citizen, requirement)
      if (refusal !== undefined) return exchange.reply(refusal)
      if (!hasClaims(citizen, requirement)) return exchange.reply(claimsRefused(suite.options, exchange))
      if (requirement !== undefined) exchange.keepPrivate()
      try {
        return exchange.finish(await handler(request, { ...context, citizen }))
      } catch (error) {
        // Next.js answers what was thrown, such as a redirect, and takes cookies only from its own jar then.
        await leaveInJar(suite, exchange.close())
        throw error
      }
    }

  const withCitizen = ((handler, requirement = {}) => {
    refuseNoFunction('withCitizen', handler, 'a handler')
    return routeOf(handler as never, checkDemand('withCitizen', requirement, requirements))
  }) as WithCitizen<C>
  withCitizen.optional = (handler) => {
    refuseNoFunction('withCitizen.optional', handler, 'a handler')
    return routeOf(handler as never, undefined)
  }

  const actionOf =
    <A extends unknown[], R>(
      action: (citizen: Citizen, ...rest: A) => R | Promise<R>,
      requirement: Requirement<C> | undefined,
    ) =>
    async (...rest: A): Promise<R> => {
      const given = await headers()
      refuseForeign(given)
      const { suite, exchange: open } = runtime()
      const exchange = open(partsOf('POST', given, pageOf(suite, given)))
      const citizen = await suite.authenticate(exchange)
      const renewed = exchange.cookies.filter((cookie) => isTokenPart(suite, cookie))
      const before = exchange.cookies.length
      const leave = () => leaveInJar(suite, [...renewed, ...exchange.close().slice(before)])
      try {
        const refusal = requirement && suite.guard(exchange, citizen, requirement)
        if (refusal !== undefined) return await turnAway(suite, given, citizen, requirement)
        if (!hasClaims(citizen, requirement)) {
          throw new CitizenSessionError('claims-refused', 'this citizen may not do that', { status: 403 })
        }
        return await action(citizen, ...rest)
      } finally {
        await leave()
      }
    }

  /** Leads to the login as a navigation to the action's page would be led, before any code of the application runs. */
  const turnAway = async (
    suite: Suite,
    given: Headers,
    citizen: Citizen,
    demand: Demand = {},
  ): Promise<never> => {
    const navigation = new Headers({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })
    const { exchange: open } = runtime()
    const reply = suite.guard(open(partsOf('GET', navigation, pageOf(suite, given))), citizen, demand)
    const location = reply?.headers.location
    if (location !== undefined) {
      // Not for route handlers, which are bundled without what this module needs.
      const { redirect } = await import('next/navigation.js')
      redirect(location)
    }
    throw new CitizenSessionError('not-active', 'nobody is signed in for this action', {
      status: reply?.status ?? 401,
    })
  }

  const actionWithCitizen = ((action, requirement = {}) => {
    refuseNoFunction('actionWithCitizen', action, 'an action')
    return actionOf(action as never, checkDemand('actionWithCitizen', requirement, requirements))
  }) as ActionWithCitizen<C>
  actionWithCitizen.optional = (action) => {
    refuseNoFunction('actionWithCitizen.optional', action, 'an action')
    return actionOf(action as never, undefined)
  }

  const answerWith =
    (find: (suite: Suite, exchange: WebExchange) => Reply | Promise<Reply>): RouteHandler =>
    async (request) => {
      await connection()
      // The router asks so for pages; without one it lets the browser navigate, which is what a login needs.
      if (request.headers.has('rsc')) return new Response(null, { status: 204 })
      const { suite, exchange: open } = runtime()
      const exchange = open(request)
      return exchange.reply(await find(suite, exchange))
    }

  const route = answerWith(async (suite, exchange) => {
    const reply = await suite.endpoint(exchange)?.(exchange)
    if (reply !== undefined) return reply
    const { application, routes: seen } = suite.options
    const routes = seen.path.slice(application.path.length)
    throw new CitizenSessionError(
      'usage',
      `auth.handlers stands outside of ${routes}: export it from app${routes}/[...citizen]/route.ts`,
    )
  })

  return {
    get suite() {
      return runtime().suite as unknown as Suite<C>
    },
    proxy: compose(),
    compose,
    handlers: { GET: route, POST: route },
    withCitizen,
    actionWithCitizen,
    logout(request) {
      checkLogoutRequest(request)
      return answerWith((suite, exchange) => suite.logout(exchange, request))
    },

    async read() {
      const given = await headers()
      const { suite, exchange: open } = runtime()
      const exchange = open(partsOf('GET', given, '/'))
      const citizen = (await suite.peek(exchange)) as Citizen<C>
      exchange.close()
      return citizen
    },

    loginPath(returnTo) {
      const { path } = runtime().suite.options.routes
      const query = returnTo === undefined ? '' : `?${new URLSearchParams({ returnTo })}`
      return `${path}/login${query}`
    },
  }
}

const requirements = ['level', 'secondFactor', 'maxAgeSeconds', 'claims']

/** Another site's page must not make this browser act. Next.js compares hosts that a proxy may have rewritten. */
function refuseForeign(given: Headers): void {
  if (given.get('sec-fetch-site') !== 'cross-site') return
  throw new CitizenSessionError('foreign-request', 'a page of another site called this action', {
    status: 403,
  })
}

function runtimeOf(options: SuiteOptions | Suite): Runtime {
  if ('authenticate' in options) return { suite: options, exchange: (request) => new WebExchange(request) }
  const shared = globalThis as { [registry]?: Map<string, Runtime> }
  shared[registry] ??= new Map()
  const id = options.application?.id ?? process.env.CITIZEN_APPLICATION_ID ?? ''
  const known = shared[registry].get(id)
  if (known !== undefined) return known
  const made: Runtime = { suite: createSuite(options), exchange: (request) => new WebExchange(request) }
  shared[registry].set(id, made)
  return made
}

/** A request of which only the headers are known; its address is made of what the configuration says. */
function partsOf(method: string, given: Headers, target: string): WebRequest {
  return { method, url: `http://internal${target}`, headers: given, body: null, bodyUsed: false }
}

/** The page that an action was called from, by what the browser says, as we see it; `/` where it does not say. */
function pageOf(suite: Suite, given: Headers): string {
  const referrer = given.get('referer')
  const { url, path } = suite.options.application
  const base = `${url}${path}`
  return referrer?.startsWith(`${base}/`) ? referrer.slice(base.length) : '/'
}

/** Whether the claims are as required; a citizen of whom nothing is required always has them. */
function hasClaims<C extends Claims>(citizen: Citizen, requirement: Requirement<C> | undefined): boolean {
  return requirement?.claims === undefined || requirement.claims(citizen.claims as C) === true
}

/** A redirect as Next.js takes it from a proxy: nothing but whole addresses. */
function absolute(response: Response, origin: string): Response {
  const location = response.headers.get('location')
  if (location !== null) response.headers.set('location', new URL(location, origin).href)
  return response
}
