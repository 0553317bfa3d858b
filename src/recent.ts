/** @module What was used lately, remembered by name: bounded, and never thrown away whole. */
import { getHeapStatistics } from 'node:v8'

/** How much is remembered. At least one of the two is given. */
export interface RecentBounds {
  readonly maximumEntries?: number | undefined
  /** Roughly, as `set` and `grow` are told. */
  readonly maximumBytes?: number | undefined
}

/** A memory of texts by which something was found. Losing an entry costs time, never correctness. */
export interface Recent<T> {
  get(name: string): T | undefined
  /**
   * Remembers a value of about so many bytes. `name` is kept as it is: a slice of a long text would keep all of that
   * text alive.
   */
  set(name: string, value: T, bytes: number): void
  /** Takes note that what is remembered under that name has become larger, as long as it is remembered. */
  grow(name: string, bytes: number): void
  readonly size: number
}

/**
 * Makes a memory in two generations: a full generation becomes the second one, and the second is dropped with all that
 * nobody asked for since. A look-up moves one entry at most, so no request pays for a sweep.
 */
export function createRecent<T>(bounds: RecentBounds): Recent<T> {
  const { maximumEntries = Number.POSITIVE_INFINITY, maximumBytes = Number.POSITIVE_INFINITY } = bounds
  const mostEntries = Math.max(1, Math.floor(maximumEntries / 2))
  const mostBytes = maximumBytes / 2
  let young = new Map<string, Remembered<T>>()
  let old = new Map<string, Remembered<T>>()
  let bytesOfYoung = 0

  const insert = (name: string, entry: Remembered<T>): void => {
    if (young.size > 0 && (young.size >= mostEntries || bytesOfYoung + entry.bytes > mostBytes)) {
      old = young
      young = new Map()
      bytesOfYoung = 0
    }
    young.set(name, entry)
    bytesOfYoung += entry.bytes
  }

  /** Moves an entry that was asked for again into the young generation. */
  const recall = (name: string): T | undefined => {
    const entry = old.get(name)
    if (entry === undefined) return undefined
    old.delete(name)
    insert(name, entry)
    return entry.value
  }

  return {
    get(name) {
      const entry = young.get(name)
      return entry === undefined ? recall(name) : entry.value
    },
    set(name, value, bytes) {
      old.delete(name)
      insert(name, { value, bytes })
    },
    grow(name, bytes) {
      const entry = young.get(name) ?? old.get(name)
      if (entry === undefined) return
      entry.bytes += bytes
      if (young.has(name)) bytesOfYoung += bytes
    },
    get size() {
      return young.size + old.size
    },
  }
}

interface Remembered<T> {
  readonly value: T
  bytes: number
}

/** What is taken for the memory of a process that does not say how much it may use: 128 MiB. */
const unsaidMemory = 134_217_728

/** What a question for an amount of memory answers; `undefined` where a runtime has no answer, or lets nobody ask. */
function told(ask: () => number): number | undefined {
  try {
    const bytes = ask()
    return bytes > 0 ? bytes : undefined
  } catch {
    // Deno without `--allow-sys`.
    return undefined
  }
}

/** A part of the memory that this process may use, in bytes. `part` is a fraction. */
export function shareOfMemory(part: number): number {
  const heap = told(() => getHeapStatistics().heap_size_limit) ?? unsaidMemory
  const constrained = told(() => process.constrainedMemory())
  return Math.floor(Math.min(heap, constrained ?? heap) * part)
}
