/** @module What lies in Redis of a pointer: its key, how long it lives, formats of other releases. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { day, minute, type StoreHarness, unique } from '../contracts/store-harness.js'
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

const keyOf = (pointer: string): string => `citizen:pointer:${pointer}`
const plant = (pointer: string, field: string, text: string) =>
  server.command('HSET', keyOf(pointer), field, text)
const revocationUntil = (retainUntil: number) =>
  ({ reason: 'signed-out', at: harness.now(), retainUntil }) as const

describe('the key of a pointer', () => {
  it('is one, without the hash tag of a person, and ends when nothing must be retained any more', async () => {
    const [pointer, person] = [unique(), unique()]
    const { store } = harness
    const lives = async (): Promise<number> => Number(await server.command('PTTL', keyOf(pointer)))
    await store.noteIndexKey(pointer, person, harness.now() + day)
    expect(await server.command('KEYS', `*${pointer}*`)).toEqual([keyOf(pointer)])
    expect(await server.command('KEYS', `*${person}*`)).toEqual([])
    expect(await lives()).toBeGreaterThan(day - minute)
    expect(await lives()).toBeLessThanOrEqual(day)
    await store.revokeIndexKey(pointer, revocationUntil(harness.now() + 2 * day))
    expect(await lives()).toBeGreaterThan(2 * day - minute)
    await store.revokeIndexKey(pointer, revocationUntil(harness.now() + minute))
    await store.noteIndexKey(pointer, unique(), harness.now() + minute)
    expect(await lives()).toBeGreaterThan(2 * day - minute)
  })

  it('has an end of life, also when what it holds is over already', async () => {
    for (const retainUntil of [harness.now() - minute, harness.now(), harness.now() + minute]) {
      const [noted, revoked] = [unique(), unique()]
      await harness.store.noteIndexKey(noted, unique(), retainUntil)
      await harness.store.revokeIndexKey(revoked, revocationUntil(retainUntil))
      for (const pointer of [noted, revoked]) {
        expect(Number(await server.command('PTTL', keyOf(pointer)))).toBeGreaterThan(0)
      }
    }
  })

  it('holds no field that has been over for two hours', async () => {
    const pointer = unique()
    await harness.store.noteIndexKey(pointer, unique(), harness.now() + minute)
    await harness.store.revokeIndexKey(pointer, revocationUntil(harness.now() + minute))
    const person = unique()
    await harness.store.noteIndexKey(pointer, person, harness.now() + day)
    await harness.advance(61)
    const note = () => harness.store.noteIndexKey(pointer, person, harness.now() + day)
    expect((await note()) ?? 'none').toBe('none')
    // What is over is forgotten once the clock has gone on for an hour without a step back (HLD-05).
    for (let hour = 0; hour < 2; hour += 1) {
      await harness.advance(3600)
      await note()
    }
    expect(await server.command('HKEYS', keyOf(pointer))).toEqual([`p:${person}`])
  })
})

describe('HLD-14 a flood of names that nobody knows', () => {
  it('leaves less than a megabyte a day: each is gone after ten minutes, and looking one up leaves nothing', async () => {
    const { store } = harness
    const tenMinutes = 10 * minute
    const one = unique()
    await store.revokeIndexKey(one, revocationUntil(harness.now() + tenMinutes))
    expect(Number(await server.command('PTTL', keyOf(one)))).toBeLessThanOrEqual(tenMinutes)
    const bytes = Number(await server.command('MEMORY', 'USAGE', keyOf(one)))
    // Thirty a minute, each for ten minutes.
    expect(bytes * 30 * 10).toBeLessThan(1_000_000)
    const asked = unique()
    expect(await store.indexKeyPersons(asked)).toEqual([])
    expect(await server.command('EXISTS', keyOf(asked))).toBe(0)
  })
})

describe('formats of another release', () => {
  it('a revocation of a newer one still counts, wherever it says how long', async () => {
    const pointer = unique()
    await plant(pointer, 'v', `2 v space-weather ${harness.now()} x`)
    const expected = { reason: 'revoked', at: harness.now() }
    expect(await harness.store.indexKeyRevocation(pointer)).toMatchObject(expected)
    expect(await harness.store.noteIndexKey(pointer, unique(), harness.now() + day)).toMatchObject(expected)
  })

  it('a person of a newer one is still named, and stays what it is', async () => {
    const [pointer, person] = [unique(), unique()]
    await plant(pointer, `p:${person}`, `2 p ${harness.now() - minute} more`)
    const { store } = harness
    expect((await store.revokeIndexKey(pointer, revocationUntil(harness.now() + day))).persons).toEqual([
      person,
    ])
    const retainUntil = harness.now() + day
    await store.noteIndexKey(pointer, person, retainUntil)
    expect(await server.command('HGET', keyOf(pointer), `p:${person}`)).toBe(`2 p ${retainUntil} more`)
  })

  it.each(['1 v idle 5 9000000000000', '1 e revoked 5 9000000000000'])(
    '%j is refused as unreadable',
    async (text) => {
      const pointer = unique()
      await plant(pointer, 'v', text)
      const expected = { code: 'store-format', status: 503 }
      const { store } = harness
      await expect(store.indexKeyRevocation(pointer)).rejects.toMatchObject(expected)
      await expect(store.noteIndexKey(pointer, unique(), harness.now() + day)).rejects.toMatchObject(expected)
    },
  )

  it('something else under the key is an error that names nothing of it', async () => {
    const [pointer, person] = [unique(), unique()]
    await server.command('SET', keyOf(pointer), 'no hash')
    const error: unknown = await Promise.resolve(
      harness.store.noteIndexKey(pointer, person, harness.now() + day),
    ).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'store-unavailable' })
    expect(String(error)).not.toMatch(new RegExp(`${pointer}|${person}`))
  })
})
