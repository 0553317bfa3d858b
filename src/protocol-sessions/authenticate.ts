/** @module Sessions that a protocol began, named by a cookie of our own: from the cookie to the citizen. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import { isNamedBy, type NamedSession, type SessionCookie } from '../cookies/session-cookie.js'
import { CitizenSessionError, StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import { settledWithin } from '../outbound.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import type { AccessToken, TokenRefresh } from '../protocols/token-refresh.js'
import { createRecent, shareOfMemory } from '../recent.js'
import type { Sealer } from '../seal.js'
import type { AliasRecord, LiveRecord, SessionRecord } from '../session-record.js'
import { assuranceHere } from '../sessions/assurance.js'
import {
  active,
  anonymous,
  type CitizenActions,
  type LiveSession,
  unavailable,
} from '../sessions/create-citizen.js'
import { endCauseOf } from '../sessions/end-cause.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { openDetails, type ProtocolDetails } from '../sessions/record.js'
import { concernsSession } from '../sessions/revocation.js'
import { countedFromNow, isFromAhead, timerOver, touchInterval } from '../sessions/timers.js'
import { ageAtRenewal, areTokensOver, isDegraded } from '../sessions/token-expiry.js'
import type { TouchSteps } from '../sessions/touch.js'
import type { Store } from '../stores/store.js'
import { clockTolerance, isAhead, isWaiting, unlessAhead } from '../wait.js'
import { pointAgain } from './index-keys.js'
import { SessionCookieState } from './state.js'
import type { RenewalResult, TokenVault } from './token-vault.js'

/** A session that our own cookie names. */
export interface LiveProtocolSession extends LiveSession {
  readonly state: SessionCookieState
  readonly details: ProtocolDetails
}

/** What a citizen is made of, besides the record. */
interface Known {
  readonly details: ProtocolDetails
  readonly now: number
  /** Whether a renewal has just failed, or has not; absent: what the record says. */
  readonly isDegraded?: boolean | undefined
}

/** Looks at sessions of our own cookie. */
export interface ProtocolSessionAuthenticator {
  /** The state of the session that a request's cookie names; `undefined` without a cookie that we made. */
  stateOf(exchange: Exchange): SessionCookieState | undefined
  /** What is named by a request: the session that has begun with it, else that of its cookie. */
  namedBy(exchange: Exchange): NamedSession | undefined
  /** The citizen of such a session, with all effects; `undefined` without a cookie that we made. */
  authenticate(exchange: Exchange, now: number, isTouching: () => boolean): MaybePromise<Citizen | undefined>
  /** The same, purely read. */
  inspect(exchange: Exchange, now: number): Promise<Citizen | undefined>
  /** What the cookie's session kept; nothing of it once another generation has begun, whoever has a copy of the cookie. */
  tokensOf(named: NamedSession): Promise<string | undefined>
  /** Ends a session whose browser has the shared cookie of a session too: one browser is one person's at a time. */
  endSuperseded(exchange: Exchange, person: string, now: number): MaybePromise<void>
  /** The citizen of a session that has just begun with this request. */
  started(exchange: Exchange, named: NamedSession, record: LiveRecord): Promise<Citizen>
}

/** The part of the memory for the states of sessions where no number of them is given. */
const shareOfStates = 1 / 8
/** Roughly what a state costs besides its session's details. */
const bytesOfState = 1024
const mostAttempts = 6
/** How soon a request looks again after another instance was found at work. */
const lookAgainMilliseconds = 1000
/** An access token is not handed out in its last seconds: it would expire on its way. */
const leastLifeMilliseconds = 10_000

/** Makes the sessions of our own cookie for one application. */
export function createProtocolSessionAuthenticator(context: {
  readonly options: ResolvedOptions
  readonly sessionCookie: SessionCookie
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly store: Store
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly tokenVault: TokenVault
  readonly sealer: Sealer
  readonly report: Report
  readonly steps: TouchSteps
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
}): ProtocolSessionAuthenticator {
  const { options, sessionCookie, protocols, store, revocations, lifecycle, tokenVault, sealer, steps } =
    context
  const { application } = options
  const idleMilliseconds = application.idleSeconds * 1000
  const states = createRecent<SessionCookieState>(
    options.rememberedTokens === undefined
      ? { maximumBytes: shareOfMemory(shareOfStates) }
      : { maximumEntries: options.rememberedTokens },
  )

  const begun = new WeakMap<Exchange, NamedSession>()

  const remember = (value: string, named: NamedSession): SessionCookieState => {
    // A copy: a slice would keep the whole `Cookie` header alive.
    const name = Buffer.from(value).toString()
    const state = new SessionCookieState(named, application.id, (bytes) => states.grow(name, bytes))
    states.set(name, state, bytesOfState)
    return state
  }

  const stateOf: ProtocolSessionAuthenticator['stateOf'] = (exchange) => {
    const value = sessionCookie.find(exchange.header('cookie'))
    if (value === undefined) return undefined
    const known = states.get(value)
    if (known !== undefined) return known
    const named = sessionCookie.open(value)
    if (named === undefined || !protocols.has(named.protocol)) return undefined
    return remember(value, named)
  }

  const refreshOf = (state: SessionCookieState) => protocols.get(state.named.protocol)?.refresh
  const idleOf = (record: LiveRecord): number => Math.min(record.idleMilliseconds, idleMilliseconds)

  /** From when on the tokens are renewed; never where there is nothing to renew. */
  const dueAt = (
    state: SessionCookieState,
    record: LiveRecord,
    details: ProtocolDetails,
    now: number,
  ): number => {
    const refresh = refreshOf(state)
    if (refresh === undefined || details.tokenLife === 0) return Number.POSITIVE_INFINITY
    // Tokens that would live for more than twice their life were noted by a clock that has been put back since.
    if (isAhead(record.tokenExpiresAt - 2 * details.tokenLife, now)) return now
    const after = refresh.afterSeconds === undefined ? details.tokenLife / 2 : refresh.afterSeconds * 1000
    return record.tokenExpiresAt - Math.max(details.tokenLife - after, 0)
  }

  const renew = async (
    state: SessionCookieState,
    record: LiveRecord,
    { issuer, subject, tokenLife }: ProtocolDetails,
  ): Promise<RenewalResult> => {
    const refresh = refreshOf(state)
    // Where there is nothing to renew, trying would be a failure.
    if (refresh === undefined || tokenLife === 0) return { kind: 'elsewhere' }
    const { address, failures } = state
    const isJoined = tokenVault.isUnderWay(address)
    const result = await tokenVault.renew({ address, record, issuer, subject, refresh, failures })
    // Whoever has begun it takes note of what it came to.
    if (isJoined) return result
    const now = options.clock()
    if (result.kind === 'degraded') {
      state.failures += 1
      state.refreshWait = { since: now, milliseconds: result.retryAfterSeconds * 1000 }
    } else {
      state.failures = 0
      const isRenewed = result.kind === 'renewed'
      const milliseconds = isRenewed ? ageAtRenewal(refresh, result.expiresAt - now) : lookAgainMilliseconds
      state.refreshWait = { since: now, milliseconds }
    }
    return result
  }

  const isFresh = ({ expiresAt }: AccessToken) => expiresAt - options.clock() >= leastLifeMilliseconds

  const accessTokenOf = async ({ address }: SessionCookieState, refresh: TokenRefresh) => {
    const tokens = await tokenVault.tokensOf(address)
    if (tokens === undefined) throw hasEnded()
    return refresh.accessTokenOf(tokens)
  }

  const actions: CitizenActions<LiveProtocolSession> = {
    ...context.actions,
    async refresh({ state, record, details }) {
      const { kind } = await renew(state, record, details)
      return kind === 'renewed'
    },
    async accessToken({ state, record, details }) {
      const refresh = refreshOf(state)
      if (refresh === undefined) return undefined
      const token = await accessTokenOf(state, refresh)
      if (token === undefined || isFresh(token)) return token?.value
      const { kind } = await renew(state, record, details)
      if (kind === 'ended') throw hasEnded()
      const renewed = await accessTokenOf(state, refresh)
      if (renewed !== undefined && isFresh(renewed)) return renewed.value
      throw new CitizenSessionError('identity-unavailable', 'the access token cannot be renewed now', {
        status: 503,
        headers: { 'retry-after': '5' },
        isTransient: true,
      })
    },
  }

  const citizenFrom = (
    exchange: Exchange,
    state: SessionCookieState,
    record: LiveRecord,
    { details, now, ...known }: Known,
  ): Citizen => {
    const live: LiveProtocolSession = { exchange, claims: details.claims, state, record, details }
    const degraded = known.isDegraded ?? isDegraded(record, details)
    return active(live, assuranceHere(record, details, now), degraded, actions)
  }

  /**
   * Renews what is due; the first who finds it waits a little, whoever meets it under way does not, unless nobody is
   * signed in without it.
   */
  const extend = async (
    state: SessionCookieState,
    record: LiveRecord,
    details: ProtocolDetails,
    now: number,
  ) => {
    const refresh = refreshOf(state)
    const isDue = now >= dueAt(state, record, details, now) && !isWaiting(state.refreshWait, now)
    if (refresh === undefined || !isDue) return undefined
    if (tokenVault.isUnderWay(state.address) && !areTokensOver(record, details, now)) return undefined
    return settledWithin(renew(state, record, details), refresh.waitMilliseconds)
  }

  const isPlain = (
    state: SessionCookieState,
    record: LiveRecord,
    details: ProtocolDetails,
    now: number,
  ): boolean => {
    const idle = idleOf(record)
    const unseen = now - record.lastSeenAt
    return (
      record.signIn !== 'due' &&
      unseen >= -clockTolerance &&
      unseen < touchInterval(idle) &&
      unseen < idle &&
      now < record.endsAt &&
      !areTokensOver(record, details, now) &&
      (now < dueAt(state, record, details, now) || isWaiting(state.refreshWait, now))
    )
  }

  const judgeLive = async (
    exchange: Exchange,
    state: SessionCookieState,
    found: LiveRecord,
    details: ProtocolDetails,
    request: { readonly now: number; readonly isTouching: () => boolean },
  ): Promise<Citizen | 'again'> => {
    const { now } = request
    let record = found
    let renewed: RenewalResult | undefined
    if (await lifecycle.applyRevocation(state.address, record, now)) return 'again'
    const isTouching = request.isTouching()
    if (isTouching) {
      if (steps.isTouchDue(state, record, idleOf(record), now)) {
        const change = { lastSeenAt: now, retainUntil: lifecycle.retainedUntil(now, record.tokenExpiresAt) }
        if (!(await steps.touch(state, record, change))) return 'again'
        record = { ...record, ...change }
        const reason = details.pointers && (await pointAgain(store, state.address, record, details))
        if (reason !== undefined) {
          await lifecycle.end(state.address, record, { reason, at: now }, now)
          return 'again'
        }
      }
      renewed = await extend(state, record, details, now)
      if (renewed?.kind === 'ended') return 'again'
    }
    const isKnown = renewed?.kind === 'renewed' || renewed?.kind === 'degraded'
    if (renewed?.kind === 'degraded' && renewed.areTokensOver) return anonymous('token-expired')
    if (!isKnown && areTokensOver(record, details, now)) {
      // Another instance, or a request before this one, may have renewed them while this one waited.
      const current = isTouching ? await store.read(state.address) : record
      const isSame = current?.state === 'live' && current.tokenExpiresAt === record.tokenExpiresAt
      return isSame ? anonymous('token-expired') : 'again'
    }
    const known = { details, now, isDegraded: isKnown ? renewed?.kind === 'degraded' : undefined }
    const citizen = citizenFrom(exchange, state, record, known)
    return record.signIn === 'due' ? steps.signIn(state.address, record, citizen) : citizen
  }

  const judgeRecord = async (
    exchange: Exchange,
    state: SessionCookieState,
    first: SessionRecord | AliasRecord | undefined,
    request: { readonly now: number; readonly isTouching: () => boolean },
  ): Promise<Citizen> => {
    const { now } = request
    let record = first
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      if (record === undefined || record.state === 'alias') return anonymous('not-signed-in')
      if (record.state === 'ended') {
        if (!isNamedBy(record, state.generation)) return anonymous('not-signed-in')
        const { reason } = await endCauseOf(lifecycle, state.address, record)
        context.report({ type: 'session.refused', person: state.address.person, reason })
        await steps.endSiblings(state.address, record, request)
        return anonymous(reason)
      }
      const details = state.details(sealer, record)
      // A newer cookie was given out for this session, or the secrets are no longer ours.
      if (record.generation !== state.generation || details === undefined) return anonymous('not-signed-in')
      if (isFromAhead(record, now)) {
        record =
          (await lifecycle.countFromNow(state.address, record, now)) ?? (await store.read(state.address))
      } else if (timerOver({ ...record, idleMilliseconds: idleOf(record) }, now) === undefined) {
        const judged = await judgeLive(exchange, state, record, details, request)
        if (judged !== 'again') return judged
        record = await store.read(state.address)
      } else {
        record = await lifecycle.endOver(state.address, record, idleOf(record), now)
      }
    }
    throw new StoreUnavailableError('the session record changed faster than it could be judged')
  }

  /** Its cookie stays: it tells the reason once the shared cookie is gone, and the logout which provider to visit. */
  const endFor = async (state: SessionCookieState, person: string, now: number): Promise<void> => {
    const { address, generation } = state
    const record = await store.read(address)
    if (record?.state === 'live' && record.generation === generation) {
      const reason = person === address.person ? 'signed-out' : 'identity-changed'
      if (reason === 'identity-changed') {
        context.report({ type: 'session.identity-changed', person, previousPerson: address.person })
      }
      await lifecycle.end(address, record, { reason, at: now }, now)
    }
    state.isSuperseded = true
  }

  return {
    stateOf,
    namedBy: (exchange) => begun.get(exchange) ?? stateOf(exchange)?.named,

    authenticate(exchange, now, isTouching) {
      const state = stateOf(exchange)
      if (state === undefined) return undefined
      const settle = (record: SessionRecord | AliasRecord | undefined): MaybePromise<Citizen> => {
        const isCandidate = record?.state === 'live' && record.generation === state.generation
        const details = isCandidate && revocations === undefined ? state.details(sealer, record) : undefined
        if (isCandidate && details !== undefined && isPlain(state, record, details, now)) {
          return citizenFrom(exchange, state, record, { details, now })
        }
        return judgeRecord(exchange, state, record, { now, isTouching })
      }
      const record = store.read(state.address)
      return record instanceof Promise ? record.then(settle) : settle(record)
    },

    async inspect(exchange, now) {
      const state = stateOf(exchange)
      if (state === undefined) return undefined
      const record = await store.read(state.address)
      if (record === undefined || record.state === 'alias') return anonymous('not-signed-in')
      if (record.state === 'ended')
        return isNamedBy(record, state.generation)
          ? anonymous((await endCauseOf(lifecycle, state.address, record)).reason)
          : anonymous('not-signed-in')
      const details = state.details(sealer, record)
      if (record.generation !== state.generation || details === undefined) return anonymous('not-signed-in')
      const counted = countedFromNow(record, now, application.absoluteSeconds * 1000)
      const over = timerOver({ ...counted, idleMilliseconds: idleOf(record) }, now)
      if (over !== undefined) return anonymous(over)
      const { names } = openDetails(sealer, state.address, record.sealed)
      const revocation = await revocations?.revocation(state.address.person, state.address.session, names)
      const isConcerned = revocation !== undefined && concernsSession(revocation, record, now)
      if (isConcerned && unlessAhead(details.provenAt, now) <= revocation.at)
        return anonymous(revocation.reason)
      if (areTokensOver(record, details, now)) return anonymous('token-expired')
      // The work for the sign-in is not done, and a pure read does none.
      if (record.signIn === 'due' && options.onSignIn !== undefined) return unavailable('sign-in')
      return citizenFrom(exchange, state, counted, { details, now })
    },

    async tokensOf(named) {
      const address = { person: named.person, session: named.session, application: application.id }
      // In this order: tokens of a later generation come after a record of it.
      const tokens = await tokenVault.tokensOf(address)
      const record = await store.read(address)
      const isCurrent = record?.state === 'live' && record.generation === named.generation
      return isCurrent ? tokens : undefined
    },

    endSuperseded(exchange, person, now) {
      const state = stateOf(exchange)
      return state === undefined || state.isSuperseded ? undefined : endFor(state, person, now)
    },

    async started(exchange, named, record) {
      const cookie = sessionCookie.make(named)
      const state = remember(cookie.value, named)
      const details = state.details(sealer, record)
      if (details === undefined) throw new TypeError('a session begins with its details')
      const now = options.clock()
      const citizen = citizenFrom(exchange, state, record, { details, now })
      // The work may have signed the person out: then the answer takes the cookie away.
      const give = () => (sessionCookie.isDropped(exchange) ? undefined : exchange.setCookie(cookie))
      begun.set(exchange, named)
      let judged: Citizen | 'again' = citizen
      try {
        if (record.signIn === 'due') judged = await steps.signIn(state.address, record, citizen)
      } catch (error) {
        give()
        throw error
      }
      const current = judged === 'again' ? await store.read(state.address) : record
      // The work may take long: the cookie of a later login, by which the session goes on, may be in the browser by now.
      if (current?.state !== 'live' || current.generation === record.generation) give()
      if (judged !== 'again') return judged
      return judgeRecord(exchange, state, current, { now, isTouching: () => true })
    },
  }
}

function hasEnded(): CitizenSessionError {
  return new CitizenSessionError('session-ended', 'the session has ended', { status: 401 })
}
