/** @module What is known of a master's replicas: how many follow it, and how many did within the last minute. */
import { timers } from '../../timers.js'

/** A master as it describes itself. */
export interface Replication {
  /** Replicas that follow it now; `undefined` where that may not be asked. */
  readonly online: number | undefined
  /** Identifier of its history of writes; a replica that is promoted goes on under a new one. */
  readonly id: string
  /** The one under which it had followed another master before. */
  readonly former: string
}

/** A replica that has been away for longer is promoted by nobody, and is not waited for any more. */
const memoryMilliseconds = 60_000

/** More masters than a Cluster has. */
const mostMasters = 1024

/** The answer of the script `replicas`. */
export function replicationIn(word: unknown): Replication {
  const [online = '-1', id = '-', former = '-'] = String(word).split(' ')
  const count = Number(online)
  return { online: count >= 0 ? count : undefined, id, former }
}

/** The same from the text of `INFO replication`. */
export function replicationOf(info: unknown): Replication {
  const text = String(info)
  const line = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1] ?? '-'
  return {
    online: line('role') === '-' ? undefined : (text.match(/state=online/g)?.length ?? 0),
    id: line('master_replid'),
    former: line('master_replid2'),
  }
}

/** Remembers how many replicas each master had. `elapsed` is a clock that nobody sets, in milliseconds. */
export function createReplicaMemory(elapsed: () => number = timers.elapsed) {
  /** For the first, second … replica: since when it is missing; `undefined`: it is there. */
  const masters = new Map<string, readonly (number | undefined)[]>()

  const sinceOf = ({ id, former }: Replication) => masters.get(id) ?? masters.get(former) ?? []

  return {
    note(seen: Replication): void {
      if (seen.online === undefined) return
      const { online } = seen
      const now = elapsed()
      const known = sinceOf(seen)
      const next = Array.from({ length: Math.max(known.length, online) }, (_, index) =>
        index < online ? undefined : (known[index] ?? now),
      )
      masters.delete(seen.id)
      masters.set(
        seen.id,
        next.filter((since) => since === undefined || now - since < memoryMilliseconds),
      )
      const [oldest] = masters.keys()
      if (masters.size > mostMasters && oldest !== undefined) masters.delete(oldest)
    },

    /** As many as were seen within the last minute. */
    expected(seen: Replication): number {
      const now = elapsed()
      return sinceOf(seen).filter((since) => since === undefined || now - since < memoryMilliseconds).length
    },
  }
}
