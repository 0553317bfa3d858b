/** @module The few things that the Redis store asks of a client, and how ioredis and node-redis do them. */

/** One command: its name, then its arguments. */
export type Command = readonly [string, ...string[]]

/** What the store needs of a client. Keys travel beside the command: a Cluster routes by them. */
export interface RedisClient {
  /** One command on `key`, answered by the master that holds it. */
  call(key: string, command: Command): Promise<unknown>
  /** A script on `key`: as `call`, kept apart where a client routes scripts in another way. */
  callScript(key: string, command: Command): Promise<unknown>
  /** Two commands on one connection, to the master that holds `key`. */
  callBoth(key: string, first: Command, second: Command): Promise<readonly [unknown, unknown]>
  /** One command without a key, on every master. */
  callMasters(command: Command): Promise<readonly unknown[]>
  /** `true` only if a command would certainly wait for a connection that was lost. */
  isDown(): boolean
  /** Whether the client was connected before now. */
  wasConnected(): boolean
  /** After a deadline: looks for another master of `key`, where the client does not do that by itself. */
  lookAgain?(key: string): void
  /** Whether reads may be answered by a replica, unless they come as a script. */
  readonly readsReplicas: boolean
  close(): Promise<void>
}

/** An ioredis `Redis` (single or Sentinel), by its capabilities. */
export interface IoredisLike {
  readonly status: string
  call(name: string, ...words: string[]): Promise<unknown>
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> }
  quit(): Promise<unknown>
  disconnect(): void
}

/** An ioredis `Cluster`. */
export interface IoredisClusterLike extends IoredisLike {
  nodes(role: 'master'): IoredisLike[]
  readonly options?: { readonly scaleReads?: unknown }
}

interface NodeRedisBatch {
  execAsPipeline(): Promise<unknown[]>
}

/** A node-redis client. */
export interface NodeRedisLike {
  readonly isOpen: boolean
  readonly isReady: boolean
  sendCommand(words: string[]): Promise<unknown>
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

/** Every client that the store takes. */
export type AnyRedisClient = IoredisLike | IoredisClusterLike | NodeRedisLike | NodeRedisClusterLike

type Member = (...given: never[]) => unknown

function has<Name extends string>(value: object, name: Name): value is object & Record<Name, Member> {
  return name in value && typeof Reflect.get(value, name) === 'function'
}

function isIoredis(client: object): client is IoredisLike {
  return has(client, 'call') && has(client, 'pipeline') && 'status' in client
}

function isIoredisCluster(client: IoredisLike): client is IoredisClusterLike {
  return has(client, 'nodes') && Reflect.get(client, 'isCluster') === true
}

function isNodeRedisCluster(client: object): client is NodeRedisClusterLike {
  return has(client, 'sendCommand') && has(client, 'nodeClient') && 'masters' in client
}

function isNodeRedis(client: object): client is NodeRedisLike {
  return has(client, 'sendCommand') && has(client, 'multi') && 'isReady' in client
}

/**
 * The client in the shape that the store needs, told by what it can do, so that neither package is imported.
 * @throws TypeError for anything that is neither ioredis 5 or 6 nor node-redis 5 or 6.
 */
export function createRedisClient(client: AnyRedisClient): RedisClient {
  if (typeof client === 'object' && client !== null) {
    if (isIoredis(client)) return fromIoredis(client)
    if (isNodeRedisCluster(client)) return fromNodeRedisCluster(client)
    if (isNodeRedis(client)) return fromNodeRedis(client)
  }
  throw new TypeError('redisStore needs a client of ioredis 5 or 6, or of node-redis (redis) 5 or 6')
}

async function inPipeline(client: IoredisLike, commands: readonly Command[]): Promise<readonly unknown[]> {
  const replies = await client
    .pipeline(commands.map(([name, ...words]) => [name.toLowerCase(), ...words]))
    .exec()
  if (replies === null) throw new Error('ABORTED')
  return replies.map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}

function fromIoredis(client: IoredisLike): RedisClient {
  const cluster = isIoredisCluster(client) ? client : undefined
  let connected = false
  const isConnected = (): boolean => {
    if (client.status === 'ready') connected = true
    return client.status === 'ready'
  }
  const call = (command: Command): Promise<unknown> => client.call(...command)
  return {
    readsReplicas: (cluster?.options?.scaleReads ?? 'master') !== 'master',
    // `wait` is a lazy client that connects with its first command.
    isDown: () => !isConnected() && (connected || client.status === 'end') && client.status !== 'wait',
    wasConnected: () => isConnected() || connected,
    call: (_key, command) => call(command),
    // Before 6 the auto-pipelining of a Cluster takes a script's digest for its key; an own pipeline does not.
    callScript: async (_key, command) =>
      cluster === undefined ? call(command) : (await inPipeline(client, [command]))[0],
    async callBoth(_key, first, second) {
      const [one, other] = await inPipeline(client, [first, second])
      return [one, other]
    },
    callMasters(command) {
      const masters = cluster?.nodes('master') ?? [client]
      if (masters.length === 0) return call(command).then((reply) => [reply])
      return Promise.all(masters.map((master) => master.call(...command)))
    },
    async close() {
      if (client.status !== 'ready') return client.disconnect()
      await client.quit().catch(() => client.disconnect())
    },
  }
}

/** The batch of node-redis is typed for its own commands; this is the raw one that its own clients use. */
function addTo(batch: object, ...given: readonly unknown[]): NodeRedisBatch & object {
  if (!has(batch, 'addCommand') || !has(batch, 'execAsPipeline')) {
    throw new TypeError('this version of node-redis is not known; use 5 or 6')
  }
  Reflect.apply(batch.addCommand, batch, given)
  return batch as NodeRedisBatch & object
}

function fromNodeRedis(client: NodeRedisLike): RedisClient {
  let connected = false
  const isConnected = (): boolean => {
    if (client.isReady) connected = true
    return client.isReady
  }
  const call = (_key: string, command: Command): Promise<unknown> => client.sendCommand([...command])
  return {
    readsReplicas: false,
    isDown: () => !isConnected() && (connected || !client.isOpen),
    wasConnected: () => isConnected() || connected,
    call,
    callScript: call,
    async callBoth(_key, first, second) {
      const [one, other] = await addTo(addTo(client.multi(), [...first]), [...second]).execAsPipeline()
      return [one, other]
    },
    callMasters: async (command) => [await call('', command)],
    close: () => closeNodeRedis(client),
  }
}

/** How often a Cluster is asked again for the master of a key, in milliseconds. */
const lookAgainMilliseconds = 100

function fromNodeRedisCluster(client: NodeRedisClusterLike): RedisClient {
  let lookedAt = Number.NEGATIVE_INFINITY
  const call = (key: string, command: Command): Promise<unknown> =>
    client.sendCommand(key, false, [...command])
  return {
    readsReplicas: false,
    isDown: () => !client.isOpen,
    wasConnected: () => client.isOpen,
    // Version 5 waits for a dead node for ever. Any other node answers MOVED, and then it reads the slots anew.
    lookAgain(key) {
      if (performance.now() - lookedAt < lookAgainMilliseconds) return
      lookedAt = performance.now()
      client.sendCommand(undefined, false, ['TYPE', key]).catch(() => {})
    },
    call,
    callScript: call,
    async callBoth(key, first, second) {
      const batch = addTo(client.multi(key), key, false, [...first])
      const [one, other] = await addTo(batch, key, false, [...second]).execAsPipeline()
      return [one, other]
    },
    callMasters: (command) =>
      Promise.all(
        client.masters.map(async (node) => {
          const master = await client.nodeClient(node as never)
          if (typeof master !== 'object' || master === null || !isNodeRedis(master)) throw new Error('CLOSED')
          return master.sendCommand([...command])
        }),
      ),
    close: () => closeNodeRedis(client),
  }
}

async function closeNodeRedis(client: NodeRedisLike | NodeRedisClusterLike): Promise<void> {
  if (client.isOpen) await client.close().catch(() => client.destroy())
}
