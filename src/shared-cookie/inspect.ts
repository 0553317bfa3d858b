/** @module The pure read: what a request's session is, without a write, a cookie or a request to the provider. */
import type { Citizen } from '../citizen.js'
import type { Sealer } from '../seal.js'
import { anonymous, unavailable } from '../sessions/create-citizen.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import { openDetails } from '../sessions/record.js'
import { concernsSession } from '../sessions/revocation.js'
import { countedFromNow, timerOver } from '../sessions/timers.js'
import { citizenFrom, type SessionContext, type SessionRequest } from './credential.js'
import { readRoot, tokenState } from './token-state.js'

/** Says what a judgement would say, and does nothing. */
export type Inspect = (request: Omit<SessionRequest, 'isTouching'>) => Promise<Citizen>

/**
 * Makes the pure read. A session that no request has begun yet is `not-started`; a timer that is over is told but
 * not written; nothing is touched, refreshed, raised or handed over.
 */
export function createInspect(judging: SessionContext & { readonly sealer: Sealer }): Inspect {
  const { options, store, revocations, lifecycle } = judging
  const { application, identityProvider } = options

  return async (request) => {
    const state = tokenState(request.token, application.id, identityProvider.refresh.afterSeconds)
    const record = await readRoot(store, state)
    if (record === undefined) return anonymous('not-started')
    if (record.state === 'ended') return anonymous(await sharedReasonOf(lifecycle, state.address, record))
    const idleMilliseconds = Math.min(record.idleMilliseconds, application.idleSeconds * 1000)
    const { now } = request
    const counted = countedFromNow(record, now, application.absoluteSeconds * 1000)
    const over = timerOver({ ...counted, idleMilliseconds }, now)
    if (over !== undefined) return anonymous(over)
    const { person, session } = state.address
    const revocation = await revocations?.revocation(
      person,
      session,
      openDetails(judging.sealer, state.address, record.sealed).names,
    )
    if (revocation !== undefined && concernsSession(revocation, record, now))
      return anonymous(revocation.reason === 'identity-ended' ? 'revoked' : revocation.reason)
    // The work for the sign-in is not done, and a pure read does none.
    if (record.signIn === 'due' && options.onSignIn !== undefined) return unavailable('sign-in')
    const level = identityProvider.assuranceLevel(request.token.claims)
    return citizenFrom(judging, { ...request, isTouching: () => false }, state, counted, level)
  }
}
