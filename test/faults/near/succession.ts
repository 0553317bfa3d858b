/** @module One server takes over from another behind an address, while connections that listen stay with the first. */
import { infoOf, type RedisServer, startRedis, until } from '../../support/redis.js'
import type { NearProxy } from './proxy.js'
import { type NearWorld, userSettings } from './worlds.js'

const isFollowing = async (server: RedisServer): Promise<boolean> =>
  (await infoOf(server, ['INFO', 'replication'], 'master_link_status')) === 'up'

/** Whether a replica has all that its master has; a write stands behind all others. */
async function isEqual(master: RedisServer): Promise<boolean> {
  await master.command('SET', 'behind-all-others', '1', 'PX', '60000')
  return Number(await master.command('WAIT', '1', '1000')) === 1
}

/** Lets `next`, which follows `old`, take over when it has all. Nobody ends anything meanwhile. */
async function takeOver(
  { proxies }: NearWorld,
  writerProxy: NearProxy,
  [old, next]: readonly [RedisServer, RedisServer],
  dropped: 'all' | 'commands',
): Promise<void> {
  writerProxy.isCut = true
  try {
    await until(() => isEqual(old), 'the other server to have all')
    await next.command('REPLICAOF', 'NO', 'ONE')
    for (const proxy of [...proxies, writerProxy]) proxy.target = next.port
    for (const proxy of proxies) proxy.drop(dropped)
    writerProxy.drop('all')
  } finally {
    writerProxy.isCut = false
  }
}

/** Puts another server in the place of a single one. The answer brings the first one back. */
export async function succeed(world: NearWorld): Promise<() => Promise<void>> {
  const {
    nodes: [old],
    writerProxy,
  } = world
  if (old === undefined || writerProxy === undefined) throw new Error('a single server has a proxy')
  const next = await startRedis([...userSettings, `replicaof ${old.host} ${old.port}`])
  try {
    await until(() => isFollowing(next), 'the other server to follow')
    await takeOver(world, writerProxy, [old, next], 'commands')
  } catch (error) {
    await next.close()
    throw error
  }
  return async () => {
    await old.command('REPLICAOF', next.host, String(next.port))
    await until(() => isFollowing(old), 'the first server to follow')
    await takeOver(world, writerProxy, [next, old], 'all')
    await next.close()
  }
}
