/** @module Until when things may be forgotten: what forbids outlives a clock that jumps on and is put right again. */

/** For how long a clock must have gone on without a step back before anything is forgotten by it. Milliseconds. */
const steadyMilliseconds = 3_600_000

/**
 * Says, for each `now`, up to which time what is no longer retained may be forgotten: a time that the clock showed an
 * hour ago or longer, and has not gone back behind since. So ends, revocations and replay marks are kept one to two
 * hours longer than they are retained, and a clock that is days ahead for less than an hour drops none of them.
 */
export function createForgetting(): (now: number) => number {
  let confirmed = Number.NEGATIVE_INFINITY
  let candidate = Number.POSITIVE_INFINITY
  return (now) => {
    if (now < candidate) candidate = now
    if (now < confirmed) confirmed = now
    if (now - candidate >= steadyMilliseconds) {
      confirmed = candidate
      candidate = now
    }
    return confirmed
  }
}
