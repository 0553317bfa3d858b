/** @module The answer to a citizen who is known, and may not do that. */
import type { Exchange, Reply } from '../exchange.js'
import { createPages, type PagesOptions } from '../pages/pages.js'
import { problem } from '../pages/problem.js'
import { asksForPage } from '../sessions/activity.js'

/** 403: a page for a person, problem details with `claims-refused` for a program. No login mends it. */
export function claimsRefused(options: PagesOptions, exchange: Exchange): Reply {
  if (asksForPage(exchange)) {
    return createPages(options).showPage(exchange, {
      status: 403,
      title: 'title.not-allowed',
      paragraphs: ['not-allowed.explain'],
      actions: [],
    })
  }
  const code = 'claims-refused'
  return problem(403, { code, reason: code, detail: 'this citizen may not do that' })
}
