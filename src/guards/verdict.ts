/** @module The verdict of a guard: a pure function of the citizen, what is asked for, and the time. */
import type { Citizen } from '../citizen.js'
import { type Demand, providersOf, type Shortfall, shortfallOf } from '../sessions/assurance.js'

/** Why a guard does not let a request through. */
export type Refusal =
  /** Nobody is signed in. `providers`: where the login must be; none: anywhere. */
  | { readonly kind: 'login-required'; readonly providers: readonly string[] }
  | { readonly kind: 'second-factor-required' }
  /** Signed in, but at none of these providers; a login there must be as strong and recent as is asked for besides. */
  | ({ readonly kind: 'other-provider'; readonly providers: readonly string[] } & Shortfall)
  /** Signed in, but not strongly or recently enough. Source: RFC 9470. */
  | ({ readonly kind: 'step-up'; readonly providers: readonly string[] } & Shortfall)
  /** Cookies of more than one session: explained, never redirected. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'unavailable' }

const anywhere: readonly string[] = []

/** Judges a citizen against a demand; `undefined` lets the request through. */
export function verdictOn(citizen: Citizen, demand: Demand, now: number): Refusal | undefined {
  switch (citizen.state) {
    case 'unavailable':
      return { kind: 'unavailable' }
    case 'mfa-required':
      return { kind: 'second-factor-required' }
    case 'anonymous':
      return citizen.reason === 'ambiguous-cookie'
        ? { kind: 'ambiguous' }
        : { kind: 'login-required', providers: providersOf(demand) }
    case 'active': {
      const providers = demand.provider === undefined ? anywhere : providersOf(demand)
      if (providers.length > 0 && !providers.includes(citizen.provider)) {
        const { level = 0, secondFactor = false, maxAgeSeconds = 0 } = demand
        return { kind: 'other-provider', providers, level, secondFactor, maxAgeSeconds }
      }
      const lacking = shortfallOf(citizen.assurance, demand, now)
      return lacking === undefined ? undefined : { kind: 'step-up', providers, ...lacking }
    }
    default:
      // Whatever an application has put there: it is no citizen of ours.
      return { kind: 'login-required', providers: providersOf(demand) }
  }
}
