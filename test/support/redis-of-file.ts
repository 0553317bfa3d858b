/** @module One real Redis for the tests of a file: emptied before each, with clients that end with it. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type RedisServer, startRedis } from './redis.js'

/** Starts it before the tests. Returns the way to open a client of one's own. */
export function redisOfFile(): () => Redis {
  let server: RedisServer
  const clients: Redis[] = []
  const open = (): Redis => {
    const client = new Redis({ host: server.host, port: server.port, enableAutoPipelining: true })
    clients.push(client)
    return client
  }
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
  return open
}
