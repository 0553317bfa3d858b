import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyRing } from '../../src/issuing/ring.js'
import { redisKeys } from '../../src/redis.js'
import { testKeyStorage } from '../contracts/key-storage.js'
import { createTestClock, rotateQuickly } from '../issuing/world.js'
import { type RedisServer, startRedis } from '../support/redis.js'

const secrets = ['a secret of at least thirty-two bytes']
let server: RedisServer
let ioredis: Redis
let node: ReturnType<typeof createClient>

beforeAll(async () => {
  server = await startRedis()
  ioredis = new Redis(server.url)
  node = createClient({ url: server.url })
  node.on('error', () => {})
  await node.connect()
})
afterAll(async () => {
  ioredis.disconnect()
  await node.close()
  await server.close()
})

const clients = () => [ioredis, node] as const

let places = 0
for (const index of [0, 1]) {
  testKeyStorage(['Redis through ioredis', 'Redis through node-redis'][index] ?? '', () => {
    const ring = `place-${places++}`
    return () => redisKeys(clients()[index] ?? ioredis, { secrets, ring })
  })
}

describe('a key ring in Redis', () => {
  it('JWT-18 is one for all instances: of those that rotate at the same moment one makes the key', async () => {
    const time = createTestClock()
    const rings = [0, 1, 0, 1].map((index) => {
      const client = clients()[index] ?? ioredis
      const storage = redisKeys(client, { secrets, ring: 'together' })
      return createKeyRing({ storage, algorithm: 'EdDSA', clock: time.clock })
    })
    const [first] = rings
    for (const expected of [['sso-20251008'], ['sso-20251008', 'sso-20251008-2']]) {
      const rotations = await Promise.all(rings.map((ring) => ring.rotate()))
      expect(rotations.filter(({ isNew }) => isNew)).toHaveLength(1)
      expect((await first?.list())?.map(({ key }) => key.jwk.kid)).toEqual(expected)
    }
    time.travel(86_400)
    const signers = await Promise.all(rings.map((ring) => ring.signer()))
    expect(signers.map(({ kid }) => kid)).toEqual(Array(4).fill('sso-20251008-2'))
  })

  it('holds nothing readable, and gives keys to nobody without the secret', async () => {
    const storage = redisKeys(ioredis, { secrets, ring: 'sealed' })
    const ring = createKeyRing({ storage, clock: createTestClock().clock })
    await rotateQuickly(ring)
    const all = await ioredis.hgetall('citizen:{sso-keys:sealed}')
    expect(Object.keys(all).sort()).toEqual(['key:sso-20251008', 'revision', 'state'])
    expect(JSON.stringify(all)).not.toMatch(/PRIVATE|"d"/)
    const other = redisKeys(ioredis, { secrets: [`${secrets[0]}!`], ring: 'sealed' })
    await expect(other.privateKey('sso-20251008')).rejects.toMatchObject({ code: 'key-ring' })
    const later = redisKeys(ioredis, { secrets: [`${secrets[0]}!`, ...secrets], ring: 'sealed' })
    await later.privateKey('sso-20251008')
  })

  it('forgets private keys that sign no more', async () => {
    const time = createTestClock()
    const ring = createKeyRing({ storage: redisKeys(node, { secrets, ring: 'old' }), clock: time.clock })
    await rotateQuickly(ring)
    await rotateQuickly(ring)
    time.travel(2 * 86_400)
    await ring.maintain()
    const fields = await ioredis.hkeys('citizen:{sso-keys:old}')
    expect(fields.sort()).toEqual(['key:sso-20251008-2', 'revision', 'state'])
  })

  it('goes on without Redis for a while, and says so', async () => {
    const time = createTestClock()
    const own = await startRedis()
    const client = new Redis(own.url, { maxRetriesPerRequest: 0 })
    client.on('error', () => {})
    const problems: unknown[] = []
    const storage = redisKeys(client, { secrets })
    const ring = createKeyRing({ storage, clock: time.clock, onProblem: (error) => problems.push(error) })
    await rotateQuickly(ring)
    await ring.signer()
    await own.kill()
    time.travel(3_600)
    await ring.signer()
    expect(problems).toEqual([expect.objectContaining({ code: 'store-unavailable' })])
    time.travel(86_400)
    await expect(ring.signer()).rejects.toMatchObject({ code: 'keys-unavailable' })
    client.disconnect()
    await own.close()
  })

  it.each([
    [{ secrets: [] }],
    [{ secrets: ['short'] }],
    [{ secrets, ring: 'a}' }],
    [{ secrets, prefix: '{' }],
  ])('cannot be made with %j', (options) => {
    expect(() => redisKeys(ioredis, options)).toThrow(TypeError)
  })
})
