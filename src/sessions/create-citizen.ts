/** @module The values that a request's person can be: made once where they never differ, lean where they do. */
import type {
  ActiveCitizen,
  AnonymousCitizen,
  AnonymousReason,
  Assurance,
  CitizenSession,
  Claims,
  LogoutRequest,
  MfaRequiredCitizen,
  UnavailableCitizen,
} from '../citizen.js'
import type { Exchange } from '../exchange.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { Receipt } from '../receipt.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { publicIdOf } from './record.js'
import { idleEndsAt } from './timers.js'

/** What an active citizen's methods do; the suite says how. */
export interface CitizenActions<S extends LiveSession = LiveSession> {
  refresh(session: S): Promise<boolean>
  accessToken(session: S): Promise<string | undefined>
  logout(session: S, request: LogoutRequest): Promise<Receipt>
  ended(session: S): AbortSignal
}

/** What is remembered of a session between requests, as far as every session has it. */
export interface SessionState {
  readonly address: RecordAddress
  /** Generation that `publicId` belongs to. */
  readonly generation: string
  readonly publicId: string
}

/**
 * The record and request behind an active citizen. A class, as are all objects that live as long as a request and lead to
 * it: V8 learns of a literal that it survives, allocates the next ones old, and from there each keeps its request alive,
 * and all that hangs on it, until the next collection of everything. Source: allocation-site pretenuring.
 */
export class LiveSession {
  readonly exchange: Exchange
  readonly claims: Claims
  readonly state: SessionState
  readonly record: LiveRecord

  constructor(exchange: Exchange, claims: Claims, state: SessionState, record: LiveRecord) {
    this.exchange = exchange
    this.claims = claims
    this.state = state
    this.record = record
  }

  /** Name of the way in by which it began. */
  get provider(): string {
    return sharedCookieName
  }

  /** When the request's own token expires; the record need not know it. */
  get tokenExpiresAt(): number {
    return this.record.tokenExpiresAt
  }

  /** What UserInfo said of the person; `undefined`: nobody asked it. */
  get userInfo(): Readonly<Record<string, unknown>> | undefined {
    return undefined
  }
}

const anonymousCitizens = new Map<AnonymousReason, AnonymousCitizen>()

/** The anonymous citizen with this reason: always the same frozen object. */
export function anonymous(reason: AnonymousReason): AnonymousCitizen {
  const known = anonymousCitizens.get(reason)
  if (known !== undefined) return known
  const citizen: AnonymousCitizen = Object.freeze({
    state: 'anonymous',
    reason,
    provider: undefined,
    claims: undefined,
    session: undefined,
    assurance: undefined,
    degraded: false,
  })
  anonymousCitizens.set(reason, citizen)
  return citizen
}

/** The citizen while the store, or the keys of the identity provider, cannot be had. */
export function unavailable(reason: UnavailableCitizen['reason']): UnavailableCitizen {
  return {
    state: 'unavailable',
    reason,
    provider: undefined,
    claims: undefined,
    session: undefined,
    assurance: undefined,
    degraded: false,
  }
}

/** Known by a password, but the second factor is missing. */
export function mfaRequired<C extends Claims>(claims: C): MfaRequiredCitizen<C> {
  return {
    state: 'mfa-required',
    reason: undefined,
    provider: sharedCookieName,
    claims,
    session: undefined,
    assurance: undefined,
    degraded: false,
  }
}

/** The strongest method that the claims of the shared cookie show. */
export function methodOf(claims: Claims): Assurance['method'] {
  return claims.isDidAuth === true ? 'did' : claims.isMfa === true ? 'mfa' : 'password'
}

/** How the person proved who they are, by the claims of the shared cookie. */
export function assuranceOf(claims: Claims, level: number, authenticatedAt: number): Assurance {
  const method = methodOf(claims)
  return authenticatedAt === 0 ? { level, method } : { level, method, authenticatedAt }
}

class Active<C extends Claims> implements ActiveCitizen<C> {
  readonly state = 'active'
  readonly reason = undefined
  readonly provider: string
  readonly claims: C
  readonly session: CitizenSession
  readonly assurance: Assurance
  readonly degraded: boolean
  readonly #live: LiveSession
  readonly #actions: CitizenActions
  #ended: AbortSignal | undefined

  constructor(live: LiveSession, assurance: Assurance, degraded: boolean, actions: CitizenActions) {
    const { record } = live
    this.provider = live.provider
    this.claims = live.claims as C
    this.session = {
      // Requests share the state: another one may have taken up another generation since.
      publicId:
        live.state.generation === record.generation ? live.state.publicId : publicIdOf(record.generation),
      startedAt: record.startedAt,
      lastSeenAt: record.lastSeenAt,
      idleEndsAt: idleEndsAt(record),
      endsAt: record.endsAt,
    }
    this.assurance = assurance
    this.degraded = degraded
    this.#live = live
    this.#actions = actions
  }

  static liveOf(citizen: object): LiveSession | undefined {
    return #live in citizen ? citizen.#live : undefined
  }

  // Getters that return functions, so that a destructured method still knows its session.
  get refresh(): () => Promise<boolean> {
    return () => this.#actions.refresh(this.#live)
  }

  get accessToken(): () => Promise<string | undefined> {
    return () => this.#actions.accessToken(this.#live)
  }

  get ended(): AbortSignal {
    this.#ended ??= this.#actions.ended(this.#live)
    return this.#ended
  }

  get logout(): (request?: LogoutRequest) => Promise<Receipt> {
    return (request = {}) => this.#actions.logout(this.#live, request)
  }
}

/** The live session behind a citizen; `undefined` for anything that is not an active citizen of ours. */
export function liveSessionOf(citizen: object): LiveSession | undefined {
  return Active.liveOf(citizen)
}

/** The citizen of a live session. */
export function active<C extends Claims>(
  live: LiveSession,
  assurance: Assurance,
  degraded: boolean,
  actions: CitizenActions,
): ActiveCitizen<C> {
  return new Active<C>(live, assurance, degraded, actions)
}
