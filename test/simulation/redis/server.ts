/** @module A Redis in the process: the commands that the store sends, its scripts in Lua, and what is published there. */
import { createHash } from 'node:crypto'
import { type Lua, RedisError, type Reply, Status } from './lua.js'

/** What lies under a key. */
interface Entry {
  readonly value: string | Map<string, string>
  /** By the server's clock; `undefined`: it has no end of life. */
  readonly endsAt: number | undefined
}

/** A key after a write, as replicas get it; `undefined`: it is gone. */
export interface Change {
  readonly key: string
  readonly entry: Entry | undefined
}

type Words = readonly string[]
type Command = (server: RedisServer, words: Words) => Reply

const ok = new Status('OK')
const writing = new Set(['SET', 'DEL', 'HSET', 'HDEL', 'PEXPIRE'])

/** What a server is made with. */
export interface ServerOptions {
  readonly lua: Lua
  /** The server's clock, milliseconds since the epoch. */
  readonly clock: () => number
  /** Names its process and its history of writes: 40 hexadecimal digits. */
  readonly id: string
}

export class RedisServer {
  readonly lua: Lua
  readonly clock: () => number
  readonly runId: string
  role: 'master' | 'slave' = 'master'
  replicationId: string
  formerId = '0'.repeat(40)
  /** How many writes it has. */
  offset = 0
  /** Who follows it, as far as it knows. */
  online = 0
  /** Who hears what is published. */
  readonly listeners = new Set<(channel: string, message: string) => void>()
  /** Gets every write, in its order. */
  onWrite: ((changes: readonly Change[]) => void) | undefined
  readonly #entries = new Map<string, Entry>()
  readonly #scripts = new Map<string, string>()
  #changed = new Set<string>()

  constructor({ lua, clock, id }: ServerOptions) {
    this.lua = lua
    this.clock = clock
    this.runId = id
    this.replicationId = id
  }

  /** Carries a command out, all of it at once. @throws RedisError */
  execute(words: Words): Reply {
    try {
      return this.call(words)
    } finally {
      if (this.#changed.size > 0) {
        this.offset += 1
        const changes = Array.from(this.#changed, (key) => ({ key, entry: copyOf(this.#entries.get(key)) }))
        this.#changed = new Set()
        this.onWrite?.(changes)
      }
    }
  }

  /** A command by itself, or of a script. @throws RedisError */
  call(words: Words): Reply {
    const [name = ''] = words
    const command = commands[name.toUpperCase()]
    if (command === undefined) throw new RedisError(`ERR unknown command '${name}'`)
    if (this.role === 'slave' && writing.has(name.toUpperCase())) {
      throw new RedisError("READONLY You can't write against a read only replica.")
    }
    return command(this, words.slice(1))
  }

  /** Takes a write of its master. */
  apply(changes: readonly Change[]): void {
    this.offset += 1
    for (const { key, entry } of changes) {
      if (entry === undefined) this.#entries.delete(key)
      else this.#entries.set(key, entry)
    }
  }

  /** All that another has, and nothing else. */
  copyFrom(other: RedisServer): void {
    this.#entries.clear()
    for (const key of other.#entries.keys()) {
      const entry = copyOf(other.#entries.get(key))
      if (entry !== undefined) this.#entries.set(key, entry)
    }
    this.offset = other.offset
  }

  entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.endsAt === undefined || entry.endsAt > this.clock()) return entry
    this.#entries.delete(key)
    return undefined
  }

  put(key: string, value: Entry['value'], endsAt: number | undefined): void {
    this.#changed.add(key)
    this.#entries.set(key, { value, endsAt })
  }

  drop(key: string): boolean {
    const isThere = this.entry(key) !== undefined
    if (isThere) this.#changed.add(key)
    this.#entries.delete(key)
    return isThere
  }

  text(key: string): string | null {
    const value = this.entry(key)?.value
    if (value instanceof Map)
      throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
    return value ?? null
  }

  hash(key: string): Map<string, string> | undefined {
    const value = this.entry(key)?.value
    if (typeof value === 'string') {
      throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
    }
    return value
  }

  script(digest: string): string | undefined {
    return this.#scripts.get(digest)
  }

  /** Remembers a script, as `EVAL` does. */
  learn(source: string): void {
    this.#scripts.set(createHash('sha1').update(source).digest('hex'), source)
  }

  publish(channel: string, message: string): number {
    for (const listener of this.listeners) listener(channel, message)
    return this.listeners.size
  }

  /** Every key, for a test that moves time. */
  get keys(): readonly string[] {
    return [...this.#entries.keys()].filter((key) => this.entry(key) !== undefined)
  }
}

function copyOf(entry: Entry | undefined): Entry | undefined {
  if (entry === undefined || typeof entry.value === 'string') return entry
  return { ...entry, value: new Map(entry.value) }
}

function evaluate(server: RedisServer, source: string, [count = '0', ...rest]: Words): Reply {
  const keys = rest.slice(0, Number(count))
  return server.lua.run(source, keys, rest.slice(Number(count)), (words) => server.call(words))
}

function set(server: RedisServer, [key = '', value = '', ...options]: Words): Reply {
  const names = options.map((word) => word.toUpperCase())
  const isThere = server.entry(key) !== undefined
  if ((names.includes('NX') && isThere) || (names.includes('XX') && !isThere)) return null
  const at = names.indexOf('PX')
  server.put(key, value, at === -1 ? undefined : server.clock() + Number(options[at + 1]))
  return ok
}

function expire(server: RedisServer, [key = '', milliseconds = '0']: Words): Reply {
  const entry = server.entry(key)
  if (entry === undefined) return 0
  if (Number(milliseconds) <= 0) server.drop(key)
  else server.put(key, entry.value, server.clock() + Number(milliseconds))
  return 1
}

function setFields(server: RedisServer, [key = '', ...pairs]: Words): Reply {
  const hash = server.hash(key) ?? new Map<string, string>()
  let added = 0
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const [field = '', value = ''] = pairs.slice(index, index + 2)
    if (!hash.has(field)) added += 1
    hash.set(field, value)
  }
  server.put(key, hash, server.entry(key)?.endsAt)
  return added
}

function dropFields(server: RedisServer, [key = '', ...fields]: Words): Reply {
  const hash = server.hash(key)
  const gone = fields.filter((field) => hash?.delete(field) === true).length
  if (gone === 0 || hash === undefined) return 0
  if (hash.size === 0) server.drop(key)
  else server.put(key, hash, server.entry(key)?.endsAt)
  return gone
}

function info({ runId, role, replicationId, formerId, online }: RedisServer, [section = '']: Words): Reply {
  if (section.toLowerCase() === 'server') return `# Server\r\nredis_version:7.2.0\r\nrun_id:${runId}\r\n`
  const replicas = Array.from(
    { length: online },
    (_, at) => `slave${at}:ip=127.0.0.1,port=1,state=online,offset=1,lag=0\r\n`,
  )
  return [
    `# Replication\r\nrole:${role}\r\nconnected_slaves:${online}\r\n`,
    ...replicas,
    `master_replid:${replicationId}\r\nmaster_replid2:${formerId}\r\n`,
  ].join('')
}

const settings: Readonly<Record<string, string>> = { 'maxmemory-policy': 'noeviction', appendonly: 'yes' }

const commands: Readonly<Record<string, Command>> = {
  PING: () => new Status('PONG'),
  SELECT: () => ok,
  TIME: (server) => {
    const now = server.clock()
    return [String(Math.floor(now / 1000)), String((now % 1000) * 1000)]
  },
  EVAL: (server, [source = '', ...rest]) => {
    server.learn(source)
    return evaluate(server, source, rest)
  },
  EVALSHA: (server, [digest = '', ...rest]) => {
    const source = server.script(digest)
    if (source === undefined) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.')
    return evaluate(server, source, rest)
  },
  SCRIPT: (server, [, ...digests]) => digests.map((digest) => (server.script(digest) === undefined ? 0 : 1)),
  CONFIG: (_server, [, name = '']) => [name, settings[name] ?? ''],
  INFO: info,
  PUBLISH: (server, [channel = '', message = '']) => server.publish(channel, message),
  GET: (server, [key = '']) => server.text(key),
  SET: set,
  DEL: (server, keys) => keys.filter((key) => server.drop(key)).length,
  EXISTS: (server, keys) => keys.filter((key) => server.entry(key) !== undefined).length,
  PEXPIRE: expire,
  PTTL: (server, [key = '']) => {
    const entry = server.entry(key)
    if (entry === undefined) return -2
    return entry.endsAt === undefined ? -1 : entry.endsAt - server.clock()
  },
  HGET: (server, [key = '', field = '']) => server.hash(key)?.get(field) ?? null,
  HMGET: (server, [key = '', ...fields]) => fields.map((field) => server.hash(key)?.get(field) ?? null),
  HSET: setFields,
  HDEL: dropFields,
  HEXISTS: (server, [key = '', field = '']) => (server.hash(key)?.has(field) === true ? 1 : 0),
  HKEYS: (server, [key = '']) => [...(server.hash(key)?.keys() ?? [])],
  HGETALL: (server, [key = '']) => [...(server.hash(key) ?? [])].flat(),
  // A hash of a person is small here: all of it at once, as a listpack is scanned.
  HSCAN: (server, [key = '']) => ['0', [...(server.hash(key) ?? [])].flat()],
}
