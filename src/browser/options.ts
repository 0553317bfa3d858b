/** @module What the client takes and gives: its options, its state, its methods. */
import type { ShownClaims } from './claims-cookie.js'
import type { Status } from './status.js'
import type { Texts } from './texts.js'

/** How things stand in this tab. */
export interface CitizenSnapshot {
  /**
   * `unknown` until the server has answered; `warning` while the end is near; `ended` once a session that was there is
   * over; `anonymous` where nobody was signed in.
   */
  readonly state: 'unknown' | 'active' | 'warning' | 'ended' | 'mfa-required' | 'anonymous'
  /** Why nobody is signed in, as in `idle-timeout`. */
  readonly reason: string | null
  /**
   * Whole seconds until the end by the server's clock; `null` without a session. Followed by the second during a
   * warning, else as of the last answer of the server.
   */
  readonly secondsLeft: number | null
  /** The server's last word. */
  readonly status: Status | null
  /** Whether the last question to the server had no answer. An outage is not an end. */
  readonly isOffline: boolean
  /** What the check-session frame of OpenID Connect session management said last. */
  readonly identity: 'unwatched' | 'unchanged' | 'changed' | 'blocked' | 'error'
}

/** A warning that the session ends soon. */
export interface CitizenWarning {
  readonly secondsLeft: number
  /** Whether the absolute limit is near: nothing extends the session. */
  readonly isLast: boolean
}

/** The end of a session that this page has shown. */
export interface CitizenEnd {
  /** As in `idle-timeout`, `signed-out`, `revoked`. */
  readonly reason: string
  /** Address of the login page, which says the reason and leads back here. */
  readonly login: string
}

/** Options of the client. */
export interface CitizenClientOptions {
  /** Path of our routes as the browser sees it: `application.path` and `routes.path` together. Default `/session`. */
  readonly basePath?: string
  /** Seconds before the end at which to warn. Default 120; 60 where the idle time is ten minutes or less. At least 20. */
  readonly warnSeconds?: number | undefined
  /** Seconds between two questions to the server; one tab asks for all. Default 60. */
  readonly pollSeconds?: number
  /** Whether keys and pointer extend the session, at most once a minute. Default `false`: only requests do. */
  readonly extendOnActivity?: boolean
  /** Called when a warning begins. */
  onWarning?(warning: CitizenWarning): void
  /** Called at the end. Return `false` to keep the page as it is: no cover, no login page. */
  onEnd?(end: CitizenEnd): unknown
  /** Called with the unverified claims of the payload cookie, now and at each change; `null`: there are none. */
  show?(claims: ShownClaims | null): void
  /** Name of the payload cookie. Default `c1_payload`. */
  readonly payloadCookie?: string
  /** Words instead of ours. */
  readonly texts?: Partial<Texts>
  /** Language tag. Default: the `lang` of the page, else the browser's. */
  readonly language?: string
  /** Whether the warning is only told (`onWarning`), without our dialog. Default `false`. */
  readonly headless?: boolean
  /**
   * Whether what was typed outlives an end by time: the page stays, covered, the person signs in in another window and
   * finds it as it was. Nothing is written anywhere; another person, or a sign-out, clears the page. Default `false`:
   * the page goes on to the login.
   */
  readonly keepForms?: boolean
  /** Whether to watch the provider's session by `<basePath>/check-session` although the server names no frame. Default `false`. */
  readonly checkSession?: boolean
  /** Whether this page was made for somebody signed in: then no session at its start is an end. Default `false`. */
  readonly isPrivate?: boolean
}

/** What a sign-out may be asked for. */
export interface SignOutWish {
  /** Default `everywhere`. */
  readonly scope?: 'everywhere' | 'application' | undefined
  /** Where to go in the end: a path of ours, or an address that the server allows; anything else is left out. */
  readonly returnTo?: string | undefined
}

/** The client of a page. */
export interface CitizenClient {
  readonly snapshot: CitizenSnapshot
  /** Calls the listener at each change; returns how to stop that. */
  subscribe(listener: () => void): () => void
  /** Asks the server how things stand: never activity. */
  check(): Promise<CitizenSnapshot>
  /** The person is still there. */
  extend(): Promise<CitizenSnapshot>
  /**
   * Signs out, covers all tabs, and goes where the server says.
   * @throws Error if the session could not be ended; the page stays.
   */
  signOut(wish?: SignOutWish): Promise<void>
  /** Ends timers and listeners; removes what is shown. */
  stop(): void
}
