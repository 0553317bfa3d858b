/** @module Remembers tokens that were verified, so that a token seen before costs no cryptography. */

import { isWaiting, noWait } from '../wait.js'
import type { TokenParts } from './token-parts.js'

/** An entry can be dropped as soon as nobody has asked for it that long: 10 minutes. */
export const generationMilliseconds = 600_000

/** A bounded memory of verified tokens. */
export interface VerifiedCache<T extends { readonly parts: TokenParts }> {
  /** The entry whose token is the same in all three parts. `now` in milliseconds. */
  get(parts: TokenParts, now: number): T | undefined
  set(entry: T, now: number): void
  delete(entry: T): void
  clear(): void
  readonly size: number
  /** Whether entries are dropped for want of room, and not for their age. */
  readonly isCrowded: boolean
}

/** Roughly what an entry costs besides three times the length of its token: the text, and what was read from it. */
const bytesOfEntry = 1024

/** So many entries of the old generation are handed on with each new one: all of them, before they are dropped. */
const agedAtOnce = 4

/** How much is remembered. At least one of the two is given. */
export interface VerifiedCacheBounds {
  readonly maximumEntries?: number | undefined
  /** Roughly: about {@link bytesOfEntry} and three times its length for each token. */
  readonly maximumBytes?: number | undefined
}

/**
 * Makes a cache within these bounds in two generations: a full or old generation becomes the second, and the
 * second is dropped with all that nobody asked for since. No entry has a timer, and no look-up moves more than one.
 *
 * Entries are found by the end of the signature, which is short to hash, and compared in full: nobody can put a
 * token here but the verifier.
 *
 * `onAging` is told of the entries that nobody has asked for since they came into the second generation, a few at a
 * time, and of an entry again where it came there again.
 */
export function createVerifiedCache<T extends { readonly parts: TokenParts }>(
  bounds: VerifiedCacheBounds,
  onAging: (entry: T) => void = () => undefined,
): VerifiedCache<T> {
  const { maximumEntries = Number.POSITIVE_INFINITY, maximumBytes = Number.POSITIVE_INFINITY } = bounds
  const generationSize = Math.max(1, Math.floor(maximumEntries / 2))
  const generationBytes = maximumBytes / 2
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  let youngLife = noWait
  let youngBytes = 0
  let aging = old.values()
  let isCrowded = false

  function age(): void {
    for (let count = 0; count < agedAtOnce; count += 1) {
      const { done, value } = aging.next()
      if (done) return
      onAging(value)
    }
  }

  function insert(tail: string, entry: T, now: number): void {
    const { header, payload, signature } = entry.parts
    const bytes = bytesOfEntry + 3 * (header.length + payload.length + signature.length)
    const isFull = young.size >= generationSize || (young.size > 0 && youngBytes + bytes > generationBytes)
    if (isFull || !isWaiting(youngLife, now)) {
      isCrowded = isFull && old.size > 0
      old = young
      aging = old.values()
      young = new Map()
      youngBytes = 0
      youngLife = { since: now, milliseconds: generationMilliseconds }
    }
    young.set(tail, entry)
    youngBytes += bytes
    age()
  }

  return {
    get(parts, now) {
      const signature = parts.signature
      const tail = signature.slice(-43)
      let entry = young.get(tail)
      const isOld = entry === undefined
      if (isOld) entry = old.get(tail)
      if (entry === undefined) return undefined
      const known = entry.parts
      if (known.signature !== signature || known.payload !== parts.payload || known.header !== parts.header) {
        return undefined
      }
      if (isOld) {
        old.delete(tail)
        insert(tail, entry, now)
      }
      return entry
    },
    set(entry, now) {
      insert(entry.parts.signature.slice(-43), entry, now)
    },
    delete(entry) {
      const tail = entry.parts.signature.slice(-43)
      if (young.get(tail) === entry) young.delete(tail)
      if (old.get(tail) === entry) old.delete(tail)
    },
    clear() {
      young = new Map()
      old = new Map()
      aging = old.values()
      isCrowded = false
    },
    get isCrowded() {
      return isCrowded
    },
    get size() {
      return young.size + old.size
    },
  }
}
