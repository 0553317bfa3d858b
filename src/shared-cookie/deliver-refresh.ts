/** @module The identity session in a request: a refresh when one is due, and its result handed to the browser. */

import { settledWithin } from '../outbound.js'
import type { LiveRecord } from '../session-record.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { isWaiting, longerWait, noWait } from '../wait.js'
import type { SessionContext, SessionRequest } from './credential.js'
import type { RefreshResult } from './refresh.js'
import { type TokenState, tokenState } from './token-state.js'

/** The token to go on with, or that the session has ended meanwhile. */
export type Extended = VerifiedToken | 'ended'

export type Extend = (
  request: SessionRequest,
  state: TokenState,
  record: LiveRecord,
  seen: { readonly isFirstSight: boolean; readonly isTouching: boolean },
) => Promise<Extended>

/** How soon a request looks again after another instance was found at work. */
const lookAgainMilliseconds = 1000

/** Takes note of a refresh's result in the state of the token that was refreshed. */
export function noteRefresh(
  state: TokenState,
  token: VerifiedToken,
  result: RefreshResult,
  now: number,
): void {
  switch (result.kind) {
    case 'extended':
      state.failures = 0
      state.degraded = noWait
      state.refreshWait = {
        since: now,
        milliseconds: Math.max(now - token.issuedAt, lookAgainMilliseconds),
      }
      return
    case 'elsewhere':
      state.refreshWait = longerWait(
        state.refreshWait,
        { since: now, milliseconds: lookAgainMilliseconds },
        now,
      )
      return
    case 'degraded':
      state.failures += 1
      state.refreshWait = { since: now, milliseconds: result.retryAfterSeconds * 1000 }
      state.degraded = state.refreshWait
      return
    case 'token':
    case 'newer':
    case 'ended':
      state.failures = 0
      state.degraded = noWait
  }
}

/** Makes the part of a judgement that deals with the identity session. */
export function createExtension(judging: SessionContext): Extend {
  const { options, refresher } = judging
  const { waitMilliseconds, afterSeconds } = options.identityProvider.refresh

  /** The first one to refresh waits a little for the answer; whoever meets a refresh under way does not. */
  const refreshDue = async (
    request: SessionRequest,
    state: TokenState,
    record: LiveRecord,
  ): Promise<RefreshResult | undefined> => {
    const { address } = state
    const { token } = request
    if (refresher.isUnderWay(address)) return undefined
    const flight = refresher.refresh({ token, address, record, failures: state.failures })
    const noted = flight.then((result) => {
      noteRefresh(state, token, result, options.clock())
      return result
    })
    return settledWithin(noted, waitMilliseconds)
  }

  const handOver = (request: SessionRequest, state: TokenState, fresh: VerifiedToken): VerifiedToken => {
    for (const cookie of judging.cookiesFor(fresh)) request.exchange.setCookie(cookie)
    // Its generation is adopted when a request presents it: that is when the kept result is dropped.
    tokenState(fresh, options.application.id, afterSeconds).address = state.address
    return fresh
  }

  return async (request, state, record, { isFirstSight, isTouching }) => {
    const { token, now } = request
    if (!isTouching) return token
    if (record.tokenExpiresAt > token.expiresAt) {
      if (state.passedExpiresAt === record.tokenExpiresAt) return token
      const kept = await refresher.takeKept(token, state.address)
      if (kept !== undefined) return handOver(request, state, kept)
      // Nothing to hand out: the newer token is the browser's, or another application's.
      state.passedExpiresAt = record.tokenExpiresAt
      return token
    }
    if (isFirstSight && token.issuedAt > record.startedAt) {
      await refresher.dropKept(token, state.address)
    }
    if (now < state.refreshDueAt || isWaiting(state.refreshWait, now)) return token
    const result = await refreshDue(request, state, record)
    if (result?.kind === 'ended') return 'ended'
    if (result?.kind === 'token') return handOver(request, state, result.token)
    if (result?.kind === 'newer') {
      const kept = await refresher.takeKept(token, state.address)
      if (kept !== undefined) return handOver(request, state, kept)
    }
    return token
  }
}
