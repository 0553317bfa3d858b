/** @module `GET leave`: leads the browser on to the provider, for a logout that a script, or a handler, began. */
import type { Exchange, Reply } from '../exchange.js'
import type { Markers } from '../login/marker.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import { type KeptVisits, keptVisitSeconds } from './kept-visits.js'
import type { LogoutMarker } from './marker.js'
import type { LogoutPages } from './pages.js'

/** Leads on once, in the browser that signed out; `undefined`: the `state` is not ours, or not any more. */
export type Leave = (exchange: Exchange, state: string | undefined) => Promise<Reply | undefined>

/** Makes the route. A request that is no navigation is answered with nothing, and does not use the visit up. */
export function createLeave(context: {
  readonly markers: Pick<Markers<LogoutMarker>, 'find'>
  readonly visits: KeptVisits
  readonly pages: Pick<LogoutPages, 'leave' | 'refuseForeign'>
  readonly clock: () => number
}): Leave {
  const { markers, visits, pages } = context
  return async (exchange, state) => {
    if (!isTopLevelNavigation(exchange)) {
      const detail = 'the browser goes there; a script reads nothing of it'
      return pages.refuseForeign(exchange, { reason: 'not-a-navigation', detail })
    }
    const now = context.clock()
    const found = markers.find(exchange, state, now)
    if (found === undefined || state === undefined) return undefined
    if (now - found.since >= keptVisitSeconds * 1000) return undefined
    const visit = (await visits.take(state)) ?? found.content.visit
    return visit === undefined || visit === 'used' ? undefined : pages.leave(exchange, visit)
  }
}
