/** @module The refresh of the identity session: one POST for all tabs, processes and instances. */
import { joinToken, splitToken, type TokenParts } from '../cookies/split-token.js'
import { digest } from '../digest.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { personOf, publicIdOf, sessionOf } from '../sessions/record.js'
import { createSingleFlight } from '../single-flight.js'
import type { LiveRecord, RecordAddress, Store } from '../stores/store.js'
import type { RejectedToken, VerifiedToken } from '../tokens/verify.js'
import { createBreaker } from './breaker.js'
import type { RefreshOutcome, RefreshProblem } from './outcome.js'
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
  /** The newest token that a refresh brought, if it is newer than the one at hand and the session lives. */
  takeKept(token: VerifiedToken, address: RecordAddress): Promise<VerifiedToken | undefined>
}

const firstBackoffSeconds = 5
const longestBackoffSeconds = 60

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
}): Refresher {
  const { store, lifecycle, sealer, report, clock } = options
  const flights = createSingleFlight<RefreshResult>()
  const breaker = createBreaker()

  const keyOf = (address: RecordAddress): string => `refresh:${address.person}:${address.session}`
  const placeOf = (address: RecordAddress): string => `${address.person} ${address.session}`

  /** 5 s, doubled with each failure up to a minute, and up to a quarter off, so that instances do not march in step. */
  const backoffSeconds = (failures: number, wish: number | undefined): number => {
    const base = Math.min(firstBackoffSeconds * 2 ** failures, longestBackoffSeconds)
    const jitter = ((options.random(1)[0] ?? 0) / 256) * 0.25
    return Math.max(base * (1 - jitter), wish ?? 0)
  }

  const degrade = async (
    request: RefreshRequest,
    fence: number,
    failure: { problem: RefreshProblem; status?: number | undefined; retryAfterSeconds?: number | undefined },
  ): Promise<RefreshResult> => {
    const retryAfterSeconds = backoffSeconds(request.failures, failure.retryAfterSeconds)
    report({
      type: 'identity.degraded',
      publicId: publicIdOf(request.record.generation),
      problem: failure.problem,
      status: failure.status,
      retryAfterSeconds,
    })
    if (options.onUnavailable === 'end') {
      await store.release(keyOf(request.address), fence)
      const now = clock()
      await lifecycle.end(request.address, request.record, { reason: 'identity-ended', at: now }, now)
      return { kind: 'ended' }
    }
    // The lease is held through the wait: no instance tries before.
    await store.renew(keyOf(request.address), fence, retryAfterSeconds)
    return { kind: 'degraded', retryAfterSeconds }
  }

  const accept = async (request: RefreshRequest, fence: number, jwt: string): Promise<RefreshResult> => {
    const { address, record, token } = request
    const parts = splitToken(jwt)
    const fresh = parts === undefined ? undefined : await options.verify(parts, clock())
    if (fresh === undefined || !fresh.valid) return degrade(request, fence, { problem: 'token' })
    const person = personOf(fresh.claims.iss, fresh.claims.sub)
    if (person !== address.person) return degrade(request, fence, { problem: 'subject' })
    if (fresh.expiresAt <= token.expiresAt) return degrade(request, fence, { problem: 'unchanged' })
    if (fresh.sessionValue !== token.sessionValue) {
      // The alias is there before anybody can have the new token.
      const session = sessionOf(fresh.claims.iss, fresh.sessionValue)
      if (!(await store.alias(address, record.generation, session))) return { kind: 'ended' }
      report({ type: 'session.aliased', publicId: publicIdOf(record.generation), person })
    }
    const kept = {
      token: digest(joinToken(token.parts)),
      sealed: sealer.seal('kept', placeOf(address), jwt),
      fence,
      until: token.expiresAt,
    }
    const isKept = await store.keep(address, record.generation, kept, fresh.expiresAt)
    await store.release(keyOf(address), fence)
    return isKept ? { kind: 'token', token: fresh } : { kind: 'ended' }
  }

  const refuse = async (request: RefreshRequest, fence: number, status: number): Promise<RefreshResult> => {
    const { address, token } = request
    const now = clock()
    breaker.note('refused', now)
    if (breaker.isOpen(now)) return degrade(request, fence, { problem: 'outage', status })
    const record = await store.read(address)
    await store.release(keyOf(address), fence)
    if (record?.state !== 'live') return { kind: 'ended' }
    // A refusal of an old token says nothing about the newest.
    if (record.tokenExpiresAt > token.expiresAt) return { kind: 'newer' }
    report({ type: 'identity.refused', publicId: publicIdOf(record.generation), status })
    await lifecycle.end(address, record, { reason: 'identity-ended', at: now }, now)
    return { kind: 'ended' }
  }

  const fly = async (request: RefreshRequest): Promise<RefreshResult> => {
    const { address, token } = request
    const fence = await store.lease(keyOf(address), options.timeoutSeconds + 2)
    if (fence === undefined) return { kind: 'elsewhere' }
    // Another instance may have been through between our read and our lease.
    const current = await store.read(address)
    if (current?.state !== 'live' || current.tokenExpiresAt > token.expiresAt) {
      await store.release(keyOf(address), fence)
      return { kind: current?.state === 'live' ? 'newer' : 'ended' }
    }
    const began = clock()
    const outcome: RefreshOutcome = await options.post(joinToken(token.parts))
    const result = await conclude({ ...request, record: current }, fence, outcome)
    if (result.kind === 'token' || result.kind === 'extended') {
      breaker.note('accepted', clock())
      report({
        type: 'identity.refreshed',
        publicId: publicIdOf(current.generation),
        result: result.kind,
        milliseconds: clock() - began,
      })
    }
    return result
  }

  const conclude = async (
    request: RefreshRequest,
    fence: number,
    outcome: RefreshOutcome,
  ): Promise<RefreshResult> => {
    switch (outcome.kind) {
      case 'token':
        return accept(request, fence, outcome.jwt)
      case 'extended': {
        // The old token goes on: the next extension is due as much later as this one was after its issue.
        const age = (clock() - request.token.issuedAt) / 1000
        await store.renew(keyOf(request.address), fence, Math.max(age, 1))
        return { kind: 'extended' }
      }
      case 'refused':
        return refuse(request, fence, outcome.status)
      case 'failed':
        return degrade(request, fence, outcome)
    }
  }

  return {
    isUnderWay: (address) => flights.current(keyOf(address)) !== undefined,
    refresh: (request) => flights.run(keyOf(request.address), () => fly(request)),

    async takeKept(token, address) {
      const kept = await store.kept(address)
      if (kept === undefined || kept.until <= clock()) return undefined
      const jwt = sealer.open('kept', placeOf(address), kept.sealed)
      const parts = jwt === undefined ? undefined : splitToken(jwt)
      if (parts === undefined) return undefined
      const fresh = await options.verify(parts, clock())
      if (!fresh.valid || fresh.expiresAt <= token.expiresAt) return undefined
      return personOf(fresh.claims.iss, fresh.claims.sub) === address.person ? fresh : undefined
    },
  }
}
