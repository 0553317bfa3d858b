/** @module Messages of service providers that were refused. */
import { type SamlProblem, SamlRefusal } from './refusal.js'

/** A message that was not taken. */
export interface SamlRefused {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly problem: SamlProblem
  readonly message: string
}

/** Remembers refusals. */
export interface Refusals {
  /** Oldest first, at most 500. */
  list(): readonly SamlRefused[]
  /** Does the work; a refusal that it throws is remembered. */
  noting<T>(work: () => Promise<T>): Promise<T>
  clear(): void
}

/** Makes an empty memory. */
export function createRefusals(now: () => number): Refusals {
  let refusals: SamlRefused[] = []
  return {
    list: () => [...refusals],
    async noting(work) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof SamlRefusal) {
          const { problem, message } = error
          refusals = [...refusals, { at: now(), problem, message }].slice(-500)
        }
        throw error
      }
    },
    clear() {
      refusals = []
    },
  }
}
