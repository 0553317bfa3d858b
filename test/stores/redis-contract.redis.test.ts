/** @module The store contract on Redis, through every client and every form of it. */
import { afterAll, beforeAll, describe } from 'vitest'
import { describeStoreContract } from '../contracts/store.js'
import {
  type ClusterSetup,
  type RedisServer,
  type SentinelSetup,
  startCluster,
  startRedis,
  startSentinel,
} from '../support/redis.js'
import { clients, createRedisHarness } from './redis-harness.js'

/** The contract is not about speed: a busy machine must not decide it. */
const patient = { staleMilliseconds: 30_000 }

describe('one server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  describeStoreContract('ioredis', async () => createRedisHarness(clients.ioredis(server), [server]), {
    races: 'all',
  })
  describeStoreContract(
    'node-redis',
    async () => createRedisHarness(await clients.nodeRedis(server), [server]),
    { races: 'seeded' },
  )
  describeStoreContract(
    'ioredis with near reads',
    async () => createRedisHarness(clients.ioredis(server), [server], { near: patient }),
    { races: 'seeded' },
  )
  describeStoreContract(
    'node-redis with near reads',
    async () => createRedisHarness(await clients.nodeRedis(server), [server], { near: patient }),
    { races: 'seeded' },
  )
})

describe('a master behind Sentinel', () => {
  let setup: SentinelSetup
  beforeAll(async () => {
    setup = await startSentinel()
  })
  afterAll(() => setup.close())

  describeStoreContract(
    'ioredis with Sentinel',
    async () => {
      const client = clients.ioredisSentinel(setup.sentinel, setup.masterName)
      return createRedisHarness(client, [setup.master])
    },
    { races: 'seeded' },
  )
  describeStoreContract(
    'ioredis with Sentinel and near reads',
    async () => {
      const client = clients.ioredisSentinel(setup.sentinel, setup.masterName)
      return createRedisHarness(client, [setup.master], { near: patient })
    },
    { races: 'seeded' },
  )
})

describe('a Cluster', () => {
  let setup: ClusterSetup
  beforeAll(async () => {
    setup = await startCluster({ replicas: 1 })
  })
  afterAll(() => setup.close())

  describeStoreContract(
    'ioredis Cluster',
    async () => createRedisHarness(clients.ioredisCluster(setup.masters), setup.masters),
    { races: 'seeded' },
  )
  describeStoreContract(
    'ioredis Cluster that sends reads to replicas',
    async () =>
      createRedisHarness(clients.ioredisCluster(setup.masters, { scaleReads: 'slave' }), setup.masters),
    { races: 'seeded' },
  )
  describeStoreContract(
    'node-redis cluster',
    async () => createRedisHarness(await clients.nodeRedisCluster(setup.masters), setup.masters),
    { races: 'seeded' },
  )
  describeStoreContract(
    'ioredis Cluster with near reads',
    async () => createRedisHarness(clients.ioredisCluster(setup.masters), setup.masters, { near: patient }),
    { races: 'seeded' },
  )
  describeStoreContract(
    'node-redis cluster with near reads',
    async () =>
      createRedisHarness(await clients.nodeRedisCluster(setup.masters), setup.masters, { near: patient }),
    { races: 'seeded' },
  )
})
