/** @module Arrival from a login: what only a return with its transaction may do, before the request is judged as any other. */

import type { Citizen } from '../citizen.js'
import type { SharedCookieOptions } from '../config/options.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import type { Sealer } from '../seal.js'
import { lacksSecondFactor } from '../sessions/assurance.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import { openDetails } from '../sessions/record.js'
import { resumeOf, toleranceOf } from '../sessions/resume-policy.js'
import type { Store } from '../stores/store.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { unlessAhead } from '../wait.js'
import type { SharedCookieAuthenticator } from './authenticate.js'
import { authenticationTime } from './credential.js'
import { readRoot, tokenState } from './token-state.js'

/** What the login that comes back had been. */
export interface SharedLoginReturn {
  /** Whether it had asked the provider for a new authentication. */
  readonly askedReauthentication: boolean
  /** Whether the person had pressed our button, which may lift an application end. */
  readonly mayResume: boolean
  /** When it began. */
  readonly since: number
}

/** Judges the arrival and answers with the citizen that it makes. */
export type HandleSharedLoginReturn = (exchange: Exchange, arrival: SharedLoginReturn) => Promise<Citizen>

const mostAttempts = 6

/** Makes the arrival of one application. */
export function createSharedLoginReturn(options: {
  readonly resolved: SharedCookieOptions
  /** What judges the request as any other once the return has been taken in. */
  readonly authenticator: {
    authenticate(exchange: Exchange, override: { readonly isTouching: true }): MaybePromise<Citizen>
    unavailableBecause(error: unknown): Citizen
  }
  readonly tokenOf: SharedCookieAuthenticator['tokenOf']
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
}): HandleSharedLoginReturn {
  const { authenticator, store, lifecycle } = options
  const { application, identityProvider, clock } = options.resolved
  const skew = identityProvider.clockSkewSeconds * 1000

  /** Whether a new authentication was asked for, and the token can be its fruit: an older one was at hand before. */
  const isAskedFor = (token: VerifiedToken, arrival: SharedLoginReturn): boolean =>
    arrival.askedReauthentication && token.issuedAt >= arrival.since - toleranceOf(skew)

  /** `false`: another tab was faster, and what this login has shown is not written yet: look again. */
  const settle = async (token: VerifiedToken, arrival: SharedLoginReturn): Promise<boolean> => {
    const now = clock()
    const state = tokenState(token, application.id, identityProvider.refresh.afterSeconds)
    const level = identityProvider.assuranceLevel(token.claims)
    const stated = authenticationTime(token.claims, now, skew)
    const common = { address: state.address, now, tokenExpiresAt: token.expiresAt, level }
    const record = await readRoot(store, state)
    if (record === undefined) {
      // A session value never seen before, on a return that had asked for it: the person has just proven who they are.
      const isProven = isAskedFor(token, arrival)
      const authenticatedAt = stated || (isProven ? now : 0)
      // The provider's clock may be behind ours: the token is at least as young as the login that brought it.
      const issuedAt = isProven ? Math.max(token.issuedAt, arrival.since) : token.issuedAt
      const outcome = await lifecycle.startSession({ ...common, issuedAt, authenticatedAt })
      return outcome.started || outcome.record.state === 'ended'
    }
    if (record.state === 'ended') {
      const details = openDetails(options.sealer, state.address, record.sealed)
      const previousAuthTime = unlessAhead(details.authenticatedAt ?? 0, now)
      const proof = { ...arrival, authenticatedAt: stated, isNewer: token.issuedAt > record.at }
      const { onIdle } = application
      const ended = { ...record, reason: await sharedReasonOf(lifecycle, state.address, record) }
      const lift = resumeOf(ended, previousAuthTime, proof, { onIdle, skewMilliseconds: skew })
      if (lift === undefined) return true
      const keepsLimit = lift === 'resumed'
      const outcome = await lifecycle.startSession({
        ...common,
        address: state.address,
        issuedAt: token.issuedAt,
        authenticatedAt: stated,
        resumes: record,
        keepsLimit,
      })
      return outcome.started || outcome.record.state === 'ended'
    }
    // Begun by a faster request of this very login: still a session value that the login brought.
    const isNew = isAskedFor(token, arrival) && record.startedAt >= arrival.since
    const authenticatedAt = stated || (isNew ? now : 0)
    if (authenticatedAt <= unlessAhead(record.authenticatedAt, now)) return true
    const rise = { level: Math.max(level, record.level), authenticatedAt }
    return (await lifecycle.raiseAssurance(state.address, record, rise)) !== undefined
  }

  return async (exchange, arrival) => {
    try {
      const token = await options.tokenOf(exchange)
      if (token !== undefined && !lacksSecondFactor(token.claims)) {
        for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
          if (await settle(token, arrival)) break
        }
      }
    } catch (error) {
      return authenticator.unavailableBecause(error)
    }
    return authenticator.authenticate(exchange, { isTouching: true })
  }
}
