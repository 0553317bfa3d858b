/** @module The Next.js adapter for the App Router: proxy, route handlers, server actions, server components. */
import { headers } from 'next/headers.js'
import { connection, type NextFetchEvent, type NextRequest, NextResponse } from 'next/server.js'
import {
  type ActiveCitizen,
  type Citizen,
  CitizenSessionError,
  type Claims,
  checkLogoutRequest,
  claimsRefused,
  type Demand,
  type LogoutRequest,
  type Reply,
  refuseNoObject,
  type Suite,
  type SuiteOptions,
} from '../src/index.js'
import { type Action, runAction } from './next-action.js'
import { leaveInJar, merge, presentCookies } from './next-cookies.js'
import { createWrapper, hasClaims, type Requirement } from './next-requirement.js'
import { type Runtime, requestOf, runtimeFrom } from './next-runtime.js'
import { toResponse, type WebExchange } from './web.js'

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

export type { Requirement }

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

/** A server action of the application, whatever it takes and answers. */
type AnyAction = Action<unknown[], unknown>

/** A route handler of the application, of whichever parameters. */
type CitizenHandler = (request: NextRequest, context: RouteContext & { citizen: Citizen }) => Answer

/**
 * Makes the session layer. Settings come from the argument, then from the environment, then from the defaults; they
 * are read when it is first used.
 * @throws ConfigurationError at the first use, with every problem.
 */
export function citizenSession<C extends Claims = Claims>(
  options: SuiteOptions | Suite<C> = {},
): NextSession<C> {
  refuseNoObject('citizenSession', options)
  const runtime = runtimeFrom(options as SuiteOptions | Suite)
  const compose =
    (part?: ProxyPart<C>): ProxyHandler =>
    (request, event) =>
      passProxy(runtime, part, request, event)
  const route: RouteHandler = (request) => answerWith(runtime, request, answerRoute)
  const withCitizen = createWrapper<C, CitizenHandler, RouteHandler>(
    'withCitizen',
    'a handler',
    (handler, requirement) => {
      const guarded = { handler, requirement }
      return (request, context) => runHandler(runtime, guarded, request, context)
    },
  )
  const actionWithCitizen = createWrapper<C, AnyAction, ReturnType<ActionWithCitizen<C>>>(
    'actionWithCitizen',
    'an action',
    (action, requirement) =>
      (...rest) =>
        runAction(runtime, action, requirement, rest),
  )
  return {
    get suite() {
      return runtime().suite as unknown as Suite<C>
    },
    proxy: compose(),
    compose,
    handlers: { GET: route, POST: route },
    withCitizen: withCitizen as WithCitizen<C>,
    actionWithCitizen: actionWithCitizen as ActionWithCitizen<C>,
    logout(request) {
      checkLogoutRequest(request)
      const logOut = (suite: Suite, exchange: WebExchange) => suite.logout(exchange, request)
      return (given) => answerWith(runtime, given, logOut)
    },
    async read() {
      const given = await headers()
      const { suite, exchange: open } = runtime()
      const exchange = open(requestOf('GET', given, '/'))
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

/** Lets a request through the proxy, with its cookies: renewed before whatever comes after, and set in the browser. */
async function passProxy<C extends Claims>(
  runtime: () => Runtime,
  part: ProxyPart<C> | undefined,
  request: NextRequest,
  event: NextFetchEvent,
): Promise<Response> {
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

/** Runs a route handler for a citizen who meets the requirement; `undefined`: for everybody. */
async function runHandler<C extends Claims>(
  runtime: () => Runtime,
  { handler, requirement }: { handler: CitizenHandler; requirement: Requirement<C> | undefined },
  request: NextRequest,
  context: RouteContext,
): Promise<Response> {
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

/** Answers a request with what the suite says to it. */
async function answerWith(
  runtime: () => Runtime,
  request: NextRequest,
  find: (suite: Suite, exchange: WebExchange) => Reply | Promise<Reply>,
): Promise<Response> {
  await connection()
  // The router asks so for pages; without one it lets the browser navigate, which is what a login needs.
  if (request.headers.has('rsc')) return new Response(null, { status: 204 })
  const { suite, exchange: open } = runtime()
  const exchange = open(request)
  return exchange.reply(await find(suite, exchange))
}

async function answerRoute(suite: Suite, exchange: WebExchange): Promise<Reply> {
  const reply = await suite.endpoint(exchange)?.(exchange)
  if (reply !== undefined) return reply
  const { application, routes: seen } = suite.options
  const routes = seen.path.slice(application.path.length)
  throw new CitizenSessionError(
    'usage',
    `auth.handlers stands outside of ${routes}: export it from app${routes}/[...citizen]/route.ts`,
  )
}

/** A redirect as Next.js takes it from a proxy: nothing but whole addresses. */
function absolute(response: Response, origin: string): Response {
  const location = response.headers.get('location')
  if (location !== null) response.headers.set('location', new URL(location, origin).href)
  return response
}
