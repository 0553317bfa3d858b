/**
 * @module What is told where no Sentinel names a master: at the start, in events and by doctor, each cause in its words. Each is
 * tried for as long as a start may take: side by side, for all of that is waiting.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import { openRedisStore } from '../../src/redis.js'
import { inspectRedis } from '../../src/stores/redis/inspect.js'
import { type SentinelSetup, startRedis, startSentinel } from '../support/redis.js'

let setup: SentinelSetup
beforeAll(async () => {
  setup = await startSentinel()
}, 60_000)
afterAll(() => setup.close())

const failureOf = async (work: unknown): Promise<unknown> => {
  try {
    return await work
  } catch (error) {
    return error
  }
}

async function expectTold(url: string, code: string, ...words: readonly RegExp[]): Promise<void> {
  const store = openRedisStore(url)
  const failures = [
    await failureOf(store.ready()),
    await failureOf(store.claimOnce('key')),
    await failureOf(inspectRedis(url)),
  ]
  await store.close()
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(StoreUnavailableError)
    expect(failure).toMatchObject({ problem: { code } })
    for (const word of words) expect(String(failure)).toMatch(word)
    expect(String(failure)).not.toMatch(/open-sesame|wrong-word/)
  }
}

it.concurrent('FLD-08 FLD-09 Sentinels that are all away are told as that, with the name of the master and the code', () =>
  expectTold(
    'redis+sentinel://127.0.0.1:1,127.0.0.1:2/citizens',
    'ECONNREFUSED',
    /no Sentinel of its address tells where the master "citizens" is: nothing listens/,
  ))

it.concurrent('FLD-08 FLD-09 a name that no Sentinel knows is told as that', () =>
  expectTold(
    `redis+sentinel://127.0.0.1:${setup.sentinel.port}/benefits`,
    'sentinel-master',
    /know no master of the name in its address, "benefits"/,
    /SENTINEL MASTERS/,
  ))

it.concurrent('FLD-08 FLD-09 a master that is away is told otherwise than its Sentinels', async () => {
  const away = await startSentinel({ replicas: 0 })
  await away.master.kill()
  await expectTold(away.url, 'ECONNREFUSED', /redis cannot be used: nothing listens at its host and port/)
  await away.close()
})

it.concurrent('FLD-08 FLD-09 Sentinels with a password are told as that, and the address has a place for user and password', async () => {
  const sentinel = await startRedis(
    [`sentinel monitor citizens 127.0.0.1 ${setup.master.port} 1`],
    'sentinel',
  )
  await sentinel.command(
    'ACL',
    'SETUSER',
    'app',
    'on',
    '>open-sesame',
    '+sentinel',
    '+subscribe',
    '&*',
    '+hello',
    '+client',
  )
  await sentinel.command('ACL', 'SETUSER', 'default', 'resetpass', '>wrong-word')
  const url = `redis+sentinel://127.0.0.1:${sentinel.port}/citizens`
  await Promise.all([
    expectTold(url, 'NOAUTH', /no Sentinel of its address/, /sentinelPassword/),
    expectTold(`${url}?sentinelPassword=other`, 'WRONGPASS', /sentinelPassword/),
  ])
  const store = openRedisStore(`${url}?sentinelUser=app&sentinelPassword=open-sesame`)
  await store.claimOnce('key')
  await store.close()
  await sentinel.close()
})
