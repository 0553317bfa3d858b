/** @module The table of our own routes: method and path to handler. */

import type { ActivityOverride } from './authenticate.js'
import type { Citizen } from './citizen.js'
import { providerNamePattern, reservedNames } from './config/provider-name.js'
import { CitizenSessionError, ConfigurationError, retrySoon } from './errors.js'
import type { Exchange, Handler, MaybePromise, Reply } from './exchange.js'
import { type Gate, gateSecretHeader } from './gate/gate.js'
import type { LoginRoutes } from './login/login.js'
import { queryOf } from './login/login-request.js'
import { refuseForeign } from './login/refuse-foreign.js'
import type { LoginReturn } from './login/return.js'
import type { LogoutRoutes } from './logout/logout-routes.js'
import { oidcRoutes } from './oidc/routes.js'
import { clientScript, clientScriptTag } from './pages/client-script.js'
import { headerScript, headerScriptTag } from './pages/header-script.js'
import type { Page } from './pages/page.js'
import type { Pages } from './pages/pages.js'
import { type Problem, problem } from './pages/problem.js'
import { type PublicDocument, publicDocument } from './pages/public-document.js'
import type { InstalledProtocol } from './protocols/protocol.js'
import { samlRoutes } from './saml/routes.js'
import { asksForPage, isOwnOrDirect, isSameOriginPost } from './sessions/activity.js'
import { type ProfileContext, profileReply } from './sessions/profile.js'
import { statusOf, statusReply } from './sessions/status.js'

/** What the routes have of the gate. */
export interface SuiteGate {
  /** `rest`: what stands in the address behind `gate`. `undefined`: no proxy of ours asks. */
  readonly answer: Gate
  readonly keySet: Handler
}

/** Finds the handler of a request to one of our routes; `undefined`: the request is not ours. */
export type FindEndpoint = (exchange: Exchange) => Handler | undefined

/** A handler that always answers. */
export type HandlerAnsweringErrors = (exchange: Exchange) => Promise<Reply>

/** What the routes are made of. */
export interface EndpointParts {
  readonly routesPath: string
  /** Our own origin. */
  readonly origin: string
  /** The application's name, as its people know it. */
  readonly applicationName: string
  readonly clock: () => number
  readonly authenticate: (exchange: Exchange, regard?: ActivityOverride) => MaybePromise<Citizen>
  readonly loginRoutes: LoginRoutes
  readonly loginReturn: LoginReturn
  readonly logoutRoutes: LogoutRoutes
  readonly pages: Pages
  readonly profile: ProfileContext
  /** What the header tells everybody. */
  readonly applications: PublicDocument
  /** Answers proxies, and tells backends its keys; absent: there is no gate. */
  readonly gate: SuiteGate | undefined
  /** Plug-ins with routes of their own. */
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  /** Whether plug-ins may be added while the suite runs. */
  readonly takesProtocols: boolean
  /** Whether a plug-in of that name was removed, and none added since. */
  readonly isRemoved: (name: string) => boolean
  /** Must succeed before any route does its work. */
  readonly admit: () => Promise<void>
  /** Answers an outage; throws any other error on. */
  readonly refuseOutage: (exchange: Exchange, error: unknown) => Reply
}

type Refused = Pick<Page, 'title' | 'paragraphs'>
/** What a person reads at an address below our path where no page is. */
const nothingThere: Refused = { title: 'title.not-found', paragraphs: ['not-found.explain'] }
/** What a person reads at an address of a provider that was removed. */
const removedThere: Refused = { title: 'title.not-found', paragraphs: ['reason.provider-removed'] }
/** What a person reads whose provider is not known here. */
const notYetKnown: Refused = {
  title: 'title.unavailable',
  paragraphs: ['unavailable.provider', 'unavailable.remedy'],
}
/** What a person reads whose form, or address, is not in a shape that is read. */
const unreadable: Refused = { title: 'title.not-done', paragraphs: ['not-done.unreadable'] }

const script = 'text/javascript; charset=utf-8'

type Endpoint = Readonly<Partial<Record<'GET' | 'HEAD' | 'POST', Handler>>>

/** The routes of one suite. */
export interface Endpoints {
  readonly find: FindEndpoint
  /** Makes a handler that answers its own failures: 4xx for bad input, 503 for an outage. */
  answeringErrors(handler: (exchange: Exchange) => MaybePromise<Reply>): HandlerAnsweringErrors
  /** A route of a plug-in that is ours, or another plug-in's; `before`: whose place it takes. `undefined`: none is. */
  takenFrom(protocol: InstalledProtocol, before?: InstalledProtocol): string | undefined
  /** Adds the routes of a plug-in. */
  enter(protocol: InstalledProtocol): void
  /** Takes the routes of a plug-in away. */
  leave(protocol: InstalledProtocol): void
}

/**
 * Makes the routes. A path below `routesPath` that is in no row is answered with 404, a method that the row does not
 * have with 405: what lies there is never the application's.
 */
export function createEndpoints(parts: EndpointParts): Endpoints {
  const { routesPath } = parts
  const rows = new Map(ownRows(parts))
  const takenFrom: Endpoints['takenFrom'] = ({ endpoints }, before) =>
    Object.keys(endpoints).find((path) => rows.has(path) && before?.endpoints[path] === undefined)
  for (const [name, protocol] of parts.protocols) {
    const route = takenFrom(protocol)
    if (route !== undefined) throw routeTaken(name, route)
    for (const [path, endpoint] of rowsOf(parts)(protocol)) rows.set(path, endpoint)
  }
  const prefix = `${routesPath}/`

  const notFound = (exchange: Exchange): Reply => {
    const detail = `there is no such route below ${routesPath}`
    const said = { code: 'not-found', reason: 'no-such-route', detail }
    return decline(parts.pages, exchange, 404, nothingThere, said)
  }

  const unknownProvider = (exchange: Exchange): Reply => {
    const detail = 'this provider is not known here, or not yet'
    const said = { code: 'unavailable', reason: 'provider', detail, headers: retrySoon }
    return decline(parts.pages, exchange, 503, notYetKnown, said)
  }

  return {
    answeringErrors: (handler) => answeringErrors(parts, handler),
    takenFrom,
    enter(protocol) {
      for (const [path, endpoint] of rowsOf(parts)(protocol)) rows.set(path, endpoint)
    },
    leave({ endpoints }) {
      for (const path of Object.keys(endpoints)) rows.delete(path)
    },
    find(exchange) {
      // What a proxy asks is answered by the gate alone: any other answer could be taken for a yes.
      const isQuestion = parts.gate !== undefined && exchange.header(gateSecretHeader) !== undefined
      if (!exchange.target.startsWith(prefix)) return isQuestion ? notFound : undefined
      const end = exchange.target.search(/[?#]/)
      const name = exchange.target.slice(prefix.length, end === -1 ? undefined : end)
      if (isBelowGate(name) && parts.gate !== undefined) return gateOf(parts.gate, prefix, notFound)
      if (isQuestion) return notFound
      const endpoint = rows.get(name)
      if (endpoint === undefined) {
        const provider = nameOfProviderIn(parts, name)
        if (provider === undefined) return notFound
        return parts.isRemoved(provider) ? removedProvider(parts, provider) : unknownProvider
      }
      const { method } = exchange
      const isKnown = method === 'GET' || method === 'HEAD' || method === 'POST'
      return (isKnown ? endpoint[method] : undefined) ?? notAllowed(parts.pages, endpoint)
    },
  }
}

/** What is wrong with a plug-in that has a route of somebody else's. */
export function routeTaken(name: string, route: string): ConfigurationError {
  const message = 'is a route of ours, or of another plug-in: write another path, such as one below its name'
  return new ConfigurationError([{ path: `protocols.${name}.endpoints.${route}`, variable: '', message }])
}

function ownRows(parts: EndpointParts): readonly (readonly [string, Endpoint])[] {
  const { loginRoutes, logoutRoutes } = parts
  const answering = (handler: (exchange: Exchange) => MaybePromise<Reply>) => answeringErrors(parts, handler)
  return Object.entries({
    login: { GET: answering(loginRoutes.get), POST: answering(loginRoutes.post) },
    return: { GET: answering((exchange) => handleReturn(parts, exchange)) },
    leave: { GET: answering((exchange) => logoutRoutes.leave(exchange, stateOf(exchange))) },
    logout: { GET: answering(logoutRoutes.get), POST: answering((exchange) => logoutRoutes.post(exchange)) },
    status: documentAt(answering((exchange) => statusFor(parts, exchange, false))),
    extend: { POST: answering((exchange) => extend(parts, exchange)) },
    profile: documentAt(answering((exchange) => profile(parts, exchange))),
    applications: documentAt(publicDocument(parts.applications)),
    'client.js': documentAt(publicDocument({ type: script, body: clientScript, tag: clientScriptTag })),
    'header.js': documentAt(publicDocument({ type: script, body: headerScript, tag: headerScriptTag })),
    ...(parts.gate && { 'jwks.json': documentAt(parts.gate.keySet) }),
  })
}

/** The gate, and what it is asked about. */
const isBelowGate = (name: string): boolean => name === 'gate' || name.startsWith('gate/')

/** Whoever is no proxy of ours finds there what is anywhere else where nothing is. */
function gateOf({ answer }: SuiteGate, prefix: string, notFound: Handler): Handler {
  return async (exchange) => {
    const rest = exchange.target.slice(`${prefix}gate`.length)
    return (await answer(exchange, rest)) ?? notFound(exchange)
  }
}

const rowsOf =
  (parts: EndpointParts) =>
  ({ endpoints }: InstalledProtocol): readonly (readonly [string, Endpoint])[] =>
    Object.entries(endpoints).map(([path, { GET, POST, isDocument, outage }]) => {
      const read = GET && answeringErrors(parts, GET, outage)
      return [
        path,
        {
          ...(read && (isDocument === true ? documentAt(read) : { GET: read })),
          ...(POST && { POST: answeringErrors(parts, POST, outage) }),
        },
      ]
    })

/** The last segments of the routes of OpenID Connect and SAML. */
const routesOfProviders: ReadonlySet<string> = new Set([...oidcRoutes, ...samlRoutes])

/**
 * The provider whose route a path may be that is in no row: one that this instance does not know yet, where a login that
 * comes back, or a message of the provider, is to be tried again, and not lost; or one that was removed.
 */
function nameOfProviderIn(
  { takesProtocols, protocols, isRemoved }: EndpointParts,
  path: string,
): string | undefined {
  const [first = '', second, ...more] = path.split('/')
  // Directly below ours are those of OpenID Connect without a name.
  const [name, route] = second === undefined ? ['oidc', first] : [first, second]
  const isRoute = takesProtocols && more.length === 0 && routesOfProviders.has(route)
  if (!isRoute || protocols.has(name)) return undefined
  return isRemoved(name) || (!reservedNames.has(name) && providerNamePattern.test(name)) ? name : undefined
}

/** Whoever was on their way back from a provider as it was removed: a sign-out goes on, and all others are told. */
function removedProvider(parts: EndpointParts, provider: string): Handler {
  return answeringErrors(parts, async (exchange) => {
    const detail = 'this provider was removed'
    const said = { code: 'not-found', reason: 'provider-removed', detail }
    return (
      (await parts.logoutRoutes.handleLogoutReturnFromRemoved(exchange, provider)) ??
      decline(parts.pages, exchange, 404, removedThere, said)
    )
  })
}

/** Makes a handler that answers its own failures; `outage`: where its callers know no 503. */
function answeringErrors(
  parts: EndpointParts,
  handler: (exchange: Exchange) => MaybePromise<Reply>,
  outage?: () => Reply,
): HandlerAnsweringErrors {
  return async (exchange) => {
    try {
      await parts.admit()
      return await handler(exchange)
    } catch (error) {
      if (error instanceof CitizenSessionError && error.status < 500) {
        const { status, code, message } = error
        return decline(parts.pages, exchange, status, unreadable, { code, reason: code, detail: message })
      }
      const refusal = parts.refuseOutage(exchange, error)
      return outage?.() ?? refusal
    }
  }
}

async function statusFor(parts: EndpointParts, exchange: Exchange, isTouching: boolean): Promise<Reply> {
  const citizen = await parts.authenticate(exchange, { isTouching })
  const { routesPath, protocols, applicationName: application } = parts
  const frame = citizen.provider === undefined ? undefined : protocols.get(citizen.provider)?.frame
  return statusReply(statusOf(citizen, parts.clock(), { routesPath, application, frame }))
}

async function extend(parts: EndpointParts, exchange: Exchange): Promise<Reply> {
  if (isSameOriginPost(exchange, parts.origin)) return statusFor(parts, exchange, true)
  const detail = 'only our own pages extend a session'
  return refuseForeign(parts.pages, exchange, { reason: 'origin', detail })
}

async function profile(parts: EndpointParts, exchange: Exchange): Promise<Reply> {
  if (!isOwnOrDirect(exchange, parts.origin)) {
    const detail = 'only our own pages read a profile'
    return refuseForeign(parts.pages, exchange, { reason: 'origin', detail })
  }
  return profileReply(parts.profile, await parts.authenticate(exchange, { isTouching: false }))
}

async function handleReturn(parts: EndpointParts, exchange: Exchange): Promise<Reply> {
  const { logoutRoutes, loginRoutes } = parts
  const state = stateOf(exchange)
  const isWithout = !queryOf(exchange).has('state')
  const ofLogout = await (isWithout
    ? logoutRoutes.handleLogoutReturnWithoutState(exchange)
    : logoutRoutes.handleLogoutReturn(exchange, state))
  if (ofLogout !== undefined) return ofLogout
  const isOfLogin = isWithout || (state !== undefined && loginRoutes.isInFlight(exchange, state))
  const ofUnknown = isOfLogin ? undefined : await logoutRoutes.handleLogoutReturnWithUnknownState(exchange)
  return ofUnknown ?? parts.loginReturn(exchange, state)
}

function stateOf(exchange: Exchange): string | undefined {
  const states = queryOf(exchange).getAll('state')
  return states.length === 1 ? states[0] : undefined
}

/** A page for a person, problem details for a program. */
function decline(pages: Pages, exchange: Exchange, status: number, said: Refused, details: Problem): Reply {
  if (!asksForPage(exchange)) return problem(status, details)
  return pages.showPage(exchange, { ...said, status, actions: [], headers: details.headers })
}

function notAllowed(pages: Pages, endpoint: Endpoint): Handler {
  const headers = { allow: Object.keys(endpoint).join(', ') }
  const said = { code: 'method-not-allowed', reason: 'method', detail: 'use another method', headers }
  return (exchange) => decline(pages, exchange, 405, nothingThere, said)
}

/**
 * The row of a document. A HEAD must not begin or take anything: it is answered like a GET only where that changes
 * nothing. Source: RFC 9110, section 9.3.2.
 */
function documentAt(handler: Handler): Endpoint {
  return { GET: handler, HEAD: handler }
}
