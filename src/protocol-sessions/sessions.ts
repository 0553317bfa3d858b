/** @module The sessions of one protocol plug-in: which step does what of the contract. */
import type { ProtocolSessions } from '../protocols/sessions.js'
import type { PluginSessionsContext, PluginSessionsParts } from './context.js'
import { currentSession, isCookieOf, personNamed } from './current-session.js'
import { renewSession } from './renew-session.js'
import { endSession, revokeByIndex, revokeSession, revokeSubject } from './revoke-sessions.js'
import { startSession } from './start-session.js'

/** Makes the sessions of the plug-in of that name. */
export function createProtocolSessions(protocol: string, parts: PluginSessionsParts): ProtocolSessions {
  const context: PluginSessionsContext = { ...parts, protocol }
  return {
    start: (exchange, login) => startSession(context, exchange, login),
    person: (exchange) => personNamed(context, exchange),
    isOf: (exchange, session) => isCookieOf(context, exchange, session),
    current: (exchange) => currentSession(context, exchange),
    renew: (session, change) => renewSession(context, session, change),
    end: (session, reason) => endSession(context, session, reason),
    revokeThis: (session, reason) => revokeSession(context, session, reason),
    revoke: (person, scope, reason) => revokeSubject(context, person, scope, reason),
    isIndexed: async ({ key }) => (await context.store.indexKeyPersons(key)).length > 0,
    revokeByIndex: (indexKeys, scope, reason, keptMilliseconds) =>
      revokeByIndex(context, indexKeys, { scope, reason, keptMilliseconds }),
    dropCookie: (exchange) => context.sessionCookie.drop(exchange),
  }
}
