/** @module The shared cookie: a token as the three cookies that every application of the base domain reads. */
import type { SetCookie } from '../exchange.js'
import type { TokenParts } from '../tokens/token-parts.js'

/** How the shared cookie is set. Everything as the identity provider sets it, or a browser would hold both. */
export interface SharedCookieAttributes {
  readonly names: { readonly header: string; readonly payload: string; readonly signature: string }
  /** The base domain; `false`: host-only. */
  readonly domain: string | false
  readonly path: string
  readonly sameSite: SetCookie['sameSite']
  readonly secure: boolean
  /** Seconds until `exp` for a cookie that outlives the browser. Default: it does not. */
  readonly maxAgeSeconds?: number | undefined
}

/** The three cookies of a token. Header and signature are HttpOnly; scripts may read the payload. */
export function sharedCookies(parts: TokenParts, attributes: SharedCookieAttributes): SetCookie[] {
  const cookie = (part: keyof TokenParts): SetCookie => ({
    name: attributes.names[part],
    value: parts[part],
    domain: attributes.domain === false ? undefined : attributes.domain,
    path: attributes.path,
    maxAgeSeconds: attributes.maxAgeSeconds,
    httpOnly: part !== 'payload',
    secure: attributes.secure,
    sameSite: attributes.sameSite,
  })
  return [cookie('header'), cookie('payload'), cookie('signature')]
}
