/** @module The refresh of the identity session: what is sent, how a new token is judged and kept, and who gets it. */

import type { Claims } from '../citizen.js'
import { digest } from '../digest.js'
import { CitizenSessionError, StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import { mayBeSpent } from '../outbound.js'
import type { Sealer } from '../seal.js'
import type { RecordAddress } from '../session-record.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { personOf, publicIdOf, sessionOf } from '../sessions/record.js'
import { createRenewals } from '../sessions/renewal.js'
import type {
  Renewal,
  RenewalAnswer,
  RenewalMethod,
  RenewalRequest,
  RenewalResult,
  RenewalWrite,
} from '../sessions/renewal-method.js'
import type { Store } from '../stores/store.js'
import { joinToken, splitToken, type TokenParts } from '../tokens/token-parts.js'
import type { RejectedToken, VerifiedToken } from '../tokens/verify.js'
import { writeFall } from './note-fall.js'
import type { RefreshOutcome } from './refresh-answer.js'
import type { RefreshClient } from './refresh-client.js'

/** The session whose identity session is to be extended. */
export interface RefreshRequest extends RenewalRequest {
  readonly token: VerifiedToken
}

/** What a refresh comes to. */
export type RefreshResult = RenewalResult<
  /** A new token, kept for all requests that still carry the old one. */
  | { readonly kind: 'token'; readonly token: VerifiedToken }
  /** A success without a new token. */
  | { readonly kind: 'extended' }
  | { readonly kind: 'degraded'; readonly retryAfterSeconds: number }
>

/** A refresh, as a kind of renewal. */
interface RefreshTypes {
  readonly request: RefreshRequest
  /** A JWT as the provider gave it. */
  readonly fresh: string
  readonly result: RefreshResult
}

/** Refreshes the identity session of people with the shared cookie. */
export interface Refresher {
  /** Whether a refresh of this session is under way in this process. */
  isUnderWay(address: RecordAddress): boolean
  /** Refreshes, or joins the refresh that is under way in this process. */
  refresh(request: RefreshRequest): Promise<RefreshResult>
  /** The token for which the one at hand was exchanged, if that is kept and the session lives. */
  takeKept(token: VerifiedToken, address: RecordAddress): Promise<VerifiedToken | undefined>
  /** Forgets what is kept once the browser has a newer token; not what the token at hand was just exchanged for. */
  dropKept(token: VerifiedToken, address: RecordAddress): Promise<void>
  /** Begins no refresh any more, and resolves when the results of those under way are kept. */
  close(): Promise<void>
}

/** What the refresher of one application stands on. */
interface RefreshContext {
  readonly post: RefreshClient
  readonly verify: (parts: TokenParts, now: number) => MaybePromise<VerifiedToken | RejectedToken>
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly timeoutSeconds: number
  readonly assuranceLevel: (claims: Claims) => number
  readonly onUnavailable: 'keep' | 'end'
  /** Whether a browser would take the token's cookies: one of them dropped would sign the person out. */
  readonly isDeliverable: (token: VerifiedToken) => boolean
}

const mostWrites = 4

/** Makes the refresher of one application. */
export function createRefresher(context: RefreshContext): Refresher {
  const { store, lifecycle, report, clock, random } = context
  const method = createRefreshMethod(context)
  const renewals = createRenewals({ method, store, lifecycle, report, clock, random })
  return {
    isUnderWay: renewals.isUnderWay,
    refresh: renewals.renew,
    takeKept: (token, address) => takeKept(context, token, address),
    async dropKept(token, address) {
      const kept = await store.keptRefresh(address)
      if (kept !== undefined && kept.token !== nameOf(token)) await store.dropRefresh(address, kept.fence)
    },
    close: renewals.close,
  }
}

const nameOf = (token: VerifiedToken): string => digest(joinToken(token.parts))
const keptPlaceOf = ({ person, session }: RecordAddress): string => `${person} ${session}`

function createRefreshMethod(context: RefreshContext): RenewalMethod<RefreshTypes> {
  const { timeoutSeconds, onUnavailable } = context
  const terms = { provider: 'identity provider', timeoutSeconds, onUnavailable }
  return {
    leaseKey: ({ person, session }) => `refresh:${person}:${session}`,
    termsOf: () => terms,
    endsWithout: ({ token }) => token.expiresAt,
    tokensFor: ({ token }, record) =>
      record.tokenExpiresAt > token.expiresAt ? undefined : joinToken(token.parts),
    call: async (jwt, { token }) => answerOf(await context.post(jwt), token, context.clock()),
    write: (refresh, jwt) => acceptToken(context, refresh, jwt),
    isForBrowser: true,
    degraded: (_request, _record, retryAfterSeconds) => ({ kind: 'degraded', retryAfterSeconds }),
    // What the browser has already is no news.
    isNews: (result, { token }) => result.kind !== 'token' || result.token.expiresAt > token.expiresAt,
    rekeyed: { kind: 'ended' },
  }
}

/** What an outcome of the POST means for the session. */
function answerOf(outcome: RefreshOutcome, token: VerifiedToken, now: number): RenewalAnswer<RefreshTypes> {
  switch (outcome.kind) {
    case 'token':
      return { kind: 'fresh', fresh: outcome.jwt }
    case 'extended': {
      // The old token goes on: the next extension is due as much later as this one was after its issue. A clock
      // that is ahead makes the token older than it is: half of its life is the most that others wait.
      const { issuedAt, expiresAt } = token
      const age = Math.min(now - issuedAt, (expiresAt - issuedAt) / 2) / 1000
      return { kind: 'extended', pauseSeconds: Math.max(age, 1), result: { kind: 'extended' } }
    }
    case 'refused':
      return outcome
    case 'failed':
      return { kind: 'failed', failure: outcome, mayBeSpent: mayBeSpent(outcome) }
  }
}

/** Takes a new token up, if it is one. */
async function acceptToken(
  context: RefreshContext,
  refresh: Renewal<RefreshTypes>,
  jwt: string,
): Promise<RenewalWrite<RefreshResult>> {
  const { address, token } = refresh.request
  const parts = splitToken(jwt)
  const fresh = parts === undefined ? undefined : await context.verify(parts, context.clock())
  if (fresh?.valid !== true || !context.isDeliverable(fresh)) return { kind: 'unusable', problem: 'token' }
  if (personOf(fresh.claims.iss, fresh.claims.sub) !== address.person) {
    return { kind: 'unusable', problem: 'subject' }
  }
  if (fresh.expiresAt <= token.expiresAt) return { kind: 'unusable', problem: 'unchanged' }
  return keepToken(context, refresh, fresh)
}

/**
 * Keeps the new token with the record, and its session value as another name of it. Not written is not ended: a rise
 * in assurance, or another instance's result, may have come since the refresh began.
 */
async function keepToken(
  { store, sealer, lifecycle, report, assuranceLevel }: RefreshContext,
  { request: { address, record, token }, fence }: Renewal<RefreshTypes>,
  fresh: VerifiedToken,
): Promise<RenewalWrite<RefreshResult>> {
  const jwt = joinToken(fresh.parts)
  const kept = {
    token: nameOf(token),
    sealed: sealer.seal('kept', keptPlaceOf(address), jwt),
    fence,
    until: token.expiresAt,
  }
  const isAliased = fresh.sessionValue !== token.sessionValue
  const shown = { token: fresh, level: assuranceLevel(fresh.claims) }
  let known = record
  for (let count = 0; count < mostWrites; count += 1) {
    // What it takes back is over, whether or not anybody goes on with it.
    const fallen = await writeFall(store, address, known, shown)
    const { generation } = known
    // The alias is there before anybody can have the new token.
    const session = sessionOf(fresh.claims.iss, fresh.sessionValue)
    const isNamed =
      fallen !== undefined &&
      (!isAliased ||
        ((await store.alias(address, generation, session)) &&
          (await lifecycle.addName(address, known, session))))
    const isKept = isNamed && (await store.keepRefresh(address, generation, kept, fresh.expiresAt))
    if (isKept) {
      if (isAliased) {
        report({ type: 'session.aliased', publicId: publicIdOf(generation), person: address.person })
      }
      return { kind: 'written', result: { kind: 'token', token: fresh } }
    }
    const current = await store.read(address)
    if (current?.state !== 'live') return { kind: 'ended' }
    if (fallen !== undefined && current.generation === generation) return { kind: 'replaced' }
    known = current
  }
  throw new StoreUnavailableError('the session record changed faster than its token could be written')
}

/** The kept token for which the one at hand was exchanged. */
async function takeKept(
  context: RefreshContext,
  token: VerifiedToken,
  address: RecordAddress,
): Promise<VerifiedToken | undefined> {
  const kept = await context.store.keptRefresh(address)
  if (kept?.token !== nameOf(token) || kept.until <= context.clock()) return undefined
  const jwt = context.sealer.open('kept', keptPlaceOf(address), kept.sealed)
  const parts = jwt === undefined ? undefined : splitToken(jwt)
  const fresh = parts === undefined ? undefined : await verifyNow(context, parts)
  if (fresh === undefined || fresh.expiresAt <= token.expiresAt) return undefined
  return personOf(fresh.claims.iss, fresh.claims.sub) === address.person ? fresh : undefined
}

/** Only a token that can be verified now is handed out; while its key cannot be had, the old one goes on. */
async function verifyNow(context: RefreshContext, parts: TokenParts): Promise<VerifiedToken | undefined> {
  try {
    const fresh = await context.verify(parts, context.clock())
    return fresh.valid ? fresh : undefined
  } catch (error) {
    if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return undefined
    throw error
  }
}
