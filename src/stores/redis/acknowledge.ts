/** @module Whether replicas have an end before anybody is told that it happened. Source: design of `WAIT`, Redis. */
import { timers } from '../../timers.js'
import { type Connection, evaluation } from './connection.js'
import { createReplicaMemory, type Replication, replicationIn } from './replication.js'
import { scripts } from './scripts.js'

/** How many replicas must have an end: `all` that were seen within the last minute, or `one` of them. */
export type AcknowledgementWish = 'all' | 'one'

/** Longest single `WAIT`: other commands of the connection stand behind it. */
const sliceMilliseconds = 20

/** An end or revocation in `field` of `key`, and until when it is waited for (`timers.elapsed()`). */
export interface WrittenEnd {
  readonly key: string
  readonly field: string
  /** When it was made; `undefined`: nothing was there, and that is what the replicas are to confirm. */
  readonly at: number | undefined
  readonly deadline: number
}

/** Waits for replicas. */
export interface Acknowledgement {
  /** Takes note of a master, as the script `replicas` answers. */
  note(seen: Replication): void
  /** From now on there are replicas, even while none is connected. */
  expectReplicas(): void
  /**
   * `true` as soon as the replicas have the end, or if there was none within the last minute; `false` when they have
   * not confirmed before the deadline. `replicas` is what the script answered that wrote it.
   */
  isAcknowledged(end: WrittenEnd, replicas: unknown): Promise<boolean>
}

export function createAcknowledgement(connection: Connection, wish: AcknowledgementWish): Acknowledgement {
  const memory = createReplicaMemory()
  let least = connection.client.topology === 'sentinel' ? 1 : 0
  let last: Promise<unknown> = Promise.resolve()

  const needed = (seen: Replication): number => {
    const expected = memory.expected(seen)
    return Math.max(least, wish === 'one' ? Math.min(expected, 1) : expected)
  }

  async function wait({ key, field, at, deadline }: WrittenEnd, master: Replication): Promise<boolean> {
    let most: number | undefined
    for (let seen = master; ; ) {
      const left = Math.floor(deadline - timers.elapsed())
      if (left <= 0) {
        // Where replicas cannot be counted, those that confirm are all that is known of them.
        // An end whose turn came too late has asked nobody.
        if (seen.online === undefined && most !== undefined) memory.note({ ...seen, online: most })
        return false
      }
      const wanted = String(Math.max(needed(seen), 1))
      const confirmation = evaluation(scripts.confirm, key, field, at === undefined ? '' : String(at))
      const slice = String(Math.min(left, sliceMilliseconds))
      const [confirmed, replies] = await connection.both(key, confirmation, ['WAIT', wanted, slice])
      if (!Array.isArray(confirmed) || confirmed[0] !== 'confirmed') return false
      // The server may be another one by now.
      seen = replicationIn(confirmed[1])
      memory.note(seen)
      const confirming = Number(replies)
      most = Math.max(most ?? 0, confirming)
      // As many as were expected are there again, too.
      if (seen.online === undefined && most >= memory.expected(seen)) memory.note({ ...seen, online: most })
      if (confirming >= needed(seen)) return true
    }
  }

  return {
    note: memory.note,
    expectReplicas() {
      least = 1
    },
    isAcknowledged(end, replicas) {
      const master = replicationIn(replicas)
      memory.note(master)
      if (master.online !== undefined && needed(master) === 0) return Promise.resolve(true)
      // One after the other: many ends at once must not make everybody else wait behind many WAITs.
      const waited = last.then(() => wait(end, master)).catch(() => false)
      last = waited
      return waited
    },
  }
}
