/** @module The receipt of a logout: which legs there were, and what became of each. */

/** `unknown`: it cannot be said (yet); a leg that needs the browser is `unknown` until the browser returns. */
export type LegState = 'done' | 'skipped' | 'refused' | 'timed-out' | 'unknown'

/** What a leg ends. */
export type LegName = 'sessions' | 'cookies' | 'tokens' | 'identity'

export interface Leg {
  readonly leg: LegName
  /** What was addressed, without secrets: the store, the cookie domain, the provider's origin. */
  readonly target: string
  readonly state: LegState
  readonly reason?: string | undefined
  readonly milliseconds: number
}

/** `global`: everything ended. `partial`: ours ended, something else is not known to have. `failed`: ours did not. */
export type LogoutOutcome = 'global' | 'partial' | 'failed'

export interface Receipt {
  readonly outcome: LogoutOutcome
  readonly legs: readonly Leg[]
  /** Where the browser must go to end the rest; absent when nothing is left to do there. */
  readonly continueAt?: string | undefined
}

/** The outcome that the legs amount to. */
export function outcomeOf(legs: readonly Leg[]): LogoutOutcome {
  const ours = legs.filter(({ leg }) => leg === 'sessions' || leg === 'cookies')
  if (ours.some((leg) => leg.state !== 'done' && leg.state !== 'skipped')) return 'failed'
  const isComplete = (leg: Leg): boolean =>
    leg.state === 'done' || (leg.state === 'skipped' && leg.reason === 'no-session')
  return legs.every(isComplete) ? 'global' : 'partial'
}
