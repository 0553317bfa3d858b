/** @module Redirects. */
import type { Reply } from '../exchange.js'

/** Sends the browser on by GET: 302 after a GET, 303 after a POST. Never cached. */
export function redirect(location: string, status: 302 | 303 = 302): Reply {
  return { status, headers: { location, 'cache-control': 'private, no-store', 'content-length': '0' } }
}
