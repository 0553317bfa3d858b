/** @module The next sign-in after the provider's own logout message, on a real Redis. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { redisStore } from '../../src/stores/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { describeAfterProviderLogout } from './after-provider-logout.js'

let server: RedisServer
const clients: Redis[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await server?.close()
})
beforeEach(async () => {
  await open().flushall()
})

function open(): Redis {
  const client = new Redis({ host: server.host, port: server.port, enableAutoPipelining: true })
  clients.push(client)
  return client
}

describeAfterProviderLogout('Redis', (_, clock) => redisStore(open(), { clock }))
