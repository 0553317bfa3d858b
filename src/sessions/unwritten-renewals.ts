/** @module Answers of a provider that the store could not take: kept in the process until it can, and never lost. */
import { CitizenSessionError } from '../errors.js'
import { type Timer, timers } from '../timers.js'

/** So many answers are kept; while there are more, nothing is renewed that would have to be kept too. */
const mostKept = 1000
/** How soon they are tried again by themselves; the next request of the session tries at once. */
const firstRetryMilliseconds = 1000
const longestRetryMilliseconds = 10_000
/** How long a stop waits between two tries. */
const closingRetryMilliseconds = 100

/** Keeps work with an answer that a provider gives once only, until it has been done. */
export interface Unwritten<T> {
  /** Whether nothing more can be kept: what would need it must not begin. */
  readonly isFull: boolean
  /** Whether work is kept for `key`. */
  has(key: string): boolean
  /**
   * Does `work`, or keeps it where it fails, to be tried again. `undefined`: it is kept.
   * @throws whatever is no `CitizenSessionError`; it is kept all the same.
   */
  run(key: string, work: () => Promise<T>): Promise<T | undefined>
  /** Tries again what is kept for `key`. `undefined`: there is nothing, or it is kept on. */
  retry(key: string): Promise<T | undefined>
  /** Tries what is kept until it is done, for so many seconds. The answer is how many are lost. */
  close(seconds: number): Promise<number>
}

/** Makes an empty {@link Unwritten}. Its timer keeps no process alive: an orderly stop calls `close`. */
export function createUnwritten<T>(): Unwritten<T> {
  const kept = new Map<string, () => Promise<T>>()
  const trying = new Map<string, Promise<T | undefined>>()
  let timer: Timer | undefined
  let wait = firstRetryMilliseconds
  let isClosing = false

  const attempt = async (key: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work()
      if (kept.get(key) === work) kept.delete(key)
      return result
    } catch (error) {
      // Last in the row, so that work which never succeeds holds up no other.
      kept.delete(key)
      kept.set(key, work)
      schedule()
      if (error instanceof CitizenSessionError) return undefined
      throw error
    }
  }

  const retry = async (key: string): Promise<T | undefined> => {
    const current = trying.get(key)
    if (current !== undefined) return current
    const work = kept.get(key)
    if (work === undefined) return undefined
    const started = attempt(key, work).finally(() => trying.delete(key))
    trying.set(key, started)
    return started
  }

  /** One after the other, up to the first that fails again: the store is still away then. */
  const retryAll = async (): Promise<void> => {
    for (const key of [...kept.keys()]) {
      await retry(key).catch(() => undefined)
      if (kept.has(key)) return
    }
  }

  const schedule = (): void => {
    if (timer !== undefined || isClosing) return
    timer = timers.setTimeout(() => void retryLater(), wait)
    timer.unref()
  }

  const retryLater = async (): Promise<void> => {
    const before = kept.size
    await retryAll()
    timer = undefined
    wait = kept.size < before ? firstRetryMilliseconds : Math.min(wait * 2, longestRetryMilliseconds)
    if (kept.size > 0) schedule()
  }

  return {
    get isFull() {
      return kept.size >= mostKept
    },
    has: (key) => kept.has(key),
    run: attempt,
    retry,

    async close(seconds) {
      isClosing = true
      timers.clearTimeout(timer)
      const deadline = timers.elapsed() + seconds * 1000
      await retryAll()
      while (kept.size > 0 && timers.elapsed() < deadline) {
        await new Promise<void>((resolve) => timers.setTimeout(resolve, closingRetryMilliseconds))
        await retryAll()
      }
      return kept.size
    },
  }
}
