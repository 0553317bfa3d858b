/** @module What may not have been: told from a log of ends and of requests that were served, by one clock. Milliseconds. */

/** An end that the server had carried out at `at`: a strict read there would have refused from then on at the latest. */
export interface End {
  readonly name: string
  readonly at: number
  readonly way: string
}

/**
 * Somebody was served, from memory or by a strict read; or a strict read beside the requests (`control`), on the same
 * connection, found the session live. `at` is not later than the decision.
 */
export type Served = readonly [name: string, at: number, how: 'near' | 'strict' | 'control']

/** What the checker has found. */
export interface Findings {
  /** Served from memory for longer after the end than is promised: each says who, and how much. */
  readonly beyond: readonly string[]
  /** The longest time after an end at which somebody was served from memory. */
  readonly longest: number
  /** Requests that were served from memory after the end, within the promise. */
  readonly within: number
  /** Strict reads after the end that found the session: a server that was replaced and does not know it. */
  readonly replaced: number
}

/**
 * Compares. No tolerance: a request is stamped before it is decided and an end after it is carried out, both by the
 * monotonic clock of the machine, so that every error of measurement makes the time between them shorter.
 * Excused is what a strict read at the same server says as well: it found the session live not longer than the bound
 * before, or later.
 */
export function check(ends: ReadonlyMap<string, End>, served: readonly Served[], bound: number): Findings {
  const found = { beyond: [] as string[], longest: 0, within: 0, replaced: 0 }
  const latestControl = new Map<string, number>()
  for (const [name, at, how] of served) {
    if (how === 'control') latestControl.set(name, Math.max(at, latestControl.get(name) ?? 0))
  }
  for (const [name, at, how] of served) {
    const end = ends.get(name)
    if (end === undefined || at <= end.at) continue
    if (how !== 'near') {
      found.replaced += 1
      continue
    }
    const since = at - end.at
    const isExcused = (latestControl.get(name) ?? 0) >= Math.max(at - bound, end.at)
    if (!isExcused && since > found.longest) found.longest = since
    if (since <= bound) found.within += 1
    else if (!isExcused)
      found.beyond.push(`${name}: served ${since.toFixed(1)} ms after its end (${end.way})`)
  }
  return found
}

/** Requests from memory between two moments, in which there may be none. */
export function servedBetween(served: readonly Served[], from: number, to: number): number {
  return served.filter(([, at, how]) => how === 'near' && at > from && at < to).length
}
