/** @module ioredis in the shape that the store needs: single, Sentinel or Cluster. */

import type { StoreCaution } from '../store.js'
import {
  type Command,
  type Ear,
  has,
  keepErrors,
  type Link,
  type Master,
  type RedisClient,
} from './client.js'
import { databaseIn, watchSelection } from './database.js'
import { openEar, unrefStream } from './ear.js'
import { mendFailover } from './failover.js'
import { outlastErrors } from './outlast-errors.js'
import { watchSentinels } from './sentinels.js'

/** An ioredis `Redis` (single or Sentinel), by its capabilities. */
export interface IoredisLike {
  readonly status: string
  call(name: string, ...words: string[]): Promise<unknown>
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> }
  quit(): Promise<unknown>
  disconnect(reconnect?: boolean): void
  /** Settings, of which only `sentinels` is looked at. */
  readonly options?: object
}

/** An ioredis `Cluster`. */
export interface IoredisClusterLike extends IoredisLike {
  nodes(role: 'master'): IoredisLike[]
  readonly options?: { readonly scaleReads?: unknown }
}

/** Whether a client is one of ioredis. */
export function isIoredis(client: object): client is IoredisLike {
  return has(client, 'call') && has(client, 'pipeline') && 'status' in client
}

/** Whether it is a Cluster. */
function isIoredisCluster(client: IoredisLike): client is IoredisClusterLike {
  return has(client, 'nodes') && Reflect.get(client, 'isCluster') === true
}

/** Gives a connection up. `disconnect` alone waits for the other side to say goodbye, which a dead one never does. */
function cut(client: IoredisLike): void {
  const stream: unknown = Reflect.get(client, 'stream')
  if (typeof stream === 'object' && stream !== null && has(stream, 'destroy')) {
    Reflect.apply(stream.destroy, stream, [])
  } else {
    client.disconnect(true)
  }
}

function linkOf(client: IoredisLike, isNamed: boolean): Link {
  return { isNamed, ask: () => client.call('PING'), replace: () => cut(client) }
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

const optionOf = (client: IoredisLike, name: string): unknown => Reflect.get(client.options ?? {}, name)

/** A connection of its own to the server of another, which ends for good when it ends: what it missed nobody repeats. */
function listenWith(client: IoredisLike, channel: string, hear: (message: string) => void): Ear {
  if (!has(client, 'duplicate')) throw new TypeError('this client cannot be duplicated')
  const overrides = {
    lazyConnect: true,
    autoResubscribe: false,
    enableAutoPipelining: false,
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    socketTimeout: undefined,
    // Would be a connection more to each Sentinel. That another server answers, a beat shows.
    failoverDetector: false,
  }
  const own = Reflect.apply(client.duplicate, client, [overrides]) as IoredisLike & {
    connect(): Promise<unknown>
    subscribe(channel: string): Promise<unknown>
    on(event: string, listener: (...given: string[]) => void): unknown
  }
  outlastErrors(own)
  const ear = {
    connect: () => own.connect(),
    ask: ([name, ...words]: Command) => own.call(name, ...words),
    subscribe: (name: string, listener: (message: string) => void) => {
      own.on('message', (_channel, message = '') => listener(message))
      return own.subscribe(name)
    },
    unref: () => unrefStream(own),
    destroy: () => own.disconnect(),
  }
  return openEar(
    ear,
    (isLost) => {
      own.on('close', isLost)
      own.on('end', isLost)
    },
    channel,
    hear,
  )
}

function masterOf(client: IoredisLike, name: string): Master {
  return {
    name,
    ask: ([command, ...words]) => client.call(command, ...words),
    listen: (channel, hear) => listenWith(client, channel, hear),
  }
}

const undetected: StoreCaution = {
  code: 'store-client',
  message:
    'this ioredis stays with a master that Sentinel has replaced while that one still answers: make it with ' +
    'failoverDetector: true and socketTimeout: 1000',
}

/** A client of ioredis. */
export function fromIoredis(client: IoredisLike): RedisClient {
  const cluster = isIoredisCluster(client) ? client : undefined
  const topology = cluster !== undefined ? 'cluster' : optionOf(client, 'sentinels') ? 'sentinel' : 'single'
  if (topology === 'sentinel') mendFailover(client)
  const sentinels =
    topology === 'sentinel' ? watchSentinels(client, String(optionOf(client, 'name'))) : undefined
  const selection = watchSelection(client, cluster === undefined ? () => cut(client) : undefined)
  const errors = keepErrors(client, cluster === undefined ? ['error'] : ['error', 'node error'])
  outlastErrors(client)
  let connected = false
  const isConnected = (): boolean => {
    if (client.status === 'ready') connected = true
    return client.status === 'ready'
  }
  const call = (command: Command): Promise<unknown> => client.call(...command)
  return {
    readsReplicas: (cluster?.options?.scaleReads ?? 'master') !== 'master',
    topology,
    database: databaseIn(cluster === undefined ? client.options : optionOf(client, 'redisOptions'), 'db'),
    cautions: topology === 'sentinel' && !optionOf(client, 'failoverDetector') ? [undetected] : [],
    links: () =>
      (cluster?.nodes('master') ?? [client])
        .filter(({ status }) => status === 'ready')
        .map((node) => linkOf(node, cluster === undefined)),
    // `wait` is a lazy client that connects with its first command.
    isDown: () =>
      selection.isRefused ||
      (!isConnected() && (connected || client.status === 'end') && client.status !== 'wait'),
    wasConnected: () => isConnected() || connected,
    trouble: () => (isConnected() && !selection.isRefused ? undefined : (sentinels?.trouble ?? errors.last)),
    call: (_key, command) => call(command),
    // Before 6 the auto-pipelining of a Cluster takes a script's digest for its key; an own pipeline does not.
    callScript: async (_key, command) =>
      cluster === undefined ? call(command) : (await inPipeline(client, [command]))[0],
    async callBoth(_key, first, second) {
      const [one, other] = await inPipeline(client, [first, second])
      return [one, other]
    },
    async callMasters(command) {
      // Before it is ready a Cluster knows the addresses alone that it was given, replicas and other names among them.
      if (cluster !== undefined && cluster.status !== 'ready') await call(['PING'])
      const masters = cluster?.nodes('master') ?? [client]
      if (masters.length === 0) return [await call(command)]
      return Promise.all(masters.map((master) => master.call(...command)))
    },
    masters: () =>
      cluster === undefined
        ? [masterOf(client, 'master')]
        : cluster
            .nodes('master')
            .map((node) =>
              masterOf(node, `${String(optionOf(node, 'host'))}:${String(optionOf(node, 'port'))}`),
            ),
    async close() {
      if (client.status === 'ready') await client.quit().catch(() => undefined)
      // Also after `quit`: what listens to the Sentinels would go on.
      client.disconnect()
    },
  }
}
