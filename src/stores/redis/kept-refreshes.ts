/** @module The results of identity refreshes that are kept with the records in Redis. */
import type { Store } from '../store.js'
import { fieldOf, keptFieldOf, keyOf, type RedisContext } from './context.js'
import { formatError, parseKept, parseRecord, serializeKept } from './format.js'
import { isDone } from './reply.js'
import { scripts } from './scripts.js'

/** Makes the methods of kept refreshes. */
export function createRedisKeptRefreshes(
  context: RedisContext,
): Pick<Store, 'keepRefresh' | 'keptRefresh' | 'dropRefresh'> {
  const { connection, announcing, clock } = context
  return {
    async keepRefresh(address, generation, kept, tokenExpiresAt) {
      const reply = await announcing.run(
        scripts.keep,
        keyOf(context, address.person),
        fieldOf(address),
        generation,
        serializeKept(kept),
        String(kept.fence),
        String(tokenExpiresAt),
      )
      return isDone(reply)
    },

    async keptRefresh(address) {
      const key = keyOf(context, address.person)
      const reply = connection.client.readsReplicas
        ? await connection.run(scripts.kept, key, fieldOf(address), keptFieldOf(address))
        : await connection.command(key, ['HMGET', key, fieldOf(address), keptFieldOf(address)])
      if (!Array.isArray(reply)) throw formatError()
      const [record, text] = reply.map((word: unknown) => (typeof word === 'string' ? word : ''))
      if (!record || !text || parseRecord(record).state !== 'live') return undefined
      const kept = parseKept(text)
      return kept.until > clock() ? kept : undefined
    },

    async dropRefresh(address, fence) {
      const key = keyOf(context, address.person)
      await connection.run(scripts.dropKept, key, keptFieldOf(address), String(fence))
    },
  }
}
