/** @module What is announced of every change, at a real Redis: by whom, when, and what it is to others if it is not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRedisStore } from '../../../src/redis.js'
import type { LiveRecord, RecordAddress } from '../../../src/session-record.js'
import type { NearLoss } from '../../../src/stores/near-reads.js'
import { olderScripts } from '../../../src/stores/redis/near/judge.js'
import { createScript } from '../../../src/stores/redis/script-parts.js'
import { scripts } from '../../../src/stores/redis/scripts.js'
import type { RecordChange, Store } from '../../../src/stores/store.js'
import { addressOf, day, endedAt, liveAt, minute, unique } from '../../contracts/store-harness.js'
import { type RedisServer, startRedis, until } from '../../support/redis.js'

let server: RedisServer
const opened: { close(): Promise<unknown> }[] = []
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
beforeEach(async () => {
  await server.command('SCRIPT', 'FLUSH')
  await server.command('FLUSHALL')
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

const url = (user = '') => `redis://${user}${server.host}:${server.port}`
function open(user?: string, near = true): Store {
  const store = openRedisStore(url(user), { deadlineMilliseconds: 5000, near })
  opened.push(store)
  return store
}

/** Everything that is announced from now on. */
async function heard(): Promise<string[]> {
  const messages: string[] = []
  const listener = new Redis(server.port, server.host).on('error', () => {})
  opened.push({ close: async () => listener.disconnect() })
  listener.on('message', (_channel, message) => {
    if (!message.startsWith('!')) messages.push(message)
  })
  await listener.subscribe('citizen:near')
  return messages
}

async function started(store: Store, address: RecordAddress, given: Partial<LiveRecord> = {}) {
  const now = Date.now()
  const record = liveAt(now, given)
  await store.start(address, { record, issuedAt: now, now })
  return record
}

/** Proven, and what is lost from now on. */
async function proven(store: Store): Promise<NearLoss[]> {
  const losses: NearLoss[] = []
  store.near?.watch({ lost: (loss) => losses.push(loss) })
  await store.ready()
  await until(async () => store.near?.isProven === true, 'the proof')
  return losses
}

/** Scripts that announce, and why the others need not. */
const announced = ['end', 'keep', 'revoke', 'start', 'update']
const unheard: Readonly<Record<string, string>> = {
  alias: 'gives a live record a second name: what is found under its own stays',
  confirm: 'writes once more what is there',
  dropKept: 'tokens, which nobody remembers',
  hold: 'a claim',
  kept: 'reads',
  lease: 'a lease',
  list: 'reads',
  readAlias: 'reads',
  release: 'a lease',
  renew: 'a lease',
  retain: 'keeps for longer what has ended',
  revocation: 'reads',
  withdraw: 'a deposit',
}

describe('every script', () => {
  it('HLD-20 announces, or says why nobody needs to hear of it', () => {
    expect(Object.keys(scripts).sort()).toEqual([...announced, ...Object.keys(unheard)].sort())
  })

  it.each(announced)('HLD-20 %s announces before it changes anything, in the same script', (name) => {
    const { source } = Reflect.get(scripts, name) as { source: string }
    const publish = source.indexOf("redis.pcall('PUBLISH', channel, KEYS[1])")
    const first = source.search(/redis\.call\('(?:HSET|HDEL|PEXPIRE|DEL|SET)'/)
    expect(publish).toBeGreaterThan(0)
    expect(publish).toBeLessThan(first)
  })

  it.each(Object.keys(unheard))('HLD-20 %s makes no live record another one', (name) => {
    const { source } = Reflect.get(scripts, name) as { source: string }
    const fields = [...source.matchAll(/redis\.call\('H(?:SET|DEL)', key, ([^,)]+)/g)].map(
      ([, field]) => field,
    )
    const allowed: Readonly<Record<string, readonly string[]>> = {
      // A second name; an end or revocation as it is; tokens; an end.
      alias: ["'a:' .. theirs[#theirs]"],
      confirm: ["'b'", 'ARGV[1]'],
      dropKept: ['ARGV[1]'],
      retain: ['field'],
    }
    expect(fields).toEqual(allowed[name] ?? [])
  })
})

const now = () => Date.now()
const changes: Readonly<Record<string, RecordChange>> = {
  generation: { generation: unique() },
  level: { level: 2 },
  authenticatedAt: { authenticatedAt: 1 },
  tokenExpiresAt: { tokenExpiresAt: now() + day },
  endsAt: { endsAt: now() + minute },
  notAfter: { notAfter: now() },
  sealed: { sealed: 'other' },
  signIn: { signIn: 'done' },
  newestToken: { newestToken: { method: 'password', olderUntil: now() } },
  'a touch and more': { lastSeenAt: now(), level: 3 },
}

type Changing = (store: Store, address: RecordAddress, record: LiveRecord) => unknown
const announcedMethods: Readonly<Record<string, Changing>> = {
  start: (store, { person }) => started(store, addressOf({ person })),
  end: (store, address, record) => store.end(address, record, endedAt(record, now())),
  'revoke of a session': (store, { person, session }) =>
    store.revoke(
      person,
      { kind: 'session', session },
      { reason: 'revoked', at: now(), retainUntil: now() + day },
    ),
  'revoke of a person': (store, { person }) =>
    store.revoke(person, { kind: 'person' }, { reason: 'revoked', at: now(), retainUntil: now() + day }),
  'revoke of others': (store, { person, session }) =>
    store.revoke(
      person,
      { kind: 'others', session },
      { reason: 'signed-out', at: now(), retainUntil: now() + day },
    ),
  keepRefresh: (store, address, { generation }) =>
    store.keepRefresh(
      address,
      generation,
      { token: 't', sealed: 's', fence: 1, until: now() + minute },
      now() + day,
    ),
  ...Object.fromEntries(
    Object.entries(changes).map(([what, change]): [string, Changing] => [
      `update of ${what}`,
      (store, address, { generation }) => store.update(address, generation, change),
    ]),
  ),
}
const unheardMethods: Readonly<Record<string, Changing>> = {
  'update of lastSeenAt': (store, address, { generation }) =>
    store.update(address, generation, { lastSeenAt: now(), retainUntil: now() + 2 * day }),
  retain: (store, address) => store.retain(address, now() + day),
  alias: (store, address, { generation }) => store.alias(address, generation, unique()),
  read: (store, address) => store.read(address),
  revocation: (store, { person, session }) => store.revocation(person, session),
  list: (store, { person }) => store.list(person),
  keptRefresh: (store, address) => store.keptRefresh(address),
  dropRefresh: (store, address) => store.dropRefresh(address, 1),
}
/** Of no record. */
const others = [
  ...[
    'abandonClaim',
    'claimOnce',
    'confirmClaim',
    'deposit',
    'withdraw',
    'lease',
    'renewLease',
    'releaseLease',
  ],
  ...['noteIndexKey', 'indexKeyPersons', 'indexKeyRevocation', 'revokeIndexKey', 'register', 'deregister'],
  ...['ready', 'inspect', 'close', 'isShared', 'near'],
]

describe('every method', () => {
  it('HLD-20 is among those that announce, those that need not, or those of no record', () => {
    const methods = [...Object.keys(announcedMethods), ...Object.keys(unheardMethods)].map(
      (what) => what.split(' ', 1)[0],
    )
    expect([...new Set(methods), ...others].sort()).toEqual(Object.keys(open()).sort())
  })

  it.each(Object.entries(announcedMethods))('HLD-20 %s tells of its person', async (_name, run) => {
    const store = open()
    const address = addressOf()
    const record = await started(store, address, { signIn: 'due' })
    const messages = await heard()
    await run(store, address, record)
    await until(async () => messages.length > 0, 'an announcement')
    expect(new Set(messages)).toEqual(new Set([`citizen:{${address.person}}`]))
  })

  it.each(Object.entries(unheardMethods))('HLD-20 %s tells nobody anything', async (_name, run) => {
    const store = open()
    const address = addressOf()
    const record = await started(store, address)
    const messages = await heard()
    await run(store, address, record)
    await server.command('PUBLISH', 'citizen:near', 'last')
    await until(async () => messages.includes('last'), 'the last word')
    expect(messages).toEqual(['last'])
  })
})

describe('a user without the right to publish', () => {
  const rights = ['~citizen:*', '+@all'] as const
  const allow = (...words: string[]) =>
    server.command('ACL', 'SETUSER', 'mute', 'reset', 'on', '>secret', ...rights, ...words)

  it.each([
    ['no channel', ['resetchannels']],
    ['another channel', ['resetchannels', '&other:*']],
    ['no command', ['&*', '-publish']],
  ])('HLD-20 ends all the same (%s), and from then on nobody answers from memory', async (_what, words) => {
    await allow(...words)
    const mute = open('mute:secret@', false)
    const reader = open()
    const losses = await proven(reader)
    const address = addressOf()
    const record = await started(reader, address)
    // What begins it is an announcement too, which may come while it is read.
    await until(async () => {
      await reader.read(address)
      return reader.near?.read(address) !== undefined
    }, 'an answer from memory')
    const { record: ended } = await mute.end(address, record, endedAt(record, now(), 'revoked'))
    const at = performance.now()
    expect(ended?.state).toBe('ended')
    expect(await server.command('PTTL', 'citizen:near:silent')).toBeGreaterThan(50_000)
    expect(await reader.read(address)).toMatchObject({ state: 'ended' })
    await until(async () => reader.near?.isProven === false, 'the loss')
    expect(reader.near?.read(address)).toBeUndefined()
    expect(performance.now() - at).toBeLessThan(2000)
    await until(async () => losses.length > 0, 'the loss to be told')
    expect(losses[0]).toMatchObject({
      reason: 'silent-sibling',
      message: expect.stringMatching(/\+publish.*&citizen:near/),
    })
  })

  it('HLD-20 is registered before it has changed anything', async () => {
    await allow('resetchannels')
    const monitor = await new Redis(server.port, server.host).on('error', () => {}).monitor()
    monitor.on('error', () => {})
    opened.push({ close: async () => monitor.disconnect() })
    const seen: string[] = []
    monitor.on('monitor', (_time, words: string[]) => seen.push(words.slice(0, 3).join(' ').toUpperCase()))
    await started(open('mute:secret@', false), addressOf())
    await until(async () => seen.some((line) => line.startsWith('HSET')), 'the change')
    const silence = seen.findIndex((line) => line.startsWith('SET CITIZEN:NEAR:SILENT'))
    expect(silence).toBeGreaterThanOrEqual(0)
    expect(silence).toBeLessThan(seen.findIndex((line) => line.startsWith('HSET')))
  })

  it.each([
    ['SUBSCRIBE', ['&*', '-subscribe']],
    ['SUBSCRIBE', ['resetchannels']],
    ['PUBLISH', ['&*', '-publish']],
    ['INFO', ['&*', '-info']],
    ['SCRIPT EXISTS', ['&*', '-script']],
  ])('HLD-20 as a reader is told the right that it lacks: %s (%j)', async (right, words) => {
    await allow(...words)
    const reader = open('mute:secret@')
    const losses: NearLoss[] = []
    reader.near?.watch({ lost: (loss) => losses.push(loss) })
    await reader.ready()
    await until(async () => losses.length > 0, 'the loss')
    expect(losses[0]).toMatchObject({ reason: 'forbidden', message: expect.stringContaining(right) })
    // Nothing else is lost: it reads strictly.
    const address = addressOf()
    const record = await started(reader, address)
    expect(await reader.read(address)).toEqual(record)
    // Given the right, it goes on by itself, once the registration of its own silence is over.
    await allow('&citizen:near')
    await until(async () => {
      await server.command('DEL', 'citizen:near:silent')
      return reader.near?.isProven === true
    }, 'the proof')
  })

  it('HLD-20 needs no more than what the documentation says', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
    const near = /`ACL SETUSER app (\+publish [^`]+)`/.exec(page)?.[1]?.split(' ') ?? []
    expect(near).toContain('&citizen:near')
    await server.command(
      ...(['ACL', 'SETUSER', 'careful', 'reset', 'on', '>secret', '~citizen:*'] as const),
      ...['+eval', '+evalsha', '+get', '+hget', '+hmget', '+ping', '+set', '+wait', '+del', '+exists'],
      ...['+hdel', '+hexists', '+hgetall', '+hkeys', '+hscan', '+hset', '+pexpire', '+pttl', '+time'],
      ...near,
    )
    const reader = open('careful:secret@')
    await proven(reader)
  })
})

describe('0.1.0 on the store', () => {
  const vectors = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../vectors/0.1.0/vectors.json'), 'utf8'),
  ) as { readonly scripts: Readonly<Record<string, string>> }

  it('HLD-20 is known by the scripts that change records there', () => {
    const changing = ['start', 'update', 'end', 'revoke', 'keep'].map(
      (name) => createScript(vectors.scripts[name] ?? '').digest,
    )
    expect(changing).toEqual([...olderScripts])
  })

  it.each(['start', 'update', 'end', 'revoke', 'keep'])(
    'HLD-20 once it has run %s nobody answers from memory',
    async (name) => {
      const reader = open()
      const losses = await proven(reader)
      await server.command('SCRIPT', 'LOAD', vectors.scripts[name] ?? '')
      await until(async () => losses.length > 0, 'the loss')
      expect(losses[0]).toMatchObject({
        reason: 'older-release',
        message: expect.stringContaining('SCRIPT FLUSH'),
      })
      expect(reader.near?.isProven).toBe(false)
      await server.command('SCRIPT', 'FLUSH')
      await until(async () => reader.near?.isProven === true, 'the proof')
    },
  )

  it('HLD-20 and none of our own scripts is taken for one of its', () => {
    const ours = Object.values(scripts).map(({ digest }) => digest)
    expect(ours.filter((digest) => (olderScripts as readonly string[]).includes(digest))).toEqual([])
  })
})
