/** @module The clients that the store takes, told by what they can do, so that neither package is imported. */
import type { RedisClient } from './client.js'
import { fromIoredis, type IoredisClusterLike, type IoredisLike, isIoredis } from './ioredis.js'
import {
  fromNodeRedis,
  type NodeRedisClusterLike,
  type NodeRedisLike,
  type NodeRedisSentinelLike,
} from './node-redis.js'

/** Every client that the store takes. */
export type AnyRedisClient =
  | IoredisLike
  | IoredisClusterLike
  | NodeRedisLike
  | NodeRedisClusterLike
  | NodeRedisSentinelLike

/**
 * The client in the shape that the store needs.
 * @throws TypeError for anything that is neither ioredis 5 or 6 nor node-redis 5 or 6.
 */
export function createRedisClient(client: AnyRedisClient): RedisClient {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return fromIoredis(client)
    const adopted = fromNodeRedis(client)
    if (adopted !== undefined) return adopted
  }
  throw new TypeError('redisStore needs a client of ioredis 5 or 6, or of node-redis (redis) 5 or 6')
}
