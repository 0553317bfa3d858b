/** @module `GET leave`: leads the browser on to the provider, for a logout that a script, or a handler, began. */
import type { Citizen } from '../citizen.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, Reply } from '../exchange.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import { type KeptVisits, keptVisitSeconds } from './kept-visits.js'
import type { LogoutPages } from './pages.js'
import type { LogoutTransaction } from './transaction.js'

/** Leads on once, in the browser that signed out; whoever comes again, or from nowhere, is told what is so. */
export type Leave = (exchange: Exchange, state: string | undefined) => Promise<Reply>

/** Makes the route. A request that is no navigation is answered with nothing, and does not use the visit up. */
export function createLeave(context: {
  readonly transactions: Pick<TransactionCookies<LogoutTransaction>, 'find'>
  readonly visits: KeptVisits
  readonly pages: Pick<LogoutPages, 'leave' | 'leadOn' | 'refuseForeign' | 'spent'>
  /** Who is there, without any effect. */
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
  readonly startPage: string
  readonly clock: () => number
}): Leave {
  const { transactions, visits, pages } = context
  return async (exchange, state) => {
    if (!isTopLevelNavigation(exchange)) {
      const detail = 'the browser goes there; a script reads nothing of it'
      return pages.refuseForeign(exchange, { reason: 'not-a-navigation', detail })
    }
    const now = context.clock()
    const found = transactions.find(exchange, state, now)
    const isOld = found !== undefined && now - found.since >= keptVisitSeconds * 1000
    if (found !== undefined && state !== undefined && !isOld) {
      const visit = (await visits.take(state)) ?? found.content.visit
      if (visit !== undefined && visit !== 'used') return pages.leave(exchange, visit)
    }
    // Whoever has signed in since is signed in: the sign-out is no matter of theirs any more.
    const citizen = await context.inspect(exchange)
    if (citizen.state === 'active') return pages.leadOn(exchange, context.startPage)
    return pages.spent(exchange, found !== undefined && citizen.state === 'anonymous')
  }
}
