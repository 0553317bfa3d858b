/** @module The database of an address: where Redis does not let a client in, nothing is asked of another one. */
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import { openRedisStore, redisStore } from '../../src/redis.js'
import type { Store } from '../../src/stores/store.js'
import { type RedisServer, startRedis, until } from '../support/redis.js'

const host = '127.0.0.1'
const password = 'open-sesame'
let server: RedisServer

beforeAll(async () => {
  server = await startRedis(['maxmemory-policy noeviction', 'databases 4'])
}, 30_000)
afterAll(() => server.close())

beforeEach(async () => {
  await server.command('FLUSHALL')
  await server.command('ACL', 'SETUSER', 'app', 'reset', 'on', `>${password}`, '~*', '+@all')
})

const forbid = () => server.command('ACL', 'SETUSER', 'app', '-select')
const allow = () => server.command('ACL', 'SETUSER', 'app', '+select')
/** Keys in each database, database 0 first. */
const sizes = async (): Promise<string> =>
  String(await server.command('INFO', 'keyspace'))
    .replace(/\s+/g, ' ')
    .trim()
const refused = {
  code: 'store-unavailable',
  problem: { code: 'database' },
  message: expect.stringMatching(/\(database\): .*databases in redis\.conf.*\+select/),
}

/** Ways to a store, each with how it is closed. */
const ways = {
  'an address': (database: number): Store =>
    openRedisStore(`redis://app:${password}@${host}:${server.port}/${database}`, {
      deadlineMilliseconds: 1000,
    }),
  'a client of ioredis': (db: number): Store => {
    const client = new Redis({ host, port: server.port, username: 'app', password, db })
    return { ...redisStore(client, { deadlineMilliseconds: 1000 }), close: async () => client.disconnect() }
  },
  'a client of node-redis': (database: number): Store => {
    const socket = { host, port: server.port, reconnectStrategy: 50 }
    const client = createClient({ socket, username: 'app', password, database })
    const store = redisStore(client, { deadlineMilliseconds: 1000 })
    client.connect().catch(() => undefined)
    return { ...store, close: async () => void client.destroy() }
  },
} as const

const failureOf = async (work: unknown): Promise<unknown> => {
  try {
    return await work
  } catch (error) {
    return error
  }
}

describe.each(Object.entries(ways))('through %s', (_, open) => {
  it('serves from the database of its address, and from no other', async () => {
    const store = open(3)
    await store.ready()
    expect(await store.claimOnce('key')).toBe(true)
    expect(await sizes()).toMatch(/^# Keyspace db3:/)
    await store.close()
  })

  it.each<[string, number, () => Promise<unknown>]>([
    ['that is not there', 99, async () => undefined],
    ['whose SELECT its user may not send', 3, forbid],
  ])(
    'FLD-08 FLD-09 a database %s is told, and nothing is asked of database 0',
    async (_name, database, prepare) => {
      await prepare()
      const store = open(database)
      // Before the client is connected, so that it would wait in the client’s own queue.
      const early = failureOf(store.claimOnce('early'))
      for (const failure of [
        await failureOf(store.ready()),
        await failureOf(store.claimOnce('later')),
        await early,
      ]) {
        expect(failure).toBeInstanceOf(StoreUnavailableError)
        expect(failure).toMatchObject(refused)
        expect(String(failure)).not.toContain(password)
      }
      await store.close()
      expect(await sizes()).toBe('# Keyspace')
    },
  )

  it('FLD-08 a right to SELECT that is taken away counts from the next connection, and its return as well', async () => {
    const store = open(3)
    await store.ready()
    await forbid()
    await server.command('CLIENT', 'KILL', 'USER', 'app')
    let failure: unknown
    await until(async () => {
      failure = await failureOf(store.claimOnce(`key-${performance.now()}`))
      return failure instanceof StoreUnavailableError && failure.problem?.code === 'database'
    }, 'the refusal')
    expect(failure).toMatchObject(refused)
    expect(await sizes()).not.toContain('db0')
    await allow()
    await until(async () => (await store.claimOnce(`back-${performance.now()}`)) === true, 'its return')
    expect(await sizes()).not.toContain('db0')
    await store.close()
  })
})

it('FLD-08 a client of ioredis that was connected before anybody listened is not believed', async () => {
  const client = new Redis({ host, port: server.port, db: 99 }).on('error', () => {})
  await client.ping()
  const store = redisStore(client)
  expect(await failureOf(store.claimOnce('key'))).toMatchObject(refused)
  expect(await failureOf(store.ready())).toMatchObject(refused)
  client.disconnect()
  expect(await sizes()).toBe('# Keyspace')
})
