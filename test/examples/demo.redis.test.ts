import { afterAll, beforeAll, expect, it } from 'vitest'
import { root, run } from '../../examples/set-up.mjs'
import { type RedisServer, startRedis } from '../support/redis.js'
import { demoEnvironment } from './demo-process.js'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis?.close())

it('walks through itself on a Redis, twice on the same', { timeout: 240_000 }, async () => {
  for (const _ of [1, 2]) {
    const { code, output } = await run(process.execPath, [`${root}/examples/demo/start.mjs`, '--walk'], {
      env: demoEnvironment({ CITIZEN_REDIS_URL: redis.url }),
    })
    expect(output).toContain('sessions are kept in Redis')
    expect(output).toMatch(/^walk: \d+ steps, 0 failed$/m)
    expect(code).toBe(0)
  }
  expect(Number(await redis.command('DBSIZE'))).toBeGreaterThan(0)
  // The application in the other process keeps its sessions there too.
  expect(await redis.command('KEYS', '*:permits-*')).not.toEqual([])
})
