/** @module The upgrade from 0.1.0 on a Redis that both releases use: each meets the ends of the other. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/redis.js'
import type { RecordAddress } from '../../src/session-record.js'
import type { Store } from '../../src/stores/store.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { home, upgrade } from './application.js'
import { describeUpgrade } from './goes-on.js'
import { newerText, withFields } from './newer.js'
import { type Command, type Entries, kinds, vectors } from './vectors.js'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await startRedis()
  client = new Redis({ host: server.host, port: server.port })
})
afterAll(async () => {
  client.disconnect()
  await server.close()
})
beforeEach(() => client.flushall())

async function load(entries: Entries): Promise<void> {
  for (const [key, { value, milliseconds }] of Object.entries(entries)) {
    if (typeof value === 'string') await client.set(key, value)
    else await client.hset(key, value)
    await client.pexpire(key, milliseconds)
  }
}

const open = async (entries: Entries, clock: () => number): Promise<Store> => {
  await load(entries)
  return redisStore(client, { clock, deadlineMilliseconds: 5000 })
}

/** Runs a script of 0.1.0 as 0.1.0 ran it. */
const run = ({ script, given }: Command): Promise<unknown> =>
  client.call('EVAL', vectors.scripts[script] ?? '', '1', ...given) as Promise<unknown>

/** How 0.1.0 reads the text of a record. */
type ReadRecord = (text: string) => { readonly state: string; readonly generation: string }

async function readerOfThen(): Promise<ReadRecord> {
  const text = vectors.format.replace(/import .*errors\.js';/, 'class StoreUnavailableError extends Error {}')
  const file = join(tmpdir(), `citizen-format-0.1.0-${process.pid}.mjs`)
  await writeFile(file, text)
  return ((await import(pathToFileURL(file).href)) as { parseRecord: ReadRecord }).parseRecord
}

/** The records of a person as they lie there, each with its address. */
async function recordsThere(): Promise<
  { address: RecordAddress; key: string; field: string; text: string }[]
> {
  const found = []
  for (const key of await client.keys('citizen:{*}')) {
    for (const [field, text] of Object.entries(await client.hgetall(key))) {
      const [, application = '', session = ''] = field.split(':')
      const person = /\{(.*)\}/.exec(key)?.[1] ?? ''
      if (field.startsWith('r:')) found.push({ address: { person, application, session }, key, field, text })
    }
  }
  return found
}

/** What 0.1.0's script answers that begins a session: a login of just now, which proves nothing new. */
function startThen(key: string, { application, session }: RecordAddress, now: number): Promise<unknown> {
  const times = `${now} ${now} ${now + 43_200_000} 3600000 ${now + 900_000}`
  const record = `1 l ${'z'.repeat(22)} ${times} 1 0 ${now + 86_400_000} -`
  const proof = [String(now - 1000), String(now), String(now + 86_400_000), '', '', '0']
  return run({ script: 'start', given: [key, application, session, record, ...proof] })
}

describe('on Redis', () => {
  describeUpgrade(open)

  it('FLD-12 every kind of record, mark and lock is there for today’s store', async () => {
    const clock = () => vectors.start
    const store = await open(vectors.everyKind.store, clock)
    const { calls } = vectors.everyKind
    const of = (method: string) => calls.filter(([name]) => name === method).map(([, ...given]) => given)
    const [[live, request], [ended]] = of('start') as [[RecordAddress, { record: object }], [RecordAddress]]
    const [[, , kept, expires]] = of('keep') as [[unknown, unknown, object, number]]
    expect(await store.read(live)).toEqual({ ...request.record, tokenExpiresAt: expires })
    expect(await store.read(ended)).toEqual(of('end')[0]?.[2])
    const alias = { ...live, session: String(of('alias')[0]?.[2]) }
    expect(await store.read(alias)).toEqual({ state: 'alias', session: live.session })
    expect(await store.keptRefresh(live)).toEqual(kept)
    const [[person, { session }, revocation], [other]] = of('revoke') as [
      [string, { session: string }, object],
      [string],
    ]
    expect(await store.revocation(person, session)).toEqual({ ...revocation, kind: 'session' })
    expect(await store.revocation(other, 'another'.padEnd(22, '-'))).toMatchObject({ kind: 'person' })
    const [[pointer, owner]] = of('point') as [[string, string]]
    expect(await store.indexKeyRevocation(pointer)).toEqual(of('revokePointer')[0]?.[1])
    expect((await store.revokeIndexKey(pointer, of('revokePointer')[0]?.[1] as never)).persons).toEqual([
      owner,
    ])
    for (const [name] of of('claim')) expect(await store.claimOnce(String(name))).toBe(false)
    expect(await store.lease(String(of('lease')[0]?.[0]), 5)).toBeUndefined()
    const holder = { fingerprint: 'fingerprint', seconds: expect.any(Number) }
    expect(await store.register('benefits', 'another fingerprint', 60)).toEqual(holder)
  })
})

describe('FLD-12 an id that instances of both releases use', () => {
  const registerThen = (fingerprint: string) =>
    run({ script: 'register', given: ['citizen:application:both', fingerprint, '180000'] })
  const registerNow = (store: Store, fingerprint: string, instance: string) =>
    store.register('both', fingerprint, 180, instance)

  it('is one id: each is refused where the other has another fingerprint', async () => {
    const store = redisStore(client)
    expect(await registerThen('ours')).toEqual(['done'])
    expect(await registerNow(store, 'theirs', 'one')).toMatchObject({ fingerprint: 'ours' })
    expect(await registerNow(store, 'ours', 'one')).toBe(true)
    expect(await registerThen('theirs')).toEqual(['other'])
    expect(await registerThen('ours')).toEqual(['done'])
  })

  it.each(['before', 'after', 'before and after'])(
    'is not given back by the last new instance while one of 0.1.0 registered it %s',
    async (when) => {
      const store = redisStore(client)
      if (when.includes('before')) await registerThen('ours')
      await registerNow(store, 'ours', 'one')
      await registerNow(store, 'ours', 'one')
      if (when.includes('after')) await registerThen('ours')
      await store.deregister('both', 'ours', 'one')
      expect(await registerNow(store, 'theirs', 'stranger')).toMatchObject({ fingerprint: 'ours' })
      expect(await registerThen('theirs')).toEqual(['other'])
    },
  )

  it('is free for 0.1.0 once the last new instance has given it back', async () => {
    const store = redisStore(client)
    await registerNow(store, 'ours', 'one')
    await store.deregister('both', 'ours', 'one')
    expect(await registerThen('theirs')).toEqual(['done'])
  })
})

describe.each(kinds)('FLD-12 two releases on one Redis: %s', (kind) => {
  const { session, ended, endedHere } = vectors.scenarios[kind]

  it.each([
    ['everywhere', ended, 'signed-out'],
    ['here', endedHere, 'application-sign-out'],
  ] as const)('an end by 0.1.0, %s, counts with the next request', async (_where, moment, reason) => {
    const clock = () => moment.now
    const store = await open(moment.before, clock)
    const application = upgrade(kind, { ...moment, answers: session.answers, store, clock })
    expect((await application.who()).state).toBe('active')
    for (const command of moment.commands) await run(command)
    expect(await application.who()).toMatchObject({ state: 'anonymous', reason })
  })

  it.each(['everywhere', 'application'])('0.1.0 honours an end by today’s code: %s', async (scope) => {
    let now = session.now
    const clock = () => now
    const application = upgrade(kind, { ...session, store: await open(session.store, clock), clock })
    const [before] = await recordsThere()
    // A touch, so that what lies there is of today.
    now += 60_000
    expect((await application.who()).state).toBe('active')
    const response = await application.send(
      { method: 'POST', url: `${home}/session/logout`, form: { scope } },
      { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    )
    expect(response.status).toBe(200)
    const readThen = await readerOfThen()
    const [{ address, key, field, text } = { address: undefined, key: '', field: '', text: '' }] =
      await recordsThere()
    if (address === undefined || before === undefined) throw new Error('the record is gone')
    expect(readThen(text).state).toBe('ended')
    const { generation } = readThen(before.text)
    const touch = [key, field, generation, '', String(now), '', '', '', '', '', '', '']
    expect(await run({ script: 'update', given: touch })).not.toEqual(['done'])
    expect(
      await run({ script: 'end', given: [key, field, generation, '', '1', 'revoked', '1', '-', '1', '-'] }),
    ).toEqual(['exists', text])
    const [outcome] = (await startThen(key, address, now)) as [string]
    expect(outcome).toBe(scope === 'everywhere' ? 'revoked' : 'exists')
    const [after] = await recordsThere()
    expect(readThen(after?.text ?? '').state).toBe('ended')
  })
})

describe.each(kinds)('FLD-12 a record of a newer release in Redis: %s', (kind) => {
  it('is unavailable at every route, unchanged, and goes on when that release is back', async () => {
    const { session } = vectors.scenarios[kind]
    const clock = () => session.now
    const store = await open(withFields(session.store, /^r:/, newerText), clock)
    const before = await recordsThere()
    expect(before.map(({ text }) => text.slice(0, 4))).toEqual(['2 l '])
    const application = upgrade(kind, { ...session, store, clock })
    const cookies = new Map(application.cookies)
    expect(await application.who()).toMatchObject({ state: 'unavailable', reason: 'store' })
    expect((await application.send({ url: `${home}/session/status` })).status).toBe(503)
    expect(application.cookies).toEqual(cookies)
    expect(application.told).toContain('store.unavailable store-format')
    expect(await recordsThere()).toEqual(before)
    const [{ key, field, text } = { key: '', field: '', text: '' }] = before
    await client.hset(key, field, text.replace(/^2 /, '1 '))
    expect((await upgrade(kind, { ...session, store, clock }).who()).state).toBe('active')
  })

  it('is ended by a sign-out that can name it, and else stays: no receipt says more', async () => {
    const { session } = vectors.scenarios[kind]
    const clock = () => session.now
    const store = await open(withFields(session.store, /^r:/, newerText), clock)
    const before = await recordsThere()
    const application = upgrade(kind, { ...session, store, clock })
    const request = { method: 'POST', url: `${home}/session/logout`, form: { scope: 'everywhere' } }
    const script = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    const answer = await (await application.send(request, script)).text()
    const [after] = await recordsThere()
    if (kind === 'shared-cookie') expect(after?.text).toMatch(/^1 e signed-out /)
    else expect(after?.text).toBe(before[0]?.text)
    expect(answer).toContain('"outcome":"failed"')
    expect(answer).not.toMatch(/"leg":"sessions"[^}]*"state":"done"/)
  })
})

it('FLD-12 0.1.0 reads a record that names its newest token, and keeps that where it writes', async () => {
  const now = vectors.start
  const store = await open({}, () => now)
  const address = { person: 'p'.repeat(22), session: 's'.repeat(22), application: 'benefits' }
  const generation = 'g'.repeat(22)
  const times = { startedAt: now, lastSeenAt: now, endsAt: now + 1e7, idleMilliseconds: 600_000 }
  const rest = { tokenExpiresAt: now + 1e6, level: 2, authenticatedAt: 0, retainUntil: now + 1e8, sealed: '' }
  const newestToken = { method: 'did', olderUntil: now - 1 } as const
  const record = { state: 'live', generation, ...times, ...rest, newestToken } as const
  await store.start(address, { record, issuedAt: now, now })
  const [{ key, field, text } = { key: '', field: '', text: '' }] = await recordsThere()
  const readThen = await readerOfThen()
  const { newestToken: _newest, ...known } = record
  expect(readThen(text)).toEqual(known)
  const seen = String(now + 20_000)
  const change = [key, field, generation, '', seen, '', '', '1', '', '', 'sealed', '']
  expect(await run({ script: 'update', given: change })).toEqual(['done'])
  expect(await store.read(address)).toEqual({
    ...record,
    lastSeenAt: now + 20_000,
    level: 1,
    sealed: 'sealed',
  })
})

it('FLD-12 0.1.0 meets a revocation that today’s code has written under an index key', async () => {
  const clock = () => vectors.start
  const store = await open({}, clock)
  const revocation = { reason: 'revoked' as const, at: vectors.start, retainUntil: vectors.start + 60_000 }
  await store.revokeIndexKey('pointer', revocation)
  const now = String(vectors.start)
  const key = 'citizen:pointer:pointer'
  const [, read] = (await run({ script: 'readPointer', given: [key, now] })) as string[]
  expect(read).toMatch(new RegExp(`^1 v revoked ${vectors.start} `))
  const [, pointed] = (await run({ script: 'point', given: [key, 'person', now, now] })) as string[]
  expect(pointed).toBe(read)
})
