import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { judgeStores } from '../../src/cli/doctor/store.js'
import { resolveOptions } from '../../src/config/resolve.js'
import { openRedisStore } from '../../src/stores/redis.js'
import { type RedisServer, startCluster, startRedis, startSentinel } from '../support/redis.js'
import { secret } from './deployment.js'

let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis(['maxmemory-policy noeviction'])
})

afterEach(async () => {
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
  await redis.command('FLUSHALL')
})

afterAll(() => redis.close())

const url = 'https://benefits.example.gov'

function look(storeUrl: string, variables: Readonly<Record<string, string>> = {}) {
  return judgeStores(
    resolveOptions(
      {},
      {
        CITIZEN_IDENTITY_PROVIDER_URL: 'https://id.example.gov',
        CITIZEN_SHARED_COOKIE_DOMAIN: 'example.gov',
        CITIZEN_APPLICATION_ID: 'benefits',
        CITIZEN_APPLICATION_URL: url,
        CITIZEN_APPLICATION_SECRETS: secret,
        CITIZEN_STORE_URL: storeUrl,
        ...variables,
      },
    ),
  )
}

describe('doctor and the store', () => {
  it('finds nothing wrong with a right Redis, and writes nothing into it', async () => {
    const [finding, ...others] = await look(redis.url)
    expect(others).toEqual([])
    expect(finding).toMatchObject({ state: 'ok', code: 'store', target: 'CITIZEN_STORE_URL' })
    expect(finding?.reason).toMatch(/^(redis|valkey) \d+\.\d+\.\d+, 0 replicas, noeviction, [\d.]+ ms$/)
    expect(await redis.command('DBSIZE')).toBe(0)
  })

  it('names eviction', async () => {
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const [finding] = await look(redis.url)
    expect(finding).toMatchObject({ state: 'fail', code: 'store-eviction' })
    expect(finding?.remedy).toContain('noeviction')
  })

  it('names an id that another application holds, and not its own', async () => {
    const store = openRedisStore(redis.url)
    await store.register('benefits', url, 60)
    expect((await look(redis.url)).map(({ state }) => state)).toEqual(['ok'])
    await store.register('permits', url, 60)
    const [finding] = await look(redis.url, {
      CITIZEN_APPLICATION_ID: 'permits',
      CITIZEN_APPLICATION_URL: 'https://permits.example.gov',
    })
    await store.close()
    expect(finding).toMatchObject({ state: 'fail', code: 'application-id-taken' })
    expect(finding?.reason).toContain(url)
  })

  it('names a Redis that is down, one that hangs, and one that wants a password, without repeating it', async () => {
    const other = await startRedis(['maxmemory-policy noeviction'])
    await other.command('CONFIG', 'SET', 'requirepass', 'open-sesame')
    const wrong = await look(other.url.replace('redis://', 'redis://:wrong-word@'))
    other.pause()
    const hanging = await look(other.url)
    other.resume()
    await other.close()
    const down = await look(other.url)
    for (const [finding] of [wrong, hanging, down]) {
      expect(finding).toMatchObject({ state: 'fail', code: 'store-unreachable' })
    }
    expect(JSON.stringify(wrong)).not.toContain('wrong-word')
  })

  it('names the store for revocations by its own variable', async () => {
    const findings = await look(redis.url, { CITIZEN_REVOCATIONS_URL: 'redis://127.0.0.1:1' })
    expect(findings.map(({ code, target }) => [code, target])).toEqual([
      ['store', 'CITIZEN_STORE_URL'],
      ['store-unreachable', 'CITIZEN_REVOCATIONS_URL'],
    ])
  })

  it('says what there is behind a Sentinel, and refuses a replica', async () => {
    const setup = await startSentinel()
    const [finding] = await look(setup.url)
    const [replica] = await look(setup.replicas[0]?.url ?? '')
    await setup.close()
    expect(finding?.reason).toMatch(/[1-9] replicas, noeviction/)
    expect(replica).toMatchObject({ state: 'fail', code: 'store-replica' })
  })

  it('counts the masters of a Cluster', async () => {
    const setup = await startCluster()
    const [finding] = await look(setup.url)
    await setup.close()
    expect(finding?.reason).toContain('3 masters')
  })
})
