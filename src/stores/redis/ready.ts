/** @module Whether a Redis can be trusted with sessions: a master that answers, and that forgets nothing early. */
import { StoreUnavailableError } from '../../errors.js'
import type { StoreCaution } from '../store.js'
import { type Connection, isForbidden } from './connection.js'
import { type Replication, replicationOf } from './replication.js'

/** What was found out about a Redis that can be used. */
export interface Fitness {
  /** One for each master. */
  readonly masters: readonly Replication[]
  /** Whether there are replicas, though perhaps none is connected now. */
  readonly hasReplicas: boolean
  readonly cautions: readonly StoreCaution[]
}

/** The value of a setting in a reply to `CONFIG GET`, as a list (RESP2) or a map (RESP3). */
function settingIn(reply: unknown, name: string): string | undefined {
  if (Array.isArray(reply)) return typeof reply[1] === 'string' ? reply[1] : undefined
  const value: unknown =
    reply instanceof Map
      ? reply.get(name)
      : typeof reply === 'object' && reply !== null
        ? Reflect.get(reply, name)
        : undefined
  return typeof value === 'string' ? value : undefined
}

function infoIn(reply: unknown, name: string): string | undefined {
  return typeof reply === 'string' ? new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(reply)?.[1] : undefined
}

/** What every master answers; `undefined` where this user may not ask. */
export async function askMasters(
  connection: Connection,
  command: readonly [string, ...string[]],
): Promise<readonly unknown[] | undefined> {
  try {
    return await connection.masters(command)
  } catch (error) {
    // Many hosted servers forbid CONFIG, and careful users INFO as well.
    if (isForbidden(error)) return undefined
    throw error
  }
}

/** A setting of every master, from `CONFIG` or `INFO`; `undefined` where neither may be asked. */
export async function settingsOf(
  connection: Connection,
  setting: string,
  info?: readonly [section: string, line: string],
): Promise<readonly string[] | undefined> {
  const isKnown = (values: readonly (string | undefined)[] | undefined): values is readonly string[] =>
    values !== undefined && values.length > 0 && !values.includes(undefined)
  const configured = (await askMasters(connection, ['CONFIG', 'GET', setting]))?.map((reply) =>
    settingIn(reply, setting),
  )
  if (isKnown(configured) || info === undefined) return isKnown(configured) ? configured : undefined
  const replies = await askMasters(connection, ['INFO', info[0]])
  const told = replies?.map((reply) => infoIn(reply, info[1]))
  return isKnown(told) ? told : undefined
}

/** Replicas of each master. A user who may not ask for `INFO` still hears from `WAIT` how many there are. */
async function mastersOf(connection: Connection): Promise<readonly Replication[]> {
  const replications = await askMasters(connection, ['INFO', 'replication'])
  if (replications === undefined) {
    const counts = await askMasters(connection, ['WAIT', '0', '0'])
    return (counts ?? []).map((count) => ({ online: Number(count), id: '-', former: '-' }))
  }
  if (replications.some((reply) => infoIn(reply, 'role') === 'slave')) {
    throw new StoreUnavailableError('the store is connected to a replica of redis; connect it to the master')
  }
  return replications.map(replicationOf)
}

async function hasClusterReplicas(connection: Connection): Promise<boolean> {
  if (connection.client.topology !== 'cluster') return false
  const nodes = await askMasters(connection, ['CLUSTER', 'NODES'])
  return nodes?.some((text) => /^\S+ \S+ \S*slave/m.test(String(text))) ?? false
}

const unchecked: StoreCaution = {
  code: 'store-unchecked',
  message:
    'redis does not tell this user whether it evicts and whether it persists: see to maxmemory-policy noeviction and ' +
    'appendonly yes, or let the user ask (ACL SETUSER … +info +config|get)',
}

const impermanent: StoreCaution = {
  code: 'store-persistence',
  message:
    'redis forgets ended sessions when it restarts, and everybody of a protocol is signed out: without appendonly yes ' +
    'it keeps nothing, or what its last snapshot had; set it with CONFIG SET appendonly yes, and in redis.conf',
}

/**
 * Asks every master for its role, replicas, eviction policy and persistence.
 * @throws StoreUnavailableError `store-unavailable` (unreachable, a replica), `store-eviction`.
 */
export async function checkRedis(connection: Connection): Promise<Fitness> {
  const masters = await mastersOf(connection)
  const policies = await settingsOf(connection, 'maxmemory-policy', ['memory', 'maxmemory_policy'])
  const wrong = policies?.find((policy) => policy !== 'noeviction')
  if (wrong !== undefined) {
    throw new StoreUnavailableError(
      `redis may forget ended sessions: its maxmemory-policy is ${wrong}; ` +
        'set it with CONFIG SET maxmemory-policy noeviction, or in redis.conf or the settings of the service',
      { code: 'store-eviction' },
    )
  }
  const persistence = await settingsOf(connection, 'appendonly', ['persistence', 'aof_enabled'])
  const cautions = [...connection.client.cautions]
  if (policies === undefined || persistence === undefined) cautions.push(unchecked)
  if (persistence?.some((value) => value === 'no' || value === '0')) cautions.push(impermanent)
  return { masters, cautions, hasReplicas: await hasClusterReplicas(connection) }
}
