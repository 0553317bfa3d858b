/** @module What a citizen's own methods do where the session cookie names the session: renew, and hand out the access token. */
import { CitizenSessionError, outage } from '../errors.js'
import type { AccessToken, TokenRefresh } from '../protocols/token-refresh.js'
import {
  type LiveProtocolSession,
  type ProtocolSessionContext,
  refreshOf,
  renewTokens,
} from './credential.js'
import type { SessionCookieState } from './state.js'

/** An access token is not handed out in its last seconds: it would expire on its way. */
const leastLifeMilliseconds = 10_000

/** Extends the identity session now. `true`: the provider has given new tokens. */
export async function refreshNow(
  context: ProtocolSessionContext,
  { state, record, details }: LiveProtocolSession,
): Promise<boolean> {
  const { kind } = await renewTokens(context, state, record, details)
  return kind === 'renewed'
}

/**
 * An access token that is good for a while, renewed if it is not; `undefined` where the session has none.
 * @throws CitizenSessionError `identity-unavailable`, `session-ended`
 */
export async function accessTokenNow(
  context: ProtocolSessionContext,
  { state, record, details }: LiveProtocolSession,
): Promise<string | undefined> {
  const refresh = refreshOf(context, state)
  if (refresh === undefined) return undefined
  const isFresh = ({ expiresAt }: AccessToken) => expiresAt - context.clock() >= leastLifeMilliseconds
  const token = await accessTokenOf(context, state, refresh)
  if (token === undefined || isFresh(token)) return token?.value
  const { kind } = await renewTokens(context, state, record, details)
  if (kind === 'ended') throw hasEnded()
  const renewed = await accessTokenOf(context, state, refresh)
  if (renewed !== undefined && isFresh(renewed)) return renewed.value
  throw outage('identity-unavailable', 'the access token cannot be renewed now')
}

async function accessTokenOf(
  { tokenVault }: ProtocolSessionContext,
  { address }: SessionCookieState,
  refresh: TokenRefresh,
): Promise<AccessToken | undefined> {
  const tokens = await tokenVault.tokensOf(address)
  if (tokens === undefined) throw hasEnded()
  return refresh.accessTokenOf(tokens)
}

function hasEnded(): CitizenSessionError {
  return new CitizenSessionError('session-ended', 'the session has ended', { status: 401 })
}
