/** @module Redirects. */
import type { Exchange, Reply } from '../exchange.js'

/** Sends the browser on by GET: 302 after a GET, 303 after a POST. Never cached. */
export function redirect(location: string, status: 302 | 303 = 302): Reply {
  return { status, headers: { location, 'cache-control': 'private, no-store', 'content-length': '0' } }
}

/** The status that sends the browser of this request on by GET. Source: RFC 9110, sections 15.4.3 and 15.4.4. */
export function redirectStatus(exchange: Pick<Exchange, 'method'>): 302 | 303 {
  return exchange.method === 'POST' ? 303 : 302
}
