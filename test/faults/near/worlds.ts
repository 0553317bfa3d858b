/** @module A near world: servers, proxies before them, a process that ends sessions, and processes that serve them. */
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { digest } from '../../../src/digest.js'
import { type RedisServer, startCluster, startRedis, startSentinel } from '../../support/redis.js'
import { vectors } from '../../upgrade/vectors.js'
import type { Topology } from '../servers.js'
import type { End, Served } from './checker.js'
import { type Instance, type Person, type Said, startInstance } from './instances.js'
import { type NearProxy, startNearProxy } from './proxy.js'

/** The bound of every near read here, in milliseconds. */
export const bound = 200

/** Everything of one world. */
export interface NearWorld {
  readonly topology: Topology
  readonly readers: readonly Instance[]
  writer: Instance
  /** Between the readers and the servers; none before those of a Sentinel. */
  readonly proxies: readonly NearProxy[]
  /** Between the writer and a single server. */
  readonly writerProxy: NearProxy | undefined
  /** Masters and replicas. */
  readonly nodes: readonly RedisServer[]
  readonly sentinel: RedisServer | undefined
  /** What was told as done, by name. */
  readonly ends: Map<string, End>
  /** Of each reader, what strict reads beside the requests have found that were logged last. */
  readonly controls: Map<number, readonly Served[]>
  readonly problems: string[]
  /** Ends that were not told as done. */
  unacknowledged: number
  /** A command at every server that answers. */
  everywhere(name: string, ...words: string[]): Promise<void>
  /** A command without a key at the master of a key. */
  at(key: string, name: string, ...words: string[]): Promise<unknown>
  /** Another process that ends sessions, in the place of the one that does. */
  restartWriter(): Promise<void>
  /** Somebody is ended as 0.1.0 does it. Whether that was told as done. */
  endByOlderRelease(): Promise<boolean>
  close(): Promise<void>
}

/** How a world is made that the checker must find something in. */
export interface Planted {
  /** The time of the readers stands still. */
  readonly isFrozen?: boolean
}

interface Servers {
  readonly nodes: readonly RedisServer[]
  readonly masters: readonly RedisServer[]
  readonly sentinel?: RedisServer
  readonly masterName?: string
  readonly admin: Redis | Cluster
  close(): Promise<void>
}

const quiet = <Client extends Redis | Cluster>(client: Client): Client => {
  client.on('error', () => undefined)
  return client
}

const startServers: Readonly<Record<Topology, () => Promise<Servers>>> = {
  async single() {
    const server = await startRedis(userSettings)
    const admin = quiet(new Redis({ host: server.host, port: server.port, retryStrategy: () => 50 }))
    return { nodes: [server], masters: [server], admin, close: server.close }
  },
  async cluster() {
    const { masters, replicas, close } = await startCluster({ replicas: 1 })
    const admin = quiet(new Cluster(masters.map(({ host, port }) => ({ host, port }))))
    return { nodes: [...masters, ...replicas], masters, admin, close }
  },
  async sentinel() {
    const { master, replicas, sentinel, masterName, close } = await startSentinel({ replicas: 2 })
    const sentinels = [{ host: sentinel.host, port: sentinel.port }]
    const admin = quiet(new Redis({ sentinels, name: masterName, failoverDetector: true }))
    return { nodes: [master, ...replicas], masters: [master], sentinel, masterName, admin, close }
  },
}

/** Users of writer and readers, whose rights are taken away. */
const users = ['writer', 'reader'].map((name) => ({ name, rights: 'on >secret ~* &* +@all' }))
/** The same as lines of settings, so that they are there after a restart. */
export const userSettings = users.map(({ name, rights }) => `user ${name} ${rights}`)
const userOf = (username: string) => ({ username, password: 'secret' })

const readersOf: Readonly<Record<Topology, readonly string[]>> = {
  single: ['ioredis', 'node-redis'],
  cluster: ['ioredis', 'node-redis'],
  // node-redis cannot listen behind a Sentinel.
  sentinel: ['ioredis', 'ioredis'],
}

/** What is in the settings of all instances of a world. */
function settingsOf(topology: Topology, { masters, sentinel, masterName }: Servers) {
  const nodes = (sentinel === undefined ? masters : [sentinel]).map(({ host, port }) => ({ host, port }))
  return { topology, nodes, masterName }
}

/** The settings of those whose way leads through the proxies. */
function proxied(topology: Topology, masters: readonly RedisServer[], proxies: readonly NearProxy[]) {
  if (topology === 'sentinel') return {}
  const places = proxies.map(({ host, port }) => ({ host, port }))
  const map = Object.fromEntries(masters.map(({ host, port }, at) => [`${host}:${port}`, places[at]]))
  return topology === 'cluster' ? { map } : { nodes: places }
}

const issuer = 'https://provider.example'

/** The script of 0.1.0 that ends a session, run as 0.1.0 ran it. */
async function endThen(admin: Redis | Cluster, { name }: Person): Promise<boolean> {
  const key = `citizen:{${digest('person', issuer, name)}}`
  const field = `r:benefits:${digest('session', issuer, name)}`
  const [, state, generation = ''] = ((await admin.hget(key, field)) ?? '').split(' ')
  if (state !== 'l') return false
  const source = vectors.scripts.end ?? ''
  const until = String(Date.now() + 3_600_000)
  const given = [field, generation, '', '3600000', 'signed-out', String(Date.now()), generation, until, '-']
  const sha = 'eda8fd115ca9defbbe343b3f516c555d5c55e906'
  const reply = await admin.evalsha(sha, 1, key, ...given).catch(() => admin.eval(source, 1, key, ...given))
  return Array.isArray(reply) && reply[0] === 'ended'
}

const now = () => Number(process.hrtime.bigint()) / 1e6

/** Starts a world in which people are signed in and out, and served, from then on. */
export async function startNearWorld(topology: Topology, planted: Planted = {}): Promise<NearWorld> {
  const servers = await startServers[topology]()
  const closing: (() => unknown)[] = [servers.close, () => servers.admin.disconnect()]
  const close = async (): Promise<void> => {
    for (const end of closing.reverse()) await end()
  }
  try {
    const { nodes, masters, sentinel, admin } = servers
    const everywhere = async (name: string, ...words: string[]): Promise<void> => {
      // Once more where our own connection was ended, as a server's are that becomes a replica.
      const answers = nodes.map((node) => {
        const work = () => node.command(name, ...words)
        return work().catch(() => work().catch(() => undefined))
      })
      // A server that is stopped does it when it goes on.
      await Promise.race([Promise.all(answers), pause(2000)])
    }
    for (const { name, rights } of users) await everywhere('ACL', 'SETUSER', name, ...rights.split(' '))
    const isProxied = topology !== 'sentinel'
    const proxies = await Promise.all(isProxied ? masters.map(({ port }) => startNearProxy(port)) : [])
    const writerProxy = topology === 'single' ? await startNearProxy(masters[0]?.port ?? 0) : undefined
    const ways = [...proxies, ...(writerProxy === undefined ? [] : [writerProxy])]
    closing.push(() => Promise.all(ways.map((proxy) => proxy.close())))
    const ends = new Map<string, End>()
    const problems: string[] = []
    const readers: Instance[] = []
    const hear = ({ problem, began, ended, unacknowledged }: Said): void => {
      if (problem !== undefined) problems.push(problem)
      if (began !== undefined) for (const reader of readers) reader.send({ began })
      if (ended !== undefined) note(ended)
      if (unacknowledged !== undefined) world.unacknowledged += 1
    }
    const note = (end: End): void => {
      ends.set(end.name, end)
      for (const reader of readers) reader.send({ ended: end.name })
    }
    const common = settingsOf(topology, servers)
    const start = async (settings: Readonly<Record<string, unknown>>): Promise<Instance> => {
      const instance = await startInstance({ ...common, ...settings }, hear)
      closing.push(instance.close)
      return instance
    }
    let serial = 0
    const startWriter = (): Promise<Instance> => {
      serial += 1
      const way = writerProxy && { nodes: [{ host: writerProxy.host, port: writerProxy.port }] }
      const own = { client: 'ioredis', user: userOf('writer'), acknowledgement: 'one', ...way }
      return start({ ...own, name: `somebody-${serial}`, people: 16, pauseMilliseconds: 25 })
    }
    const [writer] = await Promise.all([
      startWriter(),
      ...readersOf[topology].map(async (client) => {
        const own = {
          client,
          staleMilliseconds: bound,
          visits: 6,
          tickMilliseconds: 12,
          user: userOf('reader'),
        }
        readers.push(await start({ ...own, ...planted, ...proxied(topology, masters, proxies) }))
      }),
    ])
    const world: NearWorld = {
      topology,
      readers,
      writer,
      proxies,
      writerProxy,
      nodes,
      sentinel,
      ends,
      controls: new Map(),
      problems,
      unacknowledged: 0,
      everywhere,
      at: (key, name, ...words) => admin.call(name, key, ...words),
      async restartWriter() {
        await world.writer.close()
        world.writer = await startWriter()
        world.writer.send({ write: true })
      },
      async endByOlderRelease() {
        const given = await world.writer.ask({ give: true }, 'given')
        if (given === undefined || !(await endThen(admin, given))) return false
        note({ name: given.name, at: now(), way: '0.1.0' })
        return true
      },
      close,
    }
    for (const reader of readers) reader.send({ serve: true })
    writer.send({ write: true })
    return world
  } catch (error) {
    await close()
    throw error
  }
}
