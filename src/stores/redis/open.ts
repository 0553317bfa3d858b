/** @module A Redis store from an address alone: the client is ours, so are its settings and its end. */
import type { RedisOptions, SentinelConnector } from 'ioredis'
import { ConfigurationError } from '../../errors.js'
import { isMissingPackage } from '../../optional-package.js'
import type { Store } from '../store.js'
import { createRedisClient } from './adopt.js'
import type { Command, RedisClient } from './client.js'
import { outlastErrors } from './outlast-errors.js'
import { createRedisStore, type RedisStoreOptions } from './store.js'

/** An address, taken apart. */
export interface RedisAddress {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly isTls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  /** Name of the group of masters; Sentinel only. */
  readonly masterName: string | undefined
  readonly sentinelUser: string | undefined
  readonly sentinelPassword: string | undefined
}

function wrong(message: string): ConfigurationError {
  return new ConfigurationError([{ path: 'store', variable: 'CITIZEN_STORE_URL', message }])
}

const forms =
  'write redis://[user:password@]host:port[/database], rediss://… for TLS, ' +
  'redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/master-name[/database]'

const shape =
  /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)((?:\/[^/?#]*)*)(?:\?([^#]*))?$/

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('user and password in the address of the store must be percent-encoded')
  }
}

function parseHost(text: string, fallback: number): { host: string; port: number } {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text)
  const host = parts?.[1] ?? parts?.[2]
  const port = Number(parts?.[3] ?? fallback)
  if (host === undefined || port < 1 || port > 65_535) throw wrong(forms)
  return { host, port }
}

/**
 * Takes the address of a store apart: `redis://`, `rediss://` (TLS), `redis+cluster://`, `redis+sentinel://` and
 * their `rediss+…` forms. Ports default to 6379, for Sentinel to 26379.
 * @throws ConfigurationError for anything else; the message never repeats the address.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = shape.exec(url)
  if (url.length > 4096 || parts === null) throw wrong(forms)
  const [, tls, form, credentials, hosts = '', path = '', query] = parts
  const kind = form === 'cluster' || form === 'sentinel' ? form : 'single'
  const names = path
    .split('/')
    .slice(1)
    .filter((name) => name !== '')
  const masterName = kind === 'sentinel' ? decode(names.shift()) : undefined
  const [database = '0', ...rest] = names
  const [username, ...password] = credentials === undefined ? [] : credentials.split(':')
  const addresses = hosts.split(',').map((host) => parseHost(host, kind === 'sentinel' ? 26_379 : 6379))
  if (!/^\d{1,4}$/.test(database) || rest.length > 0) throw wrong(forms)
  if (kind === 'single' && addresses.length !== 1) throw wrong(forms)
  if (kind === 'cluster' && database !== '0') throw wrong('a cluster has no databases: leave the path out')
  if (kind === 'sentinel' && masterName === undefined) throw wrong(forms)
  const settings = new URLSearchParams(query)
  assertSettings(settings, kind)
  return {
    kind,
    hosts: addresses,
    isTls: tls === 's',
    username: decode(username),
    password: decode(password.join(':')),
    database: Number(database),
    masterName,
    sentinelUser: settings.get('sentinelUser') ?? undefined,
    sentinelPassword: settings.get('sentinelPassword') ?? undefined,
  }
}

/** What may stand behind the `?` of an address, and for Sentinels besides. */
const settingNames = ['acknowledgement', 'near', 'withoutReplicasSeconds']
const sentinelSettingNames = ['sentinelUser', 'sentinelPassword']

/** Settings of a name that nobody knows would be settings that nobody heeds. */
function assertSettings(query: URLSearchParams, kind: RedisAddress['kind']): void {
  const known = kind === 'sentinel' ? [...settingNames, ...sentinelSettingNames] : settingNames
  for (const name of query.keys()) {
    if (!known.includes(name)) throw wrong(`the address of the store takes behind its ? ${known.join(', ')}`)
  }
}

/**
 * The settings of the store that an address carries: `?acknowledgement=one`, `?near=true`, `?withoutReplicasSeconds=5`.
 * @throws ConfigurationError for values that they do not take.
 */
export function parseRedisSettings(
  url: string,
): Pick<RedisStoreOptions, 'acknowledgement' | 'near' | 'withoutReplicasSeconds'> {
  const query = new URLSearchParams(shape.exec(url)?.[6])
  const acknowledgement = query.get('acknowledgement') ?? undefined
  const near = query.get('near') ?? undefined
  const seconds = query.get('withoutReplicasSeconds') ?? undefined
  if (acknowledgement !== undefined && acknowledgement !== 'all' && acknowledgement !== 'one')
    throw wrong('acknowledgement in the address of the store is all or one')
  if (near !== undefined && near !== 'true' && near !== 'false')
    throw wrong('near in the address of the store is true or false')
  if (seconds !== undefined && !/^\d{1,4}$/.test(seconds))
    throw wrong('withoutReplicasSeconds in the address of the store is a number of seconds')
  return {
    ...(acknowledgement === undefined ? {} : { acknowledgement }),
    ...(near === undefined ? {} : { near: near === 'true' }),
    ...(seconds === undefined ? {} : { withoutReplicasSeconds: Number(seconds) }),
  }
}

/**
 * Settings that fail fast and come back by themselves: a lost connection is noticed at once, one that goes silent after
 * a second, and both are tried again each second at least.
 */
const failFast = {
  enableAutoPipelining: true,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 2000,
  socketTimeout: 1000,
  disconnectTimeout: 200,
  retryStrategy: (attempt: number) => Math.min(attempt * 50, 1000),
} as const satisfies RedisOptions

/**
 * The connector for Sentinels, whose connections have a listener for errors: without one ioredis writes to the console
 * whenever a Sentinel is away.
 */
function quietConnector(Connector: typeof SentinelConnector): RedisOptions['Connector'] {
  class QuietConnector extends Connector {}
  const connect: unknown = Reflect.get(Connector.prototype, 'connectToSentinel')
  const asConnector = (made: typeof SentinelConnector) => made as object as RedisOptions['Connector']
  if (typeof connect !== 'function') return asConnector(Connector)
  Reflect.defineProperty(QuietConnector.prototype, 'connectToSentinel', {
    value(this: object, ...given: readonly unknown[]) {
      const client: unknown = Reflect.apply(connect, this, given)
      outlastErrors(client)
      return client
    },
  })
  return asConnector(QuietConnector)
}

/** @throws ConfigurationError when ioredis is not installed; another failure of its import as it is. */
async function loadIoredis() {
  try {
    return await import(/* turbopackOptional: true */ 'ioredis')
  } catch (error) {
    if (!isMissingPackage(error)) throw error
    throw wrong('the store is a Redis, and the package for it is missing: npm install ioredis')
  }
}

/** A client of our own for an address. @throws ConfigurationError when ioredis is not installed. */
export async function connectRedis(address: RedisAddress): Promise<RedisClient> {
  const { Redis, Cluster, SentinelConnector } = await loadIoredis()
  const { kind, hosts, username, password, database, masterName, sentinelUser, sentinelPassword } = address
  const shared: RedisOptions = {
    ...failFast,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(address.isTls ? { tls: {} } : {}),
  }
  if (kind === 'cluster') {
    const cluster = new Cluster([...hosts], {
      enableAutoPipelining: true,
      clusterRetryStrategy: failFast.retryStrategy,
      slotsRefreshTimeout: 2000,
      slotsRefreshInterval: 5000,
      redisOptions: shared,
    })
    cluster.on('error', () => {})
    return createRedisClient(cluster)
  }
  const target =
    kind === 'sentinel'
      ? {
          sentinels: [...hosts],
          name: masterName ?? '',
          sentinelRetryStrategy: failFast.retryStrategy,
          sentinelReconnectStrategy: failFast.retryStrategy,
          sentinelCommandTimeout: 1000,
          // A master that was replaced and still answers is left as soon as a Sentinel says so.
          failoverDetector: true,
          Connector: quietConnector(SentinelConnector),
          enableTLSForSentinelMode: address.isTls,
          ...(address.isTls ? { sentinelTLS: {} } : {}),
          ...(sentinelUser === undefined ? {} : { sentinelUsername: sentinelUser }),
          ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
        }
      : { host: hosts[0]?.host ?? '', port: hosts[0]?.port ?? 0 }
  const redis = new Redis({ ...shared, ...target, db: database })
  // The store tells of every failed operation; without a listener ioredis would write to the console besides.
  redis.on('error', () => {})
  return createRedisClient(redis)
}

/** A client that is there as soon as its package is loaded. */
function createPendingClient(opening: Promise<RedisClient>, { kind, database }: RedisAddress): RedisClient {
  let client: RedisClient | undefined
  opening.then(
    (opened) => {
      client = opened
    },
    () => {},
  )
  const opened = async (): Promise<RedisClient> => client ?? opening
  return {
    readsReplicas: false,
    topology: kind,
    database,
    cautions: [],
    masters: () => (client === undefined ? [] : client.masters?.()),
    links: () => client?.links() ?? [],
    isDown: () => client?.isDown() ?? false,
    wasConnected: () => client?.wasConnected() ?? false,
    trouble: () => client?.trouble(),
    call: async (key, command) => (await opened()).call(key, command),
    callScript: async (key, command) => (await opened()).callScript(key, command),
    callBoth: async (key: string, first: Command, second: Command) =>
      (await opened()).callBoth(key, first, second),
    callMasters: async (command) => (await opened()).callMasters(command),
    close: async () => {
      await opening.then(
        (redis) => redis.close(),
        () => {},
      )
    },
  }
}

/**
 * The store at an address, through ioredis (an optional peer that is loaded now): see {@link parseRedisUrl} for the
 * forms. `close()` closes the connection. `ready()` rejects with `ConfigurationError` if ioredis is not installed.
 * @throws ConfigurationError for an address of no known form.
 */
export function openRedisStore(url: string, options: Omit<RedisStoreOptions, 'closeClient'> = {}): Store {
  const address = parseRedisUrl(url)
  const settings = parseRedisSettings(url)
  const opening = connectRedis(address)
  const store = createRedisStore(createPendingClient(opening, address), {
    ...settings,
    ...options,
    closeClient: true,
  })
  return {
    ...store,
    async ready() {
      await opening
      await store.ready()
    },
  }
}
