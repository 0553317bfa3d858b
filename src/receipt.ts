/** @module The receipt of a logout: which legs there were, and what became of each. */

/** `unknown`: it cannot be said (yet); a leg that needs the browser is `unknown` until the browser returns. */
export type LegState = 'done' | 'skipped' | 'refused' | 'timed-out' | 'unknown'

/** What a leg ends. */
export type LegName = 'sessions' | 'cookies' | 'tokens' | 'identity'

/** One line of a receipt: what had to end, and what became of it. */
export interface Leg {
  readonly leg: LegName
  /** What was addressed, without secrets: the store, the cookie domain, the provider's origin. */
  readonly target: string
  readonly state: LegState
  readonly reason?: string | undefined
  /** Until when what is not known to have ended can be good at most. Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
  readonly milliseconds: number
}

/**
 * Reason of a `cookies` leg that is `unknown`: sessions of the shared cookie go on that are not known to be another
 * device's, and not known to be the one that has ended.
 */
export const otherSessions = 'other-sessions'

/** Reason of an `identity` leg that is `unknown`: the provider sent the browser back without our `state`. */
export const noState = 'no-state'

/** Reason of an `identity` leg that nobody can end from here: the application has removed the provider. */
export const providerRemoved = 'provider-removed'

/** Reason of the legs that a sign-out of this application alone leaves as they are. */
export const onlyHere = 'only-here'

/**
 * `global`: everything ended. `application`: only this application was meant, and its session ended. `partial`: ours
 * ended, something else is not known to have. `failed`: ours did not.
 */
export type LogoutOutcome = 'global' | 'application' | 'partial' | 'failed'

/** What became of a logout. */
export interface Receipt {
  readonly outcome: LogoutOutcome
  readonly legs: readonly Leg[]
  /**
   * Where the browser must go, as a navigation, to end the rest: an address of ours, for one use by this browser within
   * ten minutes. Absent when nothing is left to do there.
   */
  readonly continueAt?: string | undefined
}

/**
 * Whether nothing is left to be tried for a leg of ours. `superseded`: the cookie was of an older generation, and is
 * nobody's; whether its session goes on, under a newer one, is not its to say.
 */
export function isSettled({ state, reason }: Leg): boolean {
  return state === 'done' || state === 'skipped' || reason === 'superseded'
}

/** The outcome that the legs amount to. */
export function outcomeOf(legs: readonly Leg[]): LogoutOutcome {
  if (legs.some(isFailed)) return 'failed'
  const left = legs.filter((leg) => !isComplete(leg, legs))
  if (left.length === 0) return 'global'
  return left.every(({ reason }) => reason === onlyHere) ? 'application' : 'partial'
}

/** Whether nothing is left to be done, or known, of a leg: it is done, or there was nothing to do. */
export function isComplete(leg: Leg, legs: readonly Leg[]): boolean {
  if (leg.state !== 'skipped') return leg.state === 'done'
  if (leg.reason === 'no-session' || leg.reason === 'no-tokens') return true
  // The provider's session is over, and with it what was issued for it, as far as the provider goes.
  return leg.reason === 'no-revocation-endpoint' && isIdentityDone(legs)
}

function isIdentityDone(legs: readonly Leg[]): boolean {
  const identities = legs.filter(({ leg }) => leg === 'identity')
  return identities.length > 0 && identities.every(({ state }) => state === 'done')
}

/** Whether a leg of our own could not be done. Copies of a cookie in other hands are nothing that we could delete. */
function isFailed(part: Leg): boolean {
  const { leg, state } = part
  if (leg === 'cookies') return state === 'refused' || state === 'timed-out'
  return leg === 'sessions' && !isSettled(part)
}
