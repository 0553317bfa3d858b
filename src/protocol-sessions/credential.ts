/** @module The session cookie as a credential: what it shows for a session that OpenID Connect or SAML began. */
import type { Citizen } from '../citizen.js'
import { isNamedBy } from '../cookies/session-cookie.js'
import type { Exchange } from '../exchange.js'
import { settledWithin } from '../outbound.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import type { TokenRefresh } from '../protocols/token-refresh.js'
import type { EndedRecord, EndReason, LiveRecord, RecordAddress, SessionRecord } from '../session-record.js'
import { assuranceHere } from '../sessions/assurance.js'
import {
  active,
  anonymous,
  type CitizenActions,
  LiveSession,
  unavailable,
} from '../sessions/create-citizen.js'
import { endCauseOf } from '../sessions/end-cause.js'
import type { Credential, SessionContext, SessionRequest } from '../sessions/evaluate.js'
import type { ProtocolDetails } from '../sessions/record.js'
import { lookAgainMilliseconds } from '../sessions/renewal.js'
import { isUnchanged } from '../sessions/timers.js'
import { ageAtRenewal, areTokensOver, isDegraded, tokensExpireAt } from '../sessions/token-expiry.js'
import type { FoundRevocation } from '../stores/store.js'
import { isAhead, isWaiting, longerWait } from '../wait.js'
import { noteIndexKeysAgain } from './index-keys.js'
import { isFromBefore, type ProviderRemovals } from './removals.js'
import type { BelievedDetails, SessionCookieState } from './state.js'
import type { TokenRenewalResult, TokenVault } from './token-vault.js'

/** What the sessions of the session cookie stand on. */
export interface ProtocolSessionContext extends SessionContext {
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly removals: ProviderRemovals
  /** Tells, once for each name, that a session came whose provider is not known here. */
  readonly tellUnknown: (name: string) => void
  readonly tokenVault: TokenVault
  readonly clock: () => number
  readonly actions: CitizenActions<LiveProtocolSession>
}

/** A session that the session cookie names. */
export class LiveProtocolSession extends LiveSession {
  declare readonly state: SessionCookieState
  readonly details: ProtocolDetails

  constructor({ exchange, state }: ProtocolSessionRequest, record: LiveRecord, details: ProtocolDetails) {
    super(exchange, state.claims(details), state, record)
    this.details = details
  }

  override get userInfo(): ProtocolDetails['userInfo'] {
    return this.details.userInfo
  }

  override get provider(): string {
    return this.state.named.protocol
  }
}

/** A request with a session cookie that we made. A class for the same reason as {@link LiveSession}. */
export class ProtocolSessionRequest implements SessionRequest {
  readonly exchange: Exchange
  readonly now: number
  readonly isTouching: () => boolean
  readonly state: SessionCookieState

  constructor(exchange: Exchange, now: number, isTouching: () => boolean, state: SessionCookieState) {
    this.exchange = exchange
    this.now = now
    this.isTouching = isTouching
    this.state = state
  }
}

/** How the tokens of a session are renewed; `undefined`: they are not. */
export function refreshOf(
  { protocols }: Pick<ProtocolSessionContext, 'protocols'>,
  { named }: SessionCookieState,
): TokenRefresh | undefined {
  return protocols.get(named.protocol)?.refresh
}

/** The citizen of a live record. `degraded`: whether a renewal has just failed; absent: what the record says. */
export function citizenOf(
  { actions }: ProtocolSessionContext,
  request: ProtocolSessionRequest,
  record: LiveRecord,
  details: BelievedDetails,
  degraded = isDegraded(record, details),
): Citizen {
  const live = new LiveProtocolSession(request, record, details)
  return active(live, assuranceHere(record, details, request.now), degraded, actions)
}

/** Whether a request asks nothing of its live record: no write, no cookie, no second look. */
export function isPlain(
  context: ProtocolSessionContext,
  { state, now }: ProtocolSessionRequest,
  record: LiveRecord,
  details: ProtocolDetails,
): boolean {
  const provider = context.protocols.get(state.named.protocol)
  // Whose provider is not known here is looked at closely, and so is whoever may have begun before it was removed.
  if (provider === undefined || isOfRemoved(context, state, record, { details, now })) return false
  return (
    isUnchanged(record, now) &&
    !areTokensOver(record, details, now) &&
    (now < renewalDueAt(provider.refresh, state, record, details, now) || isWaiting(state.refreshWait, now))
  )
}

/** Whether a session began before its provider was removed, as far as that is known here. */
function isOfRemoved(
  { removals }: Pick<ProtocolSessionContext, 'removals'>,
  { named }: SessionCookieState,
  record: LiveRecord,
  { details, now }: { readonly details: ProtocolDetails; readonly now: number },
): boolean {
  return !removals.isEmpty && isFromBefore(removals.knownAt(named.protocol), record, details, now)
}

/** From when on the tokens are renewed; never where there is nothing to renew. */
function renewalDueAt(
  refresh: TokenRefresh | undefined,
  state: SessionCookieState,
  record: LiveRecord,
  details: ProtocolDetails,
  now: number,
): number {
  const { tokenLife } = details
  if (refresh === undefined || tokenLife === 0) return Number.POSITIVE_INFINITY
  const expiresAt = tokensExpireAt(record, details)
  // Tokens that would live for more than twice their life were noted by a clock that has been put back since.
  if (isAhead(expiresAt - 2 * tokenLife, now)) return now
  return expiresAt - tokenLife + ageAtRenewal(refresh.afterSeconds, tokenLife, state.renewalShare)
}

/** Renews the tokens of a session, once for all who ask, and takes note of what it came to. */
export async function renewTokens(
  context: ProtocolSessionContext,
  state: SessionCookieState,
  record: LiveRecord,
  { issuer, subject, claims, tokenLife }: ProtocolDetails,
): Promise<TokenRenewalResult> {
  const { tokenVault, clock } = context
  const refresh = refreshOf(context, state)
  // Where there is nothing to renew, trying would be a failure.
  if (refresh === undefined || tokenLife === 0) return { kind: 'elsewhere' }
  const { address, failures } = state
  const isJoined = tokenVault.isUnderWay(address)
  const provider = state.named.protocol
  const about = { provider, issuer, subject, claims }
  const result = await tokenVault.renew({ address, record, ...about, refresh, failures })
  // Whoever has begun it takes note of what it came to.
  if (isJoined) return result
  noteRenewal(state, refresh, result, clock())
  return result
}

/** Takes note of a renewal's result in the state of the session. */
function noteRenewal(
  state: SessionCookieState,
  refresh: TokenRefresh,
  result: TokenRenewalResult,
  now: number,
): void {
  const soon = { since: now, milliseconds: lookAgainMilliseconds }
  switch (result.kind) {
    case 'renewed':
      state.failures = 0
      state.refreshWait = {
        since: now,
        // Providers shorten the life towards the end of their session: what the record says of it is older.
        milliseconds: ageAtRenewal(refresh.afterSeconds, result.expiresAt - now, state.renewalShare),
      }
      return
    case 'degraded':
      state.failures += 1
      state.refreshWait = { since: now, milliseconds: result.retryAfterSeconds * 1000 }
      return
    case 'elsewhere':
      // That another instance is at it says nothing of the provider: the failures count on.
      state.refreshWait = longerWait(state.refreshWait, soon, now)
      return
    case 'newer':
    case 'ended':
      state.failures = 0
      state.refreshWait = soon
  }
}

/**
 * Renews what is due; the first who finds it waits a little, whoever meets it under way does not, unless nobody is
 * signed in without it.
 */
async function renewDue(
  context: ProtocolSessionContext,
  { state, now }: ProtocolSessionRequest,
  record: LiveRecord,
  details: ProtocolDetails,
): Promise<TokenRenewalResult | undefined> {
  const refresh = refreshOf(context, state)
  const isDue =
    now >= renewalDueAt(refresh, state, record, details, now) && !isWaiting(state.refreshWait, now)
  if (refresh === undefined || !isDue) return undefined
  const isUnderWay = context.tokenVault.isUnderWay(state.address)
  if (isUnderWay && !areTokensOver(record, details, now)) return undefined
  return settledWithin(renewTokens(context, state, record, details), refresh.waitMilliseconds)
}

/** The credential of one application's session cookie. */
export class SessionCookieCredential implements Credential<ProtocolSessionRequest> {
  readonly nobody = anonymous('not-signed-in')
  readonly #context: ProtocolSessionContext

  constructor(context: ProtocolSessionContext) {
    this.#context = context
  }

  async read({ state }: ProtocolSessionRequest): Promise<SessionRecord | undefined> {
    const record = await this.#context.store.read(state.address)
    return record?.state === 'alias' ? undefined : record
  }

  async find(): Promise<Citizen> {
    return this.nobody
  }

  /** A newer cookie was given out for the session, or the secrets are no longer ours: then it is not. */
  isNamed({ state }: ProtocolSessionRequest, record: SessionRecord): boolean {
    if (!isNamedBy(record, state.generation)) return false
    return record.state === 'ended' || state.details(this.#context.sealer, record) !== undefined
  }

  async reasonOf(address: RecordAddress, record: EndedRecord): Promise<EndReason> {
    return (await endCauseOf(this.#context.lifecycle, address, record)).reason
  }

  reasonOfRevocation({ reason }: FoundRevocation): EndReason {
    return reason
  }

  /** The cookie stays: it tells the reason, and the logout which provider to visit. */
  async refused(): Promise<void> {}

  /** One whose provider was removed since it began is over. Where no provider of the name is known, the store is asked. */
  async accept({ state, now }: ProtocolSessionRequest, record: LiveRecord): Promise<LiveRecord | 'again'> {
    const { protocols, removals, lifecycle } = this.#context
    const { protocol } = state.named
    const details = this.#detailsOf(state, record)
    const isOver =
      isOfRemoved(this.#context, state, record, { details, now }) ||
      (!protocols.has(protocol) && isFromBefore(await removals.ask(protocol), record, details, now))
    if (!isOver) return record
    await lifecycle.end(state.address, record, { reason: 'provider-removed', at: now }, now)
    return 'again'
  }

  tokenExpiresAt(_request: ProtocolSessionRequest, record: LiveRecord): number {
    return record.tokenExpiresAt
  }

  /** What the provider says of the person is written when it says it. */
  changeOf(): undefined {
    return undefined
  }

  async touched({ state, now }: ProtocolSessionRequest, record: LiveRecord): Promise<'again' | undefined> {
    const { store, lifecycle } = this.#context
    const details = this.#detailsOf(state, record)
    const reason = details.pointers && (await noteIndexKeysAgain(store, state.address, record, details))
    if (reason === undefined) return undefined
    await lifecycle.end(state.address, record, { reason, at: now }, now)
    return 'again'
  }

  async serve(request: ProtocolSessionRequest, record: LiveRecord): Promise<Citizen | 'again'> {
    const { now, state } = request
    // It may be added yet: nobody is signed out by it.
    if (!this.#context.protocols.has(state.named.protocol)) return this.#unknownProvider(state)
    const details = this.#detailsOf(state, record)
    const isTouching = request.isTouching()
    const renewed = isTouching ? await renewDue(this.#context, request, record, details) : undefined
    if (renewed?.kind === 'ended') return 'again'
    if (renewed?.kind === 'degraded' && renewed.areTokensOver) return anonymous('token-expired')
    // What the provider has just taken back counts for this request already.
    if (renewed?.kind === 'renewed' && renewed.isPersonChanged) return 'again'
    if (renewed?.kind === 'renewed' || renewed?.kind === 'degraded') {
      return citizenOf(this.#context, request, record, details, renewed.kind === 'degraded')
    }
    if (areTokensOver(record, details, now)) {
      // Another instance, or a request before this one, may have renewed them while this one waited.
      const current = isTouching ? await this.#context.store.read(state.address) : record
      const isSame = current?.state === 'live' && current.tokenExpiresAt === record.tokenExpiresAt
      return isSame ? anonymous('token-expired') : 'again'
    }
    return citizenOf(this.#context, request, record, details)
  }

  inspected(request: ProtocolSessionRequest, record: LiveRecord): Citizen {
    const { state } = request
    const details = this.#detailsOf(state, record)
    if (isOfRemoved(this.#context, state, record, { details, now: request.now }))
      return anonymous('provider-removed')
    if (!this.#context.protocols.has(state.named.protocol)) return this.#unknownProvider(state)
    if (areTokensOver(record, details, request.now)) return anonymous('token-expired')
    return citizenOf(this.#context, request, record, details)
  }

  #unknownProvider({ named }: SessionCookieState): Citizen {
    this.#context.tellUnknown(named.protocol)
    return unavailable('provider')
  }

  /** The details that {@link isNamed} has found. */
  #detailsOf(state: SessionCookieState, record: LiveRecord): BelievedDetails {
    const details = state.details(this.#context.sealer, record)
    if (details === undefined) throw new TypeError('a session of our cookie has its details')
    return details
  }
}
