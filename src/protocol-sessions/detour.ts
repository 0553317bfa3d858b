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
    const isPage =
      exchange.method === 'GET' && isTopLevelNavigation(exchange) && isActivity(exchange, application.url)
    if (!isPage) return undefined
    return protocol.detour(exchange, { extendedAt: extendedAt(live.record, live.details, clock()) })
  }
}
