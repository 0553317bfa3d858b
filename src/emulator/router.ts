/** @module From a request to its answer: the table of endpoints, and what holds for all of them. */
import { CitizenSessionError } from '../errors.js'
import { showApplication } from './applications.js'
import type { Context } from './context.js'
import { type EndpointName, endpointNames, endpointPaths, type RequestCounter } from './endpoints.js'
import { refresh, showKeys } from './identity-api.js'
import { inLanguageOf, say } from './language.js'
import { html } from './markup.js'
import { showHome, showMessages } from './own-pages.js'
import { json, page } from './page.js'
import { changeProfile, showProfile } from './profile.js'
import type { RoutedMode, Routes } from './route.js'
import { showSecondFactor, useSecondFactor } from './second-factor.js'
import { showLogin, signIn } from './sign-in.js'
import { signOut } from './sign-out.js'
import { isOwnPost, openVisit, signedInCookies, type Visit } from './visit.js'

/** The endpoints of every emulator. */
const ownRoutes: Routes = {
  jwks: { isApi: true, GET: showKeys },
  refresh: { isApi: true, POST: refresh },
  login: { GET: showLogin, POST: signIn },
  'second-factor': { GET: showSecondFactor, POST: useSecondFactor },
  logout: { GET: signOut, POST: signOut },
  profile: { GET: showProfile, POST: changeProfile },
  home: { GET: showHome },
  messages: { GET: showMessages },
  'service-dashboard': { GET: showApplication('service-dashboard') },
  'business-connect': { GET: showApplication('business-connect') },
}

/** The endpoints of an emulator with these modes. */
export const routesOf = (modes: readonly RoutedMode[]): Routes =>
  Object.fromEntries(
    [ownRoutes, ...modes.map(({ routes }) => routes)].flatMap((each) => Object.entries(each)),
  )

/** What the router needs. */
export interface RouterOptions {
  readonly context: Context
  readonly routes: Routes
  readonly modes: readonly RoutedMode[]
  readonly counter: RequestCounter
  /** Origins that count as our own besides the public one. */
  readonly ownOrigins: () => readonly string[]
  /** The control interface, where it is served. */
  readonly control: ((path: string, request: Request) => Promise<Response | undefined>) | undefined
}

/** Makes the pure core: a request in, its answer out. The origin of the request's URL is not looked at. */
export function createRouter(options: RouterOptions) {
  return (request: Request): Promise<Response> => inLanguageOf(request, () => respond(options, request))
}

async function respond(options: RouterOptions, request: Request): Promise<Response> {
  const { context, routes, counter } = options
  const { pathname } = new URL(request.url)
  const controlled = await options.control?.(pathname, request)
  if (controlled) return controlled
  const endpoint = endpointNames.find((name) => endpointPaths[name] === pathname && routes[name])
  try {
    if (endpoint === undefined) {
      await context.gate.pass('home')
      return notFound(context)
    }
    counter.count(endpoint)
    return (await context.gate.pass(endpoint)) ?? (await answer(options, endpoint, request))
  } catch (error) {
    if (!(error instanceof CitizenSessionError)) throw error
    if (endpoint !== undefined && routes[endpoint]?.isApi) return json({ error: error.message }, error.status)
    return failure(context, error)
  }
}

const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const

async function answer(options: RouterOptions, endpoint: EndpointName, request: Request): Promise<Response> {
  const { context, ownOrigins } = options
  const { method } = request
  const route = options.routes[endpoint] ?? {}
  const isHead = method === 'HEAD' && endpoint === 'jwks'
  const known = methods.find((name) => name === method)
  const handler = known === undefined ? isHead && showKeys : route[known]
  if (!handler) {
    const allow = methods.filter((name) => Object.hasOwn(route, name)).join(', ')
    return new Response(null, { status: 405, headers: { allow, 'cache-control': 'no-store' } })
  }
  // A browser that only guesses that the person may come here must not sign anybody in or out.
  if (isPrefetch(request) && !route.isApi) {
    return new Response(null, { status: 503, headers: { 'cache-control': 'no-store' } })
  }
  const isFree = route.isApi || route.takesForeignForms
  const isOwn = method !== 'POST' || isOwnPost(context, request, ownOrigins())
  if (!isFree && !isOwn) return foreignPost(context)
  const visit = await openVisit(context, request)
  const response = await handler(context, visit)
  if (route.isApi) return response
  // A form of another site may come without our cookies: that says nothing about the browser's sessions.
  const states = isOwn ? options.modes.flatMap((mode) => mode.browserState?.(visit) ?? []) : []
  const renewed = await renew(context, visit, response)
  for (const line of states) renewed.headers.append('set-cookie', line)
  return renewed
}

/** The provider extends the token by itself on requests of its own. Source: CitizenOne, Sessions & JWT. */
async function renew(context: Context, { shared }: Visit, response: Response): Promise<Response> {
  const isDue =
    shared &&
    context.now() - shared.issuedAt >= context.options.renewAfterSeconds * 1000 &&
    response.headers.getSetCookie().length === 0 &&
    context.sessions.find(shared.session.jti)
  if (!isDue) return response
  for (const line of await signedInCookies(context, shared)) response.headers.append('set-cookie', line)
  return response
}

const isPrefetch = (request: Request) =>
  /prefetch|prerender/.test(
    `${request.headers.get('sec-purpose') ?? ''} ${request.headers.get('purpose') ?? ''}`,
  )

const foreignPost = (context: Context) =>
  page(context, {
    title: say('Not from here', 'Pas d’ici'),
    status: 403,
    content: html`<section><p>${say('This request came from another site. Nothing was done.', 'Cette demande venait d’un autre site. Rien n’a été fait.')}</p><p><a href="/">${say('Home', 'Accueil')}</a></p></section>`,
  })

const notFound = (context: Context) =>
  page(context, {
    title: say('Not found', 'Il n’y a rien ici'),
    status: 404,
    content: html`<section><p><a href="/">${say('Home', 'Accueil')}</a></p></section>`,
  })

const failure = (context: Context, { message, status }: CitizenSessionError) =>
  page(context, {
    title: say('That did not work', 'Cela n’a pas marché'),
    status,
    content: html`<section><p lang="en">${message}</p></section>`,
  })
