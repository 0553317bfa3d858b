/** @module Composes what only applications with protocol plug-ins have: our own session cookie, and each plug-in's host. */
import type { ResolvedOptions } from '../config/options.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import { createMarkers, type Markers } from '../cookies/transaction.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { LoginHosts } from '../login/hosts.js'
import type { LoginConclusion } from '../login/return.js'
import type { LogoutRoutes } from '../logout/logout.js'
import { createPages } from '../pages/pages.js'
import type { InstalledProtocol, Protocol, ProtocolHost } from '../protocols/protocol.js'
import type { Sealer } from '../seal.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { RecordSteps } from '../sessions/touch.js'
import type { Store } from '../stores/store.js'
import { createOwnSessions, type OwnSessions } from './authenticate.js'
import { createProtocolSessions } from './sessions.js'
import { createTokenKeeper } from './token-vault.js'

/** What plug-ins need of the rest of the suite. Functions, where that is made later than they are. */
export interface ProtocolParts {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly sealer: Sealer
  readonly sessionCookie: SessionCookie
  readonly steps: RecordSteps
  readonly report: Report
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
  readonly conclusion: () => LoginConclusion
  readonly logoutRoutes: () => LogoutRoutes
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly endShared: ProtocolHost['endShared']
  readonly loginHosts: LoginHosts
}

/** The plug-ins at work in one suite. */
export interface ProtocolMode {
  /** By name, in the order of the option. */
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly own: OwnSessions
  /** Forgets the logins in flight of every plug-in in this browser. */
  clearLogins(exchange: Exchange): void
  /** Ends the renewals that are under way, and loses none of their tokens. */
  close(): Promise<void>
}

const defaultSkewSeconds = 30

/** Installs the plug-ins of one suite. */
export function createProtocolMode(parts: ProtocolParts): ProtocolMode {
  const { options, store, sealer, report } = parts
  const { application, routes, clock, random } = options
  const keeper = createTokenKeeper({ ...parts, clock, random })
  const protocols = new Map<string, InstalledProtocol>()
  const own = createOwnSessions({ ...parts, protocols, keeper })
  const clearings: ((exchange: Exchange) => void)[] = []

  const sharedSkewSeconds = options.identityProvider?.clockSkewSeconds ?? defaultSkewSeconds
  const sessionsContext = { ...parts, keeper, own, random }

  const hostOf = ({ name, clockSkewSeconds = sharedSkewSeconds }: Protocol): ProtocolHost => ({
    options,
    store,
    report,
    sessions: createProtocolSessions(name, { ...sessionsContext, skewMilliseconds: clockSkewSeconds * 1000 }),
    address: (route) => `${application.url}${routes.path}/${route}`,
    markers<T>(purpose: string): Markers<T> {
      const { id } = application
      const markers = createMarkers<T>({
        purpose,
        application: id,
        isSecure: options.isSecure,
        sealer,
        store,
        random,
        onSet: parts.loginHosts.note,
      })
      clearings.push(markers.clear)
      return markers
    },
    checkReturnTarget: parts.checkReturnTarget,
    pages: createPages(options),
    concludeLogin: (exchange, citizen, wish) =>
      parts.conclusion().conclude(exchange, citizen, { ...wish, party: name }),
    withoutState: (exchange, state) => parts.conclusion().withoutState(exchange, state),
    withoutLogin: (exchange, state) => parts.conclusion().withoutLogin(exchange, state),
    hostsOfLogin: parts.loginHosts.compare,
    concludeLogout: (exchange, state, identity) => parts.logoutRoutes().comeBack(exchange, state, identity),
    logoutStates: (exchange) => parts.logoutRoutes().statesAt(exchange, name),
    endShared: parts.endShared,
    clearLogins: (exchange) => clearLogins(exchange),
  })

  const clearLogins: ProtocolMode['clearLogins'] = (exchange) => {
    for (const clear of clearings) clear(exchange)
  }

  for (const protocol of options.protocols) protocols.set(protocol.name, protocol.install(hostOf(protocol)))
  return { protocols, own, clearLogins, close: keeper.close }
}
