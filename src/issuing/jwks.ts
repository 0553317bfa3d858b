/** @module The key set as partners fetch it, at `/.well-known/jwks.json`. */
import { createHash } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import type { Reply } from '../exchange.js'
import { methodNotAllowed, replyTo, type SsoHandler, type SsoRequest } from './mount.js'
import type { KeyRing } from './ring.js'
import type { PublishedKeySet } from './signer.js'

/** Where a key set is expected. Source: RFC 8615; RFC 8414 names it only by metadata, partners by habit. */
export const jwksPath = '/.well-known/jwks.json'

/**
 * Makes the handler of the key set. It may be kept for the ring's `cacheSeconds`, never longer than a new key is
 * published before it signs; afterwards it is asked for with its `ETag` again. Where the ring cannot be read for too
 * long the answer is 503: partners then keep what they have.
 * Source: RFC 7517, section 5; RFC 9110, section 13.1.2; RFC 9111, section 5.2.2; `JWT-18`.
 */
export function createJwksHandler(ring: KeyRing): SsoHandler {
  let last: PublishedKeySet['keys'] | undefined
  let rendered = { text: '', tag: '' }

  function render(keys: PublishedKeySet['keys']): typeof rendered {
    const isSame = last?.length === keys.length && keys.every((key, index) => key === last?.[index])
    if (isSame) return rendered
    const text = `${JSON.stringify({ keys }, undefined, 2)}\n`
    last = keys
    rendered = { text, tag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` }
    return rendered
  }

  return async (request): Promise<Reply> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return methodNotAllowed('GET, HEAD')
    let set: PublishedKeySet
    try {
      set = await ring.published()
    } catch (error) {
      if (error instanceof CitizenSessionError && error.status === 503) return replyTo(error)
      throw error
    }
    const { text, tag } = render(set.keys)
    const headers = {
      'cache-control': `public, max-age=${set.cacheSeconds}, must-revalidate`,
      etag: tag,
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    }
    if (matches(request, tag)) return { status: 304, headers }
    return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: text }
  }
}

/** Source: RFC 9110, section 13.1.2: weak comparison. */
function matches(request: SsoRequest, tag: string): boolean {
  const condition = request.header('if-none-match')
  if (condition === undefined) return false
  return condition
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === tag || each === '*')
}
