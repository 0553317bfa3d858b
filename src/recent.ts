/** @module What was used lately, remembered by name: bounded, and never thrown away whole. */

/** A memory of texts by which something was found. Losing an entry costs time, never correctness. */
export interface Recent<T> {
  get(name: string): T | undefined
  /** Remembers a value. `name` is kept as it is: a slice of a long text would keep all of that text alive. */
  set(name: string, value: T): void
  readonly size: number
}

/**
 * Makes a memory of at most `maximumEntries` (2 at least) in two generations: a full generation becomes the second one,
 * and the second is dropped with all that nobody asked for since. A look-up moves one entry at most, so no request pays
 * for a sweep.
 */
export function createRecent<T>(maximumEntries: number): Recent<T> {
  const generationSize = Math.max(1, Math.floor(maximumEntries / 2))
  let young = new Map<string, T>()
  let old = new Map<string, T>()

  const set: Recent<T>['set'] = (name, value) => {
    if (young.size >= generationSize && !young.has(name)) {
      old = young
      young = new Map()
    }
    young.set(name, value)
  }

  /** Moves an entry that was asked for again into the young generation. */
  const recall = (name: string): T | undefined => {
    const value = old.get(name)
    if (value === undefined) return undefined
    old.delete(name)
    set(name, value)
    return value
  }

  return {
    get: (name) => young.get(name) ?? recall(name),
    set,
    get size() {
      return young.size + old.size
    },
  }
}
