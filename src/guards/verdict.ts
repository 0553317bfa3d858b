/** @module The verdict of a guard: a pure function of the citizen, what is asked for, and the time. */
import type { Citizen } from '../citizen.js'

/** What a guard asks for, besides a citizen who is active. */
export interface Demand {
  /** Least level of assurance. */
  readonly level?: number | undefined
  /** Whether a second factor (or what counts as one) must have been used. */
  readonly secondFactor?: boolean | undefined
  /** Greatest age of the authentication, in seconds. Unknown counts as too old. */
  readonly maxAgeSeconds?: number | undefined
}

/** Why a guard does not let a request through. */
export type Refusal =
  /** Nobody is signed in. */
  | { readonly kind: 'login-required' }
  | { readonly kind: 'second-factor-required' }
  /** Signed in, but not strongly or recently enough. Source: RFC 9470. */
  | { readonly kind: 'step-up'; readonly level: number; readonly maxAgeSeconds: number }
  /** Cookies of more than one session: explained, never redirected. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'unavailable' }

/** The level that a second factor is worth at least. */
const secondFactorLevel = 2

/** Judges a citizen against a demand; `undefined` lets the request through. */
export function verdictOn(citizen: Citizen, demand: Demand, now: number): Refusal | undefined {
  switch (citizen.state) {
    case 'unavailable':
      return { kind: 'unavailable' }
    case 'mfa-required':
      return { kind: 'second-factor-required' }
    case 'anonymous':
      return { kind: citizen.reason === 'ambiguous-cookie' ? 'ambiguous' : 'login-required' }
    case 'active':
      return verdictOnAssurance(citizen.assurance, demand, now)
    default:
      // Whatever an application has put there: it is no citizen of ours.
      return { kind: 'login-required' }
  }
}

function verdictOnAssurance(
  assurance: Extract<Citizen, { state: 'active' }>['assurance'],
  demand: Demand,
  now: number,
): Refusal | undefined {
  const { level = 0 } = demand
  const lacksFactor = demand.secondFactor === true && assurance.method === 'password'
  // Put so that what is no number lets nobody through.
  const isStrong = level <= 0 || assurance.level >= level
  const isTooWeak = !isStrong || lacksFactor
  const { maxAgeSeconds } = demand
  const { authenticatedAt } = assurance
  const isTooOld =
    maxAgeSeconds !== undefined &&
    !(authenticatedAt !== undefined && now - authenticatedAt <= maxAgeSeconds * 1000)
  if (!isTooWeak && !isTooOld) return undefined
  return {
    kind: 'step-up',
    level: isTooWeak ? Math.max(level, lacksFactor ? secondFactorLevel : 0) : 0,
    maxAgeSeconds: isTooOld ? (maxAgeSeconds ?? 0) : 0,
  }
}
