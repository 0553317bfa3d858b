/** @module Which commands the store needs of a Redis user, and which of them this one may not give. */
import { randomBytes } from 'node:crypto'
import type { Command } from './client.js'
import { type Connection, isForbidden, type Reply } from './connection.js'
import { createScript } from './script-parts.js'

/** What the store sends by itself. No channel is used. */
export const sentCommands = ['EVAL', 'EVALSHA', 'GET', 'HGET', 'HMGET', 'PING', 'SET', 'WAIT'] as const

/** What its scripts send besides. */
export const scriptCommands = [
  'DEL',
  'EXISTS',
  'GET',
  'HDEL',
  'HEXISTS',
  'HGET',
  'HGETALL',
  'HKEYS',
  'HSCAN',
  'HSET',
  'PEXPIRE',
  'PTTL',
  'SET',
  'TIME',
] as const

/** What it is better off with: replicas, eviction and persistence are then known and not guessed. */
export const usefulCommands = ['INFO', 'CONFIG GET', 'CLUSTER NODES', 'PUBLISH'] as const

/** Sends every command of the scripts once, on a key that is gone afterwards; answers those that were refused. */
const tryAll = createScript(`
local key = KEYS[1]
local tries = {
  {'HSET', key, 'f', 'v'}, {'PEXPIRE', key, '1000'}, {'PTTL', key}, {'HGET', key, 'f'}, {'HEXISTS', key, 'f'},
  {'HGETALL', key}, {'HKEYS', key}, {'HSCAN', key, '0'}, {'HDEL', key, 'f'}, {'EXISTS', key}, {'SET', key, 'v', 'PX', '1000'}, {'GET', key}, {'TIME'},
  {'DEL', key}
}
local refused = {'refused'}
for _, try in ipairs(tries) do
  local reply = redis.pcall(unpack(try))
  if type(reply) == 'table' and reply.err then refused[#refused + 1] = try[1] end
end
return refused
`)

/**
 * The commands that this user may not send, of those that the store needs. Writes one key below the prefix, which it
 * deletes in the same step.
 * @throws StoreUnavailableError
 */
export async function missingRights(connection: Connection, prefix: string): Promise<readonly string[]> {
  const key = `${prefix}doctor:${randomBytes(12).toString('base64url')}`
  const missing = new Set<string>()
  const attempt = async (name: string, work: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await work()
    } catch (error) {
      if (!isForbidden(error)) throw error
      missing.add(name)
      return undefined
    }
  }
  const commands: readonly Command[] = [
    ['HGET', key, 'f'],
    ['HMGET', key, 'f'],
    ['GET', key],
    ['SET', key, 'v', 'PX', '1', 'XX'],
    ['WAIT', '0', '0'],
    ['PING'],
    ['EVAL', 'return {}', '1', key],
  ]
  for (const command of commands) await attempt(command[0], () => connection.command(key, command))
  if (missing.has('EVAL')) return [...missing]
  const refused = await attempt('EVALSHA', () => connection.run(tryAll, key))
  for (const name of ((refused as Reply | undefined) ?? []).slice(1)) missing.add(String(name))
  return [...missing]
}
