/** @module The first thing that a process asks a Cluster of, while its client connects. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRedisStore, redisStore } from '../../src/redis.js'
import { type ClusterSetup, startCluster } from '../support/redis.js'
import { clients } from './redis-harness.js'

let setup: ClusterSetup
beforeAll(async () => {
  setup = await startCluster({ replicas: 1 })
})
afterAll(() => setup.close())

it.each(['openRedisStore', 'ioredis'] as const)(
  'HLD-19 a process that has just connected is not refused, whatever nodes it was given: %s',
  async (name) => {
    const nodes = [...setup.replicas, ...setup.masters]
    // Which node is asked is chance.
    for (let time = 0; time < 5; time += 1) {
      const client = name === 'ioredis' ? clients.ioredisCluster(nodes) : undefined
      const url = `redis+cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`
      const store = client === undefined ? openRedisStore(url) : redisStore(client.client)
      try {
        await expect(store.ready()).resolves.toBeUndefined()
      } finally {
        await store.close()
        await client?.close()
      }
    }
  },
)
