/** @module What guards can ask for, checked when the guard is made. */
import { misuse, refuseNoFunction, refuseRequest, refuseUnknown } from '../misuse.js'
import type { Demand } from '../sessions/assurance.js'

const isLevel = (level: unknown): boolean => Number.isInteger(level) && Number(level) >= 1
const isAge = (seconds: unknown): boolean => typeof seconds === 'number' && seconds > 0

/**
 * A level of assurance.
 * @throws TypeError `usage` for anything but a whole number of 1 or higher.
 */
export function demandLevel(level: number): Demand {
  refuseRequest('requireAssurance', level)
  if (isLevel(level)) return { level }
  throw misuse('requireAssurance takes a level of 1 or higher')
}

/**
 * An authentication within that many seconds.
 * @throws TypeError `usage` for anything but a number above 0, and for options that are not known.
 */
export function demandRecent(limit: { readonly maxAgeSeconds: number }): Demand {
  refuseUnknown('requireRecent', limit, ['maxAgeSeconds'])
  const { maxAgeSeconds } = limit
  if (isAge(maxAgeSeconds)) return { maxAgeSeconds }
  throw misuse('requireRecent takes maxAgeSeconds, a number above 0')
}

/**
 * A predicate over claims, as it is.
 * @throws TypeError `usage` for anything but a function.
 */
export function demandClaims<P>(predicate: P): P {
  refuseNoFunction('requireClaims', predicate, 'a predicate over the claims')
  return predicate
}

/**
 * A demand written as an object, as it is; `name` is the function that was given it.
 * @throws TypeError `usage` for options that are not known, and values that are none.
 */
export function checkDemand<D extends Demand & { readonly claims?: unknown }>(
  name: string,
  demand: D,
  known: readonly string[] = ['level', 'secondFactor', 'maxAgeSeconds'],
): D {
  refuseUnknown(name, demand, known)
  const { level, secondFactor, maxAgeSeconds, claims } = demand
  if (level !== undefined && !isLevel(level)) throw misuse(`${name} takes a level of 1 or higher`)
  if (maxAgeSeconds !== undefined && !isAge(maxAgeSeconds)) {
    throw misuse(`${name} takes maxAgeSeconds, a number above 0`)
  }
  if (secondFactor !== undefined && typeof secondFactor !== 'boolean') {
    throw misuse(`${name} takes secondFactor, true or false`)
  }
  if (claims !== undefined) refuseNoFunction(`claims of ${name}`, claims, 'a predicate over the claims')
  return demand
}
