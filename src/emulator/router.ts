/** @module From a request to its answer: the table of endpoints, and what holds for all of them. */
import { CitizenSessionError } from '../errors.js'
import type { Context } from './context.js'
import { type EndpointName, endpointNames, endpointPaths, type RequestCounter } from './endpoints.js'
import { refresh, showKeys } from './identity-api.js'
import { inLanguageOf, say } from './language.js'
import { html } from './markup.js'
import { showHome, showMessages } from './own-pages.js'
import { json, page } from './page.js'
import { changeProfile, showProfile } from './profile.js'
import { showSecondFactor, useSecondFactor } from './second-factor.js'
import { showLogin, signIn } from './sign-in.js'
import { signOut } from './sign-out.js'
import { isOwnPost, openVisit, signedInCookies, type Visit } from './visit.js'

type Handler = (context: Context, visit: Visit) => Response | Promise<Response>

const routes: Readonly<Partial<Record<EndpointName, Readonly<Partial<Record<'GET' | 'POST', Handler>>>>>> = {
  jwks: { GET: showKeys },
  refresh: { POST: refresh },
  login: { GET: showLogin, POST: signIn },
  'second-factor': { GET: showSecondFactor, POST: useSecondFactor },
  logout: { GET: signOut, POST: signOut },
  profile: { GET: showProfile, POST: changeProfile },
  home: { GET: showHome },
  messages: { GET: showMessages },
}

const modeRouteOf = ({ openid, saml }: Context, endpoint: EndpointName) =>
  openid?.routes[endpoint] ?? saml?.routes[endpoint]

/** Endpoints of servers: no page, no cookie of a person. */
const isApi = (context: Context, endpoint: EndpointName) =>
  endpoint === 'jwks' || endpoint === 'refresh' || modeRouteOf(context, endpoint)?.isApi === true

/** What an endpoint answers to; `undefined` when this emulator does not have it. */
const routeOf = (context: Context, endpoint: EndpointName) =>
  modeRouteOf(context, endpoint) ?? routes[endpoint]

/** What the router needs besides the context. */
export interface RouterOptions {
  readonly context: Context
  readonly counter: RequestCounter
  /** Origins that count as our own besides the public one. */
  readonly ownOrigins: () => readonly string[]
  /** The control interface, where it is served. */
  readonly control: ((path: string, request: Request) => Promise<Response | undefined>) | undefined
}

/** Makes the pure core: a request in, its answer out. The origin of the request's URL is not looked at. */
export function createRouter({ context, counter, ownOrigins, control }: RouterOptions) {
  async function answer(endpoint: EndpointName, request: Request): Promise<Response> {
    const { method } = request
    const route = routeOf(context, endpoint) ?? {}
    const isHead = method === 'HEAD' && endpoint === 'jwks'
    const handler = method === 'GET' || method === 'POST' ? route[method] : isHead && showKeys
    if (!handler) {
      const allow = ['GET', 'POST'].filter((name) => Object.hasOwn(route, name)).join(', ')
      return new Response(null, { status: 405, headers: { allow, 'cache-control': 'no-store' } })
    }
    // A browser that only guesses that the person may come here must not sign anybody in or out.
    if (isPrefetch(request) && !isApi(context, endpoint)) {
      return new Response(null, { status: 503, headers: { 'cache-control': 'no-store' } })
    }
    const isFree = isApi(context, endpoint) || modeRouteOf(context, endpoint)?.takesForeignForms === true
    if (method === 'POST' && !isFree && !isOwnPost(context, request, ownOrigins())) {
      return foreignPost(context)
    }
    const visit = await openVisit(context, request)
    const response = await handler(context, visit)
    if (isApi(context, endpoint)) return response
    // A form of another site may come without our cookies: that says nothing about the browser's sessions.
    const isTelling = method !== 'POST' || isOwnPost(context, request, ownOrigins())
    const state = isTelling ? context.openid?.browserState(visit) : undefined
    const renewed = await renew(visit, response)
    if (state !== undefined) renewed.headers.append('set-cookie', state)
    return renewed
  }

  /** The provider extends the token by itself on requests of its own. Source: CitizenOne, Sessions & JWT. */
  async function renew({ shared }: Visit, response: Response) {
    const isDue =
      shared &&
      context.now() - shared.issuedAt >= context.options.renewAfterSeconds * 1000 &&
      response.headers.getSetCookie().length === 0 &&
      context.sessions.find(shared.session.jti)
    if (!isDue) return response
    for (const line of await signedInCookies(context, shared)) response.headers.append('set-cookie', line)
    return response
  }

  async function respond(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const controlled = await control?.(pathname, request)
    if (controlled) return controlled
    const endpoint = endpointNames.find(
      (name) => endpointPaths[name] === pathname && routeOf(context, name) !== undefined,
    )
    try {
      if (endpoint === undefined) {
        await context.gate.pass('home')
        return page(context, {
          title: say('Not found', 'Il n’y a rien ici'),
          status: 404,
          content: html`<section><p><a href="/">${say('Home', 'Accueil')}</a></p></section>`,
        })
      }
      counter.count(endpoint)
      return (await context.gate.pass(endpoint)) ?? (await answer(endpoint, request))
    } catch (error) {
      if (!(error instanceof CitizenSessionError)) throw error
      if (endpoint !== undefined && isApi(context, endpoint))
        return json({ error: error.message }, error.status)
      return page(context, {
        title: say('That did not work', 'Cela n’a pas marché'),
        status: error.status,
        content: html`<section><p lang="en">${error.message}</p></section>`,
      })
    }
  }

  return (request: Request): Promise<Response> => inLanguageOf(request, () => respond(request))
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
