/** @module What guards can ask for, checked when the guard is made. */
import { isAge, isLevel, isProviders } from '../config/demand-checks.js'
import { dropRejection, misuse, refuseNoFunction, refuseRequest, refuseUnknown } from '../misuse.js'
import type { Demand } from '../sessions/assurance.js'

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
 * A provider, or several; absent: any.
 * @throws TypeError `usage` for what is no name, and for options that are not known.
 */
export function demandProvider(wanted: { readonly provider?: string | readonly string[] } = {}): Demand {
  return checkDemand('requireCitizen', wanted, ['provider'])
}

/**
 * A predicate over claims, of which only `true` is a yes; what a promise rejects with is dropped.
 * @throws TypeError `usage` for anything but a function.
 */
export function demandClaims<C>(predicate: (claims: C) => boolean): (claims: C) => boolean {
  refuseNoFunction('requireClaims', predicate, 'a predicate over the claims')
  return (claims) => {
    const answer: unknown = predicate(claims)
    if (typeof answer === 'boolean') return answer
    dropRejection(answer)
    return false
  }
}

/**
 * A demand written as an object, as it is; `name` is the function that was given it.
 * @throws TypeError `usage` for options that are not known, and values that are none.
 */
export function checkDemand<D extends Demand & { readonly claims?: unknown }>(
  name: string,
  demand: D,
  known: readonly string[] = ['level', 'secondFactor', 'maxAgeSeconds', 'provider'],
): D {
  refuseUnknown(name, demand, known)
  const { level, secondFactor, maxAgeSeconds, provider, claims } = demand
  if (level !== undefined && !isLevel(level)) throw misuse(`${name} takes a level of 1 or higher`)
  if (maxAgeSeconds !== undefined && !isAge(maxAgeSeconds)) {
    throw misuse(`${name} takes maxAgeSeconds, a number above 0`)
  }
  if (secondFactor !== undefined && typeof secondFactor !== 'boolean') {
    throw misuse(`${name} takes secondFactor, true or false`)
  }
  if (provider !== undefined && !isProviders(provider)) {
    throw misuse(`${name} takes provider, the name of one as in citizen.provider, or a list of 1 to 8`)
  }
  if (claims !== undefined) refuseNoFunction(`claims of ${name}`, claims, 'a predicate over the claims')
  return demand
}
