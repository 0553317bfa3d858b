/**
 * @module Timers as a dependency: all that waits, or measures how long something takes, asks these. A clock is none of
 * them: it may be put right, and what merely waits must not notice.
 */

/** What a timer can do besides firing. */
export interface Timer {
  /** Lets the process end although it has not fired. */
  unref(): Timer
}

/** The ways to wait. Times are milliseconds. */
export interface Timers {
  setTimeout(call: () => void, milliseconds: number): Timer
  clearTimeout(timer: Timer | undefined): void
  setInterval(call: () => void, milliseconds: number): Timer
  clearInterval(timer: Timer | undefined): void
  /** After what the sockets have brought meanwhile. */
  setImmediate(call: () => void): void
  /** Milliseconds that pass whatever is done to the clock. */
  elapsed(): number
}

/** Those of the machine. They are looked up at each call, so that a test may put others in the place of the global ones. */
export const systemTimers: Timers = {
  setTimeout: (call, milliseconds) => globalThis.setTimeout(call, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer as NodeJS.Timeout | undefined),
  setInterval: (call, milliseconds) => globalThis.setInterval(call, milliseconds),
  clearInterval: (timer) => globalThis.clearInterval(timer as NodeJS.Timeout | undefined),
  setImmediate: (call) => void globalThis.setImmediate(call),
  elapsed: () => performance.now(),
}

let current = systemTimers

/** The timers in use. */
export const timers: Timers = {
  setTimeout: (call, milliseconds) => current.setTimeout(call, milliseconds),
  clearTimeout: (timer) => current.clearTimeout(timer),
  setInterval: (call, milliseconds) => current.setInterval(call, milliseconds),
  clearInterval: (timer) => current.clearInterval(timer),
  setImmediate: (call) => current.setImmediate(call),
  elapsed: () => current.elapsed(),
}

/** Takes others into use, for all of this process: those of virtual time, in a simulation. Returns the way back. */
export function replaceTimers(others: Timers): () => void {
  current = others
  return () => {
    current = systemTimers
  }
}
