/** @module What a citizen must have shown for a route handler or a server action, and the wrappers that demand it. */
import {
  type Citizen,
  type Claims,
  checkDemand,
  type Demand,
  demandClaims,
  refuseNoFunction,
} from '../src/index.js'

/** What a citizen must have shown, besides being active. */
export interface Requirement<C extends Claims = Claims> extends Demand {
  /** Lets through only for `true`. Else the answer is 403 `claims-refused`, for no login mends it. */
  readonly claims?: ((claims: C) => boolean) | undefined
}

const requirements = ['level', 'secondFactor', 'maxAgeSeconds', 'provider', 'claims']

/** Whether the claims are as required; a citizen of whom nothing is required always has them. */
export function hasClaims<C extends Claims>(
  citizen: Citizen,
  requirement: Requirement<C> | undefined,
): boolean {
  return requirement?.claims === undefined || requirement.claims(citizen.claims as C)
}

/**
 * Makes a wrapper of functions of the application, in its two forms: with a requirement, and `optional` without one.
 * `kind`: what a wrong argument is told to be instead.
 */
export function createWrapper<C extends Claims, Given, Wrapped>(
  name: string,
  kind: string,
  wrap: (given: Given, requirement: Requirement<C> | undefined) => Wrapped,
) {
  const demanding = (given: Given, requirement: Requirement<C> = {}): Wrapped => {
    refuseNoFunction(name, given, kind)
    const { claims, ...demand } = checkDemand(name, requirement, requirements)
    return wrap(given, claims === undefined ? demand : { ...demand, claims: demandClaims(claims) })
  }
  const optional = (given: Given): Wrapped => {
    refuseNoFunction(`${name}.optional`, given, kind)
    return wrap(given, undefined)
  }
  return Object.assign(demanding, { optional })
}
