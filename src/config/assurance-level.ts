/** @module The guard around a function of the application that says a level of assurance. */
import type { Claims } from '../citizen.js'

/** A mistake of the application must not open anything: what is no finite number is the lowest level. */
export function trustedLevel(assuranceLevel: (claims: Claims) => unknown): (claims: Claims) => number {
  return (claims) => {
    const level = assuranceLevel(claims)
    return typeof level === 'number' && Number.isFinite(level) ? level : 0
  }
}
