/** @module The login routes: send the person to the identity provider, with a page in between where one must decide. */
import type { ActiveCitizen, AnonymousCitizen, AnonymousReason, Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import { isTooLarge } from '../cookies/parse.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise, Reply } from '../exchange.js'
import { movedParameter } from '../host-names.js'
import type { PageContent } from '../pages/page.js'
import { createPages, type Pages } from '../pages/pages.js'
import { type LoginRequest, type LoginStart, sharedCookieName } from '../protocols/login-method.js'
import type { LogoutSettling } from '../protocols/logout-participant.js'
import { isOwnOrDirect, isSameOriginPost } from '../sessions/activity.js'
import { isTooWeak } from '../sessions/assurance.js'
import { choicePage, unknownSessionPage, unknownWayPage } from './choice-pages.js'
import type { ChoiceCircumstances, ChosenMethod, LoginMethodChoice } from './choose-method.js'
import { isOtherLoopback, type LoginHosts } from './hosts.js'
import { leadOn } from './lead-on.js'
import {
  chooseParameter,
  isAtWanted,
  lackingOf,
  otherWaysAction,
  queryOf,
  readLoginRequest,
  satisfies,
} from './login-request.js'
import {
  ambiguousPage,
  elsewherePage,
  endedPage,
  foreignFormPage,
  loopPage,
  tooLargePage,
  unaskedPage,
  unavailablePage,
} from './pages.js'
import { refuseForeign } from './refuse-foreign.js'

/** What a login in flight is for. */
export interface LoginTransaction extends LoginRequest {
  /** Whether the provider was asked for a new authentication. */
  readonly reauthenticate: boolean
  /** Whether the person pressed our button, which may resume a session after an application end. */
  readonly mayResume: boolean
  /** Whether the provider has said no time of a new authentication that it was asked for. */
  readonly isUnproven?: boolean | undefined
}

/** The parts that login and return stand on. */
export interface LoginContext {
  readonly options: ResolvedOptions
  readonly methods: LoginMethodChoice
  /** The way in by which the session of a request's own cookie began, whatever became of it. */
  readonly protocolOf: (exchange: Exchange) => string | undefined
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly authenticate: (exchange: Exchange) => Citizen | Promise<Citizen>
  /** Who is there, without any effect. */
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
  /** What logouts of this browser are not known to have reached. */
  readonly logoutSettling: LogoutSettling
  /** Whether a `state` is that of a login by the shared cookie in flight in this browser. */
  readonly isLoginInFlight: (exchange: Exchange, state: string) => boolean
  /** Where logins began. */
  readonly loginHosts: LoginHosts
  readonly report: Report
}

export interface LoginRoutes {
  get(exchange: Exchange): Promise<Reply>
  post(exchange: Exchange): Promise<Reply>
  /** Whether a `state` is that of a login which would come back to `GET return`. */
  isInFlight(exchange: Exchange, state: string): boolean
}

const longestForm = 8 * 1024
/** Ends that only a person's own decision may follow: their page has a button. */
const decided: readonly AnonymousReason[] = [
  'idle-timeout',
  'absolute-timeout',
  'application-sign-out',
  'identity-ended',
  'identity-changed',
  'signed-out',
  'revoked',
  'too-many-sessions',
  'provider-removed',
]

interface LoginSteps extends LoginContext {
  readonly pages: Pages
}

/** Makes the login routes. */
export function createLoginRoutes(context: LoginContext): LoginRoutes {
  const steps: LoginSteps = { ...context, pages: createPages(context.options) }
  return {
    get: (exchange) => beginLogin(steps, exchange),
    post: (exchange) => signInPressed(steps, exchange),
    isInFlight: (exchange, state) => steps.isLoginInFlight(exchange, state),
  }
}

/** A page of ours, or of the application, leads here: whoever need not decide anything goes on at once. */
async function beginLogin(steps: LoginSteps, exchange: Exchange): Promise<Reply> {
  const { pages, options } = steps
  const { path: routesPath } = options.routes
  if (isForeignEmbed(exchange)) {
    const detail = 'a login begins with a page that the person opens'
    return refuseForeign(pages, exchange, { reason: 'not-a-navigation', detail })
  }
  const round = stateComingRound(exchange.target, `${routesPath}/return?state=`)
  if (round !== undefined && steps.isLoginInFlight(exchange, round)) return loopReply(steps, exchange)
  const query = queryOf(exchange)
  const there = moveToOwnHost(steps, exchange, query)
  if (there !== undefined) return there
  const loginRequest = requestIn(steps, query)
  const citizen = await steps.authenticate(exchange)
  const isAnew = query.get(chooseParameter) === '1'
  const hindrance = hindranceOf(steps, exchange, citizen, { loginRequest, isAnew })
  if (hindrance !== undefined) return hindrance
  if (citizen.state === 'anonymous' && mustDecide(steps, exchange, citizen, loginRequest)) {
    const ended = endedPage({ routesPath, loginRequest }, citizen.reason, 200)
    if (!isAnew) return pages.showPage(exchange, withOtherWays(steps, ended, loginRequest))
  }
  return proceed(steps, exchange, citizen, { loginRequest, isAnew })
}

/** Whether the person must press our button first: not where the session's own way in follows the provider's identity. */
function mustDecide(
  steps: LoginSteps,
  exchange: Exchange,
  citizen: AnonymousCitizen,
  loginRequest: LoginRequest,
): boolean {
  if (citizen.reason !== 'identity-changed') return decided.includes(citizen.reason)
  const circumstances = currentWay(steps, exchange, citizen)
  const choice = steps.methods.choose(exchange, loginRequest, circumstances)
  const isOwn = choice.kind === 'chosen' && choice.name === circumstances.current
  return !isOwn || choice.method.followsIdentity !== true
}

/** The person has pressed our button: that may resume a session after an application end. */
async function signInPressed(steps: LoginSteps, exchange: Exchange): Promise<Reply> {
  const { pages, options } = steps
  const loginRequest = requestIn(steps, await exchange.form(longestForm))
  if (!isSameOriginPost(exchange, options.application.url)) {
    const content = foreignFormPage({ routesPath: options.routes.path, loginRequest })
    return pages.showPage(exchange, content)
  }
  const citizen = await steps.authenticate(exchange)
  const hindrance = hindranceOf(steps, exchange, citizen, { loginRequest })
  if (hindrance !== undefined) return hindrance
  if (citizen.state !== 'anonymous') return proceed(steps, exchange, citizen, { loginRequest })
  const chosen = choose(steps, exchange, citizen, { loginRequest })
  if (chosen.kind !== 'chosen') return chosen.reply
  // Whose provider is gone has to prove nothing at another one.
  const isGone = citizen.reason === 'provider-removed' && chosen.name !== steps.protocolOf(exchange)
  const mustBeNew = !isGone && needsReauthentication(citizen.reason, options.application.onIdle)
  return send(steps, exchange, chosen, {
    request: loginRequest,
    reauthenticate: mustBeNew || isPendingFor(steps, exchange, chosen),
    mayResume: true,
    isAfterAdministrator: citizen.reason === 'revoked',
  })
}

function requestIn({ options, checkReturnTarget }: LoginSteps, parameters: URLSearchParams): LoginRequest {
  return readLoginRequest(parameters, { checkReturnTarget, startPage: options.application.startPage })
}

/** Why no login can begin now, in an answer; `undefined`: it can. */
function hindranceOf(
  steps: LoginSteps,
  exchange: Exchange,
  citizen: Citizen,
  { loginRequest, isAnew = false }: Wanted,
): Reply | undefined {
  const { pages, options, methods } = steps
  const context = { routesPath: options.routes.path, loginRequest }
  if (citizen.reason === 'provider') {
    // Whoever wants to sign in elsewhere is not held up by a session that nobody can look at.
    const isElsewhere = isAnew || methods.isKnown(loginRequest.via)
    const page = withOtherWays(steps, unknownSessionPage(context), loginRequest)
    return isElsewhere ? undefined : pages.showPage(exchange, page)
  }
  if (citizen.state === 'unavailable') {
    return pages.showPage(exchange, unavailablePage(context, 'unavailable.explain'))
  }
  if (isTooLarge(exchange.header('cookie'))) return pages.showPage(exchange, tooLargePage)
  if (citizen.reason !== 'ambiguous-cookie') return undefined
  return pages.showPage(exchange, ambiguousPage(context, exchange.target))
}

/** What a person wants who comes to the login; `isAnew`: to choose a way in, whatever was taken before. */
interface Wanted {
  readonly loginRequest: LoginRequest
  readonly isAnew?: boolean
}

/** Where nobody must decide anything: on to where the login request leads, or to the provider. */
function proceed(
  steps: LoginSteps,
  exchange: Exchange,
  citizen: Citizen,
  wanted: Wanted,
): MaybePromise<Reply> {
  const { pages, options } = steps
  const { loginRequest } = wanted
  const routesPath = options.routes.path
  const now = options.clock()
  const isElsewhere =
    citizen.state === 'active' &&
    (!isAtWanted(citizen, loginRequest) || isNamedElsewhere(steps, exchange, citizen, wanted))
  if (!isElsewhere && satisfies(citizen, loginRequest, now))
    return leadOn(pages, exchange, loginRequest.returnTo)
  // The cookie of all applications comes before any session of ours: it has to go first.
  if (isElsewhere && citizen.provider === sharedCookieName) {
    return pages.showPage(exchange, elsewherePage({ routesPath, loginRequest }))
  }
  const chosen = choose(steps, exchange, citizen, wanted)
  if (chosen.kind !== 'chosen') return chosen.reply
  const start = { request: loginRequest, mayResume: false }
  if (citizen.state === 'mfa-required') {
    return send(steps, exchange, chosen, { ...start, reauthenticate: false, strengthen: true })
  }
  if (citizen.state === 'active') {
    const lacking = lackingOf(citizen.assurance, loginRequest, now)
    const strengthen = lacking !== undefined && isTooWeak(lacking)
    const reauthenticate = !strengthen && !isElsewhere
    return send(steps, exchange, chosen, { ...start, reauthenticate, strengthen })
  }
  const isLogoutPending = isPendingFor(steps, exchange, chosen)
  if (isLogoutPending && chosen.method.takesAsked === true) {
    return pages.showPage(exchange, unaskedPage({ routesPath, loginRequest }))
  }
  return send(steps, exchange, chosen, { ...start, reauthenticate: isLogoutPending })
}

/**
 * Whether somebody who is signed in has followed a link to another provider, by which they want to sign in. Not one of
 * another site: that takes nobody's session away.
 */
function isNamedElsewhere(
  steps: LoginSteps,
  exchange: Exchange,
  citizen: ActiveCitizen,
  { loginRequest, isAnew }: Wanted,
): boolean {
  const { methods, options } = steps
  const { via } = loginRequest
  if (via === '' || methods.isSameProvider(citizen.provider, via)) return false
  if (!isOwnOrDirect(exchange, options.application.url)) return false
  // What the application says of the request comes before any link.
  const choice = methods.choose(exchange, loginRequest, { ...currentWay(steps, exchange, citizen), isAnew })
  return choice.kind === 'chosen' && choice.name === via
}

/** The way in that a login takes, or a page where there is none yet. */
function choose(
  steps: LoginSteps,
  exchange: Exchange,
  citizen: Citizen,
  { loginRequest, isAnew }: Wanted,
): ChosenMethod | { readonly kind: 'page'; readonly reply: Reply } {
  const { methods, options, pages } = steps
  const choice = methods.choose(exchange, loginRequest, { ...currentWay(steps, exchange, citizen), isAnew })
  if (choice.kind === 'chosen') return choice
  const context = { routesPath: options.routes.path, loginRequest }
  const page =
    choice.kind === 'open'
      ? choicePage(context, choice.ways)
      : withOtherWays(steps, unknownWayPage(context), loginRequest)
  return { kind: 'page', reply: pages.showPage(exchange, page) }
}

/** The way in by which the request's session began: a step-up is for its provider, and a new login most likely too. */
function currentWay(steps: LoginSteps, exchange: Exchange, citizen: Citizen): ChoiceCircumstances {
  if (citizen.provider !== undefined) return { current: citizen.provider }
  const byCookie = steps.protocolOf(exchange)
  if (byCookie !== undefined) return { current: byCookie }
  // What has ended, and was none of our own cookie's, was the shared one's.
  const isShared = citizen.state === 'anonymous' && decided.includes(citizen.reason)
  return isShared ? { current: sharedCookieName } : {}
}

/** The same page, with a way to the other ways in where there are any. */
function withOtherWays({ methods, options }: LoginSteps, page: PageContent, loginRequest: LoginRequest) {
  if (!methods.isOpen()) return page
  return { ...page, actions: [...page.actions, otherWaysAction(options.routes.path, loginRequest)] }
}

function send(
  { methods }: LoginSteps,
  exchange: Exchange,
  { name, method }: ChosenMethod,
  start: Omit<LoginStart, 'strengthen'> & { readonly strengthen?: boolean },
): MaybePromise<Reply> {
  const { request } = start
  // Whoever tries again goes the same way, and is not asked once more.
  const via = request.via === '' && methods.isOpen() ? name : request.via
  return method.startLogin(exchange, { strengthen: false, ...start, request: { ...request, via } })
}

/** Whether a logout is not known to have reached the provider of that way in. */
function isPendingFor(steps: LoginSteps, exchange: Exchange, { name }: ChosenMethod): boolean {
  return steps.logoutSettling.isPending(exchange, name)
}

/**
 * What begins at `localhost` cannot come back to another name of this machine with its cookie: it begins there. Once,
 * for a proxy on this machine may put its own name for us into every request.
 */
function moveToOwnHost(
  { pages, options }: LoginSteps,
  exchange: Exchange,
  query: URLSearchParams,
): Reply | undefined {
  const { application, routes, isProduction } = options
  const mayMove = !isProduction && !query.has(movedParameter)
  if (!mayMove || !isOtherLoopback(exchange, application.url)) return undefined
  // With all that it has: the login judges that there.
  const parameters = new URLSearchParams([...query, [movedParameter, '1']])
  return leadOn(pages, exchange, `${application.url}${routes.path}/login?${parameters}`)
}

function loopReply({ report, pages }: LoginSteps, exchange: Exchange): Reply {
  report({
    type: 'warning',
    code: 'login-loop',
    message: 'the login address leads back here: correct identityProvider.endpoints.login or secondFactor',
  })
  return pages.showPage(exchange, loopPage)
}

/**
 * Whether another site has this loaded as an image or by a script: each would set a transaction, and a handful of them
 * push the transaction of a login in flight out of the browser.
 */
function isForeignEmbed(exchange: Exchange): boolean {
  const site = exchange.header('sec-fetch-site')
  const isForeign = site === 'same-site' || site === 'cross-site'
  return isForeign && exchange.header('sec-fetch-mode') !== 'navigate'
}

/**
 * The `state` of our own return address in a request to the login: what was sent to the provider has come round to us.
 * Anybody can write such an address: it says something only in the browser that has the login in flight.
 */
function stateComingRound(target: string, returnPath: string): string | undefined {
  let text = target
  // Each guard on the way may have wrapped it once more.
  for (let depth = 0; depth < 4; depth += 1) {
    const at = text.indexOf(returnPath)
    if (at !== -1) return /^[\w-]{32}/.exec(text.slice(at + returnPath.length))?.[0]
    try {
      text = decodeURIComponent(text)
    } catch {
      return undefined
    }
  }
  return undefined
}

/** Whether only a new authentication can follow an end. */
function needsReauthentication(
  reason: AnonymousReason,
  onIdle: ResolvedOptions['application']['onIdle'],
): boolean {
  switch (reason) {
    case 'absolute-timeout':
    case 'signed-out':
    case 'revoked':
    case 'provider-removed':
      return true
    case 'idle-timeout':
    case 'application-sign-out':
    case 'identity-changed':
    case 'too-many-sessions':
      return onIdle !== 'resume'
    default:
      return false
  }
}
