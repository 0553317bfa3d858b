/** @module HLD-13 on a real Redis: what a sign-out by a protocol ends of the shared cookie, and what its receipt says. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { redisStore } from '../../src/stores/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { describeCopies } from './copies-cases.js'

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

describeCopies('on Redis', (clock) => redisStore(open(), { clock }))
