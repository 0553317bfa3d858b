/** @module What the endpoints of the emulator ask of a further protocol on the same sessions, a mode. */
import type { KeptSession } from './sessions.js'

/** A logout in a browser. */
export interface BrowserLogout {
  readonly sessions: readonly KeptSession[]
  /** The last answer. `isLater`: in a request after the one that began the logout. */
  readonly finish: (isLater: boolean) => Promise<Response>
  /** What deletes the cookies of these sessions. */
  readonly cookies: readonly string[]
}

/** A further protocol, as the sign-in pages and the other modes see it. */
export interface Mode {
  /** Origins that a form may lead to. */
  readonly origins: readonly string[]
  /** Whether cookies have to come along in frames of other sites, and the browser takes them. */
  hasCrossSiteCookies?(): boolean
  /** A new session of the same person takes the place of an older one: whoever takes part in it stays. */
  carry(older: KeptSession, newer: KeptSession): void
  /** Resolves when whoever is told of an ended session by server call has answered. */
  settled?(): Promise<void>
  /** Ends sessions in a browser, leads it to those who take part, and at last to what `finish` answers. */
  leave?(logout: BrowserLogout): Promise<Response>
}
