/** @module Composes what only applications with protocol plug-ins have: our own session cookie, and each plug-in's host. */
import type { ResolvedOptions } from '../config/options.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import { createTransactionCookies, type TransactionCookies } from '../cookies/transaction.js'
import type { Exchange } from '../exchange.js'
import type { LoginHosts } from '../login/hosts.js'
import type { LoginCompletion } from '../login/return.js'
import type { LogoutRoutes } from '../logout/logout-routes.js'
import { createPages } from '../pages/pages.js'
import type { InstalledProtocol, Protocol, ProtocolHost } from '../protocols/protocol.js'
import type { CitizenActions } from '../sessions/create-citizen.js'
import type { SessionContext } from '../sessions/evaluate.js'
import { createProtocolSessionAuthenticator, type ProtocolSessionAuthenticator } from './authenticate.js'
import { createProtocolSessions } from './sessions.js'
import { createTokenVault } from './token-vault.js'

/** What plug-ins need of the rest of the suite. Functions, where that is made later than they are. */
export interface ProtocolPluginParts {
  readonly options: ResolvedOptions
  readonly sessions: SessionContext
  readonly sessionCookie: SessionCookie
  readonly actions: Pick<CitizenActions, 'logout' | 'ended'>
  readonly conclusion: () => LoginCompletion
  readonly logoutRoutes: () => LogoutRoutes
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly endShared: ProtocolHost['endShared']
  readonly loginHosts: LoginHosts
}

/** The plug-ins at work in one suite. */
export interface ProtocolPlugins {
  /** By name, in the order of the option. */
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly protocolSessions: ProtocolSessionAuthenticator
  /** Forgets the logins in flight of every plug-in in this browser. */
  clearLogins(exchange: Exchange): void
  /** Ends the renewals that are under way, and loses none of their tokens. */
  close(): Promise<void>
}

const defaultSkewSeconds = 30

/** Installs the plug-ins of one suite. */
export function installProtocols(parts: ProtocolPluginParts): ProtocolPlugins {
  const { options } = parts
  const { store, sealer, report } = parts.sessions
  const { application, routes, clock, random } = options
  const tokenVault = createTokenVault({ ...parts.sessions, clock, random })
  const protocols = new Map<string, InstalledProtocol>()
  const own = createProtocolSessionAuthenticator({ ...parts, protocols, tokenVault })
  const clearings: ((exchange: Exchange) => void)[] = []

  const sharedSkewSeconds = options.identityProvider?.clockSkewSeconds ?? defaultSkewSeconds
  const sessionsContext = { ...parts, ...parts.sessions, tokenVault, own, random }

  const hostOf = ({ name, clockSkewSeconds = sharedSkewSeconds }: Protocol): ProtocolHost => ({
    options,
    store,
    report,
    sessions: createProtocolSessions(name, { ...sessionsContext, skewMilliseconds: clockSkewSeconds * 1000 }),
    address: (route) => `${application.url}${routes.path}/${route}`,
    transactions<T>(purpose: string): TransactionCookies<T> {
      const { id } = application
      const transactions = createTransactionCookies<T>({
        purpose,
        application: id,
        isSecure: options.isSecure,
        sealer,
        store,
        random,
        onSet: parts.loginHosts.note,
      })
      clearings.push(transactions.clear)
      return transactions
    },
    checkReturnTarget: parts.checkReturnTarget,
    pages: createPages(options),
    finishLogin: (exchange, citizen, loginRequest) =>
      parts.conclusion().finishLogin(exchange, citizen, { ...loginRequest, party: name }),
    unknownStatePage: (exchange, state) => parts.conclusion().unknownStatePage(exchange, state),
    unknownLoginReply: (exchange, state) => parts.conclusion().unknownLoginReply(exchange, state),
    hostsOfLogin: parts.loginHosts.compare,
    finishLogout: (exchange, state, identity) =>
      parts.logoutRoutes().handleLogoutReturn(exchange, state, identity),
    logoutStates: (exchange) => parts.logoutRoutes().statesAt(exchange, name),
    endShared: parts.endShared,
    clearLogins: (exchange) => clearLogins(exchange),
  })

  const clearLogins: ProtocolPlugins['clearLogins'] = (exchange) => {
    for (const clear of clearings) clear(exchange)
  }

  for (const protocol of options.protocols) protocols.set(protocol.name, protocol.install(hostOf(protocol)))
  return { protocols, protocolSessions: own, clearLogins, close: tokenVault.close }
}
