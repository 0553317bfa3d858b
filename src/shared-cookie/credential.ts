/** @module The judgement of a request with a good token: what its record says, and what the request does to it. */
import type { Citizen, Claims } from '../citizen.js'
import type { SharedCookieOptions } from '../config/options.js'
import type { ScannedCookies } from '../cookies/parse.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise, SetCookie } from '../exchange.js'
import type { AliasRecord, EndedRecord, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import {
  active,
  anonymous,
  assuranceOf,
  type CitizenActions,
  type LiveSession,
} from '../sessions/create-citizen.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { isFromAhead, timerOver, touchInterval } from '../sessions/timers.js'
import type { TouchSteps } from '../sessions/touch.js'
import type { Store } from '../stores/store.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { clockTolerance, isWaiting, unlessAhead } from '../wait.js'
import { createExtension } from './deliver-refresh.js'
import type { HintCookie } from './hint-cookie.js'
import type { Refresher } from './refresh.js'
import { type TokenState, tokenState } from './token-state.js'

/** What a judgement stands on. */
export interface SessionContext {
  readonly options: SharedCookieOptions
  readonly store: Store
  /** Where revocations are looked up besides, if they are kept elsewhere. */
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly refresher: Refresher
  readonly hintCookie: HintCookie
  readonly report: Report
  readonly actions: CitizenActions<SharedSession>
  readonly cookiesFor: (token: VerifiedToken) => readonly SetCookie[]
  readonly expireShared: (exchange: Exchange) => unknown
  readonly steps: TouchSteps
}

/** A session that the shared cookie names. */
export interface SharedSession extends LiveSession {
  readonly token: VerifiedToken
  readonly state: TokenState
}

/** One request under judgement. */
export interface SessionRequest {
  readonly exchange: Exchange
  readonly scanned: ScannedCookies
  readonly token: VerifiedToken
  readonly now: number
  /** Whether the request counts as activity; asked only when it matters. */
  readonly isTouching: () => boolean
}

/** Judges a request whose token is good. */
export type EvaluateSession = (request: SessionRequest) => MaybePromise<Citizen>

const mostAttempts = 6

/**
 * The time of authentication that a token states, in milliseconds; 0 where it states none. One in the future, as of
 * milliseconds in place of seconds, proves nothing and counts as none. Source: ASVS 5.0 7.5.3, 6.8.4.
 */
export function authenticationTime(claims: Claims, now: number, skewMilliseconds: number): number {
  const time = typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : 0
  return time > 0 && time <= now + skewMilliseconds ? time : 0
}

/** The citizen of a live record. */
export function citizenFrom(
  judging: Pick<SessionContext, 'actions'>,
  request: SessionRequest,
  state: TokenState,
  record: LiveRecord,
  level: number,
): Citizen {
  const { exchange, token, now } = request
  const live = { exchange, claims: token.claims, token, state, record }
  const assurance = assuranceOf(token.claims, level, unlessAhead(record.authenticatedAt, now))
  return active(live, assurance, isWaiting(state.degraded, now), judging.actions)
}

/** Makes the judge of one application's requests. */
export function createSessionEvaluation(judging: SessionContext): EvaluateSession {
  const { options, store, revocations, lifecycle, hintCookie, report, steps } = judging
  const { assuranceLevel, clockSkewSeconds, refresh } = options.identityProvider
  const application = options.application.id
  const idleMilliseconds = options.application.idleSeconds * 1000
  const extend = createExtension(judging)

  const idleOf = (record: LiveRecord): number => Math.min(record.idleMilliseconds, idleMilliseconds)

  /** Whether nothing about this request needs a write, a cookie or a second look. */
  const isPlain = (
    request: SessionRequest,
    state: TokenState,
    record: LiveRecord,
    level: number,
  ): boolean => {
    const { now, scanned, token } = request
    const idle = idleOf(record)
    const unseen = now - record.lastSeenAt
    return (
      record.generation === state.generation &&
      record.signIn !== 'due' &&
      unseen >= -clockTolerance &&
      unseen < touchInterval(idle) &&
      unseen < idle &&
      now < record.endsAt &&
      (now < state.refreshDueAt || isWaiting(state.refreshWait, now)) &&
      level <= record.level &&
      (scanned.hint === undefined || scanned.hint === state.hint) &&
      (record.tokenExpiresAt === token.expiresAt || record.tokenExpiresAt === state.passedExpiresAt)
    )
  }

  const refuse = async (
    request: SessionRequest,
    address: RecordAddress,
    record: EndedRecord,
  ): Promise<Citizen> => {
    const reason = await sharedReasonOf(lifecycle, address, record)
    report({ type: 'session.refused', person: address.person, reason })
    const { now, exchange } = request
    const retainUntil = lifecycle.retainedUntil(now, request.token.expiresAt)
    // Seldom, but always where this token outlives the record that refuses it.
    const isShort = lifecycle.retainedUntil(0, request.token.expiresAt) > record.retainUntil
    if (isShort || retainUntil - record.retainUntil > lifecycle.retention / 2) {
      await store.retain(address, retainUntil)
    }
    await steps.endSiblings(address, record, request)
    const isRevoked = reason === 'signed-out' || reason === 'revoked'
    if (isRevoked && isTopLevelNavigation(exchange)) judging.expireShared(exchange)
    return anonymous(reason)
  }

  const endHinted = async (
    address: RecordAddress,
    generation: string,
    reason: 'identity-changed' | 'signed-out',
    now: number,
  ) => {
    const record = await store.read(address)
    if (record?.state !== 'live' || record.generation !== generation) return
    await lifecycle.end(address, record, { reason, at: now }, now)
  }

  /** Looks at a hint that is not known to belong to this token. `true`: another person's. */
  const checkHint = async (request: SessionRequest, state: TokenState): Promise<boolean> => {
    const { scanned, now } = request
    if (scanned.hint === undefined || scanned.hint === state.hint) return false
    const hint = hintCookie.open(scanned.hint)
    if (hint === undefined) return false
    const { address } = state
    if (hint.person !== address.person) {
      await endHinted({ ...hint, application }, hint.generation, 'identity-changed', now)
      report({ type: 'session.identity-changed', person: address.person, previousPerson: hint.person })
      request.exchange.setCookie(hintCookie.expire())
      return true
    }
    if (hint.session !== address.session) {
      // The same person with a session value that is not an alias of the old one: the old session is over here.
      await endHinted({ ...hint, application }, hint.generation, 'signed-out', now)
    } else if (hint.generation === state.generation) {
      state.hint = scanned.hint
    }
    return false
  }

  const judgeLive = async (
    request: SessionRequest,
    state: TokenState,
    found: LiveRecord,
    level: number,
  ): Promise<Citizen | 'again'> => {
    const { exchange, scanned, token, now } = request
    const { address } = state
    const isTouching = request.isTouching()
    let record = found
    if (await lifecycle.applyRevocation(address, record, now)) return 'again'
    let isWritten = false
    if (level > record.level && isTouching) {
      const raised = await lifecycle.raiseAssurance(address, record, {
        level,
        authenticatedAt: record.authenticatedAt,
      })
      if (raised === undefined) return 'again'
      record = raised
      isWritten = true
    }
    const isFirstSight = state.generation !== record.generation
    state.adopt(record.generation)
    if (await checkHint(request, state)) return anonymous('identity-changed')
    const isTouchDue = steps.isTouchDue(state, record, idleOf(record), now)
    if (isTouching && (isTouchDue || token.expiresAt > record.tokenExpiresAt)) {
      const change = {
        lastSeenAt: now,
        tokenExpiresAt: Math.max(token.expiresAt, record.tokenExpiresAt),
        retainUntil: lifecycle.retainedUntil(now, Math.max(token.expiresAt, record.tokenExpiresAt)),
      }
      if (!(await steps.touch(state, record, change))) return 'again'
      record = { ...record, ...change }
      isWritten = true
    }
    if (isTouching && (isWritten || isFirstSight) && scanned.hint !== (state.hint ?? '')) {
      exchange.setCookie(hintCookie.make({ ...address, generation: record.generation }))
    }
    const extended = await extend(request, state, record, { isFirstSight, isTouching })
    if (extended === 'ended') return 'again'
    const citizen = citizenFrom(judging, { ...request, token: extended }, state, record, level)
    return record.signIn === 'due' ? steps.signIn(address, record, citizen) : citizen
  }

  const judgeRecord = async (
    request: SessionRequest,
    state: TokenState,
    first: SessionRecord | AliasRecord | undefined,
    level: number,
  ): Promise<Citizen> => {
    const { now, token } = request
    let record = first
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      if (record === undefined) {
        if (!request.isTouching()) return anonymous('not-started')
        if (await checkHint(request, state)) return anonymous('identity-changed')
        const outcome = await lifecycle.startSession({
          address: state.address,
          now,
          issuedAt: token.issuedAt,
          tokenExpiresAt: token.expiresAt,
          level,
          authenticatedAt: authenticationTime(token.claims, now, clockSkewSeconds * 1000),
        })
        record = outcome.record
      } else if (record.state === 'alias') {
        state.address = { ...state.address, session: record.session }
        record = await store.read(state.address)
      } else if (record.state === 'ended') {
        return refuse(request, state.address, record)
      } else if (isFromAhead(record, now)) {
        record =
          (await lifecycle.countFromNow(state.address, record, now)) ?? (await store.read(state.address))
      } else {
        const over = timerOver({ ...record, idleMilliseconds: idleOf(record) }, now)
        if (over === undefined) {
          const judged = await judgeLive(request, state, record, level)
          if (judged !== 'again') return judged
          record = await store.read(state.address)
        } else {
          record = await lifecycle.endOver(state.address, record, idleOf(record), now)
        }
      }
    }
    throw new StoreUnavailableError('the session record changed faster than it could be judged')
  }

  const judgeFound = (
    request: SessionRequest,
    state: TokenState,
    record: SessionRecord | AliasRecord | undefined,
  ): MaybePromise<Citizen> => {
    const level = assuranceLevel(request.token.claims)
    if (record?.state === 'live' && revocations === undefined && isPlain(request, state, record, level)) {
      return citizenFrom(judging, request, state, record, level)
    }
    return judgeRecord(request, state, record, level)
  }

  return (request) => {
    const state = tokenState(request.token, application, refresh.afterSeconds)
    const record = store.read(state.address)
    return record instanceof Promise
      ? record.then((found) => judgeFound(request, state, found))
      : judgeFound(request, state, record)
  }
}
