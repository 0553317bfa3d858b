/** @module The SAML identity provider mode. */
import type { ControlPart } from '../controls.js'
import type { Mode } from '../mode.js'
import type { RoutedMode } from '../route.js'
import type { Saml } from './saml.js'

/** The SAML identity provider, as the emulator is put together with it. */
export interface SamlMode extends Mode, RoutedMode {
  /** What tests see of it. */
  readonly saml: Saml
  readonly controlPart: ControlPart
  /** Forgets participants, pending messages and deliveries. */
  reset(): void
}
