/** @module What the steps of a plug-in's sessions stand on. */
import type { ResolvedOptions } from '../config/options.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import type { Report } from '../events.js'
import type { Sealer } from '../seal.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { Store } from '../stores/store.js'
import type { ProtocolSessionAuthenticator } from './authenticate.js'
import type { TokenVault } from './token-vault.js'

/** What the sessions of every plug-in of a suite stand on, and how exact the clock of this one's provider is. */
export interface PluginSessionsParts {
  readonly options: ResolvedOptions
  readonly store: Store
  /** Where revocations are kept besides, if anywhere. */
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly tokenVault: TokenVault
  readonly sealer: Sealer
  readonly report: Report
  readonly random: (bytes: number) => Uint8Array
  readonly sessionCookie: SessionCookie
  readonly own: Pick<ProtocolSessionAuthenticator, 'stateOf' | 'inspect' | 'started'>
  /** Whether the plug-in is still one of the suite. */
  readonly isInForce: () => boolean
  /** Whether the plug-in's provider is the one of the shared cookie: then its sessions may have copies there. */
  readonly isOfSharedCookie: () => boolean
  /** Tolerated between the provider's clock and ours, as the plug-in's options say. */
  readonly skewMilliseconds: number
}

/** What the steps of one plug-in's sessions stand on. */
export interface PluginSessionsContext extends PluginSessionsParts {
  /** Name of the plug-in, as its cookies say it. */
  readonly protocol: string
}
