/** @module One piece of work at a time for a key, whoever asks. */

/** Runs work once for all who ask for the same key while it is under way. */
export interface SingleFlight<T> {
  /** The work that is under way for `key`, if there is any. */
  current(key: string): Promise<T> | undefined
  /** Joins the work under way for `key`, or begins it. */
  run(key: string, work: () => Promise<T>): Promise<T>
  /** Resolves when all that is under way has come to an end, well or not. */
  settled(): Promise<void>
}

/** Makes an empty {@link SingleFlight}. A failed piece of work is forgotten like a finished one. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const underWay = new Map<string, Promise<T>>()
  return {
    current: (key) => underWay.get(key),
    run(key, work) {
      const current = underWay.get(key)
      if (current !== undefined) return current
      const started = work().finally(() => underWay.delete(key))
      underWay.set(key, started)
      return started
    },
    async settled() {
      await Promise.allSettled(underWay.values())
    },
  }
}
