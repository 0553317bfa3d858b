/** @module Installs what signs people in: the shared cookie and the protocols, each into the registries. */
import { createProtocolHost } from '../protocol-sessions/host.js'
import { sharedCookieName } from '../protocols/login-method.js'
import { createEndSharedSession } from '../shared-cookie/end-session.js'
import { createSharedCookieLogin } from '../shared-cookie/login.js'
import { createSharedCookieLogout } from '../shared-cookie/logout.js'
import type { SuiteCookies } from './cookies.js'
import type { Credentials } from './credentials.js'
import type { Foundation } from './foundation.js'
import { installProtocol } from './install-protocol.js'
import type { Registries } from './registries.js'
import type { SuiteRoutes } from './routes.js'
import type { SuiteSessions } from './sessions.js'

type Base = Foundation & Registries & SuiteCookies & SuiteSessions & Credentials & SuiteRoutes

/** Installs them: the shared cookie is the first way in, and the last that a logout visits. */
export function installPlugIns(base: Base): void {
  const { shared, loginMethods, participants, loginTransactions } = base
  if (shared !== undefined) {
    loginMethods.set(sharedCookieName, createSharedCookieLogin(shared, loginTransactions))
  }
  installProtocols(base)
  if (shared !== undefined) participants.set(sharedCookieName, createSharedCookieLogout(shared))
}

function installProtocols(base: Base): void {
  const { options, ownSessions, signOut, loginMethods, participants, protocols } = base
  if (ownSessions === undefined) return
  const { checkReturnTarget, globalLogout } = signOut
  const endShared = createEndSharedSession(base.sharedCookie, globalLogout)
  const parts = { ...base, ...ownSessions, checkReturnTarget, endShared }
  for (const protocol of options.protocols) {
    const installed = installProtocol(protocol, createProtocolHost(parts, protocol))
    protocols.set(protocol.name, installed)
    loginMethods.set(protocol.name, installed)
    participants.set(protocol.name, installed)
  }
}
