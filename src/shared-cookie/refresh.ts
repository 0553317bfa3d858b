/** @module The refresh of the identity session: one POST for all tabs, processes and instances. */

import { backoffSeconds } from '../backoff.js'
import { digest } from '../digest.js'
import { CitizenSessionError, StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import { mayBeSpent } from '../outbound.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { createBreaker } from '../sessions/circuit-breaker.js'
import { closeRenewals } from '../sessions/close-renewals.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { personOf, publicIdOf, sessionOf } from '../sessions/record.js'
import { type Attempt, beginAttempt } from '../sessions/renewal-attempts.js'
import { createUnwritten } from '../sessions/unwritten-renewals.js'
import { createSingleFlight } from '../single-flight.js'
import type { Store } from '../stores/store.js'
import { joinToken, splitToken, type TokenParts } from '../tokens/token-parts.js'
import type { RejectedToken, VerifiedToken } from '../tokens/verify.js'
import type { RefreshOutcome, RefreshProblem } from './refresh-answer.js'
import type { RefreshClient } from './refresh-client.js'

/** The session whose identity session is to be extended. */
export interface RefreshRequest {
  readonly token: VerifiedToken
  readonly address: RecordAddress
  readonly record: LiveRecord
  /** How many tries have failed in a row; lengthens the wait for the next one. */
  readonly failures: number
}

export type RefreshResult =
  /** A new token, kept for all requests that still carry the old one. */
  | { readonly kind: 'token'; readonly token: VerifiedToken }
  /** A success without a new token. */
  | { readonly kind: 'extended' }
  /** Somebody else is at it, or waits before the next try. */
  | { readonly kind: 'elsewhere' }
  /** The record knows a newer token than this one. */
  | { readonly kind: 'newer' }
  | { readonly kind: 'degraded'; readonly retryAfterSeconds: number }
  /** The session is no longer there: look at the record again. */
  | { readonly kind: 'ended' }

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

/** A refresh with what it stands on. */
interface Flight {
  readonly request: RefreshRequest
  readonly fence: number
  readonly attempt: Attempt
  /** When the call began. */
  readonly began: number
}

/** So much longer than a call a refresh holds its lease: the answer may have to wait for the store. */
const unwrittenSeconds = 30
const mostWrites = 4

/** Makes the refresher of one application. */
export function createRefresher(options: {
  readonly post: RefreshClient
  readonly verify: (parts: TokenParts, now: number) => MaybePromise<VerifiedToken | RejectedToken>
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly report: Report
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly timeoutSeconds: number
  readonly onUnavailable: 'keep' | 'end'
  /** Whether a browser would take the token's cookies: one of them dropped would sign the person out. */
  readonly isDeliverable: (token: VerifiedToken) => boolean
}): Refresher {
  const { store, lifecycle, sealer, report, clock } = options
  const flights = createSingleFlight<RefreshResult>()
  const unwritten = createUnwritten<RefreshResult>()
  const breaker = createBreaker()
  let isClosing = false

  const keyOf = (address: RecordAddress): string => `refresh:${address.person}:${address.session}`
  const nameOf = (token: VerifiedToken): string => digest(joinToken(token.parts))
  const placeOf = (address: RecordAddress): string => `${address.person} ${address.session}`

  const degrade = async (
    request: RefreshRequest,
    fence: number,
    failure: {
      problem: RefreshProblem
      status?: number | undefined
      retryAfterSeconds?: number | undefined
      /** The wait is never longer than this. */
      mostSeconds?: number | undefined
    },
  ): Promise<RefreshResult> => {
    const backoff = backoffSeconds(request.failures, failure.retryAfterSeconds, options.random)
    const retryAfterSeconds = Math.min(backoff, failure.mostSeconds ?? backoff)
    report({
      type: 'identity.degraded',
      publicId: publicIdOf(request.record.generation),
      problem: failure.problem,
      status: failure.status,
      retryAfterSeconds,
    })
    if (options.onUnavailable === 'end') {
      await store.releaseLease(keyOf(request.address), fence)
      const now = clock()
      await lifecycle.end(request.address, request.record, { reason: 'identity-ended', at: now }, now)
      return { kind: 'ended' }
    }
    // The lease is held through the wait: no instance tries before.
    await store.renewLease(keyOf(request.address), fence, retryAfterSeconds)
    // A sign-out may have come while the provider was asked.
    const current = await store.read(request.address)
    return current?.state === 'live' ? { kind: 'degraded', retryAfterSeconds } : { kind: 'ended' }
  }

  /** A lease that cannot be given back now runs out by itself. */
  const releaseQuietly = async (address: RecordAddress, fence: number): Promise<void> => {
    try {
      await store.releaseLease(keyOf(address), fence)
    } catch {
      // The store is away.
    }
  }

  /**
   * Keeps the new token with the record, and its session value as another name of it. Not written is not ended: a rise
   * in assurance, or another instance's result, may have come since the refresh began.
   */
  const keep = async (
    { request: { address, record, token }, fence }: Flight,
    fresh: VerifiedToken,
  ): Promise<'kept' | 'newer' | 'ended'> => {
    const jwt = joinToken(fresh.parts)
    const kept = {
      token: nameOf(token),
      sealed: sealer.seal('kept', placeOf(address), jwt),
      fence,
      until: token.expiresAt,
    }
    const isAliased = fresh.sessionValue !== token.sessionValue
    let { generation } = record
    for (let count = 0; count < mostWrites; count += 1) {
      // The alias is there before anybody can have the new token.
      const session = sessionOf(fresh.claims.iss, fresh.sessionValue)
      const isNamed =
        !isAliased ||
        ((await store.alias(address, generation, session)) &&
          (await lifecycle.addName(address, { ...record, generation }, session)))
      const isKept = isNamed && (await store.keepRefresh(address, generation, kept, fresh.expiresAt))
      if (isKept) {
        if (!isAliased) return 'kept'
        report({ type: 'session.aliased', publicId: publicIdOf(generation), person: address.person })
        return 'kept'
      }
      const current = await store.read(address)
      if (current?.state !== 'live') return 'ended'
      if (current.generation === generation) return 'newer'
      generation = current.generation
    }
    throw new StoreUnavailableError('the session record changed faster than its token could be written')
  }

  /** Takes a new token up, if it is one. The old one may be spent, whatever the new one is worth. */
  const accept = async (flight: Flight, jwt: string, milliseconds: number): Promise<RefreshResult> => {
    const { request, fence, attempt } = flight
    const { address, token, record } = request
    const parts = splitToken(jwt)
    const fresh = parts === undefined ? undefined : await options.verify(parts, clock())
    if (fresh?.valid !== true || !options.isDeliverable(fresh)) {
      return degrade(request, fence, { problem: 'token' })
    }
    if (personOf(fresh.claims.iss, fresh.claims.sub) !== address.person) {
      return degrade(request, fence, { problem: 'subject' })
    }
    if (fresh.expiresAt <= token.expiresAt) return degrade(request, fence, { problem: 'unchanged' })
    const written = await keep(flight, fresh)
    await attempt.settle()
    await releaseQuietly(address, fence)
    if (written !== 'kept') return { kind: written }
    // The last look before cookies are set, with nothing to wait for after it: a logout may have come since.
    const current = await store.read(address)
    if (current?.state !== 'live') return { kind: 'ended' }
    const publicId = publicIdOf(record.generation)
    report({ type: 'identity.refreshed', publicId, result: 'token', milliseconds })
    return { kind: 'token', token: fresh }
  }

  /** The same, now or as soon as the store, or the key of the new token, can be had again. */
  const acceptSafely = async (flight: Flight, jwt: string): Promise<RefreshResult> => {
    const { request, fence, began } = flight
    const milliseconds = clock() - began
    let isKeyMissing = false
    const result = await unwritten.run(keyOf(request.address), async () => {
      try {
        return await accept(flight, jwt, milliseconds)
      } catch (error) {
        isKeyMissing = isCode(error, 'keys-unavailable')
        throw error
      }
    })
    if (result !== undefined) return result
    if (isKeyMissing) return degrade(request, fence, { problem: 'token' })
    const publicId = publicIdOf(request.record.generation)
    report({ type: 'identity.degraded', publicId, problem: 'store', retryAfterSeconds: 1 })
    return { kind: 'elsewhere' }
  }

  const refuse = async (flight: Flight, status: number): Promise<RefreshResult> => {
    const { request, fence, attempt } = flight
    const { address, token } = request
    const now = clock()
    // What was sent before without an answer is perhaps spent: that it is refused then ends nothing.
    if (attempt.isRepeated) return degrade(request, fence, { problem: 'answer-lost', status })
    const refusal = { person: address.person, tokens: nameOf(token), until: token.expiresAt }
    const verdict = breaker.judgeRefusal(refusal, now)
    await attempt.settle()
    if (verdict.kind === 'outage') return degrade(request, fence, { problem: 'outage', status })
    if (verdict.kind === 'unconfirmed') {
      const mostSeconds = verdict.milliseconds / 1000
      return degrade(request, fence, { problem: 'refused', status, mostSeconds })
    }
    const record = await store.read(address)
    await store.releaseLease(keyOf(address), fence)
    if (record?.state !== 'live') return { kind: 'ended' }
    // A refusal of an old token says nothing about the newest.
    if (record.tokenExpiresAt > token.expiresAt) return { kind: 'newer' }
    report({ type: 'identity.refused', publicId: publicIdOf(record.generation), status })
    await lifecycle.end(address, record, { reason: 'identity-ended', at: now }, now)
    return { kind: 'ended' }
  }

  const conclude = async (flight: Flight, outcome: RefreshOutcome): Promise<RefreshResult> => {
    const { request, fence, attempt, began } = flight
    const { address, record, token } = request
    switch (outcome.kind) {
      case 'token':
        breaker.noteAccepted(address.person, began, clock())
        return acceptSafely(flight, outcome.jwt)
      case 'extended': {
        const now = clock()
        breaker.noteAccepted(address.person, began, now)
        await attempt.settleAll()
        // The old token goes on: the next extension is due as much later as this one was after its issue. A clock
        // that is ahead makes the token older than it is: half of its life is the most that others wait.
        const { issuedAt, expiresAt } = token
        const age = Math.min(now - issuedAt, (expiresAt - issuedAt) / 2) / 1000
        await store.renewLease(keyOf(address), fence, Math.max(age, 1))
        const publicId = publicIdOf(record.generation)
        report({ type: 'identity.refreshed', publicId, result: 'extended', milliseconds: now - began })
        return { kind: 'extended' }
      }
      case 'refused':
        return refuse(flight, outcome.status)
      case 'failed':
        if (!mayBeSpent(outcome)) await attempt.settle()
        return degrade(request, fence, outcome)
    }
  }

  /** What is left before the call. */
  const prepare = async (
    { address, token }: RefreshRequest,
    fence: number,
  ): Promise<{ readonly record: LiveRecord; readonly attempt: Attempt } | RefreshResult> => {
    // Another instance may have been through between our read and our lease.
    const record = await store.read(address)
    if (record?.state !== 'live' || record.tokenExpiresAt > token.expiresAt) {
      await store.releaseLease(keyOf(address), fence)
      return { kind: record?.state === 'live' ? 'newer' : 'ended' }
    }
    const seconds = (token.expiresAt - clock()) / 1000
    return { record, attempt: await beginAttempt(store, joinToken(token.parts), seconds) }
  }

  const fly = async (request: RefreshRequest): Promise<RefreshResult> => {
    const { address, token } = request
    const fence = await store.lease(keyOf(address), options.timeoutSeconds + 2 + unwrittenSeconds)
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
    const { record, attempt } = prepared
    const began = clock()
    const outcome: RefreshOutcome = await options.post(joinToken(token.parts))
    return conclude({ request: { ...request, record }, fence, attempt, began }, outcome)
  }

  /** What an earlier refresh has brought is written before anything else is asked for. */
  const refresh = async (request: RefreshRequest): Promise<RefreshResult> => {
    const key = keyOf(request.address)
    if (unwritten.has(key)) {
      const result = (await unwritten.retry(key)) ?? { kind: 'elsewhere' }
      // What the browser has already is no news: its own refresh is due.
      if (result.kind !== 'token' || result.token.expiresAt > request.token.expiresAt) return result
    }
    return isClosing || unwritten.isFull ? { kind: 'elsewhere' } : fly(request)
  }

  /** Only a token that can be verified now is handed out; while its key cannot be had, the old one goes on. */
  const verifyNow = async (parts: TokenParts): Promise<VerifiedToken | undefined> => {
    try {
      const fresh = await options.verify(parts, clock())
      return fresh.valid ? fresh : undefined
    } catch (error) {
      if (isCode(error, 'keys-unavailable')) return undefined
      throw error
    }
  }

  return {
    isUnderWay: (address) => flights.current(keyOf(address)) !== undefined,
    refresh: (request) => flights.run(keyOf(request.address), () => refresh(request)),

    async takeKept(token, address) {
      const kept = await store.keptRefresh(address)
      if (kept?.token !== nameOf(token) || kept.until <= clock()) return undefined
      const jwt = sealer.open('kept', placeOf(address), kept.sealed)
      const parts = jwt === undefined ? undefined : splitToken(jwt)
      const fresh = parts === undefined ? undefined : await verifyNow(parts)
      if (fresh === undefined || fresh.expiresAt <= token.expiresAt) return undefined
      return personOf(fresh.claims.iss, fresh.claims.sub) === address.person ? fresh : undefined
    },

    async dropKept(token, address) {
      const kept = await store.keptRefresh(address)
      if (kept !== undefined && kept.token !== nameOf(token)) await store.dropRefresh(address, kept.fence)
    },

    async close() {
      isClosing = true
      await closeRenewals({ flights, unwritten, report, seconds: options.timeoutSeconds })
    },
  }
}

function isCode(error: unknown, code: CitizenSessionError['code']): boolean {
  return error instanceof CitizenSessionError && error.code === code
}
