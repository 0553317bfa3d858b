/** @module Whether a replica has an end before anybody is told that it happened. Source: design of `WAIT`, Redis. */
import { type Connection, evaluation } from './redis-connection.js'
import { scripts } from './redis-scripts.js'

/** Longest single `WAIT`: other commands of the connection stand behind it. */
const sliceMilliseconds = 20

/** Waits for replicas. */
export interface Acknowledgement {
  /** Takes note of how many replicas follow a master; -1 is unknown. */
  noteReplicas(count: number): void
  /**
   * `true` as soon as a replica has the end or revocation in `field` of `key`, made at `at`, or if there never was
   * a replica; `false` when none confirmed before `deadline` (`performance.now()`).
   */
  isAcknowledged(key: string, field: string, at: number, deadline: number): Promise<boolean>
}

export function createAcknowledgement(connection: Connection): Acknowledgement {
  let hasReplicas = false
  let last: Promise<unknown> = Promise.resolve()

  async function wait(key: string, field: string, at: number, deadline: number): Promise<boolean> {
    for (;;) {
      const left = Math.floor(deadline - performance.now())
      if (left <= 0) return false
      const slice = String(Math.min(left, sliceMilliseconds))
      const confirmation = evaluation(scripts.confirm, key, field, String(at))
      const [confirmed, replicas] = await connection.both(key, confirmation, ['WAIT', '1', slice])
      if (!Array.isArray(confirmed) || confirmed[0] !== 'confirmed') return false
      if (Number(replicas) >= 1) return true
    }
  }

  return {
    noteReplicas(count) {
      if (count !== 0) hasReplicas = true
    },
    isAcknowledged(key, field, at, deadline) {
      if (!hasReplicas) return Promise.resolve(true)
      // One after the other: many ends at once must not make everybody else wait behind many WAITs.
      const waited = last.then(() => wait(key, field, at, deadline)).catch(() => false)
      last = waited
      return waited
    },
  }
}
