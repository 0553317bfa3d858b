/** @module A token in three parts, as the shared cookie carries it, and as one string. */

/** The three parts of a token in JWS Compact Serialization, each still encoded. Source: RFC 7515, section 7.1. */
export interface TokenParts {
  readonly header: string
  readonly payload: string
  readonly signature: string
}

/**
 * Splits a token at its two dots. Says nothing about what the parts hold.
 * @returns `undefined` unless there are exactly three parts, none of them empty.
 */
export function splitToken(jwt: string): TokenParts | undefined {
  const first = jwt.indexOf('.')
  const second = jwt.indexOf('.', first + 1)
  if (first <= 0 || second <= first + 1 || second === jwt.length - 1) return undefined
  if (jwt.indexOf('.', second + 1) !== -1) return undefined
  return {
    header: jwt.slice(0, first),
    payload: jwt.slice(first + 1, second),
    signature: jwt.slice(second + 1),
  }
}

/** Joins the parts of a token to one string. */
export function joinToken(parts: TokenParts): string {
  return `${parts.header}.${parts.payload}.${parts.signature}`
}
