import { afterAll, beforeAll } from 'vitest'
import { memoryStore, type Store } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { all, describePairs, ofEachKind } from './pairs.js'

const servers: RedisServer[] = []
const stores: Store[] = []
const open = (index: number, clock: () => number): Store => {
  const store = openRedisStore(servers[index]?.url ?? '', { clock, deadlineMilliseconds: 2000 })
  stores.push(store)
  return store
}

beforeAll(async () => {
  for (let count = 0; count < 2; count += 1) servers.push(await startRedis())
})
afterAll(async () => {
  for (const store of stores) await store.close()
  for (const server of servers) await server.close()
})

describePairs('on Redis', all, (clock) => ({ store: open(0, clock) }))
describePairs('in memory, with revocations on Redis', ofEachKind, (clock) => ({
  store: memoryStore({ clock }),
  revocations: open(1, clock),
}))
describePairs('in memory, with revocations in another memory', ofEachKind, (clock) => ({
  store: memoryStore({ clock }),
  revocations: memoryStore({ clock }),
}))
