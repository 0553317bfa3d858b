/** @module What guards can ask for, checked when the guard is made. */
import type { Demand } from '../sessions/assurance.js'

/**
 * A level of assurance.
 * @throws TypeError for anything but a whole number of 1 or higher.
 */
export function demandLevel(level: number): Demand {
  if (Number.isInteger(level) && level >= 1) return { level }
  throw new TypeError('requireAssurance takes a level of 1 or higher')
}

/**
 * An authentication within that many seconds.
 * @throws TypeError for anything but a number above 0.
 */
export function demandRecent({ maxAgeSeconds }: { readonly maxAgeSeconds: number }): Demand {
  if (maxAgeSeconds > 0) return { maxAgeSeconds }
  throw new TypeError('requireRecent takes maxAgeSeconds, a number above 0')
}
