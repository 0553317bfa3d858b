/** @module What is looked at before a login that has come back begins a session: what is there, and which end it must come after. */
import type { Exchange } from '../exchange.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { AliasRecord, EndReason, RecordAddress, SessionRecord } from '../session-record.js'
import { endCauseOf } from '../sessions/end-cause.js'
import { openDetails } from '../sessions/record.js'
import { toleranceOf } from '../sessions/resume-policy.js'
import { isFromAhead } from '../sessions/timers.js'
import { unlessAhead } from '../wait.js'
import type { PluginSessionsContext } from './context.js'
import { isSameSession } from './session-address.js'

/** What lies at an address. */
export type FoundRecord = SessionRecord | AliasRecord | undefined

/** What a provider has ended by its own message, as a later login must know it. Milliseconds since the epoch. */
export interface ProviderLogout {
  readonly at: number
  /** The newest authentication that the ended sessions stood on, by the provider's clock; 0: unknown. */
  readonly previousAuthTime: number
  /** Whether the login names the session that has ended, and not another one. */
  readonly isOfThisName: boolean
}

/** The authentication that the session at an address stands on, or stood on before it ended; 0: unknown. */
export function previousAuthTimeOf(
  { options, sealer }: Pick<PluginSessionsContext, 'options' | 'sealer'>,
  address: RecordAddress,
  record: FoundRecord,
): number {
  const now = options.clock()
  if (record?.state === 'live') return unlessAhead(record.authenticatedAt, now)
  if (record?.state !== 'ended') return 0
  return unlessAhead(openDetails(sealer, address, record.sealed).authenticatedAt ?? 0, now)
}

/**
 * Reads what lies at an address. A live record whose time is over, or that another application has revoked, ends before
 * it is taken for live.
 * @throws StoreUnavailableError
 */
export async function readNow(
  { store, lifecycle }: PluginSessionsContext,
  address: RecordAddress,
  now: number,
): Promise<FoundRecord> {
  const record = await store.read(address)
  if (record?.state !== 'live') return record
  if (isFromAhead(record, now)) {
    return (await lifecycle.countFromNow(address, record, now)) ?? store.read(address)
  }
  if (await lifecycle.applyRevocation(address, record, now)) return store.read(address)
  return lifecycle.endOver(address, record, now)
}

/**
 * Why a login is over although its answer is good: the session that this browser had was signed out while the login
 * was under way. Only an authentication after that begins anew (`RACE-3`).
 * @throws StoreUnavailableError
 */
export async function endedMeanwhile(
  context: PluginSessionsContext,
  exchange: Exchange,
  address: RecordAddress,
  { since, authenticatedAt }: VerifiedLogin,
): Promise<EndReason | undefined> {
  const { store, own } = context
  const previous = own.stateOf(exchange)?.address
  if (previous === undefined || isSameSession(previous, address)) return undefined
  const record = await store.read(previous)
  const isLeft = record?.state === 'ended' && record.reason === 'application-sign-out'
  const end = isLeft ? record : await store.revocation(previous.person, previous.session)
  if (end === undefined || end.at < since) return undefined
  // Of the same person, two times of one clock can be compared: the provider's may be ahead of ours.
  const previousAuthTime =
    previous.person === address.person ? previousAuthTimeOf(context, previous, record) : 0
  const isOld = previousAuthTime !== 0 && authenticatedAt <= previousAuthTime
  return isOld || authenticatedAt + toleranceOf(0) <= end.at ? end.reason : undefined
}

/**
 * The provider's own logout message that a login has come after, of the session that it names or that this browser
 * had; `undefined`: there is none, or another end that stands before it.
 * @throws StoreUnavailableError
 */
export async function providerLogoutBefore(
  context: PluginSessionsContext,
  exchange: Exchange,
  address: RecordAddress,
): Promise<ProviderLogout | undefined> {
  const { store, lifecycle, own } = context
  let latest: ProviderLogout | undefined
  const previous = own.stateOf(exchange)?.address
  const places = previous?.person === address.person ? [address, previous] : [address]
  for (const place of places) {
    const record = await store.read(place)
    if (record?.state !== 'ended') continue
    const { isProviderLogout, at } = await endCauseOf(lifecycle, place, record)
    if (!isProviderLogout) continue
    const previousAuthTime = Math.max(
      previousAuthTimeOf(context, place, record),
      latest?.previousAuthTime ?? 0,
    )
    const isOfThisName = isSameSession(place, address) || latest?.isOfThisName === true
    latest = { at: Math.max(at, latest?.at ?? 0), previousAuthTime, isOfThisName }
  }
  return latest
}

/**
 * Whether a login brings an authentication that is later than the provider's logout message: what nobody was asked
 * for anew counts only where no difference of the clocks could make an older one of it.
 */
export function isAfterLogout(
  { skewMilliseconds }: Pick<PluginSessionsContext, 'skewMilliseconds'>,
  login: VerifiedLogin,
  { at, previousAuthTime, isOfThisName }: ProviderLogout,
): boolean {
  const { authenticatedAt, authenticatedAfter, since } = login
  if (authenticatedAfter === undefined) return false
  if (isOfThisName && login.endedNamesStay === true) return false
  const isNewer = authenticatedAt > previousAuthTime && since > at
  return isNewer && Math.max(authenticatedAfter, authenticatedAt - toleranceOf(skewMilliseconds)) > at
}
