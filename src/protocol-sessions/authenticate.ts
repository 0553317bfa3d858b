/** @module Who is there by the session cookie: the sessions that OpenID Connect and SAML begin. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { NamedSession, SessionCookie } from '../cookies/session-cookie.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import type { SessionTokens } from '../protocols/logout-participant.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import type { LiveRecord } from '../session-record.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import {
  askRevocation,
  evaluateSession,
  type Found,
  inspectSession,
  type SessionContext,
} from '../sessions/evaluate.js'
import { asIfTouched, nearRecord } from '../sessions/near-record.js'
import { openDetails } from '../sessions/record.js'
import { withIdleTime } from '../sessions/timers.js'
import { accessTokenNow, refreshNow } from './actions.js'
import {
  citizenOf,
  isPlain,
  type ProtocolSessionContext,
  ProtocolSessionRequest,
  SessionCookieCredential,
} from './credential.js'
import type { ProviderRemovals } from './removals.js'
import { createSessionStates, type SessionCookieState, type SessionStates } from './state.js'
import type { TokenVault } from './token-vault.js'

/** Looks at sessions of the session cookie. */
export interface ProtocolSessionAuthenticator {
  /** The state of the session that a request's cookie names; `undefined` without a cookie that we made. */
  stateOf(exchange: Exchange): SessionCookieState | undefined
  /** What is named by a request: the session that has started with it, else that of its cookie. */
  namedBy(exchange: Exchange): NamedSession | undefined
  /** The citizen of such a session, with all effects; `undefined` without a cookie that we made. */
  authenticate(exchange: Exchange, now: number, isTouching: () => boolean): MaybePromise<Citizen | undefined>
  /** The same, without any effect. */
  inspect(exchange: Exchange, now: number): Promise<Citizen | undefined>
  /** What the cookie's session kept; nothing of it once another generation has begun, whoever has a copy of the cookie. */
  tokensOf(named: NamedSession): Promise<SessionTokens>
  /** Ends a session whose browser has the shared cookie of a session too: one browser is one person's at a time. */
  endSuperseded(exchange: Exchange, person: string, now: number): MaybePromise<void>
  /** The citizen of a session that has just started with this request. */
  started(exchange: Exchange, named: NamedSession, record: LiveRecord): Promise<Citizen>
}

/** What the authentication by the session cookie takes. */
interface AuthenticationContext extends ProtocolSessionContext {
  readonly credential: SessionCookieCredential
  readonly sessionCookie: SessionCookie
  readonly states: SessionStates
  readonly application: string
  /** What each request has started. */
  readonly startedBy: WeakMap<Exchange, NamedSession>
}

/** Makes what authenticates the requests of one application by the session cookie. */
export function createProtocolSessionAuthenticator(parts: {
  readonly options: ResolvedOptions
  readonly sessions: SessionContext
  readonly sessionCookie: SessionCookie
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly removals: ProviderRemovals
  readonly tokenVault: TokenVault
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
}): ProtocolSessionAuthenticator {
  const { options, sessionCookie, protocols, removals, tokenVault } = parts
  const { application, clock } = options
  const sessionContext: ProtocolSessionContext = {
    ...parts.sessions,
    protocols,
    removals,
    tellUnknown: createUnknownTeller(parts.sessions.report),
    tokenVault,
    clock,
    actions: {
      ...parts.actions,
      refresh: (session) => refreshNow(sessionContext, session),
      accessToken: (session) => accessTokenNow(sessionContext, session),
    },
  }
  const context: AuthenticationContext = {
    ...sessionContext,
    credential: new SessionCookieCredential(sessionContext),
    sessionCookie,
    states: createSessionStates({
      application: application.id,
      protocols,
      maximumEntries: options.rememberedTokens,
    }),
    application: application.id,
    startedBy: new WeakMap(),
  }
  return {
    stateOf: (exchange) => stateOf(context, exchange),
    namedBy: (exchange) => context.startedBy.get(exchange) ?? stateOf(context, exchange)?.named,
    authenticate: (exchange, now, isTouching) => authenticate(context, exchange, now, isTouching),
    inspect: (exchange, now) => inspect(context, exchange, now),
    tokensOf: (named) => tokensOf(context, named),
    endSuperseded(exchange, person, now) {
      const state = stateOf(context, exchange)
      return state === undefined || state.isSuperseded ? undefined : endFor(context, state, person, now)
    },
    started: (exchange, named, record) => started(context, exchange, named, record),
  }
}

const mostTold = 100

function createUnknownTeller(report: Report): ProtocolSessionContext['tellUnknown'] {
  const told = new Set<string>()
  return (name) => {
    if (told.has(name) || told.size >= mostTold) return
    told.add(name)
    const message = `a session came whose provider ${name} is not known here, and is unavailable: add the provider, or end its sessions by suite.protocols.remove('${name}')`
    report({ type: 'warning', code: 'provider-unknown', message, provider: name })
  }
}

function stateOf(context: AuthenticationContext, exchange: Exchange): SessionCookieState | undefined {
  const { sessionCookie, states } = context
  const value = sessionCookie.find(exchange.header('cookie'))
  if (value === undefined) return undefined
  const known = states.find(value)
  if (known !== undefined) return known
  const named = sessionCookie.open(value)
  return named === undefined ? undefined : states.remember(value, named)
}

function authenticate(
  context: AuthenticationContext,
  exchange: Exchange,
  now: number,
  isTouching: () => boolean,
): MaybePromise<Citizen | undefined> {
  const state = stateOf(context, exchange)
  if (state === undefined) return undefined
  const request = new ProtocolSessionRequest(exchange, now, isTouching, state)
  return nearCitizen(context, request) ?? strictCitizen(context, request)
}

/** The citizen by what the store remembers of the record, where the request asks nothing of it but perhaps a touch. */
function nearCitizen(
  context: AuthenticationContext,
  request: ProtocolSessionRequest,
): MaybePromise<Citizen> | undefined {
  const { state, now } = request
  const near = nearRecord(context, state)
  // Another generation, and all that is not plain, is looked at strictly.
  const details = near?.generation === state.generation ? state.details(context.sealer, near) : undefined
  if (near === undefined || details === undefined) return undefined
  if (isPlain(context, request, near, details)) return citizenOf(context, request, near, details)
  const touched = asIfTouched(near, now)
  // A touch is strict by itself: it is refused where the record has changed. Who does not touch reads when others did.
  return touched !== undefined && isPlain(context, request, touched, details) && request.isTouching()
    ? evaluateSession(context, context.credential, request, near)
    : undefined
}

function strictCitizen(
  context: AuthenticationContext,
  request: ProtocolSessionRequest,
): MaybePromise<Citizen> {
  askRevocation(context, request)
  const record = context.store.read(request.state.address)
  return record instanceof Promise
    ? record.then((found) => withRecord(context, request, found))
    : withRecord(context, request, record)
}

/** Nothing due: the citizen is there at once. Else the session is evaluated. */
function withRecord(
  context: AuthenticationContext,
  request: ProtocolSessionRequest,
  found: Found,
): MaybePromise<Citizen> {
  const { state } = request
  const record = withIdleTime(found, context.idleMilliseconds)
  const isNamed = record?.state === 'live' && record.generation === state.generation
  if (isNamed && context.revocations === undefined) {
    const details = state.details(context.sealer, record)
    if (details !== undefined && isPlain(context, request, record, details)) {
      return citizenOf(context, request, record, details)
    }
  }
  return evaluateSession(context, context.credential, request, record)
}

async function inspect(
  context: AuthenticationContext,
  exchange: Exchange,
  now: number,
): Promise<Citizen | undefined> {
  const state = stateOf(context, exchange)
  if (state === undefined) return undefined
  const request = new ProtocolSessionRequest(exchange, now, () => false, state)
  return inspectSession(context, context.credential, request)
}

async function tokensOf(
  { tokenVault, store, sealer, application }: AuthenticationContext,
  { person, session, generation }: NamedSession,
): Promise<SessionTokens> {
  const address = { person, session, application }
  // In this order: tokens of a later generation come after a record of it.
  const tokens = await tokenVault.tokensOf(address)
  const record = await store.read(address)
  if (record?.state !== 'live' || record.generation !== generation) return {}
  return { tokens, issuer: openDetails(sealer, address, record.sealed).own?.issuer }
}

/** The cookie stays: it tells the reason once the shared cookie is gone, and the logout which provider to visit. */
async function endFor(
  { store, lifecycle, report }: AuthenticationContext,
  state: SessionCookieState,
  person: string,
  now: number,
): Promise<void> {
  const { address, generation } = state
  const record = await store.read(address)
  if (record?.state === 'live' && record.generation === generation) {
    const reason = person === address.person ? 'signed-out' : 'identity-changed'
    if (reason === 'identity-changed') {
      report({ type: 'session.identity-changed', person, previousPerson: address.person })
    }
    await lifecycle.end(address, record, { reason, at: now }, now)
  }
  state.isSuperseded = true
}

async function started(
  context: AuthenticationContext,
  exchange: Exchange,
  named: NamedSession,
  record: LiveRecord,
): Promise<Citizen> {
  const { sessionCookie, steps, store } = context
  const cookie = sessionCookie.make(named)
  const state = context.states.remember(cookie.value, named)
  const details = state.details(context.sealer, record)
  if (details === undefined) throw new TypeError('a session begins with its details')
  const request = new ProtocolSessionRequest(exchange, context.clock(), () => true, state)
  const citizen = citizenOf(context, request, record, details)
  // The work may have signed the person out: then the answer takes the cookie away.
  const give = () => (sessionCookie.isDropped(exchange) ? undefined : exchange.setCookie(cookie))
  context.startedBy.set(exchange, named)
  let served: Citizen | 'again' = citizen
  try {
    if (record.signIn === 'due') served = await steps.signIn(state.address, record, citizen)
  } catch (error) {
    give()
    throw error
  }
  const current = served === 'again' ? await store.read(state.address) : record
  // The work may take long: the cookie of a later login, by which the session goes on, may be in the browser by now.
  if (current?.state !== 'live' || current.generation === record.generation) give()
  return served === 'again' ? evaluateSession(context, context.credential, request, current) : served
}
