/** @module What lies in Redis: formats of other releases, lives of keys, room, scripts that were forgotten. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisStore } from '../../src/redis.js'
import {
  addressOf,
  day,
  endedAt,
  liveAt,
  minute,
  type StoreHarness,
  startAt,
  startedAt,
  unique,
} from '../contracts/store-harness.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { clients, createRedisHarness } from './redis-harness.js'

let server: RedisServer
let harness: StoreHarness
beforeAll(async () => {
  server = await startRedis()
  harness = createRedisHarness(clients.ioredis(server), [server])
})
afterAll(async () => {
  await harness.close()
  await server.close()
})

const keyOf = (person: string): string => `citizen:{${person}}`
const plant = (person: string, field: string, text: string) =>
  server.command('HSET', keyOf(person), field, text)

describe('formats of another release', () => {
  it.each([
    [
      'an end',
      '2 e idle-timeout 1800000000000 more words',
      { reason: 'idle-timeout', at: 1_800_000_000_000 },
    ],
    [
      'an end for a new reason',
      '2 e space-weather 1800000000000',
      { reason: 'revoked', at: 1_800_000_000_000 },
    ],
  ])('%s of a newer one still ends', async (_name, text, expected) => {
    const address = addressOf()
    await plant(address.person, `r:${address.application}:${address.session}`, text)
    expect(await harness.store.read(address)).toMatchObject({ state: 'ended', ...expected })
    const { outcome, record } = await startAt(harness, address)
    expect([outcome, record.state]).toEqual(['exists', 'ended'])
    if (record.state === 'ended')
      expect((await startAt(harness, address, { resumes: record })).outcome).toBe('exists')
    const proof = { provenAt: harness.now() + minute }
    expect((await startAt(harness, address, proof)).outcome).toBe('exists')
    const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
    expect((await harness.store.revoke(address.person, { kind: 'person' }, revocation)).ended).toEqual([])
    expect((await startAt(harness, address)).outcome).toBe('revoked')
  })

  it.each(['v', 'v:session'])('a revocation of a newer one still revokes: %s', async (field) => {
    const address = addressOf({ session: 'session' })
    await plant(address.person, field, `2 v signed-out ${harness.now()} ${harness.now() + day} more`)
    const found = await harness.store.revocation(address.person, address.session)
    expect(found).toMatchObject({ reason: 'signed-out', at: harness.now() })
    const { outcome } = await startAt(harness, address, { issuedAt: harness.now() - 1 })
    expect(outcome).toBe('revoked')
    const proven = { issuedAt: 0, provenAt: harness.now() + 1 }
    const elsewhere = { ...address, application: 'permits' }
    expect((await startAt(harness, elsewhere, proven)).outcome).toBe('started')
  })

  it('a revocation of a newer one that says no time yields to no proof', async () => {
    const address = addressOf({ session: 'session' })
    await plant(address.person, 'v:session', '2 v signed-out soon')
    const proven = { provenAt: harness.now() + day }
    await expect(startAt(harness, address, proven)).rejects.toMatchObject({ status: 503 })
    await expect(harness.store.read(address)).rejects.toMatchObject({ code: 'store-format' })
  })

  it.each([
    ['a newer live record', '2 l whatever comes'],
    ['a record cut short', '1 l generation 1 2 3'],
    ['an unknown kind', '1 x 1 2 3'],
    ['an end without a time', '1 e idle-timeout'],
    ['nothing', ''],
  ])('%s is refused as unreadable', async (_name, text) => {
    const address = addressOf()
    await plant(address.person, `r:${address.application}:${address.session}`, text)
    await expect(harness.store.read(address)).rejects.toMatchObject({ code: 'store-format', status: 503 })
  })

  it('a newer live record is changed by nothing but a revocation', async () => {
    const address = addressOf()
    const field = `r:${address.application}:${address.session}`
    const text = '2 l generation 1 2 3'
    await plant(address.person, field, text)
    const expected = { code: 'store-format' }
    const ended = endedAt(liveAt(harness.now()), harness.now())
    const kept = { token: unique(), sealed: unique(), fence: 1, until: harness.now() + minute }
    await expect(startAt(harness, address)).rejects.toMatchObject(expected)
    await expect(harness.store.update(address, 'generation', {})).rejects.toMatchObject(expected)
    await expect(harness.store.end(address, { generation: 'generation' }, ended)).rejects.toMatchObject(
      expected,
    )
    await expect(harness.store.alias(address, 'generation', unique())).rejects.toMatchObject(expected)
    await expect(harness.store.keepRefresh(address, 'generation', kept, 0)).rejects.toMatchObject(expected)
    expect(await server.command('HGET', keyOf(address.person), field)).toBe(text)
    const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
    await harness.store.revoke(address.person, { kind: 'person' }, revocation)
    expect(await harness.store.read(address)).toMatchObject({ state: 'ended', reason: 'revoked' })
  })

  it('FLD-12 a kept refresh of a newer one is refused, and stays: its token may be the only one', async () => {
    const address = addressOf()
    const { generation } = await startedAt(harness, address)
    const field = `k:${address.application}:${address.session}`
    const text = '2 k something 0 else'
    await plant(address.person, field, text)
    const expected = { code: 'store-format', status: 503 }
    const kept = { token: unique(), sealed: unique(), fence: 1, until: harness.now() + minute }
    await expect(harness.store.keptRefresh(address)).rejects.toMatchObject(expected)
    await expect(harness.store.keepRefresh(address, generation, kept, 0)).rejects.toMatchObject(expected)
    expect(await server.command('HGET', keyOf(address.person), field)).toBe(text)
  })

  it('FLD-12 a revocation of a newer one that is written again keeps what only the newer one reads', async () => {
    const address = addressOf({ session: 'session' })
    const [now, retainUntil] = [harness.now(), harness.now() + day]
    await plant(address.person, 'v:session', `2 v revoked ${now - 1} ${now} newer words`)
    const revocation = { reason: 'signed-out', at: now, retainUntil } as const
    await harness.store.revoke(address.person, { kind: 'session', session: 'session' }, revocation)
    const text = await server.command('HGET', keyOf(address.person), 'v:session')
    expect(text).toBe(`2 v revoked ${now} ${retainUntil} newer words`)
  })
})

describe('keys', () => {
  it('holds everything of a person in one key, which ends when nothing must be retained any more', async () => {
    const address = addressOf()
    const record = await startedAt(harness, address)
    await harness.store.revoke(
      address.person,
      { kind: 'others', session: address.session },
      { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + 3 * day },
    )
    await harness.store.alias(address, record.generation, unique())
    expect(await server.command('KEYS', `*${address.person}*`)).toEqual([keyOf(address.person)])
    const left = Number(await server.command('PTTL', keyOf(address.person)))
    expect(left).toBeGreaterThan(day - minute)
    expect(left).toBeLessThanOrEqual(day)
    await harness.store.revoke(
      address.person,
      { kind: 'person' },
      { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + 3 * day },
    )
    expect(Number(await server.command('PTTL', keyOf(address.person)))).toBeGreaterThan(3 * day - minute)
  })

  it('leaves no key without an end', async () => {
    await harness.store.claimOnce(unique())
    await harness.store.confirmClaim(unique(), 5)
    await harness.store.lease(unique(), 5)
    await harness.store.register(unique(), unique(), 5)
    await startedAt(harness, addressOf(), { retainUntil: harness.now() - minute })
    const keys = await server.command('KEYS', '*')
    // The planted hashes of this file are no work of the store.
    const endless: string[] = []
    for (const key of Array.isArray(keys) ? keys.map(String) : []) {
      if (Number(await server.command('PTTL', key)) < 0)
        endless.push(String(await server.command('HVALS', key)))
    }
    expect(
      endless.filter(
        (values) => !values.startsWith('2 ') && !/^(?:1 l g.* 3|1 x 1 2 3|1 e idle-timeout|)$/.test(values),
      ),
    ).toEqual([])
  })

  it('keeps prefixes apart, and refuses one that would move the hash tag', async () => {
    const client = clients.ioredis(server)
    const other = createRedisHarness(client, [server], { prefix: 'permits:' })
    const address = addressOf()
    await startedAt(harness, address)
    expect(await other.store.read(address)).toBeUndefined()
    expect(() => redisStore(client.client, { prefix: '{permits}:' })).toThrow(TypeError)
    await other.close()
  })

  it('takes at most 600 bytes for a live record', async () => {
    const address = addressOf()
    await startedAt(harness, address, { authenticatedAt: harness.now(), level: 2 })
    const bytes = Number(await server.command('MEMORY', 'USAGE', keyOf(address.person), 'SAMPLES', '0'))
    expect(bytes).toBeLessThanOrEqual(600)
  })

  it('sends a script again that the server has forgotten', async () => {
    const address = addressOf()
    const record = await startedAt(harness, address)
    await server.command('SCRIPT', 'FLUSH')
    expect(await harness.store.update(address, record.generation, { level: 2 })).toBe(true)
    expect(await harness.store.read(address)).toMatchObject({ level: 2 })
  })

  it('stops at a circle of aliases that something else has written', async () => {
    const address = addressOf({ session: 'one' })
    await plant(address.person, 'a:one', '1 a other')
    await plant(address.person, 'a:other', '1 a one')
    expect(await harness.store.read(address)).toMatchObject({ state: 'alias' })
    const revocation = { reason: 'revoked', at: harness.now(), retainUntil: harness.now() + day } as const
    await harness.store.revoke(address.person, { kind: 'session', session: 'one' }, revocation)
    expect((await startAt(harness, address)).outcome).toBe('revoked')
  })
})

it('HLD-19 the number of a lease does not fall back with the clock of a new server', async () => {
  const key = unique()
  const first = (await harness.store.lease(key, 20)) ?? 0
  await harness.store.releaseLease(key, first)
  // A server whose clock is behind: the last number was given in what it takes for the future.
  const ahead = first + 60_000_000
  await server.command('SET', `citizen:fence:{citizen:lease:${key}}`, String(ahead), 'PX', '60000')
  const second = await harness.store.lease(key, 20)
  expect(second).toBe(ahead + 1)
  await harness.store.releaseLease(key, second ?? 0)
  expect(await harness.store.lease(key, 20)).toBe(ahead + 2)
})
