/** @module Whether a Redis can be trusted with sessions: a master that answers, and that forgets nothing early. */
import { StoreUnavailableError } from '../errors.js'
import type { Connection } from './redis-connection.js'

/** The value of a setting in a reply to `CONFIG GET`, as a list (RESP2) or a map (RESP3). */
function settingIn(reply: unknown): string | undefined {
  if (Array.isArray(reply)) return typeof reply[1] === 'string' ? reply[1] : undefined
  const value: unknown =
    reply instanceof Map
      ? reply.get('maxmemory-policy')
      : typeof reply === 'object' && reply !== null
        ? Reflect.get(reply, 'maxmemory-policy')
        : undefined
  return typeof value === 'string' ? value : undefined
}

function infoIn(reply: unknown, name: string): string | undefined {
  return typeof reply === 'string' ? new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(reply)?.[1] : undefined
}

async function policiesOf(connection: Connection): Promise<readonly (string | undefined)[]> {
  try {
    const replies = await connection.masters(['CONFIG', 'GET', 'maxmemory-policy'])
    const policies = replies.map(settingIn)
    if (!policies.includes(undefined)) return policies
  } catch {
    // Many hosted servers forbid CONFIG. If it is unreachable instead, the next command says so.
  }
  const replies = await connection.masters(['INFO', 'memory'])
  return replies.map((reply) => infoIn(reply, 'maxmemory_policy'))
}

/**
 * Asks every master for its role, replicas and eviction policy. Returns the number of replicas.
 * @throws StoreUnavailableError `store-unavailable` (unreachable, a replica), `store-eviction`.
 */
export async function checkRedis(connection: Connection): Promise<number> {
  const replications = await connection.masters(['INFO', 'replication'])
  if (replications.some((reply) => infoIn(reply, 'role') === 'slave')) {
    throw new StoreUnavailableError('the store is connected to a replica of redis; connect it to the master')
  }
  const policies = await policiesOf(connection)
  const wrong = policies.find((policy) => policy !== 'noeviction')
  if (policies.length === 0 || policies.some((policy) => policy !== 'noeviction')) {
    throw new StoreUnavailableError(
      `redis may forget ended sessions: its maxmemory-policy is ${wrong ?? 'unknown'}; ` +
        'set it with CONFIG SET maxmemory-policy noeviction, or in redis.conf or the settings of the service',
      { code: 'store-eviction' },
    )
  }
  return replications.reduce<number>(
    (most, reply) => Math.max(most, Number(infoIn(reply, 'connected_slaves') ?? 0)),
    0,
  )
}
