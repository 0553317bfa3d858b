/** @module Installs what signs people in: the shared cookie and the protocols, each into the registries. */
import { ConfigurationError } from '../errors.js'
import { createProtocolHost } from '../protocol-sessions/host.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { InstalledProtocol, Protocol } from '../protocols/protocol.js'
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

/** What plug-ins are installed upon. */
export type PlugInBase = Foundation & Registries & SuiteCookies & SuiteSessions & Credentials & SuiteRoutes

/** Installs them: the shared cookie is the first way in, and the last that a logout visits. */
export function installPlugIns(base: PlugInBase): void {
  const { options, shared, loginMethods, participants, loginTransactions } = base
  if (shared !== undefined) {
    loginMethods.set(sharedCookieName, createSharedCookieLogin(shared, loginTransactions))
    participants.set(sharedCookieName, createSharedCookieLogout(shared))
  }
  for (const protocol of options.protocols) enterProtocol(base, protocol, () => undefined)
}

/**
 * Installs a plug-in, and enters it where its name is looked up, in the place of the one before if there is one.
 * @throws ConfigurationError for what cannot sign anybody in, and what `judge` says of it
 */
export function enterProtocol(
  base: PlugInBase,
  protocol: Protocol,
  judge: (installed: InstalledProtocol) => Error | undefined,
): InstalledProtocol {
  const { ownSessions, signOut, loginMethods, participants, protocols, sharedCookieProviders } = base
  if (ownSessions === undefined) throw new TypeError('a suite that takes plug-ins has sessions for them')
  const { checkReturnTarget, globalLogout } = signOut
  const endShared = createEndSharedSession(base.sharedCookie, globalLogout)
  const parts = { ...base, ...ownSessions, checkReturnTarget, endShared }
  const { name } = protocol
  if (name === sharedCookieName) {
    const message = 'write another name: this one stands for the shared cookie'
    throw new ConfigurationError([{ path: `protocols.${name}`, variable: '', message }])
  }
  const installed = installProtocol(protocol, createProtocolHost(parts, protocol))
  const error = judge(installed)
  if (error !== undefined) throw error
  protocols.set(name, installed)
  if (isOfSharedCookie(base, protocol, installed)) sharedCookieProviders.add(name)
  else sharedCookieProviders.delete(name)
  loginMethods.set(name, installed)
  participants.set(name, installed)
  const shared = participants.get(sharedCookieName)
  if (shared !== undefined) {
    participants.delete(sharedCookieName)
    participants.set(sharedCookieName, shared)
  }
  return installed
}

/** Whether a plug-in stands for the provider of the shared cookie: without a name it does, and where it has its issuer. */
function isOfSharedCookie(
  { shared }: PlugInBase,
  { name, protocol = name }: Protocol,
  { issuer }: InstalledProtocol,
): boolean {
  return name === protocol || shared?.identityProvider.issuers.includes(issuer) === true
}

/**
 * What is wrong with the issuer of a plug-in that is added beside the others. Persons and sessions are known by it: a tenant
 * that states another's would be taken for that one. At the start two may have one, as two clients of one provider.
 */
export function problemOfIssuer(
  { protocols, shared }: PlugInBase,
  name: string,
  issuer: string,
): string | undefined {
  const [other] = [...protocols].find(([known, each]) => known !== name && each.issuer === issuer) ?? []
  if (other !== undefined) return `has the issuer of ${other}: their people could not be told apart`
  const isShared = shared?.identityProvider.issuers.includes(issuer) === true
  return isShared ? 'has the issuer of the shared cookie: their people could not be told apart' : undefined
}
