/** @module The tokens of sessions that a protocol began: kept sealed beside the record, and what renewing them means. */

import type { Claims } from '../citizen.js'
import { digest } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { PersonStatement, TokenOutcome, TokenRefresh } from '../protocols/token-refresh.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { holdLease, releaseQuietly } from '../sessions/lease.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { openDetails, placeOf } from '../sessions/record.js'
import { createRenewals } from '../sessions/renewal.js'
import type {
  Renewal,
  RenewalAnswer,
  RenewalMethod,
  RenewalRequest,
  RenewalResult,
  RenewalWrite,
} from '../sessions/renewal-method.js'
import { reviseDetails } from '../sessions/revise.js'
import { areTokensOver, isDegraded, soonerThan, tokensExpireAt } from '../sessions/token-expiry.js'
import type { Store } from '../stores/store.js'

/** The session whose tokens are to be renewed. */
export interface TokenRenewalRequest extends RenewalRequest {
  /** Name of the plug-in. */
  readonly provider: string
  readonly issuer: string
  readonly subject: string
  readonly claims: Claims
  readonly refresh: TokenRefresh
}

/** What a renewal of tokens comes to. */
export type TokenRenewalResult = RenewalResult<
  | {
      readonly kind: 'renewed'
      readonly expiresAt: number
      /** Whether the provider says something else of the person than before. */
      readonly isPersonChanged: boolean
    }
  | { readonly kind: 'degraded'; readonly retryAfterSeconds: number; readonly areTokensOver: boolean }
>

/** Keeps and renews tokens. Each method throws `StoreUnavailableError` in an outage. */
export interface TokenVault {
  /** Keeps the tokens of a session that has just begun, or begun anew, under its generation. `false`: it has ended. */
  keep(address: RecordAddress, record: LiveRecord, tokens: string, expiresAt: number): Promise<boolean>
  /** The tokens of a live session. */
  tokensOf(address: RecordAddress): Promise<string | undefined>
  /** Runs `work` while nobody renews the tokens. `undefined`: somebody is at it, and nothing was done. */
  withTokenLock<T>(address: RecordAddress, work: () => Promise<T>): Promise<T | undefined>
  isUnderWay(address: RecordAddress): boolean
  /** Renews, or joins the renewal that is under way in this process. */
  renew(request: TokenRenewalRequest): Promise<TokenRenewalResult>
  /** Begins no renewal any more, and resolves when the tokens of those under way are kept. */
  close(): Promise<void>
}

/** What the vault of one application stands on. */
interface VaultContext {
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
}

/** Tokens on their way into the record. */
interface FreshTokens {
  readonly tokens: string
  readonly expiresAt: number
  /** Whether they are as good as new; not of a successor that has only replaced a spent token. */
  readonly isRenewed: boolean
  readonly person?: PersonStatement | undefined
  readonly askUserInfo?: Extract<TokenOutcome, { kind: 'tokens' }>['askUserInfo']
  /** When the provider wants the session to end at the latest; absent: as it was. */
  readonly endsAt?: number | undefined
}

/** A renewal of tokens, as a kind of renewal. */
interface TokenRenewalTypes {
  readonly request: TokenRenewalRequest
  readonly fresh: FreshTokens
  readonly result: TokenRenewalResult
}

/** The slot for a kept token is the same for all: there is one set of tokens a session. */
const slot = digest('tokens')

/** How long a lease is good for that is held while something is written. */
const writingSeconds = 5
const mostWrites = 4

/** Makes the token vault of one application. */
export function createTokenVault(context: VaultContext): TokenVault {
  const { store, lifecycle, report, clock, random } = context
  const method = createTokenMethod(context)
  const renewals = createRenewals({ method, store, lifecycle, report, clock, random })
  return {
    keep: (address, record, tokens, expiresAt) => keepTokens(context, address, record, { tokens, expiresAt }),
    tokensOf: (address) => tokensOf(context, address),
    async withTokenLock(address, work) {
      const key = leaseKey(address)
      const fence = await store.lease(key, writingSeconds)
      if (fence === undefined) return undefined
      try {
        return await holdLease(store, { key, fence, seconds: writingSeconds }, work)
      } finally {
        await releaseQuietly(store, key, fence)
      }
    },
    isUnderWay: renewals.isUnderWay,
    renew: renewals.renew,
    close: renewals.close,
  }
}

const leaseKey = (address: RecordAddress): string => `tokens:${placeOf(address).replaceAll(' ', ':')}`

function createTokenMethod(context: VaultContext): RenewalMethod<TokenRenewalTypes> {
  return {
    leaseKey,
    termsOf: ({ provider: name, issuer, refresh: { timeoutSeconds, onUnavailable } }) => ({
      provider: issuer,
      name,
      timeoutSeconds,
      onUnavailable,
    }),
    endsWithout: ({ record, refresh }) => record.tokenExpiresAt + refresh.keepSeconds * 1000,
    tokensFor: ({ address, record: asked }, record) =>
      isRenewedSince(context, address, asked, record) ? undefined : tokensOf(context, address),
    call: async (tokens, { record, refresh, issuer, subject, claims }) =>
      answerOf(await refresh.renew(tokens, { issuer, subject, claims }), record),
    write: (renewal, fresh, isAgain) => acceptTokens(context, renewal, fresh, isAgain),
    isForBrowser: false,
    degraded: (request, record, retryAfterSeconds) => degraded(context, request, record, retryAfterSeconds),
    // What the record knows already is no news.
    isNews: (result, { record }) => result.kind !== 'renewed' || result.expiresAt > record.tokenExpiresAt,
    rekeyed: { kind: 'elsewhere' },
  }
}

/** Whether the record has other tokens by now: with another expiry, be it sooner. */
function isRenewedSince(
  { sealer }: VaultContext,
  address: RecordAddress,
  asked: LiveRecord,
  record: LiveRecord,
): boolean {
  if (record.tokenExpiresAt > asked.tokenExpiresAt) return true
  if (record.sealed === asked.sealed) return false
  const [before, now] = [asked, record].map((each) => {
    const { own } = openDetails(sealer, address, each.sealed)
    return own && tokensExpireAt(each, own)
  })
  return before !== now
}

/** What an attempt of a plug-in means for the session. */
function answerOf(outcome: TokenOutcome, { tokenExpiresAt }: LiveRecord): RenewalAnswer<TokenRenewalTypes> {
  if (outcome.kind === 'refused') return { kind: 'refused' }
  if (outcome.kind === 'tokens') {
    const { kind: _, ...fresh } = outcome
    return { kind: 'fresh', fresh: { ...fresh, isRenewed: true } }
  }
  const { successor, mayBeSpent = false } = outcome
  const answer = { kind: 'failed', failure: outcome, mayBeSpent } as const
  return successor === undefined
    ? answer
    : { ...answer, successor: { tokens: successor, expiresAt: tokenExpiresAt, isRenewed: false } }
}

async function tokensOf(
  { store, sealer }: VaultContext,
  address: RecordAddress,
): Promise<string | undefined> {
  const kept = await store.keptRefresh(address)
  return kept && sealer.open('tokens', placeOf(address), kept.sealed)
}

function writeTokens(
  { store, sealer }: VaultContext,
  address: RecordAddress,
  record: LiveRecord,
  { tokens, fence, expiresAt }: Pick<FreshTokens, 'tokens' | 'expiresAt'> & { readonly fence: number },
) {
  const sealed = sealer.seal('tokens', placeOf(address), tokens)
  const kept = { token: slot, sealed, fence, until: record.retainUntil }
  return store.keepRefresh(address, record.generation, kept, expiresAt)
}

/** Keeps the tokens of a login, in the place of what an earlier login of the same session left. */
async function keepTokens(
  context: VaultContext,
  address: RecordAddress,
  record: LiveRecord,
  tokens: Pick<FreshTokens, 'tokens' | 'expiresAt'>,
): Promise<boolean> {
  const { store } = context
  for (let count = 0; count < mostWrites; count += 1) {
    // Under the fence of what is there: never first without any.
    const before = await store.keptRefresh(address)
    if (await writeTokens(context, address, record, { ...tokens, fence: before?.fence ?? 0 })) return true
    const found = await store.read(address)
    if (found?.state !== 'live' || found.generation !== record.generation) return false
  }
  throw new StoreUnavailableError('the tokens of a session changed faster than they could be written')
}

async function acceptTokens(
  context: VaultContext,
  renewal: Renewal<TokenRenewalTypes>,
  fresh: FreshTokens,
  isAgain: boolean,
): Promise<RenewalWrite<TokenRenewalResult>> {
  const { lifecycle, clock } = context
  const { address, record } = renewal.request
  // Before the tokens: a session goes on by new ones only within what came with them.
  if (fresh.endsAt !== undefined)
    await lifecycle.moveProviderEnd(address, record, { providerEnd: fresh.endsAt, now: clock() })
  const kind = await replaceTokens(context, renewal, fresh, isAgain)
  if (kind !== 'written') return { kind }
  const { expiresAt, endsAt, person } = fresh
  if (endsAt !== undefined && endsAt <= clock()) return { kind: 'ended' }
  if (fresh.isRenewed) await noteTokenLife(context, renewal.request, expiresAt)
  const userInfo = await fresh.askUserInfo?.()
  const isPersonChanged = await takeUpPerson(context, renewal.request, { person, userInfo })
  if (fresh.isRenewed) await unmarkDegraded(context, renewal.request, expiresAt)
  return { kind, result: { kind: 'renewed', expiresAt, isPersonChanged } }
}

/** A life that differs by no more than this part is the same: it is told in whole seconds, by two clocks. */
const sameLife = 1 / 10

/**
 * Writes how long the tokens live now, where that is not what it was, and when they expire, where that is sooner than the
 * record knows: else every instance would find them due at once, and renew them in turn.
 */
async function noteTokenLife(
  context: VaultContext,
  { address, record }: TokenRenewalRequest,
  expiresAt: number,
): Promise<void> {
  const known = openDetails(context.sealer, address, record.sealed).own
  if (known === undefined) return
  // 0 would say that there is nothing to renew.
  const tokenLife = Math.max(expiresAt - context.clock(), 1)
  const sooner = soonerThan(record, expiresAt)
  const isSameLife = Math.abs(tokenLife - known.tokenLife) <= known.tokenLife * sameLife
  const isKnown = sooner === undefined && known.sooner?.than !== expiresAt
  if (isSameLife && isKnown) return
  await reviseDetails(context, address, record, ({ own, ...details }) => ({
    details: { ...details, own: own && { ...own, tokenLife, sooner } },
  }))
}

/** Writes what the provider says of the person by now, where that is something else. `true`: it is. */
async function takeUpPerson(
  context: VaultContext,
  { address, record }: TokenRenewalRequest,
  { person, userInfo }: Pick<FreshTokens, 'person'> & Pick<VerifiedLogin, 'userInfo'>,
): Promise<boolean> {
  const before = openDetails(context.sealer, address, record.sealed).own
  if (before === undefined) return false
  const isSame = person === undefined || isSamePerson({ ...before, level: record.level }, person)
  const isSaid = userInfo === undefined || JSON.stringify(before.userInfo) === JSON.stringify(userInfo)
  if (isSame && isSaid) return false
  const { level, ...stated } = person ?? {}
  const said = { ...stated, ...(userInfo === undefined ? {} : { userInfo }) }
  await reviseDetails(context, address, record, ({ own, ...details }, found) =>
    // What a login has shown meanwhile is newer.
    own?.generationAt === before.generationAt
      ? { level: level ?? found.level, details: { ...details, own: own && { ...own, ...said } } }
      : { level: found.level, details: { ...details, own } },
  )
  return true
}

/** Whether a statement says nothing new but when it was made, and how long it holds. */
function isSamePerson(before: PersonStatement, now: PersonStatement): boolean {
  const textOf = ({ iat: _issued, exp: _expires, ...claims }: Claims): string => JSON.stringify(claims)
  return (
    before.level === now.level && before.method === now.method && textOf(before.claims) === textOf(now.claims)
  )
}

/**
 * Replaces spent tokens by their successor. Not written is not ended: a login in another tab may have given the
 * session a new generation, or new tokens, since the renewal began. With `isAgain` that is looked at first.
 */
async function replaceTokens(
  context: VaultContext,
  { request: { address, record }, tokens: spent, fence }: Renewal<TokenRenewalTypes>,
  fresh: FreshTokens,
  isAgain: boolean,
): Promise<'written' | 'replaced' | 'ended'> {
  let current = record
  let isKnown = !isAgain
  for (let count = 0; count < mostWrites; count += 1) {
    if (isKnown && (await writeTokens(context, address, current, { ...fresh, fence }))) return 'written'
    const found = await context.store.read(address)
    if (found?.state !== 'live') return 'ended'
    const tokens = await tokensOf(context, address)
    // A write that seemed to fail may have been done.
    if (tokens === fresh.tokens) return 'written'
    if (tokens !== spent || (isKnown && found.generation === current.generation)) return 'replaced'
    current = found
    isKnown = true
  }
  throw new StoreUnavailableError('the session record changed faster than its tokens could be written')
}

/** A login with tokens of its own may have come while the provider was asked: then it is not degraded. */
async function degraded(
  context: VaultContext,
  request: TokenRenewalRequest,
  record: LiveRecord,
  retryAfterSeconds: number,
): Promise<TokenRenewalResult> {
  const marked = await markDegraded(context, request, record)
  const own = marked && openDetails(context.sealer, request.address, marked.sealed).own
  if (marked === undefined || own === undefined || !isDegraded(marked, own)) return { kind: 'elsewhere' }
  return { kind: 'degraded', retryAfterSeconds, areTokensOver: areTokensOver(marked, own, context.clock()) }
}

/** Says in the record that these tokens could not be renewed, so that every instance says the same of the session. */
async function markDegraded(
  context: VaultContext,
  { address, record, refresh }: TokenRenewalRequest,
  current: LiveRecord,
): Promise<LiveRecord | undefined> {
  const { tokenExpiresAt } = record
  const before = openDetails(context.sealer, address, current.sealed).own
  const known = before?.degraded
  const lastsUntil = tokensExpireAt(record, before ?? {}) + refresh.keepSeconds * 1000
  if (known?.tokensExpireAt === tokenExpiresAt && known.lastsUntil === lastsUntil) return current
  return reviseDetails(context, address, current, ({ own, ...details }) => ({
    details: { ...details, own: own && { ...own, degraded: { tokensExpireAt: tokenExpiresAt, lastsUntil } } },
  }))
}

/** Takes that back where newer tokens do not make it void: a provider shortens their life, or a clock was put back. */
async function unmarkDegraded(
  context: VaultContext,
  { address, record }: TokenRenewalRequest,
  expiresAt: number,
): Promise<void> {
  const own =
    expiresAt > record.tokenExpiresAt ? undefined : openDetails(context.sealer, address, record.sealed).own
  if (own === undefined || !isDegraded(record, own)) return
  await reviseDetails(context, address, record, ({ own: found, ...details }) => ({
    details: { ...details, own: found && { ...found, degraded: undefined } },
  }))
}
