import { RedisStore } from 'connect-redis'
import { Redis } from 'ioredis'
import { redisStore } from '../../src/redis.js'
import { startRedis } from '../support/redis.js'
import { describeBoundSessions } from './bound-sessions.js'
import { sharedEmulator } from './site.js'

describeBoundSessions('with connect-redis 8 and ioredis 6, two instances over one Redis', async () => {
  const server = await startRedis()
  const clients: Redis[] = []
  const connect = () => {
    const client = new Redis({ host: server.host, port: server.port })
    clients.push(client)
    return client
  }
  const { clock } = await sharedEmulator()
  const reader = connect()
  let run = 0
  return {
    sessionStore: () => new RedisStore({ client: connect() }),
    has: async (id) => (await reader.exists(`sess:${id}`)) === 1,
    citizenStore: () => {
      const prefix = `test${run++}:`
      return () => redisStore(connect(), { clock, prefix })
    },
    async close() {
      for (const client of clients) client.disconnect()
      await server.close()
    },
  }
})
