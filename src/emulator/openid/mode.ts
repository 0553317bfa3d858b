/** @module The OpenID provider mode. */
import type { ControlPart } from '../controls.js'
import type { Mode } from '../mode.js'
import type { RoutedMode } from '../route.js'
import type { Openid } from './openid.js'

/** The OpenID provider, as the emulator is put together with it. */
export interface OpenidMode extends Mode, RoutedMode {
  /** What tests see of it. */
  readonly openid: Openid
  readonly controlPart: ControlPart
  /** Forgets codes, tokens, participants and deliveries. */
  reset(): void
}
