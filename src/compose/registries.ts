/** @module What the parts of one suite add when they are installed: made empty first, so that no part waits for another. */
import { createLoginsInFlight, type LoginsInFlight } from '../login/logins-in-flight.js'
import { noRequestSessions, type RequestSessions } from '../logout/request-sessions.js'
import { createProviderRemovals, type ProviderRemovals } from '../protocol-sessions/removals.js'
import type { LoginMethod } from '../protocols/login-method.js'
import type { LogoutParticipant } from '../protocols/logout-participant.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import type { EndedSession } from '../sessions/lifecycle-context.js'
import type { Foundation } from './foundation.js'

/** The registries of one suite. */
export interface Registries {
  /** By name; the first is taken where nothing names one. */
  readonly loginMethods: Map<string, LoginMethod>
  /** By name, in the order in which a logout visits them. */
  readonly participants: Map<string, LogoutParticipant>
  /** By name, in the order of the option. */
  readonly protocols: Map<string, InstalledProtocol>
  /**
   * Names of the plug-ins whose provider is the one that sets the shared cookie: its people and sessions are the same
   * there. Of all others nothing that they say concerns the shared cookie.
   */
  readonly sharedCookieProviders: Set<string>
  readonly removals: ProviderRemovals
  readonly requestSessions: RequestSessions
  readonly loginsInFlight: LoginsInFlight
  /** Hear of each session that this instance ends. */
  readonly endedListeners: Set<(session: EndedSession) => void>
}

/** Makes them, empty. */
export function createRegistries({ options, store }: Pick<Foundation, 'options' | 'store'>): Registries {
  return {
    loginMethods: new Map(),
    participants: new Map(),
    protocols: new Map(),
    sharedCookieProviders: new Set(),
    removals: createProviderRemovals(options.application.id, store),
    requestSessions: noRequestSessions(),
    loginsInFlight: createLoginsInFlight(),
    endedListeners: new Set(),
  }
}
