/** @module What the core gives a protocol plug-in: its sessions, its transactions, and the ends of login and logout. */
import type { ResolvedOptions } from '../config/options.js'
import type { SessionCookie } from '../cookies/session-cookie.js'
import { createTransactionCookies, type TransactionCookies } from '../cookies/transaction.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { LoginHosts } from '../login/hosts.js'
import type { LoginsInFlight } from '../login/logins-in-flight.js'
import type { LoginCompletion } from '../login/return.js'
import type { LogoutRoutes } from '../logout/logout-routes.js'
import { createPages } from '../pages/pages.js'
import type { InstalledProtocol, Protocol, ProtocolHost } from '../protocols/protocol.js'
import type { SessionContext } from '../sessions/evaluate.js'
import type { ProtocolSessionAuthenticator } from './authenticate.js'
import type { PluginSessionsParts } from './context.js'
import type { ProviderRemovals } from './removals.js'
import { createProtocolSessions } from './sessions.js'
import type { TokenVault } from './token-vault.js'

/** What plug-ins need of the rest of the suite. */
export interface ProtocolHostParts {
  readonly options: ResolvedOptions
  readonly environment: ProtocolHost['environment']
  readonly sessions: SessionContext
  readonly sessionCookie: SessionCookie
  readonly tokenVault: TokenVault
  readonly own: ProtocolSessionAuthenticator
  readonly completion: LoginCompletion
  readonly logoutRoutes: Pick<LogoutRoutes, 'handleLogoutReturn' | 'statesAt' | 'showUnknownReturn'>
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly endShared: ProtocolHost['endShared']
  readonly loginHosts: LoginHosts
  readonly loginsInFlight: LoginsInFlight
  /** The plug-ins of the suite, by name. */
  readonly protocols: ReadonlyMap<string, InstalledProtocol>
  readonly removals: Pick<ProviderRemovals, 'knownAt'>
  /** Names of those whose provider sets the shared cookie. */
  readonly sharedCookieProviders: ReadonlySet<string>
}

const defaultSkewSeconds = 30

/** Makes what one plug-in gets. */
export function createProtocolHost(parts: ProtocolHostParts, protocol: Protocol): ProtocolHost {
  const { options, environment, completion, logoutRoutes, loginsInFlight } = parts
  const { store } = parts.sessions
  const { name } = protocol
  const report: Report = (event) => parts.sessions.report({ ...event, provider: name })
  const made: Pick<TransactionCookies<unknown>, 'isOfAnother'>[] = []
  const isStateOfAnother = (exchange: Exchange, state: string | undefined): boolean =>
    made.some((transactions) => transactions.isOfAnother(exchange, state, options.clock()))
  const isOfSharedCookie = (): boolean => parts.sharedCookieProviders.has(name)
  return {
    options: optionsFor(options, isOfSharedCookie),
    environment,
    store,
    report,
    sessions: sessionsOf(parts, protocol, { report, isOfSharedCookie }),
    address: (route) => `${options.application.url}${options.routes.path}/${route}`,
    transactions<T>(purpose: string): TransactionCookies<T> {
      const transactions = createTransactions<T>(parts, protocol, purpose)
      loginsInFlight.add(purpose, transactions.clear)
      made.push(transactions)
      return transactions
    },
    checkReturnTarget: parts.checkReturnTarget,
    pages: createPages(options),
    finishLogin: (exchange, citizen, loginRequest) =>
      completion.finishLogin(exchange, citizen, { ...loginRequest, party: name }),
    unknownStatePage: completion.unknownStatePage,
    unknownLoginReply: (exchange, state, taken) =>
      completion.unknownLoginReply(exchange, state, {
        isOfAnother: isStateOfAnother(exchange, state),
        taken,
      }),
    isStateOfAnother,
    hostsOfLogin: parts.loginHosts.compare,
    finishLogout: (exchange, state, identity) =>
      logoutRoutes.handleLogoutReturn(exchange, state, { ...identity, party: name }),
    unknownLogoutPage: logoutRoutes.showUnknownReturn,
    logoutStates: (exchange) => logoutRoutes.statesAt(exchange, name),
    // Of another provider nothing concerns the shared cookie, and so nothing of it may go on that was meant.
    endShared: (exchange, reason, persons) =>
      isOfSharedCookie() ? parts.endShared(exchange, reason, persons) : Promise.resolve(true),
    clearLogins: loginsInFlight.clear,
  }
}

/** What a plug-in gets of the options: of another provider than the shared cookie's it learns no issuers of that. */
function optionsFor(options: ResolvedOptions, isOfSharedCookie: () => boolean): ProtocolHost['options'] {
  return {
    ...options,
    get identityProvider() {
      const shared = options.identityProvider
      return shared === undefined || isOfSharedCookie() ? shared : { ...shared, issuers: [] }
    },
  }
}

function sessionsOf(
  parts: ProtocolHostParts,
  protocol: Protocol,
  own: Pick<PluginSessionsParts, 'report' | 'isOfSharedCookie'>,
): ProtocolHost['sessions'] {
  const { options, sessions } = parts
  const sharedSkewSeconds = options.identityProvider?.clockSkewSeconds ?? defaultSkewSeconds
  const { clockSkewSeconds = sharedSkewSeconds } = protocol
  return createProtocolSessions(protocol.name, {
    ...parts,
    ...sessions,
    ...own,
    isInForce: () => parts.protocols.has(protocol.name),
    random: options.random,
    skewMilliseconds: clockSkewSeconds * 1000,
  })
}

function createTransactions<T>(
  { options, sessions, loginHosts, removals }: ProtocolHostParts,
  { name, protocol = name }: Protocol,
  purpose: string,
): TransactionCookies<T> {
  return createTransactionCookies<T>({
    purpose,
    owner: name === protocol ? undefined : name,
    application: options.application.id,
    isSecure: options.isSecure,
    sealer: sessions.sealer,
    store: sessions.store,
    random: options.random,
    // What began at a provider that was removed since is no login at the next one of that name.
    isOver: (since) => since <= removals.knownAt(name),
    onSet: loginHosts.note,
  })
}
