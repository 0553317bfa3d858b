/** @module Keys that are kept elsewhere: PEM files, environment variables, a secret manager. */
import type { KeyObject } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import { privateKeyOf, publicKeyOf } from './algorithms.js'
import { readKeyFile } from './key-file.js'
import { isKid, toPublicJwk } from './public-jwk.js'
import { assertPolicy, defaultPolicy, keepSeconds, type RingKey, type RingPolicy } from './ring-state.js'
import type { KeyStorage } from './storage.js'

/** Where the PEM text of a key comes from. */
export type PemSource =
  /** A file that nobody else may read; `groupRead` lets its group. */
  | { readonly file: string; readonly groupRead?: boolean | undefined }
  /** An environment variable. Line breaks may be written as `\n`. */
  | { readonly environment: string }
  /** A secret manager, or anything else. */
  | { readonly load: () => string | Promise<string> }

/** A key with the name under which partners know it. */
export interface PemKey {
  readonly kid: string
  /**
   * When it begins to sign: an ISO 8601 time, or milliseconds since the epoch. Put a next key here with a time at
   * least `publishSeconds` ahead, and leave the old one in the list until its last tokens are over. Default: always.
   */
  readonly activatesAt?: string | number | undefined
  /** Not needed for a key that signs no more. */
  readonly privateKey?: PemSource | undefined
  /** Instead of a private key. */
  readonly publicKey?: PemSource | undefined
}

/** Options of {@link pemKeys}. */
export interface PemKeysOptions extends Partial<RingPolicy> {
  readonly keys: readonly PemKey[]
  /** How often the sources are read again, in seconds. Default 300. */
  readonly reloadSeconds?: number | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

interface LoadedKey extends RingKey {
  readonly privateKey: KeyObject | undefined
}

/**
 * Takes keys from where they are kept. They change there, and by the times in the list, not by `rotate()`.
 * @throws TypeError for a list that cannot be.
 */
export function pemKeys(options: PemKeysOptions): KeyStorage {
  const { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds } = { ...defaultPolicy, ...options }
  const policy = { cacheSeconds, publishSeconds, tokenSeconds, clockSkewSeconds }
  assertPolicy(policy)
  const given = options.keys.map((key) => ({ ...key, activatesAt: timeOf(key.activatesAt) }))
  if (given.length === 0) throw new TypeError('pemKeys needs at least one key')
  const kids = new Set(given.map(({ kid }) => kid))
  if (kids.size !== given.length) throw new TypeError('two keys of pemKeys have the same kid')
  for (const { kid, privateKey, publicKey } of given) {
    if (!isKid(kid)) throw new TypeError('a kid is letters, digits, -, _ and single dots')
    if ((privateKey === undefined) === (publicKey === undefined))
      throw new TypeError(`the key ${kid} of pemKeys has either a privateKey or a publicKey`)
  }
  const { clock = systemClock } = options
  const reloadMilliseconds = (options.reloadSeconds ?? 300) * 1000
  let loaded: Promise<readonly LoadedKey[]> | undefined
  let loadedAt = 0

  async function loadAll(): Promise<readonly LoadedKey[]> {
    const keys = await Promise.all(given.map((key) => load(key, keepSeconds(policy))))
    return keys.sort((left, right) => left.activatesAt - right.activatesAt)
  }

  function keys(): Promise<readonly LoadedKey[]> {
    if (loaded === undefined || Math.abs(clock() - loadedAt) >= reloadMilliseconds) {
      const loading = loadAll()
      loaded = loading
      loadedAt = clock()
      loading.catch(() => {
        if (loaded === loading) loaded = undefined
      })
    }
    return loaded
  }

  return {
    async read() {
      const found = await keys()
      const bare = found.map(({ privateKey: _, ...key }) => key)
      return { revision: 1, name: 'pem', policy, keys: bare, last: { day: '19700101', number: 1 } }
    },
    async privateKey(kid) {
      const key = (await keys()).find(({ jwk }) => jwk.kid === kid)?.privateKey
      if (key === undefined)
        throw new CitizenSessionError(
          'key-ring',
          `the key ${kid} is to sign, but only its public half is here`,
        )
      return key
    },
  }
}

async function load(key: PemKey & { readonly activatesAt: number }, kept: number): Promise<LoadedKey> {
  const { kid, activatesAt } = key
  const privateKey = key.privateKey && privateKeyOf(await readSource(key.privateKey, 'private', kid))
  const publicKey = key.publicKey && publicKeyOf(await readSource(key.publicKey, 'public', kid))
  const half = privateKey ?? publicKey
  if (half === undefined) throw new TypeError(`the key ${kid} of pemKeys has no source`)
  return { jwk: toPublicJwk(half, kid), createdAt: activatesAt, activatesAt, keepSeconds: kept, privateKey }
}

async function readSource(source: PemSource, kind: 'private' | 'public', kid: string): Promise<string> {
  if ('file' in source) return readKeyFile(source.file, kind, { groupRead: source.groupRead })
  if ('environment' in source) {
    const text = process.env[source.environment]
    if (text === undefined || text === '')
      throw new CitizenSessionError(
        'key-ring',
        `the variable ${source.environment} for the key ${kid} is not set`,
      )
    return text.replaceAll('\\n', '\n')
  }
  const text: unknown = await source.load()
  if (typeof text !== 'string')
    throw new CitizenSessionError('key-ring', `load() of the key ${kid} gave no text`)
  return text
}

function timeOf(value: string | number | undefined): number {
  const time = typeof value === 'string' ? Date.parse(value) : (value ?? 0)
  if (Number.isSafeInteger(time) && time >= 0) return time
  throw new TypeError('activatesAt of pemKeys is an ISO 8601 time, or milliseconds since the epoch')
}
