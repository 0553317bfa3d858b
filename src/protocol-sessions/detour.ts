/** @module The way to a page by way of the provider, where that keeps its session alive. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { Exchange, Reply } from '../exchange.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import { isActivity, isTopLevelNavigation } from '../sessions/activity.js'
import { liveSessionOf } from '../sessions/create-citizen.js'
import { extendedAt } from '../sessions/record.js'
import { LiveProtocolSession } from './credential.js'

/** The detour of a person who is let through, if there is one. */
export type DetourOf = (exchange: Exchange, citizen: Citizen) => Reply | undefined

/** Makes what asks the plug-in of each session. */
export function createDetours(
  protocols: ReadonlyMap<string, InstalledProtocol>,
  { application, clock }: Pick<ResolvedOptions, 'application' | 'clock'>,
): DetourOf {
  return (exchange, citizen) => {
    const live = liveSessionOf(citizen)
    if (!(live instanceof LiveProtocolSession)) return undefined
    const protocol = protocols.get(live.state.named.protocol)
    if (protocol?.detour === undefined) return undefined
    if (!isPageItself(exchange) || !isActivity(exchange, application.url)) return undefined
    const { address } = live.state
    return protocol.detour(exchange, { address, extendedAt: extendedAt(live.record, live.details, clock()) })
  }
}

/**
 * Whether the browser says that this is a page at top level. Where it says nothing, as behind a proxy that takes such headers
 * away, a script may be waiting for the answer, which the provider would not let it read.
 */
function isPageItself(exchange: Exchange): boolean {
  const saysSo = exchange.header('sec-fetch-dest') === 'document'
  return saysSo && exchange.method === 'GET' && isTopLevelNavigation(exchange)
}
