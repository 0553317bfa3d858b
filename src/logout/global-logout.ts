/** @module The logout itself: every leg that can be done here and now, in the right order, each with its result. */
import type { ResolvedOptions } from '../config/options.js'
import type { SharedExpiry } from '../cookies/expiry.js'
import { isSuperseded, type SessionCookie } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import { type Report, storeUnavailable } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { Leg, LegName, LegState } from '../receipt.js'
import type { EndReason, RecordAddress } from '../session-record.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { FoundSession } from '../shared-cookie/find-sessions.js'
import type { HintCookie } from '../shared-cookie/hint-cookie.js'
import type { RevocationScope, Store } from '../stores/store.js'
import { type CookiesResult, noCopies } from './shared-copies.js'

/** The legs of a logout, each done once and reported. An outage is a leg's state, never an exception. */
export interface GlobalLogout {
  /** What the cookies leg names: the base domain, or our host. */
  readonly cookieTarget: string
  /**
   * Ends one session value, or more of a person, in every application of the store. It is remembered as long as a token
   * of `tokenExpiresAt` lives (milliseconds since the epoch; absent: as long as those that the store knows).
   */
  endSessions(
    person: string,
    scope: RevocationScope,
    reason: EndReason,
    tokenExpiresAt?: number,
  ): Promise<Leg>
  /** Ends a session that a request names, in every application of the store; nothing for a cookie of an older generation. */
  endSession(session: FoundSession, reason: EndReason): Promise<Leg>
  /** Ends this application's session only; remembered as long. */
  endHere(session: FoundSession): Promise<Leg>
  /**
   * Deletes the shared cookies, the hint and our session cookie from the browser. `copies`: what the leg says of those
   * that are elsewhere; default: none is known to go on.
   */
  expireCookies(exchange: Exchange, person: string, seenAt?: string, copies?: CookiesResult): Leg
  /** Deletes the shared cookies in variants for which the answers before had no room. `false`: there are no more. */
  expireRest(exchange: Exchange, round: number, seenAt: string | undefined): boolean
  /** Completes, and reports, a leg that another part has seen to. */
  conclude(person: string, leg: Omit<Leg, 'milliseconds'>, began: number): Leg
}

interface LegResult {
  readonly state: LegState
  readonly reason?: string
}

/** The cookie is of an older generation: it is nobody, and ends nothing (`HLD-02`). */
const superseded: LegResult = { state: 'unknown', reason: 'superseded' }
const done: LegResult = { state: 'done' }
/** Replicas exist, and none has confirmed: a failover could lose it. */
const notReplicated: LegResult = { state: 'unknown', reason: 'not-replicated' }
const mostAttempts = 6

/** Makes the logout of one application. */
export function createGlobalLogout(context: {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly hintCookie: HintCookie
  /** Where sessions are named by a cookie of our own. */
  readonly sessionCookie: SessionCookie | undefined
  readonly report: Report
  readonly expireShared: SharedExpiry
}): GlobalLogout {
  const { options, store, lifecycle, report } = context
  const { clock, sharedCookie, application } = options

  const conclude: GlobalLogout['conclude'] = (person, leg, began) => {
    const complete: Leg = { ...leg, milliseconds: clock() - began }
    report({ type: 'logout.leg', person, ...complete })
    return complete
  }

  /** A session that no request has begun leaves no end behind: it is begun, so that it can end. */
  const beginUnbegun = async (address: RecordAddress, now: number, tokenExpiresAt: number) => {
    const nobodyYet = { issuedAt: now, level: 0, authenticatedAt: 0, isOnlyToEnd: true }
    const beginning = { address, now, tokenExpiresAt, ...nobodyYet }
    return (await lifecycle.startSession(beginning)).record
  }

  /** Where the record lies: a session value may be another name of an older one. */
  const rootOf = async (address: RecordAddress): Promise<RecordAddress> => {
    const record = await store.read(address)
    return record?.state === 'alias' ? { ...address, session: record.session } : address
  }

  /** Whether the cookie that names a session is of an older generation than what lies there. */
  const isOlder = async ({ address, generation }: FoundSession): Promise<boolean> => {
    if (generation === undefined) return false
    return isSuperseded(await store.read(await rootOf(address)), generation)
  }

  /** Ends the record of this application, also one that had ended already: its end is confirmed, and kept as long. */
  const endApplication = async (named: RecordAddress, tokenExpiresAt: number): Promise<LegResult> => {
    const now = clock()
    const address = await rootOf(named)
    for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
      const record = (await store.read(address)) ?? (await beginUnbegun(address, now, tokenExpiresAt))
      if (record.state === 'alias') break
      const after =
        record.state === 'live'
          ? await lifecycle.end(address, record, { reason: 'application-sign-out', at: now }, now)
          : await store.end(address, record, record)
      // Another request has changed it, or it has gone meanwhile: once more.
      if (after.record?.state !== 'ended') continue
      await store.retain(address, lifecycle.retainedUntil(now, tokenExpiresAt))
      return after.acknowledged ? done : notReplicated
    }
    return { state: 'unknown', reason: 'changed-meanwhile' }
  }

  const attempt = async (
    person: string,
    leg: LegName,
    target: string,
    work: () => Promise<LegResult>,
  ): Promise<Leg> => {
    const began = clock()
    try {
      return conclude(person, { leg, target, ...(await work()) }, began)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      report(storeUnavailable(error))
      return conclude(person, { leg, target, state: 'timed-out', reason: 'store-unavailable' }, began)
    }
  }

  const domain = sharedCookie?.domain ?? false
  const cookieTarget = domain === false ? new URL(application.url).hostname : domain

  return {
    cookieTarget,
    conclude,

    endSessions: (person, scope, reason, tokenExpiresAt) =>
      attempt(person, 'sessions', 'store', async () => {
        const { acknowledged } = await lifecycle.revoke(person, scope, reason, tokenExpiresAt)
        return acknowledged ? done : notReplicated
      }),

    endSession: (session, reason) =>
      attempt(session.address.person, 'sessions', 'store', async () => {
        if (await isOlder(session)) return superseded
        const { person, session: value } = session.address
        const scope = { kind: 'session', session: value } as const
        const { acknowledged } = await lifecycle.revoke(person, scope, reason, session.tokenExpiresAt)
        return acknowledged ? done : notReplicated
      }),

    endHere: (session) =>
      attempt(session.address.person, 'sessions', application.id, async () =>
        (await isOlder(session)) ? superseded : endApplication(session.address, session.tokenExpiresAt ?? 0),
      ),

    expireRest: (exchange, round, seenAt) => context.expireShared(exchange, { batch: 'rest', round, seenAt }),

    expireCookies(exchange, person, seenAt, copies = noCopies) {
      const began = clock()
      context.expireShared(exchange, { seenAt })
      if (sharedCookie !== undefined) exchange.setCookie(context.hintCookie.expire())
      context.sessionCookie?.drop(exchange)
      return conclude(person, { leg: 'cookies', target: cookieTarget, ...copies }, began)
    },
  }
}
