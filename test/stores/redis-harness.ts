/** @module A Redis store under test: the client of a package, on servers of a test's own, with a clock that moves. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { createClient, createCluster, createSentinel } from 'redis'
import { type AnyRedisClient, type RedisStoreOptions, redisStore } from '../../src/redis.js'
import type { StoreHarness } from '../contracts/store-harness.js'
import type { RedisServer } from '../support/redis.js'
import { answeringNear } from './near/answering-near.js'

/** A client and how to close it. */
export interface OpenClient {
  readonly client: AnyRedisClient
  close(): Promise<void>
}

interface Address {
  readonly host: string
  readonly port: number
}

/** Where a node is reached that says another address of itself. */
export type AddressMap = Record<string, Address>

/** Settings with which a lost connection is tried again soon, so that tests of it need not wait. */
const soon = { retryStrategy: () => 50, enableAutoPipelining: true } as const

const closing = (client: Redis | Cluster): OpenClient => ({
  client,
  close: async () => client.disconnect(),
})

/** How each client is opened on the servers that the tests start. */
export const clients = {
  ioredis: ({ host, port }: Address, options: Partial<RedisOptions> = {}) =>
    closing(new Redis({ host, port, ...soon, ...options }).on('error', () => {})),

  ioredisSentinel: ({ host, port }: Address, name: string, options: Partial<RedisOptions> = {}) =>
    closing(
      new Redis({
        sentinels: [{ host, port }],
        name,
        sentinelRetryStrategy: () => 50,
        ...soon,
        ...options,
      }).on('error', () => {}),
    ),

  ioredisCluster: (
    nodes: readonly Address[],
    { map, ...options }: { readonly scaleReads?: 'slave'; readonly map?: AddressMap } = {},
  ) =>
    closing(
      new Cluster(
        nodes.map(({ host, port }) => ({ host, port })),
        {
          enableAutoPipelining: true,
          clusterRetryStrategy: () => 50,
          slotsRefreshInterval: 250,
          ...(map === undefined ? {} : { natMap: { ...map } }),
          ...options,
        },
      ).on('error', () => {}),
    ),

  async nodeRedis({ host, port }: Address): Promise<OpenClient> {
    const client = createClient({ socket: { host, port, reconnectStrategy: 50 } }).on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },

  async nodeRedisSentinel({ host, port }: Address, name: string, map?: AddressMap): Promise<OpenClient> {
    const client = createSentinel({
      name,
      sentinelRootNodes: [{ host, port }],
      nodeClientOptions: { socket: { reconnectStrategy: 50 } },
      sentinelClientOptions: { socket: { reconnectStrategy: 50 } },
      scanInterval: 1000,
      ...(map === undefined ? {} : { nodeAddressMap: map }),
    }).on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },

  async nodeRedisCluster(
    nodes: readonly Address[],
    { map }: { readonly map?: AddressMap } = {},
  ): Promise<OpenClient> {
    const rootNodes = nodes.map(({ host, port }) => ({ socket: { host, port } }))
    const client = createCluster({
      rootNodes,
      defaults: { socket: { reconnectStrategy: 50 } },
      ...(map === undefined ? {} : { nodeAddressMap: map }),
    }).on('error', () => {})
    await client.connect()
    return { client, close: async () => client.destroy() }
  },
} as const

/** Leases of instances lie in one hash, by the server's clock, which stands still. */
async function shiftLeases(master: RedisServer, key: string, seconds: number): Promise<void> {
  const fields = await master.command('HGETALL', key)
  const texts = Array.isArray(fields)
    ? fields.map(String)
    : Object.entries(fields ?? {})
        .flat()
        .map(String)
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const end = Number(texts[at + 1]) - seconds * 1000
    await master.command('HSET', key, texts[at] ?? '', String(end))
  }
}

/** The harness of the store contract over a client. `masters` hold the keys, whose lives it shortens. */
export function createRedisHarness(
  { client, close }: OpenClient,
  masters: readonly RedisServer[],
  options: RedisStoreOptions = {},
): StoreHarness {
  let now = 1_800_000_000_000
  // The contract is not about speed: a busy machine must not decide it.
  const clock = () => now
  const store = answeringNear(redisStore(client, { deadlineMilliseconds: 5000, clock, ...options }), clock)
  return {
    store,
    now: () => now,
    async advance(seconds) {
      now += seconds * 1000
      for (const master of masters) {
        const keys = await master.command('KEYS', '*')
        for (const key of Array.isArray(keys) ? keys.map(String) : []) {
          const left = Number(await master.command('PTTL', key)) - seconds * 1000
          if (left > 0) await master.command('PEXPIRE', key, String(left))
          else await master.command('DEL', key)
          if (left > 0 && key.includes(':instances:')) await shiftLeases(master, key, seconds)
        }
      }
    },
    async setBack(seconds) {
      now -= seconds * 1000
    },
    async close() {
      await store.close()
      await close()
    },
  }
}
