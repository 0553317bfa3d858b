/** @module Answers that are the same for everybody, to be kept for a while: scripts, and what they need to know. */
import type { Exchange, Reply } from '../exchange.js'

/** A document for everybody. */
export interface PublicDocument {
  readonly type: 'text/javascript; charset=utf-8' | 'application/json'
  readonly body: string
  /** Its entity tag, in quotes. */
  readonly tag: string
}

/** Makes what answers with the document, or says that the browser's copy is still good. Source: RFC 9110, section 13.1.2. */
export function publicDocument({ type, body, tag }: PublicDocument): (exchange: Exchange) => Reply {
  const headers = {
    etag: tag,
    'cache-control': 'public, max-age=300',
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  }
  return (exchange) => {
    const known = exchange.header('if-none-match') ?? ''
    // Proxies that compress turn the tag into a weak one; for this comparison the two are the same.
    const isKnown = known.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)
    if (isKnown) return { status: 304, headers }
    return { status: 200, headers: { ...headers, 'content-type': type }, body }
  }
}
