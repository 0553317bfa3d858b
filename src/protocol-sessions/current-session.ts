/** @module The session of one plug-in that a request's cookie names. */
import { isSuperseded } from '../cookies/session-cookie.js'
import type { Exchange } from '../exchange.js'
import type { ProtocolSession } from '../protocols/sessions.js'
import { extendedAt, sessionOf } from '../sessions/record.js'
import { timerOver, withIdleTime } from '../sessions/timers.js'
import type { PluginSessionsContext } from './context.js'
import { isSameSession, rootOf } from './session-address.js'
import type { SessionCookieState } from './state.js'

/** The live session of the request's cookie, with its tokens. @throws StoreUnavailableError */
export async function currentSession(
  context: PluginSessionsContext,
  exchange: Exchange,
): Promise<ProtocolSession | undefined> {
  const { options, store, sealer, tokenVault } = context
  const state = ownState(context, exchange)
  if (state === undefined) return undefined
  const { address } = state
  const record = await store.read(address)
  if (record?.state !== 'live' || record.generation !== state.generation) return undefined
  const timed = withIdleTime(record, options.application.idleSeconds * 1000)
  if (timerOver(timed, options.clock()) !== undefined) return undefined
  const details = state.details(sealer, record)
  if (details === undefined) return undefined
  const { issuer, subject, claims } = details
  return {
    address,
    record,
    issuer,
    subject,
    claims,
    tokens: await tokenVault.tokensOf(address),
    extendedAt: extendedAt(record, details, options.clock()),
    extended: details.extended,
  }
}

/** The person of the request's cookie, whatever became of the session; not of an older cookie. @throws StoreUnavailableError */
export async function personNamed(
  context: PluginSessionsContext,
  exchange: Exchange,
): Promise<string | undefined> {
  return (await stateInForce(context, exchange))?.named.person
}

/** Whether the request's cookie is of that session of the provider, whatever became of it. @throws StoreUnavailableError */
export async function isCookieOf(
  context: PluginSessionsContext,
  exchange: Exchange,
  { issuer, sessionValue }: { readonly issuer: string; readonly sessionValue: string },
): Promise<boolean> {
  const state = await stateInForce(context, exchange)
  if (state === undefined) return false
  const address = { ...state.address, session: sessionOf(issuer, sessionValue) }
  return isSameSession(await rootOf(context, address), state.address)
}

function ownState(
  { own, protocol }: PluginSessionsContext,
  exchange: Exchange,
): SessionCookieState | undefined {
  const state = own.stateOf(exchange)
  return state?.named.protocol === protocol ? state : undefined
}

/** The state of the request's cookie; `undefined` for one of an older generation, which is nobody's. */
async function stateInForce(
  context: PluginSessionsContext,
  exchange: Exchange,
): Promise<SessionCookieState | undefined> {
  const state = ownState(context, exchange)
  if (state === undefined) return undefined
  return isSuperseded(await context.store.read(state.address), state.generation) ? undefined : state
}
