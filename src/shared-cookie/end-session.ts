/** @module Ends what a request's shared cookie names, for a plug-in that was told of an end. */
import type { SharedExpiry } from '../cookies/expiry.js'
import type { GlobalLogout } from '../logout/global-logout.js'
import type { SharedRequestSessions } from '../logout/request-sessions.js'
import type { ProtocolHost } from '../protocols/protocol.js'

/** Makes it; without shared cookies there is nothing to end. */
export function createEndSharedSession(
  cookies: { readonly finder: SharedRequestSessions; readonly expire: SharedExpiry } | undefined,
  globalLogout: Pick<GlobalLogout, 'endSession'>,
): ProtocolHost['endShared'] {
  return async (exchange, reason, only) => {
    if (cookies === undefined) return true
    const { sessions, missed } = await cookies.finder.sessionsOf(exchange)
    const meant = sessions.filter(({ address }) => only?.includes(address.person) ?? true)
    let isOver = missed === undefined || only !== undefined
    for (const session of meant) {
      const { state } = await globalLogout.endSession(session, reason)
      isOver = isOver && state === 'done'
    }
    const isWhole = only === undefined || (meant.length > 0 && meant.length === sessions.length)
    if (isWhole && cookies.finder.sendsShared(exchange)) cookies.expire(exchange)
    return isOver
  }
}
