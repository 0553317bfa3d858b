/** @module The store that processes share: Redis or Valkey, single, Sentinel or Cluster. */
import { type AnyRedisClient, createRedisClient } from './stores/redis/adopt.js'
import { createRedisStore, type RedisStoreOptions } from './stores/redis/store.js'
import type { Store } from './stores/store.js'

/**
 * Remembers sessions in Redis 6.2 or later, or Valkey. `client` is an ioredis 5 or 6 (`Redis` or `Cluster`) or a
 * connected node-redis 5 or 6 (`createClient` or `createCluster`, with an `error` listener of its own); its settings
 * for retries and queues do not matter. The store does not close it unless `closeClient` says so.
 * @throws TypeError for another client, or a prefix with braces.
 */
export function redisStore(client: AnyRedisClient, options: RedisStoreOptions = {}): Store {
  return createRedisStore(createRedisClient(client), options)
}

export { StoreUnavailableError } from './errors.js'
export { type RedisKeysOptions, redisKeys } from './issuing/redis-keys.js'
export type { KeyStorage } from './issuing/storage.js'
export type { AnyRedisClient } from './stores/redis/adopt.js'
export type { IoredisClusterLike, IoredisLike } from './stores/redis/ioredis.js'
export type { NearOptions } from './stores/redis/near/options.js'
export type {
  NodeRedisClusterLike,
  NodeRedisLike,
  NodeRedisSentinelLike,
} from './stores/redis/node-redis.js'
export { openRedisStore } from './stores/redis/open.js'
export type { RedisStoreOptions } from './stores/redis/store.js'
export type { Store } from './stores/store.js'
