/** @module What may befall near reads, and what must then be seen of them. */
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, until } from '../../support/redis.js'
import type { Random } from '../random.js'
import type { Topology } from '../servers.js'
import { migrateSlot, promoteReplica, someMaster } from './cluster.js'
import type { ListenerMode } from './proxy.js'
import { succeed } from './succession.js'
import type { NearWorld } from './worlds.js'

/** One kind of fault. */
export interface Fault {
  readonly name: string
  readonly topologies: readonly Topology[]
  /**
   * `strict`: within a second nothing is answered from memory any more, until it is mended. `gap`: within a second the
   * readers have noticed. `nothing`: they need not notice.
   */
  readonly expects: 'strict' | 'gap' | 'nothing'
  /** Shortest and longest time before it is mended, in milliseconds. */
  readonly holds: readonly [number, number]
  /** Does it; the answer undoes it. */
  strike(world: NearWorld, random: Random): Promise<() => Promise<void>>
}

const all: readonly Topology[] = ['single', 'cluster', 'sentinel']
const proxied: readonly Topology[] = ['single', 'cluster']
/** Long enough that it is seen whether they stay strict after the first second. */
const long = [1200, 1450] as const
const nothing = async (): Promise<void> => undefined

const listeners = (name: string, mode: ListenerMode): Fault => ({
  name,
  topologies: proxied,
  expects: 'strict',
  holds: long,
  async strike({ proxies }) {
    for (const proxy of proxies) proxy.mode = mode
    return async () => {
      for (const proxy of proxies) proxy.mode = 'pass'
    }
  },
})

const lagging = (
  name: string,
  of: 'lag' | 'listenerLag',
  [least, most]: readonly [number, number],
  expects: Fault['expects'],
): Fault => ({
  name,
  topologies: proxied,
  expects,
  holds: expects === 'strict' ? long : [400, 900],
  async strike({ proxies }, random) {
    const milliseconds = least + random(most - least)
    for (const proxy of proxies) proxy[of] = milliseconds
    return async () => {
      for (const proxy of proxies) proxy[of] = 0
    }
  },
})

/** Until one end more was told as done: only then is there anything to notice. */
const silence = (name: string, taken: string, given: string): Fault => ({
  name,
  topologies: all,
  expects: 'strict',
  holds: long,
  async strike(world) {
    await world.everywhere('ACL', 'SETUSER', 'writer', taken)
    await until(async () => (await world.writer.ask({ endAny: true }, 'endedAny')) === true, 'an end')
    return async () => {
      await world.everywhere('ACL', 'SETUSER', 'writer', given)
      // One that runs looks again only after some time, and what it has registered stands for a minute.
      await world.restartWriter()
      await world.at('citizen:near:silent', 'DEL')
    }
  },
})

const forbidden = (name: string, taken: readonly string[], given: readonly string[]): Fault => ({
  name,
  topologies: all,
  expects: 'strict',
  holds: long,
  async strike({ everywhere }) {
    await everywhere('ACL', 'SETUSER', 'reader', ...taken)
    // A right that is taken away ends no subscription that there is.
    if (taken.includes('-subscribe')) await everywhere('CLIENT', 'KILL', 'TYPE', 'pubsub', 'USER', 'reader')
    return () => everywhere('ACL', 'SETUSER', 'reader', ...given)
  },
})

const stopped = (
  name: string,
  topologies: readonly Topology[],
  holds: Fault['holds'],
  expects: Fault['expects'],
): Fault => ({
  name,
  topologies,
  expects,
  holds,
  async strike(world, random) {
    const master = await masterOf(world, random)
    master.pause()
    return async () => master.resume()
  },
})

/** The master, or some master of a Cluster. */
async function masterOf(world: NearWorld, random: Random): Promise<RedisServer> {
  const { topology, nodes, sentinel } = world
  if (topology === 'cluster') return someMaster(world, random)
  const [first] = nodes
  if (first === undefined) throw new Error('a world has a server')
  if (sentinel === undefined) return first
  const address = await sentinel.command('SENTINEL', 'get-master-addr-by-name', 'citizens')
  const port = Array.isArray(address) ? Number(address[1]) : 0
  return nodes.find((node) => node.port === port) ?? first
}

const readerStops: Fault = {
  name: 'readers are stopped',
  topologies: all,
  expects: 'nothing',
  holds: [250, 1300],
  async strike({ readers }) {
    for (const reader of readers) reader.signal('SIGSTOP')
    return async () => {
      for (const reader of readers) reader.signal('SIGCONT')
    }
  },
}

const readerIsBusy: Fault = {
  name: 'readers are busy with something else',
  topologies: all,
  expects: 'nothing',
  holds: [900, 1000],
  async strike({ readers }, random) {
    for (const reader of readers) reader.send({ block: 250 + random(650) })
    return nothing
  },
}

const networkIsCut: Fault = {
  name: 'readers are cut off',
  topologies: proxied,
  expects: 'strict',
  holds: long,
  async strike({ proxies }, random) {
    // From all masters, or from one.
    const cut = random(2) === 0 ? proxies : proxies.slice(random(proxies.length)).slice(0, 1)
    for (const proxy of cut) proxy.isCut = true
    return async () => {
      for (const proxy of cut) proxy.isCut = false
    }
  },
}

const subscribersKilled: Fault = {
  name: 'subscribers are killed',
  topologies: all,
  expects: 'gap',
  holds: [1000, 1100],
  async strike({ everywhere }) {
    await everywhere('CLIENT', 'KILL', 'TYPE', 'pubsub', 'USER', 'reader')
    return nothing
  },
}

const olderRelease: Fault = {
  name: 'an application of 0.1.0 ends sessions',
  topologies: all,
  expects: 'strict',
  holds: long,
  async strike(world) {
    await until(() => world.endByOlderRelease(), 'an end by 0.1.0')
    const more = setInterval(() => void world.endByOlderRelease().catch(() => false), 100)
    return async () => {
      clearInterval(more)
      await pause(200)
      await world.everywhere('SCRIPT', 'FLUSH')
    }
  },
}

const restarted: Fault = {
  name: 'redis is killed and starts again',
  topologies: ['single'],
  expects: 'strict',
  holds: long,
  async strike({ nodes: [server] }) {
    await server?.kill()
    return async () => server?.start()
  },
}

const anotherServer: Fault = {
  name: 'the address leads to another server',
  topologies: ['single'],
  // Those that listen stay where nobody ends anything any more.
  expects: 'gap',
  holds: [1000, 1400],
  strike: (world) => succeed(world),
}

const slotMoves = (name: string, expects: Fault['expects'], holds: Fault['holds']): Fault => ({
  name,
  topologies: ['cluster'],
  expects,
  holds,
  strike: async (world, random) => {
    const finish = await migrateSlot(world, random)
    if (expects === 'strict') return finish
    await finish()
    return nothing
  },
})

const replicaTakesOver: Fault = {
  name: 'a replica takes over by order',
  topologies: ['cluster'],
  expects: 'nothing',
  holds: [400, 900],
  async strike(world, random) {
    await promoteReplica(world, random)
    return nothing
  },
}

const failover: Fault = {
  name: 'a Sentinel fails over by order',
  topologies: ['sentinel'],
  expects: 'nothing',
  holds: [2000, 2500],
  async strike({ sentinel }) {
    const isBegun = async () => (await sentinel?.command('SENTINEL', 'FAILOVER', 'citizens')) === 'OK'
    await until(isBegun, 'a failover')
    return nothing
  },
}

/** Every kind. */
export const faults: readonly Fault[] = [
  listeners('announcements are swallowed', 'swallow'),
  listeners('listeners go silent', 'silence'),
  listeners('listeners are cut', 'cut'),
  lagging('listeners lag', 'listenerLag', [20, 120], 'nothing'),
  lagging('listeners lag beyond the bound', 'listenerLag', [260, 600], 'strict'),
  lagging('the network lags', 'lag', [5, 60], 'nothing'),
  lagging('the network lags beyond the bound', 'lag', [260, 600], 'strict'),
  networkIsCut,
  subscribersKilled,
  silence('the writer may not publish', '-publish', '+publish'),
  silence('the writer may not use the channel', 'resetchannels', 'allchannels'),
  forbidden('readers may not subscribe', ['-subscribe'], ['+subscribe']),
  forbidden('readers may not use the channel', ['resetchannels'], ['allchannels']),
  forbidden('readers may not publish', ['-publish'], ['+publish']),
  olderRelease,
  readerStops,
  readerIsBusy,
  stopped('redis is stopped for less than the bound', proxied, [80, 190], 'nothing'),
  stopped('redis is stopped', ['single'], long, 'strict'),
  stopped('a master is stopped', ['cluster', 'sentinel'], [1300, 3500], 'gap'),
  restarted,
  anotherServer,
  slotMoves('a slot moves slowly', 'strict', long),
  slotMoves('a slot moves at once', 'nothing', [300, 600]),
  replicaTakesOver,
  failover,
]
