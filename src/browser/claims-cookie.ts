/** @module Reads the payload cookie that scripts may read: for what a page shows, never for what it may do. */

/** The claims of the shared cookie as they stand there, unverified. */
export type ShownClaims = Readonly<Record<string, unknown>>

/** The value of a cookie in `document.cookie`; `undefined` if it is not there, or there more than once. */
export function cookieValue(cookies: string, name: string): string | undefined {
  const [, value, another] = `; ${cookies}`.split(`; ${name}=`)
  return another === undefined ? value?.split('; ')[0] : undefined
}

/** The claims in a payload; `null` for what is none. Source: RFC 7515, section 3; RFC 4648, section 5. */
export function claimsIn(payload = ''): ShownClaims | null {
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return claims?.constructor === Object ? (claims as ShownClaims) : null
  } catch {
    return null
  }
}
