/** @module The breaker: when a provider refuses most sessions at once, the provider is broken, not the sessions. */
import { isAhead } from '../wait.js'

const windowMilliseconds = 60_000
const leastRefusals = 5
const mostRemembered = 1000

/** Tells an outage that answers 401 to everybody from a session that is over. */
export interface Breaker {
  note(result: 'accepted' | 'refused', now: number): void
  /** Whether most sessions were refused within the last minute. */
  isOpen(now: number): boolean
}

/** Makes a breaker that opens at five refusals within a minute, if they are more than half of all answers. */
export function createBreaker(): Breaker {
  const results: { readonly at: number; readonly refused: boolean }[] = []
  return {
    note(result, now) {
      results.push({ at: now, refused: result === 'refused' })
      if (results.length > mostRemembered) results.shift()
    },
    isOpen(now) {
      // What lies in the future was noted by a clock that has been put back since, and would never leave the window.
      const isWithin = ({ at }: { readonly at: number }) => !isAhead(at, now) && at > now - windowMilliseconds
      results.splice(0, results.length, ...results.filter(isWithin))
      const refusals = results.filter((result) => result.refused).length
      return refusals >= leastRefusals && refusals * 2 > results.length
    },
  }
}
