/** @module A token from before another one, on two instances with a Redis. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { describeOlderTokens } from './older-token.js'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await startRedis()
  client = new Redis({ host: server.host, port: server.port, enableAutoPipelining: true })
})
afterAll(async () => {
  client.disconnect()
  await server.close()
})
beforeEach(() => client.flushall())

describeOlderTokens((clock) => redisStore(client, { clock, deadlineMilliseconds: 5000 }))
