import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { createRedisClient } from '../../src/stores/redis/adopt.js'
import type { RedisClient } from '../../src/stores/redis/client.js'
import { connectRedis, parseRedisUrl } from '../../src/stores/redis/open.js'
import { type SpokenSentinel, startMaster, startSpokenSentinel } from '../support/failover.js'
import { until } from '../support/redis.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const opened = {
  'its address': ({ host, port }: SpokenSentinel) =>
    connectRedis(parseRedisUrl(`redis+sentinel://${host}:${port}/citizens`)),
  'an ioredis of the application': async ({ host, port }: SpokenSentinel) =>
    createRedisClient(
      new Redis({
        sentinels: [{ host, port }],
        name: 'citizens',
        failoverDetector: true,
        maxRetriesPerRequest: 0,
        retryStrategy: () => 20,
        sentinelReconnectStrategy: () => 20,
      }).on('error', () => {}),
    ),
} as const

describe.each(Object.entries(opened))('HLD-19 HLD-26 a failover, through %s', (_, open) => {
  async function begin() {
    const [first, second] = [await startMaster('first'), await startMaster('second')]
    const sentinel = await startSpokenSentinel(first)
    const client = await open(sentinel)
    closing.push(first.close, second.close, sentinel.close, client.close)
    return { first, second, sentinel, client }
  }
  const leadsTo = (client: RedisClient, name: string) =>
    until(async () => (await client.call('', ['GET', 'name'])) === name, `the ${name} master`, 5000)

  it('that is told while the client looks for the master does not end the client for good', async () => {
    const { first, second, sentinel, client } = await begin()
    await leadsTo(client, 'first')
    await until(async () => sentinel.listening.size > 0, 'the client to listen')
    sentinel.lookUp = async () => {
      sentinel.tell()
      await until(async () => sentinel.listening.size === 0, 'the client to have heard')
      return second
    }
    await first.close()
    await leadsTo(client, 'second')
  })

  it('that nobody told, between the look and the listening, is found out', async () => {
    const { second, sentinel, client } = await begin()
    sentinel.listened = () => {
      sentinel.lookUp = () => second
    }
    await leadsTo(client, 'second')
    expect(sentinel.listening.size).toBeLessThanOrEqual(1)
  })

  it('that was told while the Sentinel could not be heard is found out', async () => {
    const { second, sentinel, client } = await begin()
    await leadsTo(client, 'first')
    await until(async () => sentinel.listening.size > 0, 'the client to listen')
    sentinel.lookUp = () => second
    for (const socket of sentinel.listening) socket.destroy()
    await leadsTo(client, 'second')
  })

  it('that did not happen changes nothing', async () => {
    const { first, sentinel, client } = await begin()
    let looks = 0
    sentinel.lookUp = () => {
      looks += 1
      return first
    }
    await leadsTo(client, 'first')
    await until(async () => looks > 1, 'the second look')
    const [socket] = first.sockets
    await leadsTo(client, 'first')
    expect(socket !== undefined && first.sockets.has(socket)).toBe(true)
  })
})
