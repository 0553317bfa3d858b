/** @module What the rest of the emulator sees of its SAML identity provider. */
import type { EndpointName } from '../endpoints.js'
import type { ModeRoute } from '../openid/mode.js'
import type { KeptSession } from '../sessions.js'
import type { Saml } from './saml.js'

/** The SAML identity provider mode. */
export interface SamlMode {
  readonly routes: Readonly<Partial<Record<EndpointName, ModeRoute>>>
  /** What tests see of it. */
  readonly saml: Saml
  /** Origins that a form may lead to: those of the providers. */
  readonly origins: readonly string[]
  /** A new session of the same person takes the place of an older one: participants stay. */
  carry(older: KeptSession, newer: KeptSession): void
  /**
   * Ends sessions in a browser, leads it to their participants, and at last to what `finish` answers. `isLater`: in a
   * request after this one.
   */
  leave(
    sessions: readonly KeptSession[],
    finish: (isLater: boolean) => Promise<Response>,
    cookies: readonly string[],
  ): Promise<Response>
  /** Forgets participants, pending messages and deliveries. */
  reset(): void
}
