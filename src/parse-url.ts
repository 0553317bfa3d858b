/** @module An address from a text. */

/**
 * The address that a text is, or `undefined` where it is none. Not `URL.canParse`: on Node 20 that says no to every
 * address with a letter such as é once it has been called often enough to be compiled.
 */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
