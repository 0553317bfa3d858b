/** @module How often strangers may have something written: counted by source, in a table of fixed size in the process. */
import type { Clock } from '../clock.js'
import { isWaiting } from '../wait.js'

/** What one minute allows. */
export interface CallLimitOptions {
  /** Calls of one source. Behind a proxy every source is one. */
  readonly perSource: number
  /** Calls of all sources of this process. */
  readonly inAll: number
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
}

const minute = 60_000
/** Sources that fall on one place share what it allows; strangers cannot foresee who does. */
const places = 512

/**
 * Makes the count. It answers whether one more call of a source is allowed, and counts it if so: what is refused uses
 * nothing up. A clock that is put back begins a new minute.
 * Source: `HLD-14`, `FCL-12`.
 */
export function createCallLimit({ perSource, inAll, clock, random }: CallLimitOptions) {
  const counts = new Uint32Array(places)
  const seed = random(4).reduce((value, byte) => value * 256 + byte, 0)
  let since = Number.NEGATIVE_INFINITY
  let all = 0

  /** FNV-1a over the source and the seed. */
  const placeOf = (source: string): number => {
    let hash = (0x811c9dc5 ^ seed) >>> 0
    for (let index = 0; index < source.length; index += 1) {
      hash = Math.imul(hash ^ source.charCodeAt(index), 0x01000193) >>> 0
    }
    return hash % places
  }

  return (source: string | undefined): boolean => {
    const now = clock()
    if (!isWaiting({ since, milliseconds: minute }, now)) {
      since = now
      all = 0
      counts.fill(0)
    }
    const place = placeOf(source ?? '')
    const count = counts[place] ?? 0
    if (all >= inAll || count >= perSource) return false
    all += 1
    counts[place] = count + 1
    return true
  }
}
