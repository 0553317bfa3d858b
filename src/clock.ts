/** @module Time as a dependency: everything that looks at the time asks a clock. */

/** Returns the time in milliseconds since the epoch. */
export type Clock = () => number

/** The machine's clock. */
export const systemClock: Clock = Date.now
