/** @module The logout itself: every leg that can be done here and now, in the right order, each with its result. */
import type { ResolvedOptions } from '../config/options.js'
import type { ExpiryBatch } from '../cookies/expiry.js'
import type { HintCookie } from '../cookies/hint.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { EndReason, RecordAddress, RevocationScope, Store } from '../stores/store.js'
import type { Leg, LegName, LegState } from './receipt.js'

/** The legs of a logout, each done once and reported. An outage is a leg's state, never an exception. */
export interface GlobalLogout {
  /** What the cookies leg names: the base domain, or our host. */
  readonly cookieTarget: string
  /** Ends one session value, or more of a person, in every application of the store. */
  endSessions(person: string, scope: RevocationScope, reason: EndReason): Promise<Leg>
  /** Ends this application's session only. */
  endHere(address: RecordAddress): Promise<Leg>
  /** Deletes the shared cookies, the hint and our session cookie from the browser. */
  expireCookies(exchange: Exchange, person: string): Leg
  /** Deletes the shared cookies in the variants for which that answer had no room. */
  expireRest(exchange: Exchange): void
  /** Completes, and reports, a leg that another part has seen to. */
  conclude(person: string, leg: Omit<Leg, 'milliseconds'>, began: number): Leg
}

/** Makes the logout of one application. */
export function createGlobalLogout(context: {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly hintCookie: HintCookie
  /** Where sessions are named by a cookie of our own. */
  readonly sessionCookie: SessionCookie | undefined
  readonly report: Report
  readonly expireShared: (exchange: Exchange, batch: ExpiryBatch) => void
}): GlobalLogout {
  const { options, store, lifecycle, report } = context
  const { clock, sharedCookie, application } = options

  const conclude: GlobalLogout['conclude'] = (person, leg, began) => {
    const complete: Leg = { ...leg, milliseconds: clock() - began }
    report({ type: 'logout.leg', person, ...complete })
    return complete
  }

  /** A session that no request has begun leaves no end behind: it is begun, so that it can end. */
  const beginUnbegun = async (address: RecordAddress, now: number) => {
    const beginning = { address, now, issuedAt: now, tokenExpiresAt: 0, level: 0, authenticatedAt: 0 }
    return (await lifecycle.begin(beginning)).record
  }

  const attempt = async (
    person: string,
    leg: LegName,
    target: string,
    work: () => Promise<{ state: LegState; reason?: string }>,
  ): Promise<Leg> => {
    const began = clock()
    try {
      return conclude(person, { leg, target, ...(await work()) }, began)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      report({ type: 'store.unavailable', code: error.code, message: error.message })
      return conclude(person, { leg, target, state: 'timed-out', reason: 'store-unavailable' }, began)
    }
  }

  const domain = sharedCookie?.domain ?? false
  const cookieTarget = domain === false ? new URL(application.url).hostname : domain

  return {
    cookieTarget,
    conclude,

    endSessions: (person, scope, reason) =>
      attempt(person, 'sessions', 'store', async () => {
        const { acknowledged } = await lifecycle.revoke(person, scope, reason)
        return acknowledged ? { state: 'done' } : { state: 'unknown', reason: 'not-replicated' }
      }),

    endHere: (address) =>
      attempt(address.person, 'sessions', application.id, async () => {
        const now = clock()
        const record = (await store.read(address)) ?? (await beginUnbegun(address, now))
        if (record.state !== 'live') return { state: 'done' }
        const request = { reason: 'application-sign-out', at: now } as const
        const { record: after } = await lifecycle.end(address, record, request, now)
        return after?.state === 'live' ? { state: 'unknown', reason: 'changed-meanwhile' } : { state: 'done' }
      }),

    expireRest: (exchange) => context.expireShared(exchange, 'rest'),

    expireCookies(exchange, person) {
      const began = clock()
      context.expireShared(exchange, 'likely')
      if (sharedCookie !== undefined) exchange.setCookie(context.hintCookie.expire())
      if (context.sessionCookie !== undefined) exchange.setCookie(context.sessionCookie.expire())
      return conclude(person, { leg: 'cookies', target: cookieTarget, state: 'done' }, began)
    },
  }
}
