/** @module The answer to a request that another site began and may not. */
import type { Exchange, Reply } from '../exchange.js'
import type { Pages } from '../pages/pages.js'
import { problem } from '../pages/problem.js'
import { asksForPage } from '../sessions/activity.js'

/** Says that nothing was done (403): to a person by a page, to a program by problem details. */
export function refuseForeign(
  pages: Pick<Pages, 'showPage'>,
  exchange: Exchange,
  { reason, detail }: { readonly reason: 'origin' | 'not-a-navigation'; readonly detail: string },
): Reply {
  if (!asksForPage(exchange)) return problem(403, { code: 'foreign-request', reason, detail })
  return pages.showPage(exchange, {
    status: 403,
    title: 'title.not-done',
    paragraphs: ['not-done.foreign'],
    actions: [],
  })
}
