/** @module The return from a login: what only a return with its transaction may do, before the request is judged as any other. */
import type { Citizen } from '../citizen.js'
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import type { ReadLoginReturn, ReturningLogin } from '../login/return.js'
import type { Sealer } from '../seal.js'
import type { EndedRecord, LiveRecord, RecordAddress } from '../session-record.js'
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
import { believedOf, firstToken, newsOf, resumedWith } from './newest-token.js'
import { readRoot, tokenState } from './token-state.js'

/** What the return of a login is read with. */
export interface SharedLoginReturnContext {
  readonly options: ResolvedSharedCookieOptions
  /** What judges the request as any other once the return has been taken in. */
  readonly authenticator: {
    authenticate(exchange: Exchange, override: { readonly isTouching: true }): MaybePromise<Citizen>
    unavailableBecause(error: unknown): Citizen
  }
  readonly tokenOf: SharedCookieAuthenticator['tokenOf']
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
}

/** What a login has brought. */
interface Brought {
  readonly token: VerifiedToken
  readonly login: ReturningLogin
  readonly now: number
  /** Where its session is, or will be. */
  readonly address: RecordAddress
  readonly level: number
  /** When the person authenticated, as the token says; 0: it does not. */
  readonly stated: number
}

const mostAttempts = 6

/** Makes what reads the return from a login by the shared cookie. */
export function createSharedLoginReturn(context: SharedLoginReturnContext): ReadLoginReturn {
  const { authenticator, tokenOf } = context
  return async (exchange, login) => {
    try {
      const token = await tokenOf(exchange)
      if (token !== undefined && !lacksSecondFactor(token.claims)) {
        for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
          if (await settle(context, token, login)) break
        }
      }
    } catch (error) {
      return authenticator.unavailableBecause(error)
    }
    return authenticator.authenticate(exchange, { isTouching: true })
  }
}

/** `false`: another tab was faster, and what this login has shown is not written yet: look again. */
async function settle(
  context: SharedLoginReturnContext,
  token: VerifiedToken,
  login: ReturningLogin,
): Promise<boolean> {
  const { application, identityProvider, clock } = context.options
  const now = clock()
  const state = tokenState(token, application.id, identityProvider.refresh.afterSeconds)
  const level = identityProvider.assuranceLevel(token.claims)
  const stated = authenticationTime(token.claims, now, skewOf(context))
  const named = state.address
  const record = await readRoot(context.store, state)
  const brought = { token, login, now, address: state.address, level, stated }
  if (record === undefined) return startFirst(context, { ...brought, address: named })
  if (record.state === 'ended') return resumeEnded(context, brought, record)
  return raiseLive(context, brought, record)
}

/** A session value never seen before, on a return that had asked for it: the person has just proven who they are. */
async function startFirst(context: SharedLoginReturnContext, brought: Brought): Promise<boolean> {
  const { token, now, address, level, stated } = brought
  const isProven = isAskedFor(context, brought)
  const outcome = await context.lifecycle.startSession({
    address,
    now,
    tokenExpiresAt: token.expiresAt,
    level,
    newestToken: firstToken(token),
    // Also where the login had asked: a token from before it, which no application has seen, may be all that it brought.
    issuedAt: token.issuedAt,
    authenticatedAt: stated || (isProven ? now : 0),
  })
  return outcome.started || outcome.record.state === 'ended'
}

/** A session that has ended goes on, or begins anew, where what the login has shown allows it. */
async function resumeEnded(
  context: SharedLoginReturnContext,
  { token, login, now, address, level, stated }: Brought,
  record: EndedRecord,
): Promise<boolean> {
  const { lifecycle, sealer, options } = context
  const details = openDetails(sealer, address, record.sealed)
  const previousAuthTime = unlessAhead(details.authenticatedAt ?? 0, now)
  const proof = { ...login, authenticatedAt: stated, isNewer: token.issuedAt > record.at }
  const rules = { onIdle: options.application.onIdle, skewMilliseconds: skewOf(context) }
  const ended = { ...record, reason: await sharedReasonOf(lifecycle, address, record) }
  const resume = resumeOf(ended, previousAuthTime, proof, rules)
  if (resume === undefined) return true
  const outcome = await lifecycle.startSession({
    address,
    now,
    tokenExpiresAt: token.expiresAt,
    ...resumedWith({ token, level }, record.shown),
    issuedAt: token.issuedAt,
    authenticatedAt: stated,
    resumes: record,
    keepsLimit: resume === 'resumed',
  })
  return outcome.started || outcome.record.state === 'ended'
}

/** A later authentication raises what a live session shows. */
async function raiseLive(
  context: SharedLoginReturnContext,
  brought: Brought,
  record: LiveRecord,
): Promise<boolean> {
  const { login, now, address, stated } = brought
  // Begun by a faster request of this very login: still a session value that the login brought.
  const isNew = isAskedFor(context, brought) && record.startedAt >= login.since
  const authenticatedAt = stated || (isNew ? now : 0)
  if (authenticatedAt <= unlessAhead(record.authenticatedAt, now)) return true
  const { level } = believedOf(brought, record)
  const newestToken = level > record.level ? newsOf(brought, record)?.newestToken : undefined
  const rise = { level: Math.max(level, record.level), authenticatedAt, newestToken }
  return (await context.lifecycle.raiseAssurance(address, record, rise)) !== undefined
}

/** Whether a new authentication was asked for, and the token can be its fruit: an older one was at hand before. */
function isAskedFor(context: SharedLoginReturnContext, { token, login }: Brought): boolean {
  return login.askedReauthentication && token.issuedAt >= login.since - toleranceOf(skewOf(context))
}

function skewOf({ options }: SharedLoginReturnContext): number {
  return options.identityProvider.clockSkewSeconds * 1000
}
