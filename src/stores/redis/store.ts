/** @module The store contract in commands and scripts of Redis: one hash per person. */
import { type Clock, systemClock } from '../../clock.js'
import { createForgetting } from '../forgetting.js'
import type { Store, StoreCaution } from '../store.js'
import { type AcknowledgementWish, createAcknowledgement } from './acknowledge.js'
import { createAnnouncing } from './announcing.js'
import { createRedisClaims, createRedisDeposits, createRedisLeases } from './claims.js'
import type { RedisClient } from './client.js'
import { createConnection } from './connection.js'
import type { RedisContext } from './context.js'
import { endRecord } from './end.js'
import { createRedisIndexKeys } from './index-keys.js'
import { withIsolation } from './isolation.js'
import { createRedisKeptRefreshes } from './kept-refreshes.js'
import { withNearReads } from './near/near-store.js'
import { type NearOptions, nearSettings } from './near/options.js'
import { checkRedis } from './ready.js'
import { createRedisRecords } from './records.js'
import { createRedisRegistrations } from './registration.js'
import { createRedisRevocations } from './revoke.js'
import { createRollCall, type RollCall } from './roll-call.js'
import { startRecord } from './start.js'

/** Settings of the Redis store. */
export interface RedisStoreOptions {
  /** Before every key. Default `citizen:`. No braces: the person's digest is the hash tag. */
  readonly prefix?: string | undefined
  /** An operation that takes longer is given up as `StoreUnavailableError`. Default 250. */
  readonly deadlineMilliseconds?: number | undefined
  /**
   * How many replicas must have an end before it counts as done. `all`: as many as were seen within the last minute, so
   * that whichever is promoted has it. `one`: any; after a failover with several replicas an end may be undone.
   * Default `all`.
   */
  readonly acknowledgement?: AcknowledgementWish | undefined
  /**
   * A master that had replicas and has had none for so long is taken for one that was cut off and replaced: operations
   * are `unavailable`. For a single address or Sentinels with two replicas or more. Default 0: never.
   */
  readonly withoutReplicasSeconds?: number | undefined
  /**
   * Answers plain requests from memory: at most a second (`staleMilliseconds`) after a read at the same server would have
   * refused one. Takes a connection more to each master, and the rights to publish and to subscribe; without them, or while
   * it is not proven, every request reads Redis. Not with node-redis behind Sentinels. Default `false`.
   */
  readonly near?: boolean | NearOptions | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
  /** Whether `close()` closes the client too. Default `false`. */
  readonly closeClient?: boolean | undefined
}

/** The store over the few things that it asks of a client. */
export function createRedisStore(given: RedisClient, options: RedisStoreOptions = {}): Store {
  assertOptions(options)
  const near = nearSettings(options.near)
  const { prefix = 'citizen:', deadlineMilliseconds = 250, withoutReplicasSeconds = 0 } = options
  const isolation =
    withoutReplicasSeconds === 0 || given.topology === 'cluster'
      ? undefined
      : withIsolation(given, withoutReplicasSeconds)
  const client = isolation?.client ?? given
  const connection = createConnection(client, deadlineMilliseconds)
  const acknowledgement = createAcknowledgement(connection, options.acknowledgement ?? 'all')
  const rollCall = createRollCall(connection, acknowledgement, `${prefix}replicas`)
  const context: RedisContext = {
    connection,
    acknowledgement,
    announcing: createAnnouncing(connection, prefix),
    prefix,
    deadlineMilliseconds,
    clock: options.clock ?? systemClock,
    forgetUntil: createForgetting(),
  }
  const store: Store = {
    isShared: true,
    ...createRedisRecords(context),
    start: (address, request) => startRecord(context, address, request),
    end: (address, expected, ended) => endRecord(context, address, expected, ended),
    ...createRedisRevocations(context),
    ...createRedisIndexKeys(context),
    ...createRedisKeptRefreshes(context),
    ...createRedisClaims(context),
    ...createRedisDeposits(context),
    ...createRedisLeases(context),
    ...createRedisRegistrations(connection, prefix),
    async ready() {
      await inspect(context, rollCall)
    },
    inspect: () => inspect(context, rollCall),
    async close() {
      isolation?.stop()
      rollCall.stop()
      context.announcing.stop()
      if (options.closeClient === true) await client.close()
    },
  }
  return near === undefined ? store : withNearReads(store, { client, prefix, ...near })
}

function assertOptions(options: RedisStoreOptions): void {
  const {
    prefix = '',
    deadlineMilliseconds = 250,
    acknowledgement = 'all',
    withoutReplicasSeconds = 0,
  } = options
  if (/[{}\s]/.test(prefix)) throw new TypeError('the prefix of redisStore must not have braces or blanks')
  if (!(deadlineMilliseconds > 0)) throw new TypeError('deadlineMilliseconds of redisStore must be above 0')
  if (acknowledgement !== 'all' && acknowledgement !== 'one')
    throw new TypeError("acknowledgement of redisStore must be 'all' or 'one'")
  if (!(withoutReplicasSeconds >= 0))
    throw new TypeError('withoutReplicasSeconds of redisStore must be 0 or more')
}

/** Looks at the servers, and takes note of the replicas that an end must reach. */
async function inspect(
  { connection, acknowledgement }: RedisContext,
  rollCall: RollCall,
): Promise<readonly StoreCaution[]> {
  const { masters, hasReplicas, cautions } = await checkRedis(connection)
  for (const master of masters) acknowledgement.note(master)
  if (hasReplicas) acknowledgement.expectReplicas()
  await rollCall.begin()
  return cautions
}

export type { Store } from '../store.js'
