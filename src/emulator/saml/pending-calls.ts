/** @module Server calls that are under way. */

/** Knows when the last of them has its answer. */
export interface PendingCalls {
  /** Counts a call until it has its answer. Returns it. */
  track<T>(call: Promise<T>): Promise<T>
  settled(): Promise<void>
}

/** Knows of none yet. */
export function createPendingCalls(): PendingCalls {
  const calls = new Set<Promise<unknown>>()
  return {
    track(call) {
      calls.add(call)
      const forget = () => calls.delete(call)
      call.then(forget, forget)
      return call
    },
    async settled() {
      while (calls.size > 0) await Promise.allSettled(calls)
    },
  }
}
