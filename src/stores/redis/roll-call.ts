/**
 * @module The replicas that any process has seen within the last minute, kept in Redis: a process that starts after a
 * failover must wait for one that is missing too, since a sibling may still be served by the master that was replaced.
 */
import { type Timer, timers } from '../../timers.js'
import type { Acknowledgement } from './acknowledge.js'
import type { Connection } from './connection.js'
import { replicationIn } from './replication.js'
import { createScript, replicas } from './script-parts.js'

/** How often a process counts, and how long its count is kept, in milliseconds. */
const callMilliseconds = 20_000
const keptMilliseconds = 60_000

/** Keeps the number that is there now unless a larger one is kept; replies that one and what is there. */
const call = createScript(
  `local key = KEYS[1]`,
  replicas,
  `
local seen = replicas()
local online, known = tonumber(string.match(seen, '^%S+')), tonumber(redis.call('GET', key) or 0) or 0
if online > 0 and online >= known then redis.call('SET', key, online, 'PX', ARGV[1]) end
return {'called', known, seen}
`,
)

/** Counts at the start, and while the process runs. */
export interface RollCall {
  /** The first time it takes note of replicas that others saw; then it only counts. @throws StoreUnavailableError */
  begin(): Promise<void>
  stop(): void
}

/** For one address or Sentinels. A replaced master of a Cluster stops by itself. */
export function createRollCall(
  connection: Connection,
  acknowledgement: Pick<Acknowledgement, 'note'>,
  key: string,
): RollCall {
  let timer: Timer | undefined
  let isStopped = false

  async function count(): Promise<void> {
    const [, known, seen] = await connection.run(call, key, String(keptMilliseconds))
    const master = replicationIn(seen)
    if (timer === undefined && Number(known) > (master.online ?? 0)) {
      acknowledgement.note({ ...master, online: Number(known) })
    }
    acknowledgement.note(master)
  }

  return {
    async begin() {
      if (connection.client.topology === 'cluster' || isStopped || timer !== undefined) return
      await count()
      timer ??= timers.setInterval(() => void count().catch(() => undefined), callMilliseconds).unref()
    },
    stop() {
      isStopped = true
      timers.clearInterval(timer)
    },
  }
}
