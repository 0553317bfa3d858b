/** @module Looks at a Redis and leaves it as it was: for the command line. */
import { CitizenSessionError } from '../../errors.js'
import { timers } from '../../timers.js'
import type { StoreCaution } from '../store.js'
import { createConnection } from './connection.js'
import { inspectNear, type NearInspection } from './near/inspect.js'
import { connectRedis, parseRedisUrl } from './open.js'
import { askMasters, checkRedis, settingsOf } from './ready.js'
import { missingRights } from './rights.js'

/** What a Redis is like. */
export interface RedisInspection {
  readonly masters: number
  /** Versions of the masters, each once; none where that may not be asked. */
  readonly versions: readonly string[]
  /** `redis` or `valkey`. */
  readonly server: string
  /** Replicas of the master that has most. */
  readonly replicas: number
  /** The slowest of five round trips, in milliseconds. */
  readonly milliseconds: number
  /** Origin of the application that holds the id now; `undefined`: nobody does, or it was not asked for. */
  readonly owner: string | undefined
  /** Commands that its user may not send, of those that the store needs. */
  readonly missing: readonly string[]
  /** Whether a master without replicas takes no writes; `undefined`: that may not be asked. */
  readonly stopsWithoutReplicas: boolean | undefined
  /** Whether near reads would work; `undefined`: they were not asked for. */
  readonly near: NearInspection | undefined
  /** What it does not promise. */
  readonly cautions: readonly StoreCaution[]
  /** What makes it unfit: `store-eviction`, or `store-unavailable` for a replica. */
  readonly problem: CitizenSessionError | undefined
}

/**
 * Connects to the Redis at an address, looks, and closes the connection. Nothing stays: one key is written, to see
 * whether that is allowed, and deleted in the same step.
 * @throws StoreUnavailableError when it cannot be reached; ConfigurationError for a wrong address, without ioredis.
 */
export async function inspectRedis(
  url: string,
  {
    application,
    prefix = 'citizen:',
    near = false,
  }: { readonly application?: string; readonly prefix?: string; readonly near?: boolean } = {},
): Promise<RedisInspection> {
  const client = await connectRedis(parseRedisUrl(url))
  const connection = createConnection(client, 2000)
  try {
    const infos = (await askMasters(connection, ['INFO', 'server']))?.map(String) ?? []
    const valkey = infos.map((info) => lineOf(info, 'valkey_version'))
    const versions = infos.map((info, at) => valkey[at] ?? lineOf(info, 'redis_version') ?? 'unknown')
    let milliseconds = 0
    let masters = infos.length
    for (let round = 0; round < 5; round += 1) {
      const startedAt = timers.elapsed()
      masters = (await connection.masters(['PING'])).length
      milliseconds = Math.max(milliseconds, timers.elapsed() - startedAt)
    }
    const least = await settingsOf(connection, 'min-replicas-to-write')
    const fitness = await checkRedis(connection).then(
      ({ masters, cautions }) => ({
        replicas: Math.max(0, ...masters.map(({ online }) => online ?? 0)),
        cautions,
        problem: undefined,
      }),
      (error: unknown) => {
        if (error instanceof CitizenSessionError) return { replicas: 0, cautions: [], problem: error }
        throw error
      },
    )
    const missing = fitness.problem === undefined ? await missingRights(connection, prefix) : []
    const isUsable = fitness.problem === undefined && missing.length === 0
    const key = `${prefix}application:${application}`
    const owner =
      application === undefined || missing.includes('GET')
        ? undefined
        : await connection.command(key, ['GET', key])
    return {
      masters,
      versions: [...new Set(versions)],
      missing,
      stopsWithoutReplicas: least?.every((count) => Number(count) > 0),
      server: valkey[0] === undefined ? 'redis' : 'valkey',
      milliseconds,
      owner: typeof owner === 'string' ? owner : undefined,
      near: near && isUsable ? await inspectNear(client, prefix) : undefined,
      ...fitness,
    }
  } finally {
    await client.close()
  }
}

function lineOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
