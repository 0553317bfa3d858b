/** @module Which way in a login takes: the one that is named, that was taken before, or that the person chooses. */
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { LoginMethod, LoginRequest } from '../protocols/login-method.js'
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
  /** Whether people choose among several: then pages lead to the others. */
  isOpen(): boolean
  /** Takes note of the way in by which the browser has just signed in, where there are several. */
  noteTaken(exchange: Exchange, name: string): void
}

/** What the choice stands on. */
export interface ChoiceContext {
  /** By name; the first is taken where nothing names one, and nobody is to choose. */
  readonly loginMethods: ReadonlyMap<string, LoginMethod>
  /** Names that are gone for good here: whoever asks for one of them chooses anew. */
  readonly isRemoved: (name: string) => boolean
  /** The host of a way's provider, for what has no title. */
  readonly hostOf: (name: string) => string
  readonly remembered: RememberedWay
  readonly select: ((exchange: Exchange) => string | undefined) | undefined
  readonly report: Report
}

/** Makes the choice. */
export function createLoginMethodChoice(context: ChoiceContext): LoginMethodChoice {
  return {
    choose: (exchange, loginRequest, circumstances = {}) =>
      choose(context, exchange, loginRequest, circumstances),
    isKnown: (name) => context.loginMethods.has(name),
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
  { via, providers = [] }: LoginRequest,
  { current, isAnew = false }: ChoiceCircumstances,
): MethodChoice {
  const { loginMethods, remembered } = context
  const isAllowed = (name: string) => providers.length === 0 || providers.includes(name)
  if (providers.length > 0 && !providers.some((name) => loginMethods.has(name))) return { kind: 'unknown' }
  for (const name of [selectedBy(context, exchange), via]) {
    if (name === undefined || name === '' || !isAllowed(name) || context.isRemoved(name)) continue
    return chosen(context, name) ?? { kind: 'unknown' }
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

function selectedBy({ select, report }: ChoiceContext, exchange: Exchange): string | undefined {
  const name: unknown = select?.(exchange)
  if (name === undefined || (typeof name === 'string' && name !== '')) return name
  const message =
    'login.select must return the name of a provider, or undefined; what it returned is left out'
  report({ type: 'warning', code: 'login-select', message })
  return undefined
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
