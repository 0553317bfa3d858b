/** @module Which level of assurance claims amount to: by default, and by a function of the application. */
import type { Claims } from '../citizen.js'
import { dropRejection } from '../misuse.js'

/** A mistake of the application must not open anything: what is no finite number is the lowest level. */
export function trustedLevel(assuranceLevel: (claims: Claims) => unknown): (claims: Claims) => number {
  return (claims) => {
    const level = assuranceLevel(claims)
    if (typeof level === 'number' && Number.isFinite(level)) return level
    dropRejection(level)
    return 0
  }
}

/** The assurance level of a token unless `identityProvider.assuranceLevel` says otherwise: 2 with `isDidAuth`, else 1. */
export function defaultAssuranceLevel(claims: Claims): number {
  return claims.isDidAuth === true ? 2 : 1
}
