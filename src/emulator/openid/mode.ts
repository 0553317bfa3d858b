/** @module What the rest of the emulator sees of its OpenID provider. */
import type { Context } from '../context.js'
import type { EndpointName } from '../endpoints.js'
import type { KeptSession } from '../sessions.js'
import type { Visit } from '../visit.js'
import type { Openid } from './openid.js'

/** An endpoint of the mode. */
export interface ModeRoute {
  readonly GET?: ModeHandler
  readonly POST?: ModeHandler
  /** For servers and scripts: no page, no cookie of a person. */
  readonly isApi?: boolean
  /** Whether a page of another site may send its form here: it then only leads to a GET. */
  readonly takesForeignForms?: boolean
}

/** Answers a request of the mode. */
export type ModeHandler = (context: Context, visit: Visit) => Response | Promise<Response>

/** The OpenID provider mode. */
export interface OpenidMode {
  readonly routes: Readonly<Partial<Record<EndpointName, ModeRoute>>>
  /** What tests see of it. */
  readonly openid: Openid
  /** Origins that a form may lead to: those of all redirect URIs. */
  readonly origins: readonly string[]
  /** Whether cookies have to come along in frames of other sites, and the browser takes them. */
  hasCrossSiteCookies(): boolean
  /** The `Set-Cookie` line of the browser state after a request; `undefined` when it has not changed. */
  browserState(visit: Visit): string | undefined
  /** A new session of the same person takes the place of an older one: clients keep their `sid`. */
  carry(older: KeptSession, newer: KeptSession): void
  /** Resolves when every back-channel request that is under way has its answer. */
  settled(): Promise<void>
  /** Forgets codes, tokens, participants and deliveries. */
  reset(): void
}
