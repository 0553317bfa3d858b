/** @module What happens, for whoever operates the application: typed events, without any secret. */
import diagnosticsChannel from 'node:diagnostics_channel'
import type { AnonymousReason } from './citizen.js'
import type { StoreUnavailableError } from './errors.js'
import type { LegName, LegState } from './receipt.js'
import type { EndReason } from './session-record.js'

interface EventBase {
  /** Milliseconds since the epoch, by the suite's clock. */
  readonly at: number
  /** `application.id`. */
  readonly application: string
  /** The provider that it is about, as in `citizen.provider`; absent: that of the shared cookie, none, or nobody knows. */
  readonly provider?: string | undefined
}

/** A session began, or rose in assurance (`renewed`). */
export interface SessionStartedEvent extends EventBase {
  readonly type: 'session.started'
  readonly publicId: string
  /**
   * Stands for the person: the same in all events of a person. A digest of issuer and subject, which is personal data:
   * whoever can guess the two can make it too, unless `events.personKey` keys it.
   */
  readonly person: string
  readonly level: number
  /** `first`: a new session. `resumed`: begun again after an application end. `assurance`: a rise in assurance. */
  readonly cause: 'first' | 'resumed' | 'assurance'
}

/** A session ended. Every ended session has exactly one such event on the instance that ended it. */
export interface SessionEndedEvent extends EventBase {
  readonly type: 'session.ended'
  readonly publicId: string
  readonly person: string
  /** The application whose session it was; `application` is the one that ended it. */
  readonly sessionApplication: string
  readonly reason: EndReason
}

/** A good token met a session that has ended or was revoked. */
export interface SessionRefusedEvent extends EventBase {
  readonly type: 'session.refused'
  readonly person: string
  readonly reason: AnonymousReason
}

/** A token for another person came with the hint of the one before. */
export interface IdentityChangedEvent extends EventBase {
  readonly type: 'session.identity-changed'
  readonly person: string
  readonly previousPerson: string
}

/** The session value changed at a refresh; the session goes on under the old one. */
export interface SessionAliasedEvent extends EventBase {
  readonly type: 'session.aliased'
  readonly publicId: string
  readonly person: string
}

/** A token was refused before any session was looked at. */
export interface TokenRejectedEvent extends EventBase {
  readonly type: 'token.rejected'
  /** What was wrong, as in `signature`, `issuer`, `expired`, `kind`. */
  readonly problem: string
  /** What was refused. Absent: a token of the shared cookie. */
  readonly credential?: RefusedCredential | undefined
  /** What it says there instead: the words of whoever sent it, at most 100 characters, control characters spelt out. */
  readonly given?: string | undefined
  /** What the configuration wants there. */
  readonly expected?: string | undefined
}

/**
 * `sign-in`: the answer of an OpenID provider, or the ID token in it. `token-endpoint`: a code was not exchanged.
 * `logout`: a logout token. `saml-message`: a message of SAML, of a login or of a logout.
 */
export type RefusedCredential = 'shared-cookie' | 'sign-in' | 'token-endpoint' | 'logout' | 'saml-message'

/** The identity session was extended. */
export interface IdentityRefreshedEvent extends EventBase {
  readonly type: 'identity.refreshed'
  readonly publicId: string
  /** `token`: a new token came. `extended`: a success without one. */
  readonly result: 'token' | 'extended'
  readonly milliseconds: number
}

/** The identity provider refused to extend the identity session. */
export interface IdentityRefusedEvent extends EventBase {
  readonly type: 'identity.refused'
  readonly publicId: string
  readonly status: number
}

/** A refresh that is due cannot be had; the session lives on until the token's `exp`. */
export interface IdentityDegradedEvent extends EventBase {
  readonly type: 'identity.degraded'
  readonly publicId: string
  /** What was wrong, as in `timeout`, `status`, `answer`, `refused`, `outage`, `answer-lost`, `store`. */
  readonly problem: string
  readonly status?: number | undefined
  /** Seconds until the next try. */
  readonly retryAfterSeconds: number
}

/** A leg of a logout came to a result. */
export interface LogoutLegEvent extends EventBase {
  readonly type: 'logout.leg'
  readonly person: string
  readonly leg: LegName
  readonly target: string
  readonly state: LegState
  readonly reason?: string | undefined
  /** Until when what is not known to have ended can be good at most. Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
  readonly milliseconds: number
}

/** The store could not answer. */
export interface StoreUnavailableEvent extends EventBase {
  readonly type: 'store.unavailable'
  readonly code: string
  /** What is wrong; where `problem` is there, also what to do about it. */
  readonly message: string
  /** Why, in the words of the store's client: `ECONNREFUSED`, `WRONGPASS`, `CERT_HAS_EXPIRED`, … */
  readonly problem?: string | undefined
}

/**
 * `unheard`: what is announced does not come back in time. `connection`: no connection that listens. `forbidden`: the
 * user may not do what it takes. `silent-sibling`: somebody on the store changes records without announcing it.
 * `older-release`: 0.1.0 uses the store, which announces nothing. `moved`: another server answers. `resharding`: slots
 * of a Cluster move, or its masters do not agree whose they are. `client`: this client cannot listen.
 */
export type NearLossReason =
  | 'unheard'
  | 'connection'
  | 'forbidden'
  | 'silent-sibling'
  | 'older-release'
  | 'moved'
  | 'resharding'
  | 'client'

/** Nothing is answered from memory for now (`near` of the Redis store): every request reads the store. */
export interface StoreNearLostEvent extends EventBase {
  readonly type: 'store.near-lost'
  readonly reason: NearLossReason
  /** What is wrong, and what to do about it. */
  readonly message: string
}

/** Plain requests are answered from memory again. */
export interface StoreNearRestoredEvent extends EventBase {
  readonly type: 'store.near-restored'
}

/** The keys of the identity provider could not be fetched; the last good ones go on verifying. */
export interface KeysUnavailableEvent extends EventBase {
  readonly type: 'keys.unavailable'
  readonly problem: string
  /** Where they were asked for. */
  readonly url: string
}

/** One of the shared cookies came more than once. */
export interface DuplicateCookieEvent extends EventBase {
  readonly type: 'duplicate-cookie'
  /** Names of the cookies that came more than once. */
  readonly names: readonly string[]
  /** `agreed`: all valid tokens named the same session. `ambiguous`: they did not, nobody is signed in. */
  readonly outcome: 'agreed' | 'ambiguous'
}

/**
 * `thrown`: the function threw, or its promise rejected. `timeout`: it took more than four seconds. `too-large`: more than
 * 4 KiB of JSON.
 */
export type ProfileProblem = 'thrown' | 'timeout' | 'not-an-object' | 'too-large'

/** The option `profile` said nothing that could be released: the request was answered with 500, without any attribute. */
export interface ProfileFailedEvent extends EventBase {
  readonly type: 'profile.failed'
  readonly publicId: string
  readonly problem: ProfileProblem
  /** The class of what was thrown, as in `TypeError`. Its message may hold data of the person, and is told nobody. */
  readonly error?: string | undefined
}

/**
 * `secret`: whoever asked sent a secret that is none of ours. `policy`: no policy has the name in the proxy's address.
 * `original-request`: the proxy does not say what was asked for. `subject`: several providers, and the policy names none.
 * `claims`: the application's function failed, or said what no token can hold. `keys`: the keys cannot be used.
 */
export type GateProblem = 'secret' | 'policy' | 'original-request' | 'subject' | 'claims' | 'keys'

/** The gate could not answer a proxy: 404 for a secret that is wrong, else 500; nobody passes. */
export interface GateFailedEvent extends EventBase {
  readonly type: 'gate.failed'
  readonly problem: GateProblem
  /** The class of what was thrown, as in `TypeError`. Its message may hold data of the person, and is told nobody. */
  readonly error?: string | undefined
}

/**
 * The UserInfo endpoint of an OpenID provider was asked, and said nothing that could be used. At `sign-in` nobody gets in
 * where `userInfo` is `always`; else the session goes on without, at a `refresh` with what was said before.
 */
export interface UserInfoFailedEvent extends EventBase {
  readonly type: 'userinfo.failed'
  readonly issuer: string
  readonly during: 'sign-in' | 'refresh'
  /** What was wrong, as in `timeout`, `status`, `subject`, `signature`, `too-large`, `no-endpoint`. */
  readonly problem: string
  readonly status?: number | undefined
}

/** Something that the developer should mend, once per cause. */
export interface WarningEvent extends EventBase {
  readonly type: 'warning'
  readonly code: string
  readonly message: string
}

/** Every event that `onEvent` and the channel are told. */
export type CitizenEvent =
  | SessionStartedEvent
  | SessionEndedEvent
  | SessionRefusedEvent
  | IdentityChangedEvent
  | SessionAliasedEvent
  | TokenRejectedEvent
  | IdentityRefreshedEvent
  | IdentityRefusedEvent
  | IdentityDegradedEvent
  | LogoutLegEvent
  | StoreUnavailableEvent
  | StoreNearLostEvent
  | StoreNearRestoredEvent
  | KeysUnavailableEvent
  | DuplicateCookieEvent
  | ProfileFailedEvent
  | GateFailedEvent
  | UserInfoFailedEvent
  | WarningEvent

type WithoutBase<E> = E extends CitizenEvent ? Omit<E, 'at' | 'application'> : never

/** An event as the part that saw it describes it; time and application are added on the way. */
export type EventDescription = WithoutBase<CitizenEvent>

/** Name of the `node:diagnostics_channel` that carries every event. */
export const channelName = 'citizen-session'

/** The event of a store that could not answer. */
export function storeUnavailable({ code, message, problem }: StoreUnavailableError): EventDescription {
  return {
    type: 'store.unavailable',
    code,
    message,
    ...(problem === undefined ? {} : { problem: problem.code }),
  }
}

/** Reports an event. Never throws: a listener's failure is the listener's. */
export type Report = (event: EventDescription) => void

/** Makes the function through which all parts of one suite report. */
export function createReport(options: {
  readonly application: string
  readonly clock: () => number
  /** What events call a person whose digest is given. Default: by that digest. */
  readonly nameOf?: ((person: string) => string) | undefined
  readonly onEvent?: ((event: CitizenEvent) => void) | undefined
}): Report {
  const channel = diagnosticsChannel.channel(channelName)
  const { onEvent, nameOf } = options
  return (description) => {
    if (onEvent === undefined && !channel.hasSubscribers) return
    const named = nameOf === undefined ? description : withNames(description, nameOf)
    const event = { at: options.clock(), application: options.application, ...named } as CitizenEvent
    channel.publish(event)
    if (onEvent !== undefined) callListener(onEvent, event)
  }
}

/** Every member of an event that stands for a person. */
const personMembers = ['person', 'previousPerson'] as const

/** The same event, with each person under the name that events have for them. */
export function withNames(
  description: EventDescription,
  nameOf: (person: string) => string,
): EventDescription {
  const named: Record<string, unknown> = { ...description }
  for (const member of personMembers) {
    const person = named[member]
    if (typeof person === 'string') named[member] = nameOf(person)
  }
  return named as unknown as EventDescription
}

/**
 * Prints a warning as the runtime does: on stderr, unless the application listens to warnings or wants none. It never
 * throws: what cannot be printed must not end what it speaks of.
 */
export function printWarning(code: string, text: string): void {
  emit(text, { type: 'CitizenSessionWarning', code })
}

/** Prints what a function of the application threw, whatever it is. It never throws. */
export function printThrown(thrown: unknown): void {
  emit(readable(thrown), { type: 'CitizenEventListener' })
}

function emit(warning: string | Error, detail: { readonly type: string; readonly code?: string }): void {
  const runtime = (globalThis as { readonly process?: { readonly emitWarning?: unknown } }).process
  printSafely(() => {
    if (typeof runtime?.emitWarning === 'function') return process.emitWarning(warning, detail)
    const code = detail.code === undefined ? '' : `[${detail.code}] `
    console.warn(`${code}${detail.type}: ${warning instanceof Error ? warning.message : warning}`)
  })
}

/** Prints, where that succeeds: a replaced `process.emitWarning` or `console` is free to throw. */
export function printSafely(print: () => void): void {
  try {
    print()
  } catch {
    // There is nobody left to be told.
  }
}

/**
 * Calls a listener of the application. What it throws, at once or later, becomes a warning: it must stop neither a
 * logout nor the process.
 */
export function callListener<T>(listener: (value: T) => unknown, value: T): void {
  try {
    Promise.resolve(listener(value)).catch(printThrown)
  } catch (error) {
    printThrown(error)
  }
}

/** What a listener threw, as an error that can be printed: it may be anything, without a text or with a false one. */
function readable(thrown: unknown): Error {
  try {
    const { message, stack } =
      thrown instanceof Error ? thrown : { message: String(thrown), stack: undefined }
    const error = new Error(`${message}`)
    if (stack !== undefined) error.stack = `${stack}`
    return error
  } catch {
    return new Error('a listener of the application threw something that has no text')
  }
}
