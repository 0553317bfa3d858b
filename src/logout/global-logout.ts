/** @module The logout itself: every leg that can be done here and now, in the right order, each with its result. */
import type { ResolvedOptions } from '../config/options.js'
import type { SharedExpiry } from '../cookies/expiry.js'
import { isSuperseded, type SessionCookie } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import { type Report, storeUnavailable } from '../events.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { Leg, LegState } from '../receipt.js'
import type { EndReason, RecordAddress } from '../session-record.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { RevocationScope, Store } from '../stores/store.js'
import type { FoundSession } from './request-sessions.js'
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
  /** Reports a leg that is complete. */
  tell(person: string, leg: Leg): Leg
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

/** What the legs of one application's logout are done with. */
export interface GlobalLogoutContext {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly lifecycle: Lifecycle
  /** Takes the hint of the shared cookie away. */
  readonly hintCookie: { expire(): SetCookie }
  /** Where sessions are named by a cookie of our own. */
  readonly sessionCookie: SessionCookie | undefined
  readonly report: Report
  readonly expireShared: SharedExpiry
}

/** Makes the logout of one application. */
export function createGlobalLogout(context: GlobalLogoutContext): GlobalLogout {
  const { application } = context.options
  const cookieTarget = cookieTargetOf(context)
  return {
    cookieTarget,
    conclude: (person, leg, began) => conclude(context, person, leg, began),
    tell: (person, leg) => tell(context, person, leg),

    endSessions: (person, scope, reason, tokenExpiresAt) =>
      attempt(context, person, 'store', () => revoke(context, { person, scope, reason, tokenExpiresAt })),

    endSession: (session, reason) =>
      attempt(context, session.address.person, 'store', async () => {
        if (await isOlder(context, session)) return superseded
        const { person, session: value } = session.address
        const scope = { kind: 'session', session: value } as const
        return revoke(context, { person, scope, reason, tokenExpiresAt: session.tokenExpiresAt })
      }),

    endHere: (session) =>
      attempt(context, session.address.person, application.id, async () =>
        (await isOlder(context, session)) ? superseded : endInApplication(context, session),
      ),

    expireRest: (exchange, round, seenAt) => context.expireShared(exchange, { batch: 'rest', round, seenAt }),

    expireCookies(exchange, person, seenAt, copies = noCopies) {
      const began = context.options.clock()
      context.expireShared(exchange, { seenAt })
      if (context.options.sharedCookie !== undefined) exchange.setCookie(context.hintCookie.expire())
      context.sessionCookie?.drop(exchange)
      return conclude(context, person, { leg: 'cookies', target: cookieTarget, ...copies }, began)
    },
  }
}

function cookieTargetOf({ options }: GlobalLogoutContext): string {
  const domain = options.sharedCookie?.domain ?? false
  return domain === false ? new URL(options.application.url).hostname : domain
}

/** Completes a leg, and reports it. */
function conclude(
  context: GlobalLogoutContext,
  person: string,
  leg: Omit<Leg, 'milliseconds'>,
  began: number,
): Leg {
  return tell(context, person, { ...leg, milliseconds: context.options.clock() - began })
}

function tell({ report }: GlobalLogoutContext, person: string, leg: Leg): Leg {
  report({ type: 'logout.leg', person, ...leg })
  return leg
}

/** Does the work of a sessions leg; an outage is its result. */
async function attempt(
  context: GlobalLogoutContext,
  person: string,
  target: string,
  work: () => Promise<LegResult>,
): Promise<Leg> {
  const began = context.options.clock()
  try {
    return conclude(context, person, { leg: 'sessions', target, ...(await work()) }, began)
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    context.report(storeUnavailable(error))
    const away = { state: 'timed-out', reason: 'store-unavailable' } as const
    return conclude(context, person, { leg: 'sessions', target, ...away }, began)
  }
}

async function revoke(
  { lifecycle }: GlobalLogoutContext,
  revocation: {
    readonly person: string
    readonly scope: RevocationScope
    readonly reason: EndReason
    readonly tokenExpiresAt: number | undefined
  },
): Promise<LegResult> {
  const { person, scope, reason, tokenExpiresAt } = revocation
  const { acknowledged } = await lifecycle.revoke(person, scope, reason, tokenExpiresAt)
  return acknowledged ? done : notReplicated
}

/** Ends the record of this application, also one that had ended already: its end is confirmed, and kept as long. */
async function endInApplication(context: GlobalLogoutContext, session: FoundSession): Promise<LegResult> {
  const { store, lifecycle, options } = context
  const { tokenExpiresAt = 0 } = session
  const now = options.clock()
  const address = await rootOf(context, session.address)
  for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
    const record = (await store.read(address)) ?? (await beginToEnd(context, address, now, tokenExpiresAt))
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

/** A session that no request has begun leaves no end behind: it is begun, so that it can end. */
async function beginToEnd(
  { lifecycle }: GlobalLogoutContext,
  address: RecordAddress,
  now: number,
  tokenExpiresAt: number,
) {
  const nobodyYet = { issuedAt: now, level: 0, authenticatedAt: 0, isOnlyToEnd: true }
  return (await lifecycle.startSession({ address, now, tokenExpiresAt, ...nobodyYet })).record
}

/** Where the record lies: a session value may be another name of an older one. */
async function rootOf({ store }: GlobalLogoutContext, address: RecordAddress): Promise<RecordAddress> {
  const record = await store.read(address)
  return record?.state === 'alias' ? { ...address, session: record.session } : address
}

/** Whether the cookie that names a session is of an older generation than what lies there. */
async function isOlder(
  context: GlobalLogoutContext,
  { address, generation }: FoundSession,
): Promise<boolean> {
  if (generation === undefined) return false
  return isSuperseded(await context.store.read(await rootOf(context, address)), generation)
}
