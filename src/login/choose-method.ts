/** @module Which way in a login takes: the one that is named, that was taken before, or that the person chooses. */
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import { dropRejection } from '../misuse.js'
import { quote } from '../printable.js'
import { type LoginMethod, type LoginRequest, sharedCookieName } from '../protocols/login-method.js'
import { asReceived } from '../public-path.js'
import { loginParameters } from './login-request.js'
import type { RememberedWay } from './remembered-way.js'

/** A way in that the person may choose. */
export interface OfferedWay {
  readonly name: string
  /** What the person reads. */
  readonly title: string
  readonly logo: string | undefined
}

/** The way in of a login. */
export interface ChosenMethod {
  readonly kind: 'chosen'
  readonly name: string
  readonly method: LoginMethod
}

/** What a login request comes to. */
export type MethodChoice =
  | ChosenMethod
  /** The person chooses among these; none: no way in is offered to everybody. */
  | { readonly kind: 'open'; readonly ways: readonly OfferedWay[] }
  /** One is named that this instance does not know, or not yet: no other takes its place. */
  | { readonly kind: 'unknown' }

/** What is known of a request besides the login request. */
export interface ChoiceCircumstances {
  /** The way in by which the request's session began, whatever became of it. */
  readonly current?: string | undefined
  /** Whether the person wants to choose, whatever was taken before. */
  readonly isAnew?: boolean | undefined
}

/** Chooses among the ways in of one application. */
export interface LoginMethodChoice {
  choose(exchange: Exchange, loginRequest: LoginRequest, circumstances?: ChoiceCircumstances): MethodChoice
  /** Whether there is a way in of that name. */
  isKnown(name: string): boolean
  /** Whether two ways in are one provider's: the shared cookie's, and a plug-in that stands for it. */
  isSameProvider(one: string, other: string): boolean
  /** Whether people choose among several: then pages lead to the others. */
  isOpen(): boolean
  /** Takes note of the way in by which the browser has just signed in, where there are several. */
  noteTaken(exchange: Exchange, name: string): void
}

/** What the choice is made of. */
export interface ChoiceOptions {
  /** By name; the first is taken where nothing names one, and nobody is to choose. */
  readonly loginMethods: ReadonlyMap<string, LoginMethod>
  /** Names that are gone for good here: whoever asks for one of them chooses anew. */
  readonly isRemoved: (name: string) => boolean
  /** Names of the plug-ins whose provider is the one of the shared cookie. */
  readonly sharedCookieProviders: ReadonlySet<string>
  /** The host of a way's provider, for what has no title. */
  readonly hostOf: (name: string) => string
  readonly remembered: RememberedWay
  readonly select: ((exchange: Exchange) => string | undefined) | undefined
  readonly report: Report
}

/** What the choice stands on. */
interface ChoiceContext extends ChoiceOptions {
  /** Tells, once for each name, that a login asks for a provider that is not known here. */
  readonly tellUnknown: (name: string) => void
}

/** Names that are told: strangers write links. */
const mostTold = 100

/** Makes the choice. */
export function createLoginMethodChoice(options: ChoiceOptions): LoginMethodChoice {
  const context = { ...options, tellUnknown: createUnknownTeller(options.report) }
  return {
    choose: (exchange, loginRequest, circumstances = {}) =>
      choose(context, exchange, loginRequest, circumstances),
    isKnown: (name) => context.loginMethods.has(name),
    isSameProvider(one, other) {
      const isShared = (name: string) => name === sharedCookieName || options.sharedCookieProviders.has(name)
      return one === other || (isShared(one) && isShared(other))
    },
    isOpen: () => isOpen(context),
    noteTaken(exchange, name) {
      if (isRemembering(context)) context.remembered.note(exchange, name)
    },
  }
}

/**
 * In this order: what the application says of the request, what a link names, where the session was, what was taken last,
 * the only one that is offered; else the person chooses. Only among those that a guard has asked for, if one has.
 */
function choose(
  context: ChoiceContext,
  exchange: Exchange,
  loginRequest: LoginRequest,
  { current, isAnew = false }: ChoiceCircumstances,
): MethodChoice {
  const { providers = [] } = loginRequest
  const { loginMethods, remembered } = context
  const isAllowed = (name: string) => providers.length === 0 || providers.includes(name)
  if (providers.length > 0 && !providers.some((name) => loginMethods.has(name))) {
    return unknown(context, providers)
  }
  for (const name of [selectedBy(context, exchange, loginRequest), loginRequest.via]) {
    if (name === undefined || name === '' || !isAllowed(name) || context.isRemoved(name)) continue
    return chosen(context, name) ?? unknown(context, [name])
  }
  const ways = [...loginMethods.keys()].filter(
    (name) => isAllowed(name) && (providers.length > 0 || isOffered(context, name)),
  )
  const before = isAnew ? [] : [current, isRemembering(context) ? remembered.find(exchange) : undefined]
  const known = before.find((name) => name !== undefined && isAllowed(name) && loginMethods.has(name))
  const [first, ...others] = ways
  const only = others.length === 0 || !isOpen(context) ? first : undefined
  const name = known ?? only
  const found = name === undefined ? undefined : chosen(context, name)
  return found ?? { kind: 'open', ways: ways.map((each) => wayOf(context, each)) }
}

function unknown({ tellUnknown }: ChoiceContext, names: readonly string[]): MethodChoice {
  for (const name of names) tellUnknown(name)
  return { kind: 'unknown' }
}

function selectedBy(
  { select, report }: ChoiceContext,
  exchange: Exchange,
  loginRequest: LoginRequest,
): string | undefined {
  const name: unknown = select?.(asLink(exchange, loginRequest))
  if (name === undefined || (typeof name === 'string' && name !== '')) return name
  dropRejection(name)
  const message =
    'login.select must return the name of a provider, or undefined, and no promise of it; what it returned is left out'
  report({ type: 'warning', code: 'login-select', message })
  return undefined
}

/** A request as the application knows it. A button of ours says in its form what a link says in its address. */
function asLink(exchange: Exchange, loginRequest: LoginRequest): Exchange {
  const received = asReceived(exchange)
  if (received.method !== 'POST') return received
  const query = new URLSearchParams(loginParameters(loginRequest))
  const target = `${received.target}${received.target.includes('?') ? '&' : '?'}${query}`
  return {
    method: received.method,
    target,
    remoteAddress: received.remoteAddress,
    header: (name) => received.header(name),
    body: (limit) => received.body(limit),
    form: (limit) => received.form(limit),
    setCookie: (cookie) => received.setCookie(cookie),
  }
}

function createUnknownTeller(report: Report): ChoiceContext['tellUnknown'] {
  const told = new Set<string>()
  return (name) => {
    if (told.has(name) || told.size >= mostTold) return
    told.add(name)
    const message = `a login asks for the provider ${quote(name)}, which is not known here, and is answered with 503: add it, or correct the name in requireCitizen, in login.select or in the link`
    report({ type: 'warning', code: 'provider-unknown', message })
  }
}

function chosen({ loginMethods }: ChoiceContext, name: string): ChosenMethod | undefined {
  const method = loginMethods.get(name)
  return method && { kind: 'chosen', name, method }
}

function isOffered({ loginMethods }: ChoiceContext, name: string): boolean {
  return loginMethods.get(name)?.display?.isOffered !== false
}

/** People choose where one of several ways has a title: without any, the first is taken, as ever. */
function isOpen(context: ChoiceContext): boolean {
  const offered = [...context.loginMethods].filter(([name]) => isOffered(context, name))
  return offered.length > 1 && offered.some(([, { display }]) => display?.title !== undefined)
}

/** What was taken is remembered where there are several, and a person has to know, or to be told, which. */
function isRemembering({ loginMethods }: ChoiceContext): boolean {
  return loginMethods.size > 1 && [...loginMethods.values()].some(({ display }) => display !== undefined)
}

function wayOf(context: ChoiceContext, name: string): OfferedWay {
  const display = context.loginMethods.get(name)?.display
  return { name, title: display?.title ?? context.hostOf(name), logo: display?.logo }
}
