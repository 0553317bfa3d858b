/** @module The tokens of sessions that a protocol began: kept sealed beside the record, renewed once for all instances. */
import { digest } from '../digest.js'
import type { Report } from '../events.js'
import type { TokenOutcome, TokenRefresh } from '../protocol.js'
import type { Sealer } from '../seal.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { placeOf, publicIdOf } from '../sessions/record.js'
import { createSingleFlight } from '../single-flight.js'
import type { LiveRecord, RecordAddress, Store } from '../stores/store.js'
import { backoffSeconds } from './backoff.js'
import { createBreaker } from './breaker.js'

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
  | { readonly kind: 'degraded'; readonly retryAfterSeconds: number }
  /** The session is no longer there: look at the record again. */
  | { readonly kind: 'ended' }

/** Keeps and renews tokens. Each method throws `StoreUnavailableError` in an outage. */
export interface TokenKeeper {
  /** Keeps the tokens of a session that has just begun, or begun anew, under its generation. `false`: it has ended. */
  keep(address: RecordAddress, record: LiveRecord, tokens: string, expiresAt: number): Promise<boolean>
  /** The tokens of a live session. */
  tokensOf(address: RecordAddress): Promise<string | undefined>
  /** Runs `work` while nobody renews the tokens. `undefined`: somebody is at it, and nothing was done. */
  alone<T>(address: RecordAddress, work: () => Promise<T>): Promise<T | undefined>
  isUnderWay(address: RecordAddress): boolean
  /** Renews, or joins the renewal that is under way in this process. */
  renew(request: RenewalRequest): Promise<RenewalResult>
}

/** The slot for a kept token is the same for all: there is one set of tokens a session. */
const slot = digest('tokens')

/** How long a lease is good for that is held while something is written. */
const writingSeconds = 5

/** Makes the keeper of one application. */
export function createTokenKeeper(options: {
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
}): TokenKeeper {
  const { store, lifecycle, sealer, report, clock } = options
  const flights = createSingleFlight<RenewalResult>()
  const breaker = createBreaker()

  const keyOf = (address: RecordAddress): string => `tokens:${placeOf(address).replaceAll(' ', ':')}`

  const write = (
    address: RecordAddress,
    record: LiveRecord,
    entry: { readonly tokens: string; readonly fence: number; readonly expiresAt: number },
  ) =>
    store.keep(
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

  const tokensOf: TokenKeeper['tokensOf'] = async (address) => {
    const kept = await store.kept(address)
    return kept && sealer.open('tokens', placeOf(address), kept.sealed)
  }

  const degrade = async (
    request: RenewalRequest,
    fence: number,
    failure: { problem: string; status?: number | undefined; retryAfterSeconds?: number | undefined },
  ): Promise<RenewalResult> => {
    const { address, record, refresh } = request
    const retryAfterSeconds = backoffSeconds(request.failures, failure.retryAfterSeconds, options.random)
    const { problem, status } = failure
    const publicId = publicIdOf(record.generation)
    report({ type: 'identity.degraded', publicId, problem, status, retryAfterSeconds })
    const now = clock()
    const isOver = now >= record.tokenExpiresAt + refresh.keepSeconds * 1000
    if (refresh.onUnavailable === 'end' || isOver) {
      await store.release(keyOf(address), fence)
      await lifecycle.end(address, record, { reason: 'identity-ended', at: now }, now)
      return { kind: 'ended' }
    }
    // The lease is held through the wait: no instance tries before.
    await store.renew(keyOf(address), fence, retryAfterSeconds)
    return { kind: 'degraded', retryAfterSeconds }
  }

  const refuse = async (request: RenewalRequest, fence: number, tokens: string): Promise<RenewalResult> => {
    const { address } = request
    const now = clock()
    breaker.note('refused', now)
    if (breaker.isOpen(now)) return degrade(request, fence, { problem: 'outage' })
    const record = await store.read(address)
    const isNewest = (await tokensOf(address)) === tokens
    await store.release(keyOf(address), fence)
    if (record?.state !== 'live') return { kind: 'ended' }
    // A refusal of what has been replaced meanwhile says nothing about the newest.
    if (!isNewest) return { kind: 'elsewhere' }
    report({ type: 'identity.refused', publicId: publicIdOf(record.generation), status: 400 })
    await lifecycle.end(address, record, { reason: 'identity-ended', at: now }, now)
    return { kind: 'ended' }
  }

  const conclude = async (
    request: RenewalRequest,
    fence: number,
    tokens: string,
    outcome: TokenOutcome,
  ): Promise<RenewalResult> => {
    if (outcome.kind === 'refused') return refuse(request, fence, tokens)
    if (outcome.kind === 'failed') return degrade(request, fence, outcome)
    const { address, record } = request
    const isKept = await write(address, record, { ...outcome, fence })
    await store.release(keyOf(address), fence)
    return isKept ? { kind: 'renewed', expiresAt: outcome.expiresAt } : { kind: 'ended' }
  }

  /** A lease that ran out during a slow answer would let another instance spend the same refresh token (`REF-1`). */
  const holding = async <T>(key: string, fence: number, seconds: number, work: () => Promise<T>) => {
    const extend = async () => store.renew(key, fence, seconds)
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

  const fly = async (request: RenewalRequest): Promise<RenewalResult> => {
    const { address, refresh, issuer, subject } = request
    const seconds = refresh.timeoutSeconds + 2
    const fence = await store.lease(keyOf(address), seconds)
    if (fence === undefined) return { kind: 'elsewhere' }
    // Another instance may have been through between our read and our lease.
    const record = await store.read(address)
    const isReplaced = record?.state === 'live' && record.tokenExpiresAt > request.record.tokenExpiresAt
    const tokens = record?.state === 'live' && !isReplaced ? await tokensOf(address) : undefined
    if (record?.state !== 'live' || tokens === undefined) {
      await store.release(keyOf(address), fence)
      return { kind: record?.state === 'live' ? 'elsewhere' : 'ended' }
    }
    const began = clock()
    const outcome = await holding(keyOf(address), fence, seconds, () =>
      refresh.renew(tokens, { issuer, subject }),
    )
    const result = await conclude({ ...request, record }, fence, tokens, outcome)
    if (result.kind === 'renewed') {
      breaker.note('accepted', clock())
      const publicId = publicIdOf(record.generation)
      report({ type: 'identity.refreshed', publicId, result: 'token', milliseconds: clock() - began })
    }
    return result
  }

  return {
    tokensOf,

    async keep(address, record, tokens, expiresAt) {
      // What an earlier login of the same session left has a fence of its own, which must not stand in the way.
      const before = await store.kept(address)
      if (before !== undefined) await store.dropKept(address, before.fence)
      return write(address, record, { tokens, fence: 0, expiresAt })
    },

    async alone(address, work) {
      const fence = await store.lease(keyOf(address), writingSeconds)
      if (fence === undefined) return undefined
      try {
        return await work()
      } finally {
        await store.release(keyOf(address), fence)
      }
    },

    isUnderWay: (address) => flights.current(keyOf(address)) !== undefined,
    renew: (request) => flights.run(keyOf(request.address), () => fly(request)),
  }
}
