/** @module The shared cookie as a credential: what a good token shows for its session, beside what every session has. */

import type { Citizen, Claims } from '../citizen.js'
import type { EndedRecord, EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import { isOwnOrDirect, isPrefetch, isTopLevelNavigation } from '../sessions/activity.js'
import { lacksSecondFactor } from '../sessions/assurance.js'
import { active, anonymous, assuranceOf, mfaRequired } from '../sessions/create-citizen.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import type { Credential, Found } from '../sessions/evaluate.js'
import { isUnchanged } from '../sessions/timers.js'
import type { FoundRevocation } from '../stores/store.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { isWaiting, unlessAhead } from '../wait.js'
import { type SharedCookieContext, type SharedCookieRequest, SharedSession } from './context.js'
import { deliverRefresh } from './deliver-refresh.js'
import { believedOf, firstToken, isSettled, newsOf } from './newest-token.js'
import { readRoot } from './token-state.js'

/**
 * The time of authentication that a token states, in milliseconds; 0 where it states none. One in the future, as of
 * milliseconds in place of seconds, proves nothing and counts as none. Source: ASVS 5.0 7.5.3, 6.8.4.
 */
export function authenticationTime(claims: Claims, now: number, skewMilliseconds: number): number {
  const time = typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : 0
  return time > 0 && time <= now + skewMilliseconds ? time : 0
}

/**
 * The citizen of a live record, as the token shows them: that of the request, or one that has just replaced it. A token that
 * is older than the newest shows no more than that.
 */
export function citizenOf(
  { actions, options }: Pick<SharedCookieContext, 'actions' | 'options'>,
  request: SharedCookieRequest,
  token: VerifiedToken,
  record: LiveRecord,
): Citizen {
  const { now, state } = request
  // Whatever the old token showed: a provider that takes a factor back does so with the new one.
  const level =
    token === request.token ? request.level : options.identityProvider.assuranceLevel(token.claims)
  const { claims, level: believed } = believedOf({ token, level }, record)
  if (claims !== token.claims && lacksSecondFactor(claims)) return mfaRequired(claims)
  const live = new SharedSession(request, token, record, claims)
  const assurance = assuranceOf(claims, believed, unlessAhead(record.authenticatedAt, now))
  return active(live, assurance, isWaiting(state.degraded, now), actions)
}

/** Whether a request asks nothing of its live record: no write, no cookie, no second look. */
export function isPlain(request: SharedCookieRequest, record: LiveRecord): boolean {
  const { now, scanned, token, state } = request
  return (
    record.generation === state.generation &&
    isUnchanged(record, now) &&
    (now < state.refreshDueAt || isWaiting(state.refreshWait, now)) &&
    isSettled(request, record) &&
    (scanned.hint === undefined || scanned.hint === state.hint) &&
    (record.tokenExpiresAt === token.expiresAt || record.tokenExpiresAt === state.passedExpiresAt)
  )
}

/**
 * Takes up the session of a token that is not known here, or no longer, where the hint of this browser names it and
 * first sight asks for nothing else: then the request may be plain.
 */
export function recognizeSession(
  { hintCookie }: Pick<SharedCookieContext, 'hintCookie'>,
  { scanned, state, token }: SharedCookieRequest,
  record: LiveRecord,
): void {
  // After a renewal what was kept of it is dropped at first sight.
  if (scanned.hint === undefined || token.issuedAt > record.startedAt) return
  const { person, session } = state.address
  if (!hintCookie.says(scanned.hint, { person, session, generation: record.generation })) return
  state.adopt(record.generation)
  state.keepHint(scanned.hint)
}

/** The credential of one application's shared cookie. */
export class SharedCookieCredential implements Credential<SharedCookieRequest> {
  readonly nobody = anonymous('not-started')
  readonly #context: SharedCookieContext

  constructor(context: SharedCookieContext) {
    this.#context = context
  }

  read({ state }: SharedCookieRequest) {
    return readRoot(this.#context.store, state)
  }

  async find(
    request: SharedCookieRequest,
    alias: { readonly session: string } | undefined,
  ): Promise<Found | Citizen> {
    const { store, lifecycle, options } = this.#context
    const { state, now, token, level } = request
    if (alias !== undefined) {
      state.address = { ...state.address, session: alias.session }
      return store.read(state.address)
    }
    const isTouching = request.isTouching()
    // A poll tells as well that the browser has another person's cookie by now: sockets of the old one learn of it.
    const isBelieved = isTouching || isOwnPoll(request, options.application.url)
    if (isBelieved && (await checkHint(this.#context, request))) return anonymous('identity-changed')
    if (!isTouching) return this.nobody
    const skewMilliseconds = options.identityProvider.clockSkewSeconds * 1000
    const started = await lifecycle.startSession({
      address: state.address,
      now,
      issuedAt: token.issuedAt,
      tokenExpiresAt: token.expiresAt,
      level,
      newestToken: firstToken(token),
      authenticatedAt: authenticationTime(token.claims, now, skewMilliseconds),
    })
    return started.record
  }

  /** A token is good for its session in any generation. */
  isNamed(): boolean {
    return true
  }

  reasonOf(address: RecordAddress, record: EndedRecord): Promise<EndReason> {
    return sharedReasonOf(this.#context.lifecycle, address, record)
  }

  reasonOfRevocation({ reason }: FoundRevocation): EndReason {
    return reason === 'identity-ended' ? 'revoked' : reason
  }

  async refused(request: SharedCookieRequest, record: EndedRecord, reason: EndReason): Promise<void> {
    const { lifecycle, store, expireShared } = this.#context
    const { now, exchange, token, state } = request
    const retainUntil = lifecycle.retainedUntil(now, token.expiresAt)
    // Seldom, but always where this token outlives the record that refuses it.
    const isShort = lifecycle.retainedUntil(0, token.expiresAt) > record.retainUntil
    if (isShort || retainUntil - record.retainUntil > lifecycle.retention / 2) {
      await store.retain(state.address, retainUntil)
    }
    const isRevoked = reason === 'signed-out' || reason === 'revoked'
    if (isRevoked && isTopLevelNavigation(exchange)) expireShared(exchange)
  }

  async accept(request: SharedCookieRequest, found: LiveRecord): Promise<LiveRecord | Citizen | 'again'> {
    const { state } = request
    let record = found
    // What was written before the record was read anew has been told already.
    request.isWritten = false
    const news = newsOf(request, record)
    if (news !== undefined && news.level > record.level && request.isTouching()) {
      const { level, newestToken } = news
      const rise = { level, newestToken, authenticatedAt: record.authenticatedAt }
      const raised = await this.#context.lifecycle.raiseAssurance(state.address, record, rise)
      if (raised === undefined) return 'again'
      record = raised
      request.isWritten = true
    } else if (news?.isFall === true && !request.isTouching()) {
      // Whoever has kept the token from before need not wait for an activity of the person.
      const { level, newestToken } = news
      const change = { level, newestToken }
      if (!(await this.#context.store.update(state.address, record.generation, change))) return 'again'
      record = { ...record, ...change }
    }
    request.isFirstSight = state.generation !== record.generation
    state.adopt(record.generation)
    return (await checkHint(this.#context, request)) ? anonymous('identity-changed') : record
  }

  tokenExpiresAt({ token }: SharedCookieRequest, record: LiveRecord): number {
    return Math.max(token.expiresAt, record.tokenExpiresAt)
  }

  /** That a newer token is there, and a lower level that it shows; an older one that is still under way changes nothing. */
  changeOf(
    request: SharedCookieRequest,
    record: LiveRecord,
  ): Pick<LiveRecord, 'level' | 'newestToken'> | undefined {
    const news = newsOf(request, record)
    return news && { level: news.level, newestToken: news.newestToken }
  }

  async touched(request: SharedCookieRequest): Promise<undefined> {
    request.isWritten = true
  }

  async serve(request: SharedCookieRequest, record: LiveRecord): Promise<Citizen | 'again'> {
    const { hintCookie } = this.#context
    const { exchange, scanned, state } = request
    if (!request.isTouching()) return this.inspected(request, record)
    const isNews = request.isWritten || request.isFirstSight
    if (isNews && scanned.hint !== (state.hint ?? '')) {
      exchange.setCookie(hintCookie.make({ ...state.address, generation: record.generation }))
    }
    const token = await deliverRefresh(this.#context, request, record)
    if (token === 'ended') return 'again'
    return lacksSecondFactor(token.claims)
      ? mfaRequired(token.claims)
      : citizenOf(this.#context, request, token, record)
  }

  inspected(request: SharedCookieRequest, record: LiveRecord): Citizen {
    return citizenOf(this.#context, request, request.token, record)
  }
}

/** Whether a request that is no activity is the person's own all the same: no other site's, and nothing fetched ahead. */
function isOwnPoll({ exchange }: SharedCookieRequest, origin: string): boolean {
  return isOwnOrDirect(exchange, origin) && !isPrefetch(exchange)
}

/** Looks at a hint that is not known to belong to this token. `true`: it is another person's. */
async function checkHint(context: SharedCookieContext, request: SharedCookieRequest): Promise<boolean> {
  const { hintCookie, options, report } = context
  const { scanned, state, exchange, now } = request
  if (scanned.hint === undefined || scanned.hint === state.hint) return false
  const hint = hintCookie.open(scanned.hint)
  if (hint === undefined) return false
  const { person, session } = state.address
  const hinted = { ...hint, application: options.application.id }
  if (hint.person !== person) {
    await endHinted(context, hinted, hint.generation, { reason: 'identity-changed', at: now })
    report({ type: 'session.identity-changed', person, previousPerson: hint.person })
    exchange.setCookie(hintCookie.expire())
    return true
  }
  if (hint.session !== session) {
    // The same person with a session value that is not an alias of the old one: the old session is over here.
    await endHinted(context, hinted, hint.generation, { reason: 'signed-out', at: now })
  } else if (hint.generation === state.generation) {
    state.keepHint(scanned.hint)
  }
  return false
}

async function endHinted(
  { store, lifecycle }: SharedCookieContext,
  address: RecordAddress,
  generation: string,
  end: { readonly reason: 'identity-changed' | 'signed-out'; readonly at: number },
): Promise<void> {
  const record = await store.read(address)
  if (record?.state === 'live' && record.generation === generation) {
    await lifecycle.end(address, record, end, end.at)
  }
}
