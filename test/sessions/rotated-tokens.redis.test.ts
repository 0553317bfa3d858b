/** @module The successor of a spent token on a real Redis: written when the server is back, known to another instance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { dueSeconds, engines } from './renewals.js'

let redis: RedisServer
const stores: { close(): Promise<void> }[] = []

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await redis.close()
})

describe.each(engines)('a rotated token of %s on Redis', (_, create) => {
  it('HLD-07 outlives a write that fails and a stop, and is sent by another instance', async () => {
    await redis.command('FLUSHALL')
    const engine = await create({
      store: (clock) => {
        const store = openRedisStore(redis.url, { clock, deadlineMilliseconds: 2000 })
        stores.push(store)
        return store
      },
    })
    engine.travel(dueSeconds)
    engine.fault.fails = (name) => name === 'keepRefresh' && engine.fault.count < 2
    expect(await engine.visit()).toMatchObject({ state: 'active' })
    expect(engine.fault.count).toBe(1)
    await engine.suite.close()
    expect(engine.fault.count).toBe(2)
    engine.travel(2)
    const twin = engine.twin()
    expect(await engine.visit(twin)).toMatchObject({ state: 'active', degraded: false })
    expect(engine.sent).toHaveLength(1)
    for (let round = 0; round < 2; round += 1) {
      engine.travel(dueSeconds)
      expect(await engine.visit(twin)).toMatchObject({ state: 'active', degraded: false })
    }
    expect(new Set(engine.sent).size).toBe(3)
    await twin.close()
  })
})
