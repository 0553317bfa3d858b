/** @module Leads the browser on: by a redirect, or by a page where a policy of somebody could hold the redirect up. */
import type { Exchange, Reply } from '../exchange.js'
import type { Pages } from '../pages/pages.js'
import { redirect, redirectStatus } from '../pages/redirect.js'
import { asksForPage } from '../sessions/activity.js'

/**
 * Sends the browser on by GET, to a path of ours or to an http(s) address. Browsers hold every redirect on the way of a
 * form to the `form-action` of the page that has the form: so what may answer a form leads to another site by a page.
 * Source: CSP Level 3, 6.3.1.
 */
export function leadOn(pages: Pick<Pages, 'showGoingOn'>, exchange: Exchange, address: string): Reply {
  if (address.startsWith('/')) return redirect(address, redirectStatus(exchange))
  if (mayAnswerForm(exchange)) return pages.showGoingOn(exchange, address)
  // The address may name the person by a hint: it is told to nobody in a `Referer`.
  const reply = redirect(address, redirectStatus(exchange))
  return { ...reply, headers: { ...reply.headers, 'referrer-policy': 'no-referrer' } }
}

/**
 * A POST does. A GET may: a form of the application's own can have been redirected to it, and then everything on its
 * way was of one origin. Frames keep their redirects, for our page would not be shown there; so do scripts.
 */
function mayAnswerForm(exchange: Exchange): boolean {
  const destination = exchange.header('sec-fetch-dest')
  const isWindow = destination === undefined || destination === 'document'
  if (!isWindow || !asksForPage(exchange)) return false
  return exchange.method === 'POST' || exchange.header('sec-fetch-site') === 'same-origin'
}
