/** @module The refresh of the identity session: one POST for all tabs, processes and instances. */
import { joinToken, splitToken, type TokenParts } from '../cookies/split-token.js'
import { digest } from '../digest.js'
import { CitizenSessionError } from '../errors.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { personOf, publicIdOf, sessionOf } from '../sessions/record.js'
import { createSingleFlight } from '../single-flight.js'
import type { LiveRecord, RecordAddress, Store } from '../stores/store.js'
import type { RejectedToken, VerifiedToken } from '../tokens/verify.js'
import { backoffSeconds } from './backoff.js'
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
  /** The token for which the one at hand was exchanged, if that is kept and the session lives. */
  takeKept(token: VerifiedToken, address: RecordAddress): Promise<VerifiedToken | undefined>
  /** Forgets what is kept once the browser has a newer token; not what the token at hand was just exchanged for. */
  dropKept(token: VerifiedToken, address: RecordAddress): Promise<void>
}

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
  const breaker = createBreaker()

  const keyOf = (address: RecordAddress): string => `refresh:${address.person}:${address.session}`
  const nameOf = (token: VerifiedToken): string => digest(joinToken(token.parts))
  const placeOf = (address: RecordAddress): string => `${address.person} ${address.session}`

  const degrade = async (
    request: RefreshRequest,
    fence: number,
    failure: { problem: RefreshProblem; status?: number | undefined; retryAfterSeconds?: number | undefined },
  ): Promise<RefreshResult> => {
    const retryAfterSeconds = backoffSeconds(request.failures, failure.retryAfterSeconds, options.random)
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

  /** Only a token that can be verified now is handed out; while its key cannot be had, the old one goes on. */
  const verifyFresh = async (parts: TokenParts): Promise<VerifiedToken | undefined> => {
    try {
      const fresh = await options.verify(parts, clock())
      return fresh.valid ? fresh : undefined
    } catch (error) {
      if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return undefined
      throw error
    }
  }

  const accept = async (request: RefreshRequest, fence: number, jwt: string): Promise<RefreshResult> => {
    const { address, record, token } = request
    const parts = splitToken(jwt)
    const fresh = parts === undefined ? undefined : await verifyFresh(parts)
    if (fresh === undefined || !options.isDeliverable(fresh)) {
      return degrade(request, fence, { problem: 'token' })
    }
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
      token: nameOf(token),
      sealed: sealer.seal('kept', placeOf(address), jwt),
      fence,
      until: token.expiresAt,
    }
    const isKept = await store.keep(address, record.generation, kept, fresh.expiresAt)
    await store.release(keyOf(address), fence)
    // The last look before cookies are set: a logout may have come since.
    const current = isKept ? await store.read(address) : undefined
    return current?.state === 'live' ? { kind: 'token', token: fresh } : { kind: 'ended' }
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
      if (kept?.token !== nameOf(token) || kept.until <= clock()) return undefined
      const jwt = sealer.open('kept', placeOf(address), kept.sealed)
      const parts = jwt === undefined ? undefined : splitToken(jwt)
      const fresh = parts === undefined ? undefined : await verifyFresh(parts)
      if (fresh === undefined || fresh.expiresAt <= token.expiresAt) return undefined
      return personOf(fresh.claims.iss, fresh.claims.sub) === address.person ? fresh : undefined
    },

    async dropKept(token, address) {
      const kept = await store.kept(address)
      if (kept !== undefined && kept.token !== nameOf(token)) await store.dropKept(address, kept.fence)
    },
  }
}
