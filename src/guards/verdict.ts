/** @module The verdict of a guard: a pure function of the citizen, what is asked for, and the time. */
import type { Citizen } from '../citizen.js'
import { type Demand, type Shortfall, shortfallOf } from '../sessions/assurance.js'

/** Why a guard does not let a request through. */
export type Refusal =
  /** Nobody is signed in. */
  | { readonly kind: 'login-required' }
  | { readonly kind: 'second-factor-required' }
  /** Signed in, but not strongly or recently enough. Source: RFC 9470. */
  | ({ readonly kind: 'step-up' } & Shortfall)
  /** Cookies of more than one session: explained, never redirected. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'unavailable' }

/** Judges a citizen against a demand; `undefined` lets the request through. */
export function verdictOn(citizen: Citizen, demand: Demand, now: number): Refusal | undefined {
  switch (citizen.state) {
    case 'unavailable':
      return { kind: 'unavailable' }
    case 'mfa-required':
      return { kind: 'second-factor-required' }
    case 'anonymous':
      return { kind: citizen.reason === 'ambiguous-cookie' ? 'ambiguous' : 'login-required' }
    case 'active': {
      const lacking = shortfallOf(citizen.assurance, demand, now)
      return lacking === undefined ? undefined : { kind: 'step-up', ...lacking }
    }
    default:
      // Whatever an application has put there: it is no citizen of ours.
      return { kind: 'login-required' }
  }
}
