/** @module The tokens of sessions that a protocol began: kept sealed beside the record, renewed once for all instances. */

import { backoffSeconds } from '../backoff.js'
import { digest } from '../digest.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { TokenOutcome, TokenRefresh } from '../protocols/token-refresh.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { type Breaker, createBreaker } from '../sessions/circuit-breaker.js'
import { closeRenewals } from '../sessions/close-renewals.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { openDetails, placeOf, publicIdOf } from '../sessions/record.js'
import { type Attempt, beginAttempt } from '../sessions/renewal-attempts.js'
import { reviseDetails } from '../sessions/revise.js'
import { areTokensOver, isDegraded } from '../sessions/token-expiry.js'
import { createUnwritten } from '../sessions/unwritten-renewals.js'
import { createSingleFlight } from '../single-flight.js'
import type { Store } from '../stores/store.js'

/** The session whose tokens are to be renewed. */
export interface RenewalRequest {
  readonly address: RecordAddress
  readonly record: LiveRecord
  readonly issuer: string
  readonly subject: string
  readonly refresh: TokenRefresh
  /** How many tries have failed in a row. */
  readonly failures: number
}

export type RenewalResult =
  | { readonly kind: 'renewed'; readonly expiresAt: number }
  /** Somebody else is at it, or has been. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'degraded'; readonly retryAfterSeconds: number; readonly areTokensOver: boolean }
  /** The session is no longer there: look at the record again. */
  | { readonly kind: 'ended' }

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
  renew(request: RenewalRequest): Promise<RenewalResult>
  /** Begins no renewal any more, and resolves when the tokens of those under way are kept. */
  close(): Promise<void>
}

/** The slot for a kept token is the same for all: there is one set of tokens a session. */
const slot = digest('tokens')

/** How long a lease is good for that is held while something is written. */
const writingSeconds = 5
/** So much longer than a call a renewal holds its lease: the answer may have to wait for the store. */
const unwrittenSeconds = 30
const mostWrites = 4

/** A renewal with what it stands on. */
interface Flight {
  readonly request: RenewalRequest
  readonly fence: number
  /** The tokens that are sent. */
  readonly tokens: string
  readonly attempt: Attempt
  /** When the call began. */
  readonly began: number
}

/** Makes the tokenVault of one application. */
export function createTokenVault(options: {
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
}): TokenVault {
  const { store, lifecycle, sealer, report, clock } = options
  const flights = createSingleFlight<RenewalResult>()
  const unwritten = createUnwritten<RenewalResult>()
  // One provider's outage says nothing about another provider.
  const breakers = new Map<string, Breaker>()
  let isClosing = false
  let longestCallSeconds = 0

  const breakerOf = ({ issuer }: RenewalRequest): Breaker => {
    const breaker = breakers.get(issuer) ?? createBreaker()
    breakers.set(issuer, breaker)
    return breaker
  }

  const keyOf = (address: RecordAddress): string => `tokens:${placeOf(address).replaceAll(' ', ':')}`

  /** A lease that cannot be given back now runs out by itself. */
  const releaseQuietly = async (address: RecordAddress, fence: number): Promise<void> => {
    try {
      await store.releaseLease(keyOf(address), fence)
    } catch {
      // The store is away.
    }
  }

  const write = (
    address: RecordAddress,
    record: LiveRecord,
    entry: { readonly tokens: string; readonly fence: number; readonly expiresAt: number },
  ) =>
    store.keepRefresh(
      address,
      record.generation,
      {
        token: slot,
        sealed: sealer.seal('tokens', placeOf(address), entry.tokens),
        fence: entry.fence,
        until: record.retainUntil,
      },
      entry.expiresAt,
    )

  const tokensOf: TokenVault['tokensOf'] = async (address) => {
    const kept = await store.keptRefresh(address)
    return kept && sealer.open('tokens', placeOf(address), kept.sealed)
  }

  /**
   * Replaces spent tokens by their successor. Not written is not ended: a login in another tab may have given the
   * session a new generation, or new tokens, since the renewal began. With `isAgain` that is looked at first.
   */
  const succeed = async (
    { request: { address, record }, tokens: spent, fence }: Flight,
    entry: { readonly tokens: string; readonly expiresAt: number },
    isAgain: boolean,
  ): Promise<'written' | 'replaced' | 'ended'> => {
    let current = record
    let isKnown = !isAgain
    for (let count = 0; count < mostWrites; count += 1) {
      if (isKnown && (await write(address, current, { ...entry, fence }))) return 'written'
      const found = await store.read(address)
      if (found?.state !== 'live') return 'ended'
      const tokens = await tokensOf(address)
      // A write that seemed to fail may have been done.
      if (tokens === entry.tokens) return 'written'
      if (tokens !== spent || (isKnown && found.generation === current.generation)) return 'replaced'
      current = found
      isKnown = true
    }
    throw new StoreUnavailableError('the session record changed faster than its tokens could be written')
  }

  /** Not written is not ended: a login in another tab may have begun a generation meanwhile, with tokens of its own. */
  const endUnlessReplaced = async (address: RecordAddress, record: LiveRecord): Promise<RenewalResult> => {
    const now = clock()
    const end = { reason: 'identity-ended', at: now } as const
    const { record: after } = await lifecycle.end(address, record, end, now)
    return { kind: after?.state === 'live' ? 'elsewhere' : 'ended' }
  }

  /** Says in the record that these tokens could not be renewed, so that every instance says the same of the session. */
  const markDegraded = async ({ address, record, refresh }: RenewalRequest, current: LiveRecord) => {
    const { tokenExpiresAt } = record
    const degraded = {
      tokensExpireAt: tokenExpiresAt,
      lastsUntil: tokenExpiresAt + refresh.keepSeconds * 1000,
    }
    const known = openDetails(sealer, address, current.sealed).own?.degraded
    if (known?.tokensExpireAt === tokenExpiresAt && known.lastsUntil === degraded.lastsUntil) return current
    return reviseDetails({ store, sealer }, address, current, ({ own, ...details }) => ({
      details: { ...details, own: own && { ...own, degraded } },
    }))
  }

  /** Takes that back where newer tokens do not make it void: a provider shortens their life, or a clock was put back. */
  const unmarkDegraded = async ({ address, record }: RenewalRequest, expiresAt: number) => {
    const own =
      expiresAt > record.tokenExpiresAt ? undefined : openDetails(sealer, address, record.sealed).own
    if (own === undefined || !isDegraded(record, own)) return
    await reviseDetails({ store, sealer }, address, record, ({ own: found, ...details }) => ({
      details: { ...details, own: found && { ...found, degraded: undefined } },
    }))
  }

  const degrade = async (
    request: RenewalRequest,
    fence: number,
    failure: {
      problem: string
      status?: number | undefined
      retryAfterSeconds?: number | undefined
      /** The wait is never longer than this. */
      mostSeconds?: number | undefined
    },
  ): Promise<RenewalResult> => {
    const { address, record, refresh } = request
    const backoff = backoffSeconds(request.failures, failure.retryAfterSeconds, options.random)
    const retryAfterSeconds = Math.min(backoff, failure.mostSeconds ?? backoff)
    const { problem, status } = failure
    const publicId = publicIdOf(record.generation)
    report({ type: 'identity.degraded', publicId, problem, status, retryAfterSeconds })
    if (refresh.onUnavailable === 'end') {
      await store.releaseLease(keyOf(address), fence)
      return endUnlessReplaced(address, record)
    }
    // The lease is held through the wait: no instance tries before.
    await store.renewLease(keyOf(address), fence, retryAfterSeconds)
    // A sign-out may have come while the provider was asked, or a login with tokens of its own.
    const current = await store.read(address)
    if (current?.state !== 'live') return { kind: 'ended' }
    const marked = await markDegraded(request, current)
    const own = marked && openDetails(sealer, address, marked.sealed).own
    if (marked === undefined || own === undefined || !isDegraded(marked, own)) return { kind: 'elsewhere' }
    return { kind: 'degraded', retryAfterSeconds, areTokensOver: areTokensOver(marked, own, clock()) }
  }

  const refuse = async (flight: Flight): Promise<RenewalResult> => {
    const { request, fence, tokens, attempt } = flight
    const { address } = request
    const now = clock()
    // What was sent before without an answer is perhaps spent: that it is refused then ends nothing.
    if (attempt.isRepeated) return degrade(request, fence, { problem: 'answer-lost' })
    const until = request.record.tokenExpiresAt + request.refresh.keepSeconds * 1000
    const refusal = { person: address.person, tokens: digest(tokens), until }
    const verdict = breakerOf(request).judgeRefusal(refusal, now)
    await attempt.settle()
    if (verdict.kind === 'outage') return degrade(request, fence, { problem: 'outage' })
    if (verdict.kind === 'unconfirmed') {
      const mostSeconds = verdict.milliseconds / 1000
      return degrade(request, fence, { problem: 'refused', mostSeconds })
    }
    const record = await store.read(address)
    const isNewest = (await tokensOf(address)) === tokens
    await store.releaseLease(keyOf(address), fence)
    if (record?.state !== 'live') return { kind: 'ended' }
    // A refusal of what has been replaced meanwhile says nothing about the newest.
    if (!isNewest) return { kind: 'elsewhere' }
    report({ type: 'identity.refused', publicId: publicIdOf(record.generation), status: 400 })
    return endUnlessReplaced(address, record)
  }

  /** Does what keeps the tokens of an answer, now or as soon as the store can be had again. */
  const keepSafe = async (
    { request: { address, record } }: Flight,
    work: (isAgain: boolean) => Promise<RenewalResult>,
  ): Promise<RenewalResult> => {
    let isAgain = false
    const result = await unwritten.run(keyOf(address), async () => {
      const wasTried = isAgain
      isAgain = true
      return work(wasTried)
    })
    if (result !== undefined) return result
    const publicId = publicIdOf(record.generation)
    report({ type: 'identity.degraded', publicId, problem: 'store', retryAfterSeconds: 1 })
    return { kind: 'elsewhere' }
  }

  const conclude = async (flight: Flight, outcome: TokenOutcome): Promise<RenewalResult> => {
    const { request, fence, attempt, began } = flight
    const { address, record } = request
    if (outcome.kind === 'refused') return refuse(flight)
    if (outcome.kind === 'tokens') {
      breakerOf(request).noteAccepted(address.person, began, clock())
      const milliseconds = clock() - began
      return keepSafe(flight, async (isAgain) => {
        const written = await succeed(flight, outcome, isAgain)
        if (written === 'written') await unmarkDegraded(request, outcome.expiresAt)
        await attempt.settle()
        await releaseQuietly(address, fence)
        if (written !== 'written') return { kind: written === 'ended' ? 'ended' : 'elsewhere' }
        const publicId = publicIdOf(record.generation)
        report({ type: 'identity.refreshed', publicId, result: 'token', milliseconds })
        return { kind: 'renewed', expiresAt: outcome.expiresAt }
      })
    }
    const { successor } = outcome
    if (successor !== undefined) {
      return keepSafe(flight, async (isAgain) => {
        const entry = { tokens: successor, expiresAt: record.tokenExpiresAt }
        if ((await succeed(flight, entry, isAgain)) === 'ended') return { kind: 'ended' }
        await attempt.settle()
        return degrade(request, fence, outcome)
      })
    }
    if (outcome.mayBeSpent !== true) await attempt.settle()
    return degrade(request, fence, outcome)
  }

  /** A lease that ran out during a slow answer would let another instance spend the same refresh token (`REF-1`). */
  const holding = async <T>(key: string, fence: number, seconds: number, work: () => Promise<T>) => {
    const extend = async () => store.renewLease(key, fence, seconds)
    const timer = setInterval(
      () => {
        extend().catch(() => undefined)
      },
      (seconds * 1000) / 3,
    )
    try {
      return await work()
    } finally {
      clearInterval(timer)
    }
  }

  /** What is left before the call; the lease is given back where it does not come to one. */
  const prepare = async (
    request: RenewalRequest,
    fence: number,
  ): Promise<(Pick<Flight, 'tokens' | 'attempt'> & { readonly record: LiveRecord }) | RenewalResult> => {
    const { address, refresh } = request
    // Another instance may have been through between our read and our lease.
    const record = await store.read(address)
    const isReplaced = record?.state === 'live' && record.tokenExpiresAt > request.record.tokenExpiresAt
    const tokens = record?.state === 'live' && !isReplaced ? await tokensOf(address) : undefined
    if (record?.state !== 'live' || tokens === undefined) {
      await store.releaseLease(keyOf(address), fence)
      return { kind: record?.state === 'live' ? 'elsewhere' : 'ended' }
    }
    const seconds = (record.tokenExpiresAt - clock()) / 1000 + refresh.keepSeconds
    return { record, tokens, attempt: await beginAttempt(store, tokens, seconds) }
  }

  const runRenewal = async (request: RenewalRequest): Promise<RenewalResult> => {
    const { address, refresh, issuer, subject } = request
    const seconds = refresh.timeoutSeconds + 2 + unwrittenSeconds
    const key = keyOf(address)
    const fence = await store.lease(key, seconds)
    if (fence === undefined) return { kind: 'elsewhere' }
    let prepared: Awaited<ReturnType<typeof prepare>>
    try {
      prepared = await prepare(request, fence)
    } catch (error) {
      // Nothing has been sent: whoever comes next need not wait for the lease.
      await releaseQuietly(address, fence)
      throw error
    }
    if ('kind' in prepared) return prepared
    const { record, tokens, attempt } = prepared
    const began = clock()
    longestCallSeconds = Math.max(longestCallSeconds, refresh.timeoutSeconds)
    const outcome = await holding(key, fence, seconds, () => refresh.renew(tokens, { issuer, subject }))
    return conclude({ request: { ...request, record }, fence, tokens, attempt, began }, outcome)
  }

  /** What an earlier renewal has brought is written before anything else is asked for. */
  const renew = async (request: RenewalRequest): Promise<RenewalResult> => {
    const key = keyOf(request.address)
    if (unwritten.has(key)) {
      const result = (await unwritten.retry(key)) ?? { kind: 'elsewhere' }
      // What the record knows already is no news: its own renewal is due.
      if (result.kind !== 'renewed' || result.expiresAt > request.record.tokenExpiresAt) return result
    }
    return isClosing || unwritten.isFull ? { kind: 'elsewhere' } : runRenewal(request)
  }

  return {
    tokensOf,

    async keep(address, record, tokens, expiresAt) {
      for (let count = 0; count < mostWrites; count += 1) {
        // In the place of what an earlier login of the same session left, under its fence: never first without any.
        const before = await store.keptRefresh(address)
        if (await write(address, record, { tokens, fence: before?.fence ?? 0, expiresAt })) return true
        const found = await store.read(address)
        if (found?.state !== 'live' || found.generation !== record.generation) return false
      }
      throw new StoreUnavailableError('the tokens of a session changed faster than they could be written')
    },

    async withTokenLock(address, work) {
      const fence = await store.lease(keyOf(address), writingSeconds)
      if (fence === undefined) return undefined
      try {
        return await work()
      } finally {
        await store.releaseLease(keyOf(address), fence)
      }
    },

    isUnderWay: (address) => flights.current(keyOf(address)) !== undefined,
    renew: (request) => flights.run(keyOf(request.address), () => renew(request)),

    async close() {
      isClosing = true
      await closeRenewals({ flights, unwritten, report, seconds: longestCallSeconds })
    },
  }
}
