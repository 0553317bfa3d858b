/** @module Types of `lanes.mjs`, for its test. */

/** The test files of a kind of program. */
export function filesOfKind(kind: string): readonly string[]

/** The real tests of each lane, without the kinds that are left out. */
export function realLanes(
  kinds: readonly string[],
  leftOut: readonly string[],
): { readonly windows: readonly string[]; readonly servers: readonly string[] }

/** Runs work in two lanes: what bears nothing of its kind beside it, and what both lanes take from. */
export function inTwoLanes(
  alone: readonly (() => Promise<unknown>)[],
  shared: readonly (() => Promise<unknown>)[],
): Promise<void>
