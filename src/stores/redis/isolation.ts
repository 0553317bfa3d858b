/** @module A master that has lost all its replicas: another one may have been chosen since, and nobody can tell it. */
import { timers } from '../../timers.js'
import type { RedisClient } from './client.js'
import { createDeadline } from './deadline.js'
import { replicationOf } from './replication.js'

/** How often a master is asked for its replicas at most, in milliseconds. */
const lookMilliseconds = 1000

/**
 * A client that counts as down once its master, which had replicas, has had none for `seconds`. A master that was
 * promoted begins anew: it is not suspected before it has had a replica of its own. Not for a Cluster, whose masters
 * stop by themselves when they are cut off from the majority. Returns the client and the way to stop looking.
 */
export function withIsolation(
  client: RedisClient,
  seconds: number,
  elapsed: () => number = timers.elapsed,
): { readonly client: RedisClient; look(): Promise<void>; stop(): void } {
  const milliseconds = seconds * 1000
  const limit = createDeadline(lookMilliseconds, () => new Error('EXPIRED'))
  let id = ''
  let hadReplicas = false
  let noneSince: number | undefined
  let isLooking = false

  const isIsolated = (): boolean => noneSince !== undefined && elapsed() - noneSince >= milliseconds

  async function look(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      const [info] = await limit(client.callMasters(['INFO', 'replication']))
      const seen = replicationOf(info)
      if (seen.id !== id) {
        id = seen.id
        hadReplicas = false
        noneSince = undefined
      }
      if (seen.online === undefined) return
      if (seen.online > 0) hadReplicas = true
      noneSince = seen.online > 0 || !hadReplicas ? undefined : (noneSince ?? elapsed())
    } catch {
      // A server that does not answer at all is met by the operations themselves.
    } finally {
      isLooking = false
    }
  }

  const timer = timers.setInterval(() => void look(), Math.min(lookMilliseconds, milliseconds / 3)).unref()
  return {
    client: { ...client, isDown: () => client.isDown() || isIsolated() },
    look,
    stop: () => timers.clearInterval(timer),
  }
}
