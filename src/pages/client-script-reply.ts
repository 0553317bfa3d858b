/** @module The answer of `GET <path>/client.js`: the browser client, the same for everybody. */
import type { Exchange, Reply } from '../exchange.js'
import { clientScript, clientScriptTag } from './client-script.js'

const headers = {
  etag: clientScriptTag,
  'cache-control': 'public, max-age=300',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** Answers with the script, or says that the browser's copy is still good. Source: RFC 9110, section 13.1.2. */
export function clientScriptReply(exchange: Exchange): Reply {
  const known = exchange.header('if-none-match') ?? ''
  // Proxies that compress turn the tag into a weak one; for this comparison the two are the same.
  const isKnown = known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === clientScriptTag)
  if (isKnown) return { status: 304, headers }
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/javascript; charset=utf-8' },
    body: clientScript,
  }
}
