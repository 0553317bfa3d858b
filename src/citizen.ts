/** @module What a request knows of its person: the value that adapters hand to the application. */
import type { Receipt } from './receipt.js'
import type { EndReason } from './session-record.js'

/** The claims of a verified shared-cookie token, as far as every application has them. */
export interface Claims {
  readonly iss: string
  readonly sub: string
  /** Seconds since the epoch. */
  readonly exp: number
  /** Seconds since the epoch. */
  readonly iat: number
  readonly [name: string]: unknown
}

/** Times of an application session, in milliseconds since the epoch. */
export interface CitizenSession {
  /** Names this session in lists and events; opens nothing. Changes with each new generation. */
  readonly publicId: string
  readonly startedAt: number
  readonly lastSeenAt: number
  readonly idleEndsAt: number
  /** The absolute limit. */
  readonly endsAt: number
}

/** How the person proved who they are. */
export interface Assurance {
  /** 1 or higher; 2 after a second factor that counts as one (`identityProvider.assuranceLevel`). */
  readonly level: number
  readonly method: 'password' | 'mfa' | 'did'
  /** Milliseconds since the epoch; absent when unknown, which satisfies no `requireRecent`. */
  readonly authenticatedAt?: number | undefined
}

/** Why nobody is signed in on this request. */
export type AnonymousReason =
  | 'not-signed-in'
  /** A pure read before the first request that counts as activity. */
  | 'not-started'
  | 'token-expired'
  | 'invalid-token'
  | 'ambiguous-cookie'
  | EndReason

/** What a logout ends, and where the browser goes afterwards. */
export interface LogoutRequest {
  /** `everywhere` (default) ends the person's session in all applications and at the identity provider. */
  readonly scope?: 'everywhere' | 'application' | undefined
  /** Where the browser goes in the end: a path of ours or an allowed origin (`application.returnOrigins`). */
  readonly returnTo?: string | undefined
}

interface EveryKey<State extends string> {
  readonly state: State
  readonly provider: undefined
  readonly reason: undefined
  readonly claims: undefined
  readonly session: undefined
  readonly assurance: undefined
  readonly degraded: false
}

/** Signed in. */
export interface ActiveCitizen<C extends Claims = Claims> {
  readonly state: 'active'
  /**
   * Where the person has signed in: the `name` of the plug-in, `oidc` or `saml` of one without a name, `shared-cookie`.
   * What the claims say is the word of that provider alone.
   */
  readonly provider: string
  readonly reason: undefined
  readonly claims: C
  readonly session: CitizenSession
  readonly assurance: Assurance
  /** The identity provider cannot be reached for a refresh that is due; the session lives on until `exp`. */
  readonly degraded: boolean
  /**
   * Aborted when the session ends, from wherever: close a socket or stream with it. At once where this instance ends
   * it, or its store has near reads and hears of it, else within five seconds. The reason is a `CitizenSessionError` with the code `session-ended`. It belongs to
   * this request: once the response is sent, or its connection gone, it is let go of and does not fire any more. Read
   * it before the response is returned.
   */
  readonly ended: AbortSignal
  /** Extends the identity session now. `true` when the provider answered with a success. */
  refresh(): Promise<boolean>
  /**
   * An access token for calls to APIs in the person's name, renewed if it is about to expire; `undefined` where the
   * session has none (the shared cookie, SAML).
   * @throws CitizenSessionError `identity-unavailable` while it cannot be renewed; `session-ended`.
   */
  accessToken(): Promise<string | undefined>
  /**
   * Ends the session. The receipt's `continueAt`, if there is one, is where the browser must go next: an address of ours,
   * for one navigation within ten minutes.
   */
  logout(request?: LogoutRequest): Promise<Receipt>
}

/** Known, but a second factor is missing: not signed in. */
export interface MfaRequiredCitizen<C extends Claims = Claims>
  extends Omit<EveryKey<'mfa-required'>, 'claims' | 'provider'> {
  /** Whose claims they are, as of an active citizen. */
  readonly provider: string
  readonly claims: C
}

/** Nobody is signed in; `reason` says why. */
export interface AnonymousCitizen extends Omit<EveryKey<'anonymous'>, 'reason'> {
  readonly reason: AnonymousReason
}

/** What it takes to say who is there cannot be had now: neither signed in nor signed out. */
export interface UnavailableCitizen extends Omit<EveryKey<'unavailable'>, 'reason'> {
  /**
   * `store`: the store does not answer. `keys`: the keys that the token is signed with cannot be fetched, so nobody
   * can say whether it is good. `sign-in`: the session has begun, and `onSignIn` is at work for it elsewhere. `provider`:
   * this instance does not know the provider by which it began, or not yet.
   */
  readonly reason: 'store' | 'keys' | 'sign-in' | 'provider'
}

/** The person of a request. No session is a value, never an exception. */
export type Citizen<C extends Claims = Claims> =
  | ActiveCitizen<C>
  | MfaRequiredCitizen<C>
  | AnonymousCitizen
  | UnavailableCitizen
