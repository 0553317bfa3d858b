/** @module The servers of a round, the clients of its two instances, and what may befall the servers. */
import { setTimeout as pause } from 'node:timers/promises'
import { openRedisStore, redisStore } from '../../src/redis.js'
import type { Store } from '../../src/stores/store.js'
import { type AddressMap, clients, type OpenClient } from '../stores/redis-harness.js'
import { infoOf, type RedisServer, startCluster, startRedis, startSentinel, until } from '../support/redis.js'
import { type Relay, startRelay } from '../support/relay.js'

/** How the servers stand to each other. */
export type Topology = 'single' | 'sentinel' | 'cluster'
/** The store's own client, or one that an application brings, with the settings that `docs/operations.md` asks for. */
export type ClientName = 'address' | 'ioredis' | 'node-redis'
/**
 * Ended at once; held for some seconds; reached by nobody but the instances (Sentinel), or no longer by them; or ended
 * together with the replica that was up to date, so that one takes over which was not.
 */
export type Fault = 'killed' | 'stopped' | 'cut off' | 'killed with a replica'

/** Servers that are up. */
export interface Servers {
  /** A store for one more instance. */
  open(): Promise<Store>
  strike(fault: Fault): Promise<void>
  /** Whether all replicas have what the masters had when it was called; `false` when they are too slow. */
  areSettled(): Promise<boolean>
  /** Undoes what was done, as an operator or the machine would. */
  mend(): Promise<void>
  /** Whether a client that has just connected can write, within that time. */
  isServing(milliseconds: number): Promise<boolean>
  /** Who takes itself for what, for a round in which service did not come back. */
  describe(): Promise<string>
  close(): Promise<void>
}

/** What a failing server can be. */
export const faultsOf = (topology: Topology, client: ClientName): readonly Fault[] => [
  'killed',
  'stopped',
  // Behind a relay a server is known by another address, which no address of a store can say.
  ...(client === 'address' && topology !== 'single' ? [] : (['cut off'] as const)),
  ...(topology === 'sentinel' ? (['killed with a replica'] as const) : []),
]

interface Struck {
  readonly server: RedisServer
  readonly replicas: readonly RedisServer[]
  readonly relays: readonly Relay[]
}

/** Does to a server what a fault does; the answer undoes it. */
async function strikeServer(
  { server, replicas, relays }: Struck,
  fault: Fault,
): Promise<() => Promise<void>> {
  if (fault === 'killed with a replica') {
    const [ahead, behind] = replicas
    behind?.pause()
    // Shorter than what a Sentinel takes for an end.
    await pause(400)
    await Promise.all([server.kill(), ahead?.kill()])
    behind?.resume()
    return async () => {
      await Promise.all([server.start(), ahead?.start()])
    }
  }
  if (fault === 'killed') {
    await server.kill()
    return server.start
  }
  if (fault === 'stopped') {
    server.pause()
    return async () => server.resume()
  }
  for (const relay of relays) relay.cut()
  return async () => {
    for (const relay of relays) relay.mend()
  }
}

const fromClient = (client: OpenClient): Store => {
  const store = redisStore(client.client)
  return { ...store, close: client.close }
}

type Open = () => Promise<Store> | Store

async function startSingle(client: ClientName) {
  const server = await startRedis()
  const relay = await startRelay(server.port)
  const open: Readonly<Record<ClientName, Open>> = {
    address: () => openRedisStore(`redis://${relay.host}:${relay.port}`),
    ioredis: () => fromClient(clients.ioredis(relay)),
    'node-redis': async () => fromClient(await clients.nodeRedis(relay)),
  }
  const rejoin = async () => undefined
  return {
    open: open[client],
    struck: { server, replicas: [], relays: [relay] },
    parts: [server, relay],
    rejoin,
    servers: [server],
    masters: [server],
    followers: 0,
  }
}

async function startWithSentinel(client: ClientName) {
  let relay: Relay | undefined
  const setup = await startSentinel({
    replicas: 2,
    // With the store's own client the master has its own address.
    async relayed(port) {
      if (client === 'address') return port
      relay = await startRelay(port)
      return relay.port
    },
  })
  const { sentinel, masterName, master, url } = setup
  const map: AddressMap =
    relay === undefined ? {} : { [`${relay.host}:${relay.port}`]: { host: master.host, port: master.port } }
  const relays = relay === undefined ? [] : [relay]
  const documented = {
    failoverDetector: true,
    socketTimeout: 1000,
    disconnectTimeout: 200,
    natMap: { ...map },
  }
  const open: Readonly<Record<ClientName, Open>> = {
    address: () => openRedisStore(url),
    ioredis: () => fromClient(clients.ioredisSentinel(sentinel, masterName, documented)),
    'node-redis': async () => fromClient(await clients.nodeRedisSentinel(sentinel, masterName, map)),
  }
  /** What a Sentinel does to a master that comes back, but within a second instead of ten. */
  const rejoin = async (): Promise<void> => {
    await pause(1200)
    const [host, port] = (await sentinel.command(
      'SENTINEL',
      'get-master-addr-by-name',
      masterName,
    )) as string[]
    if (host === undefined || port === undefined || Number(port) === (relay ?? master).port) return
    // In one step, as a Sentinel does it: no client reads from it as from a master afterwards. Again where the Sentinel
    // comes between; whatever this does not bring about, the Sentinel does some seconds later.
    await until(async () => {
      if ((await infoOf(master, ['INFO', 'replication'], 'role')) === 'slave') return true
      await Promise.all([
        master.command('MULTI'),
        master.command('REPLICAOF', host, port),
        master.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
        master.command('EXEC'),
      ])
      return false
    }, 'the old master to follow').catch(() => undefined)
  }
  return {
    open: open[client],
    struck: { server: master, replicas: setup.replicas, relays },
    parts: [setup, ...relays],
    rejoin,
    servers: [master, ...setup.replicas, sentinel],
    masters: [master],
    followers: 2,
  }
}

async function startAsCluster(client: ClientName, index: number) {
  const setup = await startCluster({ replicas: 1 })
  const relays = await Promise.all(setup.masters.map(({ port }) => startRelay(port)))
  const map = Object.fromEntries(
    setup.masters.map(({ host, port }, at) => [`${host}:${port}`, { host, port: relays[at]?.port ?? 0 }]),
  )
  const open: Readonly<Record<ClientName, Open>> = {
    address: () => openRedisStore(setup.url),
    ioredis: () => fromClient(clients.ioredisCluster(setup.masters, { map })),
    'node-redis': async () => fromClient(await clients.nodeRedisCluster(setup.masters, { map })),
  }
  const [server, relay] = [setup.masters[index], relays[index]]
  if (server === undefined || relay === undefined) throw new Error('a Cluster has three masters')
  const rejoin = async () => undefined
  return {
    open: open[client],
    struck: { server, replicas: [], relays: [relay] },
    parts: [setup, ...relays],
    rejoin,
    servers: [...setup.masters, ...setup.replicas],
    masters: setup.masters,
    followers: 1,
  }
}

/** Starts the servers of a round. `index` chooses the master of a Cluster that fails. */
export async function startServers(topology: Topology, client: ClientName, index: number): Promise<Servers> {
  const { open, struck, parts, rejoin, servers, masters, followers } = await {
    single: () => startSingle(client),
    sentinel: () => startWithSentinel(client),
    cluster: () => startAsCluster(client, index),
  }[topology]()
  const stores: Store[] = []
  let serial = 0
  /** A write of our own stands behind all others. In a Cluster a master takes only some keys. */
  const isSettled = async ({ command }: RedisServer): Promise<boolean> => {
    serial += 1
    await command('SET', `settled:${serial}`, '1', 'PX', '60000')
    return Number(await command('WAIT', String(followers), '2000')) >= followers
  }
  let undo: (() => Promise<void>) | undefined
  return {
    async open() {
      const store = await open()
      stores.push(store)
      return store
    },
    areSettled: () =>
      Promise.all(masters.map((master) => until(() => isSettled(master), 'replicas', 5000))).then(
        () => true,
        () => false,
      ),
    async strike(fault) {
      undo = await strikeServer(struck, fault)
    },
    async mend() {
      await undo?.()
      await rejoin()
      undo = undefined
    },
    async isServing(milliseconds) {
      const end = performance.now() + milliseconds
      while (performance.now() < end) {
        const store = await Promise.race([Promise.resolve(open()), pause(5000)])
        const keys = Array.from({ length: 12 }, (_, at) => `serving:${at}:${performance.now()}`)
        const isUp = await until(
          async () => {
            for (const key of keys) await store?.claimOnce(key)
            return true
          },
          'a master',
          3000,
        ).then(
          () => true,
          () => false,
        )
        await store?.close()
        if (isUp) return true
      }
      return false
    },
    async describe() {
      const told = await Promise.all(
        servers.map(async ({ port, command }) => {
          const info = await Promise.race([
            Promise.all([command('INFO', 'replication'), command('INFO', 'sentinel')]).then(String, String),
            pause(1000).then(() => 'silent'),
          ])
          const shown =
            /^(?:role|master_port|master_link_status|connected_slaves|sentinel_tilt|master0):?.*/gm
          return `${port}: ${(info.match(shown) ?? [info]).join(' ')}`
        }),
      )
      return told.join('\n')
    },
    async close() {
      for (const store of stores) await store.close()
      for (const part of [...parts].reverse()) await part.close()
    },
  }
}
