/** @module A key ring in Redis: one hash, changed in one step, private keys sealed by the application. */
import { createHash, createPrivateKey, randomBytes } from 'node:crypto'
import { CitizenSessionError, StoreUnavailableError } from '../errors.js'
import { createSealer } from '../seal.js'
import { type AnyRedisClient, createRedisClient } from '../stores/redis/adopt.js'
import { createConnection } from '../stores/redis/connection.js'
import { isKid } from './public-jwk.js'
import { parseRing, serializeRing } from './ring-state.js'
import type { KeyStorage, RingChange, RingChangeOutcome } from './storage.js'

/** Options of {@link redisKeys}. */
export interface RedisKeysOptions {
  /** Seal the private keys: newest first, each 32 bytes or more, the same on all instances. */
  readonly secrets: readonly string[]
  /** Tells several rings in one Redis apart. Default `sso`. */
  readonly ring?: string | undefined
  /** Before the key. Default `citizen:`. No braces. */
  readonly prefix?: string | undefined
  /** An operation that takes longer is given up as `StoreUnavailableError`. Default 250. */
  readonly deadlineMilliseconds?: number | undefined
}

function script(source: string): { readonly source: string; readonly digest: string } {
  return { source, digest: createHash('sha1').update(source).digest('hex') }
}

/** As a script, so that no replica answers. */
const readField = script(`
local value = redis.call('HGET', KEYS[1], ARGV[1])
if value then return {'found', value} end
return {'none'}
`)

/** ARGV: the revision that is to be there, the new one, the state, the number of added keys, pairs of them, then those to go. */
const replaceState = script(`
if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[1] then return {'changed'} end
local added = tonumber(ARGV[4])
for index = 5, 4 + 2 * added, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[index]) == 1 then return {'taken'} end
end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'state', ARGV[3])
for index = 5, 4 + 2 * added, 2 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1]) end
for index = 5 + 2 * added, #ARGV do redis.call('HDEL', KEYS[1], ARGV[index]) end
return {'done'}
`)

const fieldOf = (kid: string): string => `key:${kid}`

/**
 * Keeps a key ring for `createKeyRing` in Redis, through the same clients as `redisStore`. Of instances that rotate at
 * the same moment exactly one does. Redis must not evict, and must persist: a ring that is lost is a new ring.
 * @throws TypeError for secrets that are too short, or another client.
 */
export function redisKeys(client: AnyRedisClient, options: RedisKeysOptions): KeyStorage {
  const { secrets, ring = 'sso', prefix = 'citizen:', deadlineMilliseconds = 250 } = options
  if (secrets.length === 0 || secrets.some((secret) => Buffer.byteLength(secret) < 32))
    throw new TypeError('redisKeys needs secrets of 32 bytes or more')
  if (!isKid(ring) || /[{}\s]/.test(prefix))
    throw new TypeError('ring and prefix of redisKeys have no braces or blanks')
  const connection = createConnection(createRedisClient(client), deadlineMilliseconds)
  const key = `${prefix}{sso-keys:${ring}}`
  const sealer = createSealer({ application: ring, secrets, random: randomBytes })

  async function field(name: string): Promise<string | undefined> {
    const [outcome, value] = await connection.run(readField, key, name)
    if (outcome === 'none') return undefined
    if (typeof value !== 'string')
      throw new StoreUnavailableError('redis answered what no script of ours answers')
    return value
  }

  async function replace({ state, added, needed }: RingChange): Promise<RingChangeOutcome> {
    const kept = await keptKids()
    const pairs = [...added].flatMap(([kid, privateKey]) => {
      const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      return [fieldOf(kid), sealer.seal('sso-key', kid, pem)]
    })
    const gone = kept.filter((kid) => !needed.has(kid)).map(fieldOf)
    const [outcome] = await connection.run(
      replaceState,
      key,
      ...[String(state.revision - 1), String(state.revision), serializeRing(state), String(added.size)],
      ...pairs,
      ...gone,
    )
    if (outcome === 'done' || outcome === 'changed' || outcome === 'taken') return outcome
    throw new StoreUnavailableError('redis answered what no script of ours answers')
  }

  async function keptKids(): Promise<readonly string[]> {
    const text = await field('state')
    return text === undefined ? [] : parseRing(text).keys.map(({ jwk }) => jwk.kid)
  }

  return {
    async read() {
      const text = await field('state')
      return text === undefined ? undefined : parseRing(text)
    },
    replace,
    async privateKey(kid) {
      const sealed = await field(fieldOf(kid))
      const pem = sealed === undefined ? undefined : sealer.open('sso-key', kid, sealed)
      if (pem !== undefined) return createPrivateKey(pem)
      const why = sealed === undefined ? 'is not there' : 'was sealed with none of these secrets'
      throw new CitizenSessionError('key-ring', `the private key of ${kid} ${why}`)
    },
  }
}
