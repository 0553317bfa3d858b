/** @module How much is remembered of one person. Source: `HLD-18`. */

/** Records of one person that an application keeps unless told otherwise: what `application.sessionsPerPerson` is. */
export const defaultMostRecords = 200

/** How many live sessions one start ends at most: what an older release has left is brought down step by step. */
export const mostDisplaced = 100

/** Ends and revocations that are kept one by one; beyond it one time for the person refuses every older token. */
export function mostMarks(mostRecords: number): number {
  return Math.max(1000, 5 * mostRecords)
}

/** Whole records of all applications of a person beyond which ends shrink although none of them begins a session. */
export const mostTogether = 1000
