/** @module What is due by the clock, and when to look again: arithmetic, without a browser. */
import type { ClientState } from './state.js'
import { millisecondsLeft, warningTime } from './status.js'

/** Milliseconds between two questions while the end is near, or the last one had no answer. */
export const often = 5000
/** Milliseconds after which a tab looks again whether another one is still asking for all. */
export const again = 200
/** Milliseconds between two extensions by activity. */
export const seldom = 60_000

/** What is due. */
export interface Plan {
  /** Whether the server must be asked now. */
  readonly ask: boolean
  /** `active`: the page without a warning; `undefined`: what is shown stays. */
  readonly show: 'active' | 'warning' | 'cover' | undefined
  readonly secondsLeft: number
  /** Milliseconds until something can be due again. */
  readonly sleepFor: number
}

/** What is due now, by the browser's clock, in a tab that is seen or not. */
export function schedule(state: Readonly<ClientState>, now: number, isHidden: boolean): Plan {
  const { reading, snapshot, changedAt, missedAt } = state
  const { pollSeconds = 60, warnSeconds } = state.options
  // A clock that was set back does not make us wait.
  const askedAt = state.askedAt > now ? 0 : state.askedAt
  const left = reading && millisecondsLeft(reading, now)
  let patience = missedAt ? 1000 : reading && !snapshot.isOffline ? Number.POSITIVE_INFINITY : often
  let boundary = changedAt
  let show: Plan['show']
  if (reading && left !== undefined) {
    const warning = warningTime(reading.status, warnSeconds)
    patience = Math.min(patience, pollSeconds * (state.isLeader ? 1000 : 1500))
    if (left > warning) show = 'active'
    else {
      patience = Math.min(patience, often)
      // Nothing is shown before the server was asked: another page may have had a request since.
      boundary = Math.max(boundary, now + left - (left > 0 ? warning : 0))
      if (left <= 0) show = 'cover'
      else if (askedAt >= boundary) show = 'warning'
    }
  }
  return {
    ask: now - askedAt >= patience || askedAt <= boundary,
    show,
    secondsLeft: Math.ceil((left ?? 0) / 1000),
    sleepFor: isHidden && (left ?? seldom) >= seldom ? often : 1000,
  }
}
