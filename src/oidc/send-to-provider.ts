/** @module The answer that sends the browser to the provider's authorization endpoint. */
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import type { Pages } from '../pages/pages.js'
import type { AuthorizationRedirect } from './authorization.js'

/** Sends the browser to the provider: a redirect, or a page whose form sends itself. */
export function sendToProvider(
  pages: Pages,
  exchange: Exchange,
  redirect: AuthorizationRedirect,
  frameAncestors?: 'self',
): Reply {
  if (redirect.method === 'post') {
    const fields = Object.entries(redirect.fields)
    return pages.showFormPost(exchange, { action: redirect.url, fields, frameAncestors })
  }
  return leadOn(pages, exchange, redirect.url)
}
