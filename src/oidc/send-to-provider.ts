/** @module The answer that sends the browser to the provider's authorization endpoint. */
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import type { Pages } from '../pages/pages.js'
import type { Departure } from './authorization.js'

/** Sends the browser to the provider: a redirect, or a page whose form sends itself. */
export function sendToProvider(
  pages: Pages,
  exchange: Exchange,
  departure: Departure,
  frameAncestors?: 'self',
): Reply {
  if (departure.method === 'post') {
    const fields = Object.entries(departure.fields)
    return pages.showFormPost(exchange, { action: departure.url, fields, frameAncestors })
  }
  return leadOn(pages, exchange, departure.url)
}
