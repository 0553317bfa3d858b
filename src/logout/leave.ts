/** @module `GET leave`: leads the browser on to the provider, for a logout that a script, or a handler, began. */
import type { Exchange, Reply } from '../exchange.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import type { LogoutContext } from './context.js'
import { keptVisitSeconds } from './kept-visits.js'

/**
 * Leads on once, in the browser that signed out; whoever comes again, or from nowhere, is told what is so. A request
 * that is no navigation is answered with nothing, and does not use the visit up.
 */
export async function leave(
  context: LogoutContext,
  exchange: Exchange,
  state: string | undefined,
): Promise<Reply> {
  const { transactions, visits, pages, options } = context
  if (!isTopLevelNavigation(exchange)) {
    const detail = 'the browser goes there; a script reads nothing of it'
    return pages.refuseForeign(exchange, { reason: 'not-a-navigation', detail })
  }
  const now = options.clock()
  const found = transactions.find(exchange, state, now)
  const isOld = found !== undefined && now - found.since >= keptVisitSeconds * 1000
  if (found !== undefined && state !== undefined && !isOld) {
    const visit = (await visits.take(state)) ?? found.content.visit
    if (visit !== undefined && visit !== 'used') return pages.leave(exchange, visit)
  }
  // Whoever has signed in since is signed in: the sign-out is no matter of theirs any more.
  const citizen = await context.inspect(exchange)
  if (citizen.state === 'active') return pages.leadOn(exchange, options.application.startPage)
  return pages.spent(exchange, found !== undefined && citizen.state === 'anonymous')
}
