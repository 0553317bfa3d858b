/** @module node-redis in the shape that the store needs: a client, a Cluster or a Sentinel. */
import { timers } from '../../timers.js'
import { type Command, type Ear, has, keepErrors, type RedisClient } from './client.js'
import { createSending, databaseIn } from './database.js'
import { openEar } from './ear.js'
import { createSuccession } from './succession.js'

interface NodeRedisBatch {
  execAsPipeline(): Promise<unknown[]>
}

/** What a command may be sent with. */
interface SendOptions {
  readonly abortSignal: AbortSignal | undefined
}

/** A node-redis client. */
export interface NodeRedisLike {
  readonly isOpen: boolean
  readonly isReady: boolean
  sendCommand(words: string[], options?: object): Promise<unknown>
  multi(): object
  close(): Promise<unknown>
  destroy(): unknown
}

/** A node-redis cluster. */
export interface NodeRedisClusterLike {
  readonly isOpen: boolean
  readonly masters: readonly object[]
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, words: string[]): Promise<unknown>
  multi(routing?: string): object
  nodeClient(node: never): unknown
  close(): Promise<unknown>
  destroy(): unknown
}

/** A Sentinel of node-redis. */
export interface NodeRedisSentinelLike {
  readonly isOpen: boolean
  readonly isReady: boolean
  sendCommand(isReadonly: boolean | undefined, words: string[], options?: object): Promise<unknown>
  multi(): object
  getMasterNode(): unknown
  close(): Promise<unknown>
  destroy(): unknown
}

function isNodeRedisSentinel(client: object): client is NodeRedisSentinelLike {
  return has(client, 'sendCommand') && has(client, 'getMasterNode') && has(client, 'multi')
}

function isNodeRedisCluster(client: object): client is NodeRedisClusterLike {
  return has(client, 'sendCommand') && has(client, 'nodeClient') && 'masters' in client
}

function isNodeRedis(client: object): client is NodeRedisLike {
  return has(client, 'sendCommand') && has(client, 'multi') && 'isReady' in client
}

/** The batch of node-redis is typed for its own commands; this is the raw one that its own clients use. */
function addTo(batch: object, ...given: readonly unknown[]): NodeRedisBatch & object {
  if (!has(batch, 'addCommand') || !has(batch, 'execAsPipeline')) {
    throw new TypeError('this version of node-redis is not known; use 5 or 6')
  }
  Reflect.apply(batch.addCommand, batch, given)
  return batch as NodeRedisBatch & object
}

/** A client of node-redis, by what it can do; `undefined`: it is none. */
export function fromNodeRedis(client: object): RedisClient | undefined {
  if (isNodeRedisCluster(client)) return fromCluster(client)
  if (isNodeRedisSentinel(client)) {
    return fromOne(client, 'sentinel', {
      call: (sentinel, command, options) => sentinel.sendCommand(false, [...command], options),
      add: (batch, command) => addTo(batch, false, [...command]),
    })
  }
  if (!isNodeRedis(client)) return undefined
  return fromOne(client, 'single', {
    call: (single, command, options) => single.sendCommand([...command], options),
    add: (batch, command) => addTo(batch, [...command]),
  })
}

interface One {
  readonly isOpen: boolean
  readonly isReady: boolean
  multi(): object
  close(): Promise<unknown>
  destroy(): unknown
}

/** The settings of a client, or those in them for the nodes of a Sentinel or a Cluster. */
function settingsOf(client: object, nodes?: 'nodeClientOptions' | 'defaults'): unknown {
  const options: unknown = Reflect.get(client, 'options') ?? Reflect.get(client, '_options')
  if (nodes === undefined || typeof options !== 'object' || options === null) return options
  return Reflect.get(options, nodes)
}

/** A client that leads to one master. */
function fromOne<Client extends One>(
  client: Client,
  topology: 'single' | 'sentinel',
  does: {
    call(client: Client, command: Command, options: SendOptions): Promise<unknown>
    add(batch: object, command: Command): NodeRedisBatch & object
  },
): RedisClient {
  const succession = createSuccession(client)
  const errors = keepErrors(client)
  let connected = false
  const isConnected = (): boolean => {
    if (succession.current.isReady) connected = true
    return succession.current.isReady
  }
  const database = databaseIn(
    settingsOf(client, topology === 'sentinel' ? 'nodeClientOptions' : undefined),
    'database',
  )
  const sending = createSending(client, database)
  const send = (command: Command): Promise<unknown> => {
    const { current } = succession
    return does.call(current, command, { abortSignal: sending.signalOf(current) })
  }
  const call = async (_key: string, command: Command): Promise<unknown> => {
    await sending.connected(isConnected())
    return send(command)
  }
  return {
    readsReplicas: false,
    topology,
    database,
    cautions: [],
    masters: () =>
      topology === 'sentinel'
        ? undefined
        : [
            {
              name: 'master',
              ask: (command) => call('', command),
              listen: (channel, hear) => listenWith(succession.current, channel, hear),
            },
          ],
    links: () =>
      succession.current.isReady
        ? [{ isNamed: true, ask: () => call('', ['PING']), replace: succession.replace }]
        : [],
    isDown: () => !client.isOpen || (!isConnected() && connected),
    wasConnected: () => isConnected() || connected,
    trouble: () => (isConnected() ? undefined : errors.last),
    call,
    callScript: call,
    async callBoth(_key, first, second) {
      await sending.connected(isConnected())
      // A pipeline cannot be aborted. What is sent in one turn goes over one connection, one behind the other.
      if (database > 0) return Promise.all([send(first), send(second)])
      const batch = does.add(does.add(succession.current.multi(), first), second)
      const [one, other] = await batch.execAsPipeline()
      return [one, other]
    },
    callMasters: async (command) => [await call('', command)],
    async close() {
      succession.close()
      await close(client)
    },
  }
}

/** What an ear needs of a client of node-redis. */
interface ListeningClient extends NodeRedisLike {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  on(event: string, listener: () => void): unknown
  unref(): void
}

/** A connection of its own to the server of another, which ends for good when it ends. */
function listenWith(from: object | Promise<object>, channel: string, hear: (message: string) => void): Ear {
  let own: ListeningClient | undefined
  let isClosed = false
  const { promise: end, resolve: isLost } = deferred()
  const ear = {
    async connect() {
      const client = await from
      if (!has(client, 'duplicate')) throw new TypeError('this client cannot be duplicated')
      const settings = settingsOf(client) as { readonly socket?: object } | undefined
      const socket = { ...settings?.socket, reconnectStrategy: false }
      own = Reflect.apply(client.duplicate, client, [{ socket }]) as ListeningClient
      for (const event of ['error', 'end']) own.on(event, isLost)
      if (isClosed) throw new Error('CLOSED')
      await own.connect()
    },
    ask: async (command: Command) => own?.sendCommand([...command]),
    subscribe: async (name: string, listener: (message: string) => void) => own?.subscribe(name, listener),
    unref: () => own?.unref(),
    destroy() {
      isClosed = true
      isLost()
      if (own?.isOpen === true) own.destroy()
    },
  }
  return openEar(ear, (lost) => void end.then(lost), channel, hear)
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle = (): void => {}
  const promise = new Promise<void>((resolve) => {
    settle = resolve
  })
  return { promise, resolve: () => settle() }
}

function addressOf(node: object): string | undefined {
  const address: unknown = Reflect.get(node, 'address')
  return typeof address === 'string' ? address : undefined
}

/** How often a Cluster is asked again for the master of a key, in milliseconds. */
const lookAgainMilliseconds = 100

function fromCluster(client: NodeRedisClusterLike): RedisClient {
  const succession = createSuccession(client)
  const errors = keepErrors(client)
  let lookedAt = Number.NEGATIVE_INFINITY
  const call = (key: string, command: Command): Promise<unknown> =>
    succession.current.sendCommand(key, false, [...command])
  const clientOf = async (node: object): Promise<NodeRedisLike> => {
    const master = await succession.current.nodeClient(node as never)
    if (typeof master !== 'object' || master === null || !isNodeRedis(master)) throw new Error('CLOSED')
    return master
  }
  return {
    readsReplicas: false,
    topology: 'cluster',
    database: databaseIn(settingsOf(client, 'defaults'), 'database'),
    cautions: [],
    masters: () =>
      succession.current.masters.map((node, at) => ({
        name: addressOf(node) ?? `master ${at}`,
        ask: async (command) => (await clientOf(node)).sendCommand([...command]),
        listen: (channel, hear) => listenWith(clientOf(node), channel, hear),
      })),
    links: () =>
      succession.current.masters.map((node) => ({
        isNamed: false,
        ask: async () => (await clientOf(node)).sendCommand(['PING']),
        replace: succession.replace,
      })),
    isDown: () => !client.isOpen,
    wasConnected: () => client.isOpen,
    trouble: () => (client.isOpen ? undefined : errors.last),
    // Version 5 waits for a dead node for ever. Any other node answers MOVED, and then it reads the slots anew.
    lookAgain(key) {
      if (timers.elapsed() - lookedAt < lookAgainMilliseconds) return
      lookedAt = timers.elapsed()
      succession.current.sendCommand(undefined, false, ['TYPE', key]).catch(() => {})
    },
    call,
    callScript: call,
    async callBoth(key, first, second) {
      const batch = addTo(succession.current.multi(key), key, false, [...first])
      const [one, other] = await addTo(batch, key, false, [...second]).execAsPipeline()
      return [one, other]
    },
    callMasters: (command) =>
      Promise.all(
        succession.current.masters.map(async (node) => (await clientOf(node)).sendCommand([...command])),
      ),
    async close() {
      succession.close()
      await close(client)
    },
  }
}

async function close(client: Omit<One, 'isReady' | 'multi'>): Promise<void> {
  if (!client.isOpen) return
  try {
    await client.close()
  } catch {
    await client.destroy()
  }
}
