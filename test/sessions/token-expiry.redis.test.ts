/** @module An outage at the provider that outlasts the tokens, with the session on a real Redis. */
import { afterAll, beforeAll, it } from 'vitest'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { expectNoEnd } from './provider-outage.js'

let redis: RedisServer
const stores: { close(): Promise<void> }[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await redis.close()
})

it('HLD-07 REF-2 an outage never ends a session on Redis, on whichever instance', async () => {
  const open = (clock: () => number) => {
    const store = openRedisStore(redis.url, { clock, deadlineMilliseconds: 2000 })
    stores.push(store)
    return store
  }
  await expectNoEnd(open, async () => {
    for (const key of (await redis.command('KEYS', 'citizen:lease:*')) as string[]) {
      await redis.command('DEL', key)
    }
  })
})
