/** @module Types of `lanes.mjs`, for its test. */

/** The test files of a kind of program. */
export function filesOfKind(kind: string): readonly string[]

/** Real tests that share a process. */
export interface RealGroup {
  readonly name: string
  readonly seconds: number
  readonly cores: number
  readonly folder?: string
  readonly files: readonly string[]
}

/** The real tests by group, without the kinds that are left out. */
export function realGroups(kinds: readonly string[], leftOut: readonly string[]): readonly RealGroup[]

/** The files of users' projects. */
export function consumerGroups(): readonly {
  readonly name: string
  readonly file: string
  readonly seconds: number
  readonly cores: number
}[]

/**
 * A process: about how long it takes, and how many cores it keeps busy; `folder`: where it is the only one; `isFirst`:
 * before longer ones.
 */
export interface Job {
  readonly seconds: number
  readonly cores: number
  readonly folder?: string
  readonly isFirst?: boolean
  work(): Promise<unknown>
}

/** Returns how much of the cores has been idle since it was last asked, from 0 to 1. `read`: times of each core. */
export function createIdleMeter(
  read?: () => readonly (Readonly<Record<string, number>> & { readonly idle: number })[],
): () => number

/**
 * Runs jobs side by side, as many as the cores bear: what says so first, then the longest. Where cores are `idle` after a
 * `pause`, one more.
 */
export function runJobs(
  jobs: readonly Job[],
  cores: number,
  looks?: { readonly idle?: () => number; readonly pause?: () => Promise<unknown> },
): Promise<void>
