/** @module The ways of login and logout in one suite, before anything is installed that uses them. */
import { createLoginMethodChoice } from '../login/choose-method.js'
import { createLoginRoutes, type LoginContext, type LoginRoutes } from '../login/login.js'
import {
  createLoginCompletion,
  createLoginReturn,
  type LoginCompletion,
  type LoginReturn,
} from '../login/return.js'
import { createLogoutRoutes, type LogoutRoutes } from '../logout/logout-routes.js'
import { createLogoutSettling } from '../logout/pending-logout.js'
import { parseUrl } from '../parse-url.js'
import { createSharedCookieLogin } from '../shared-cookie/login.js'
import { createSharedLoginReturn } from '../shared-cookie/login-return.js'
import type { SuiteCookies } from './cookies.js'
import type { Credentials } from './credentials.js'
import type { Foundation } from './foundation.js'
import type { Registries } from './registries.js'
import type { SuiteSessions } from './sessions.js'

/** The routes of one suite. */
export interface SuiteRoutes {
  readonly loginRoutes: LoginRoutes
  readonly loginReturn: LoginReturn
  readonly completion: LoginCompletion
  readonly logoutRoutes: LogoutRoutes
}

type Base = Foundation & Registries & SuiteCookies & SuiteSessions & Credentials

/** Makes them. */
export function createSuiteRoutes(base: Base): SuiteRoutes {
  const { signOut, authenticator } = base
  const context = loginContextOf(base)
  const completion = createLoginCompletion(context)
  const logoutRoutes = createLogoutRoutes({ ...signOut, inspect: authenticator.inspect })
  return {
    loginRoutes: createLoginRoutes(context),
    loginReturn: loginReturnOf(base, completion, logoutRoutes),
    completion,
    logoutRoutes,
  }
}

function loginContextOf(base: Base): LoginContext {
  const { options, report, loginMethods, participants, requestSessions } = base
  const { loginTransactions, loginHosts, pendingLogouts, logoutTransactions } = base
  const { clock } = options
  return {
    methods: createLoginMethodChoice({
      loginMethods,
      isRemoved: base.removals.isRemoved,
      sharedCookieProviders: base.sharedCookieProviders,
      hostOf: (name) => hostOf(participants.get(name)?.target) ?? name,
      remembered: base.rememberedWay,
      select: options.login.select,
      report,
    }),
    protocolOf: (exchange) => requestSessions.namedBy(exchange)?.protocol,
    ...base.authenticator,
    options,
    checkReturnTarget: base.signOut.checkReturnTarget,
    isLoginInFlight: (exchange, state) => loginTransactions.find(exchange, state, clock()) !== undefined,
    logoutSettling: createLogoutSettling({
      pendingLogouts,
      transactions: logoutTransactions,
      participants,
      clock,
    }),
    loginHosts,
    report,
  }
}

function hostOf(target: string | undefined): string | undefined {
  return target === undefined ? undefined : parseUrl(target)?.host
}

function loginReturnOf(base: Base, completion: LoginCompletion, logoutRoutes: LogoutRoutes): LoginReturn {
  const { options, shared, sharedCookie, authenticator, sessions, loginTransactions } = base
  // Nobody's login comes back to `GET return` without the shared cookie: whoever does has signed out.
  if (shared === undefined || sharedCookie === undefined) {
    return async (exchange) => logoutRoutes.showUnknownReturn(exchange)
  }
  const { tokenOf } = sharedCookie.authenticator
  const readReturn = createSharedLoginReturn({ ...sessions, options: shared, authenticator, tokenOf })
  const { startLogin } = createSharedCookieLogin(shared, loginTransactions)
  const transactions = loginTransactions
  return createLoginReturn({ options, transactions, completion, readReturn, startLogin })
}
