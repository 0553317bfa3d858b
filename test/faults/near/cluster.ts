/** @module What an operator does to a Cluster: moves a slot, lets a replica take over. */
import { type RedisServer, until } from '../../support/redis.js'
import type { Random } from '../random.js'
import type { NearWorld } from './worlds.js'

interface Node {
  readonly id: string
  readonly server: RedisServer
  readonly isMaster: boolean
  /** Of a replica. */
  readonly masterId: string
  readonly ranges: readonly (readonly [from: number, to: number])[]
}

/** The nodes as those that answer see them. */
async function nodesOf({ nodes }: NearWorld): Promise<readonly Node[]> {
  const text = String(await Promise.any(nodes.map((node) => node.command('CLUSTER', 'NODES'))))
  return text.split('\n').flatMap((line) => {
    const [id = '', address = '', flags = '', masterId = '', , , , , ...slots] = line.split(' ')
    const server = nodes.find(({ port }) => address.startsWith(`127.0.0.1:${port}@`))
    if (server === undefined) return []
    const ranges = slots
      .filter((slot) => !slot.startsWith('['))
      .map((slot) => {
        const [from = 0, to = from] = slot.split('-').map(Number)
        return [from, to] as const
      })
    const isMaster = flags.includes('master') && !flags.includes('fail') && ranges.length > 0
    return [{ id, server, isMaster, masterId, ranges }]
  })
}

const chosen = <T>(list: readonly T[], random: Random): T => {
  const one = list[random(list.length)]
  if (one === undefined) throw new Error('there is none to choose from')
  return one
}

/** Some master. */
export async function someMaster(world: NearWorld, random: Random): Promise<RedisServer> {
  const masters = (await nodesOf(world)).filter(({ isMaster }) => isMaster)
  return chosen(masters, random).server
}

/** Begins to move a slot in which there is somebody, keys and all. The answer finishes it. */
export async function migrateSlot(world: NearWorld, random: Random): Promise<() => Promise<void>> {
  const masters = (await nodesOf(world)).filter(({ isMaster }) => isMaster)
  const from = chosen(masters, random)
  const to = chosen(
    masters.filter(({ id }) => id !== from.id),
    random,
  )
  const key = String((await from.server.command('RANDOMKEY')) ?? 'citizen:{nobody}')
  const slot = String(await from.server.command('CLUSTER', 'KEYSLOT', key))
  await to.server.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
  await from.server.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
  const { host, port } = to.server
  const move = async (): Promise<boolean> => {
    const keys = await from.server.command('CLUSTER', 'GETKEYSINSLOT', slot, '100')
    if (!Array.isArray(keys) || keys.length === 0) return true
    await from.server.command('MIGRATE', host, String(port), '', '0', '5000', 'KEYS', ...keys.map(String))
    return false
  }
  await until(move, 'the keys to move')
  return async () => {
    await until(move, 'the last keys to move')
    for (const { server } of [to, from]) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
    for (const { id, server } of masters) {
      if (id !== to.id && id !== from.id) await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
    }
  }
}

/** Lets a replica take over from its master, which gives way. */
export async function promoteReplica(world: NearWorld, random: Random): Promise<void> {
  const nodes = await nodesOf(world)
  const replicas = nodes.filter(({ isMaster, masterId }) => !isMaster && masterId !== '-')
  const { server } = chosen(replicas, random)
  await server.command('CLUSTER', 'FAILOVER')
  const isDone = async () => String(await server.command('ROLE')).startsWith('master')
  await until(isDone, 'a replica to take over')
}
