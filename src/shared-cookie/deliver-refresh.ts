/** @module The identity session in a request: a refresh when one is due, and its result handed to the browser. */

import { settledWithin } from '../outbound.js'
import type { LiveRecord } from '../session-record.js'
import { lookAgainMilliseconds } from '../sessions/renewal.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { isWaiting, longerWait, noWait } from '../wait.js'
import type { SharedCookieContext, SharedCookieRequest } from './context.js'
import type { RefreshResult } from './refresh.js'
import { type TokenState, tokenState } from './token-state.js'

/** The token to go on with, or that the session has ended meanwhile. */
export type Delivered = VerifiedToken | 'ended'

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

/**
 * Renews the identity session for a request that counts as activity, where that is due, and hands a newer token to the
 * browser. The first one to refresh waits a little for the answer; whoever meets a refresh under way does not.
 */
export async function deliverRefresh(
  context: SharedCookieContext,
  request: SharedCookieRequest,
  record: LiveRecord,
): Promise<Delivered> {
  const { refresher } = context
  const { token, now, state } = request
  const isInVain = request.exchange.canSetCookies === false
  if (record.tokenExpiresAt > token.expiresAt) {
    if (isInVain || state.passedExpiresAt === record.tokenExpiresAt) return token
    const kept = await refresher.takeKept(token, state.address)
    if (kept !== undefined) return deliver(context, request, kept)
    // Nothing to hand out: the newer token is the browser's, or another application's.
    state.passedExpiresAt = record.tokenExpiresAt
    return token
  }
  if (request.isFirstSight && token.issuedAt > record.startedAt) {
    await refresher.dropKept(token, state.address)
  }
  if (isInVain || now < state.refreshDueAt || isWaiting(state.refreshWait, now)) return token
  const result = await refreshDue(context, request, record)
  if (result?.kind === 'ended') return 'ended'
  if (result?.kind === 'token') return deliver(context, request, result.token)
  const kept = result?.kind === 'newer' ? await refresher.takeKept(token, state.address) : undefined
  return kept === undefined ? token : deliver(context, request, kept)
}

async function refreshDue(
  { refresher, options }: SharedCookieContext,
  { state, token }: SharedCookieRequest,
  record: LiveRecord,
): Promise<RefreshResult | undefined> {
  const { address } = state
  if (refresher.isUnderWay(address)) return undefined
  const refreshing = refresher.refresh({ token, address, record, failures: state.failures })
  const noted = refreshing.then((result) => {
    noteRefresh(state, token, result, options.clock())
    return result
  })
  return settledWithin(noted, options.identityProvider.refresh.waitMilliseconds)
}

function deliver(
  { cookiesFor, options }: SharedCookieContext,
  { exchange, state }: SharedCookieRequest,
  fresh: VerifiedToken,
): VerifiedToken {
  for (const cookie of cookiesFor(fresh)) exchange.setCookie(cookie)
  // Its generation is adopted when a request presents it: that is when the kept result is dropped.
  const { afterSeconds } = options.identityProvider.refresh
  tokenState(fresh, options.application.id, afterSeconds).address = state.address
  return fresh
}
