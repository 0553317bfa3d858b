/** @module Real Redis servers of a test's own, on free loopback ports: single, with Sentinel, as a Cluster. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { findProgram, howToGet } from '../programs.mjs'
import { endWithUs } from './orphans.js'

/** One server process. */
export interface RedisServer {
  readonly host: string
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** One command over a connection of its own. */
  command(name: string, ...words: string[]): Promise<unknown>
  /** Starts it again on the same port, with what it had written. */
  start(): Promise<void>
  /** Ends it in order; what was written stays for the next `start`. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Holds the process: connections stay open, nothing answers. */
  pause(): void
  resume(): void
  /** Ends it and removes its files. */
  close(): Promise<void>
}

/** A master with replicas, watched by a Sentinel. */
export interface SentinelSetup {
  readonly master: RedisServer
  readonly replicas: readonly RedisServer[]
  readonly sentinel: RedisServer
  readonly masterName: string
  /** `redis+sentinel://…`, as the store takes it. */
  readonly url: string
  close(): Promise<void>
}

/** A Cluster; each master has the same number of replicas. */
export interface ClusterSetup {
  readonly masters: readonly RedisServer[]
  /** The first replica of `masters[n]` is `replicas[n]`. */
  readonly replicas: readonly RedisServer[]
  /** `redis+cluster://…`, as the store takes it. */
  readonly url: string
  /** The master that held the slot of `key` in the beginning. */
  masterOf(key: string): Promise<RedisServer>
  close(): Promise<void>
}

const host = '127.0.0.1'

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/** A free port whose 10,000th successor, the bus of a Cluster, is free too; both below those of clients. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

/** Asks again until the answer is yes. A server tells nobody when it has changed its mind, so it must be asked. */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  milliseconds = 20_000,
): Promise<void> {
  const end = performance.now() + milliseconds
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().startsWith('+PONG'))
    })
    socket.once('error', () => resolve(false))
  })
}

/** Starts a server. `settings` are lines of redis.conf. It keeps what it is told, also over a restart. */
export async function startRedis(settings: readonly string[] = [], kind?: 'sentinel'): Promise<RedisServer> {
  const program = findProgram('redis') ?? ''
  if (program === '') throw new Error(`no redis-server here: ${howToGet('redis')}`)
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'citizen-redis-'))
  const file = join(folder, 'redis.conf')
  const own =
    kind === 'sentinel'
      ? []
      : ['save ""', 'appendonly yes', 'repl-diskless-sync-delay 0', 'repl-ping-replica-period 1']
  await writeFile(file, [`bind ${host}`, `port ${port}`, `dir ${folder}`, ...own, ...settings, ''].join('\n'))
  let child: ChildProcess | undefined
  let exited: Promise<unknown> = Promise.resolve()
  let client: Redis | undefined

  async function start(): Promise<void> {
    const started = spawn(program, [file, ...(kind === undefined ? [] : [`--${kind}`])], {
      stdio: 'ignore',
    })
    child = started
    endWithUs(started)
    exited = once(started, 'exit')
    await until(() => isAnswering(port), `redis-server on port ${port}`)
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    client?.disconnect()
    client = undefined
    if (child === undefined) return
    child.kill('SIGCONT')
    child.kill(signal)
    child = undefined
    await exited
  }

  async function close(): Promise<void> {
    await end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }

  await start().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return {
    host,
    port,
    url: `redis://${host}:${port}`,
    command(name, ...words) {
      client ??= new Redis({ host, port, maxRetriesPerRequest: 1 }).on('error', () => {})
      return client.call(name, ...words)
    },
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    close,
  }
}

/** Makes something of several servers. Where that fails, none of them is left. */
async function together<Setup>(make: (start: typeof startRedis) => Promise<Setup>): Promise<Setup> {
  const starting: Promise<RedisServer>[] = []
  try {
    return await make((...settings) => {
      const server = startRedis(...settings)
      starting.push(server)
      return server
    })
  } catch (error) {
    for (const server of await Promise.allSettled(starting)) {
      if (server.status === 'fulfilled') await server.value.close()
    }
    throw error
  }
}

/** The value of a line of `INFO` and its kin. */
export async function infoOf(server: RedisServer, section: readonly [string, ...string[]], name: string) {
  const text = String(await server.command(...section))
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1]
}

const isFollowing = async (replica: RedisServer): Promise<boolean> =>
  (await infoOf(replica, ['INFO', 'replication'], 'master_link_status')) === 'up'

/** Replicas that a master has heard from: it counts nobody sooner, and streams to none but them. */
async function onlineReplicas(master: RedisServer): Promise<number> {
  const text = String(await master.command('INFO', 'replication'))
  return text.match(/^slave\d+:.*state=online,offset=[1-9]/gm)?.length ?? 0
}

/**
 * Starts a master, replicas that follow it, and a Sentinel that notices its end within half a second. `relayed`: all
 * of them know the master by the port that this makes for it, which can be cut.
 */
export function startSentinel({
  replicas = 1,
  relayed,
}: {
  readonly replicas?: number
  readonly relayed?: (port: number) => Promise<number>
} = {}): Promise<SentinelSetup> {
  return together((start) => sentinelOf(start, replicas, relayed))
}

async function sentinelOf(
  start: typeof startRedis,
  count: number,
  relayed = async (port: number) => port,
): Promise<SentinelSetup> {
  const masterName = 'citizens'
  const master = await start()
  const port = await relayed(master.port)
  const replicas = await Promise.all(
    Array.from({ length: count }, () => start([`replicaof ${host} ${port}`])),
  )
  for (const replica of replicas) await until(() => isFollowing(replica), 'a replica to follow')
  // A master streams to a replica only once it has heard from it, which may be a second after the replica follows.
  await until(async () => (await onlineReplicas(master)) === count, 'the master to count its replicas')
  const sentinel = await start(
    [
      `sentinel monitor ${masterName} ${host} ${port} 1`,
      `sentinel down-after-milliseconds ${masterName} 500`,
      `sentinel failover-timeout ${masterName} 3000`,
    ],
    'sentinel',
  )
  await until(async () => {
    const known = await sentinel.command('SENTINEL', 'replicas', masterName)
    return Array.isArray(known) && known.length === count
  }, 'the Sentinel to know the replicas')
  const servers = [sentinel, ...replicas, master]
  return {
    master,
    replicas,
    sentinel,
    masterName,
    url: `redis+sentinel://${host}:${sentinel.port}/${masterName}`,
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  }
}

const slots = 16_384

/** Starts a Cluster of three masters, each with `replicas` replicas, that promotes one within about two seconds. */
export function startCluster({ replicas = 0 } = {}): Promise<ClusterSetup> {
  return together((start) => clusterOf(start, replicas))
}

async function clusterOf(startOne: typeof startRedis, count: number): Promise<ClusterSetup> {
  const settings = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-replica-validity-factor 0']
  const start = (length: number) => Promise.all(Array.from({ length }, () => startOne(settings)))
  const masters = await start(3)
  const replicas = await start(3 * count)
  const nodes = [...masters, ...replicas]
  const [first] = masters
  if (first === undefined) throw new Error('no master was started')
  const bounds = masters.map((_, index) => Math.floor((index * slots) / masters.length))
  for (const [index, master] of masters.entries()) {
    await master.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    const end = (bounds[index + 1] ?? slots) - 1
    const range = Array.from({ length: end - (bounds[index] ?? 0) + 1 }, (_, slot) =>
      String((bounds[index] ?? 0) + slot),
    )
    await master.command('CLUSTER', 'ADDSLOTS', ...range)
  }
  for (const node of nodes.slice(1)) await first.command('CLUSTER', 'MEET', node.host, String(node.port))
  for (const node of nodes) {
    await until(async () => {
      const known = await infoOf(node, ['CLUSTER', 'INFO'], 'cluster_known_nodes')
      return Number(known) === nodes.length
    }, 'the nodes to know each other')
  }
  for (const [index, replica] of replicas.entries()) {
    const id = String(await masters[index % masters.length]?.command('CLUSTER', 'MYID'))
    await until(async () => (await replica.command('CLUSTER', 'REPLICATE', id)) === 'OK', 'a node to follow')
  }
  for (const replica of replicas) await until(() => isFollowing(replica), 'a replica to follow')
  for (const node of nodes) {
    await until(
      async () => (await infoOf(node, ['CLUSTER', 'INFO'], 'cluster_state')) === 'ok',
      'the Cluster',
    )
  }
  return {
    masters,
    replicas,
    url: `redis+cluster://${masters.map((node) => `${node.host}:${node.port}`).join(',')}`,
    async masterOf(key) {
      const slot = Number(await first.command('CLUSTER', 'KEYSLOT', key))
      const master = masters[bounds.findLastIndex((bound) => bound <= slot)]
      if (master === undefined) throw new Error('no master has this slot')
      return master
    },
    close: async () => void (await Promise.all(nodes.map((node) => node.close()))),
  }
}
