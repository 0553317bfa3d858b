/** @module Near reads through every client and every form of Redis, and what their connections do to a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type AnyRedisClient, openRedisStore, redisStore } from '../../../src/redis.js'
import type { LiveRecord, RecordAddress } from '../../../src/session-record.js'
import type { NearLoss } from '../../../src/stores/near-reads.js'
import type { Store } from '../../../src/stores/store.js'
import { addressOf, endedAt, liveAt } from '../../contracts/store-harness.js'
import { createCertificate } from '../../support/certificate.js'
import {
  type ClusterSetup,
  type RedisServer,
  type SentinelSetup,
  startCluster,
  startRedis,
  startSentinel,
  until,
} from '../../support/redis.js'
import { clients, type OpenClient } from '../redis-harness.js'

const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

function storeOf({ client, close }: OpenClient, prefix?: string): Store {
  const store = redisStore(client, { deadlineMilliseconds: 5000, near: true, prefix })
  opened.push({ close }, store)
  return store
}

async function proven(store: Store): Promise<NearLoss[]> {
  const losses: NearLoss[] = []
  store.near?.watch({ lost: (loss) => losses.push(loss) })
  await store.ready()
  await until(async () => store.near?.isProven === true, 'the proof')
  return losses
}

async function started(store: Store): Promise<{ address: RecordAddress; record: LiveRecord }> {
  const address = addressOf()
  const now = Date.now()
  const record = liveAt(now)
  await store.start(address, { record, issuedAt: now, now })
  return { address, record }
}

/** Reads until it is remembered: the announcement of its own beginning may come while it is read. */
function remembered(store: Store, address: RecordAddress): Promise<void> {
  return until(async () => {
    await store.read(address)
    return store.near?.read(address) !== undefined
  }, 'an answer from memory')
}

/** What one store ends, another one hears of, whichever clients they have. */
async function endsAreHeard(reader: Store, writer: Store, count = 20): Promise<void> {
  await proven(reader)
  const sessions = await Promise.all(Array.from({ length: count }, () => started(writer)))
  for (const { address } of sessions) await remembered(reader, address)
  for (const { address, record } of sessions) {
    await writer.end(address, record, endedAt(record, Date.now(), 'revoked'))
    await until(async () => reader.near?.read(address) === undefined, 'the end to be heard of', 5000)
    expect(reader.near?.isProven).toBe(true)
    expect(await reader.read(address)).toMatchObject({ state: 'ended' })
  }
}

describe('one server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    await server.command('CONFIG', 'SET', 'maxclients', '10000')
  })

  const listeners = async () => {
    const list = String(await server.command('CLIENT', 'LIST', 'TYPE', 'pubsub'))
    return list.split('\n').filter((line) => line !== '').length
  }

  it.each<[string, () => Promise<OpenClient>]>([
    ['ioredis', async () => clients.ioredis(server)],
    ['ioredis that connects late', async () => clients.ioredis(server, { lazyConnect: true })],
    [
      'ioredis without a queue',
      async () => {
        const client = clients.ioredis(server, { enableOfflineQueue: false })
        await once(client.client as Redis, 'ready')
        return client
      },
    ],
    ['ioredis without pipelines', async () => clients.ioredis(server, { enableAutoPipelining: false })],
    ['ioredis with a prefix of keys', async () => clients.ioredis(server, { keyPrefix: 'app:' })],
    ['ioredis in another database', async () => clients.ioredis(server, { db: 3 })],
    ['ioredis that answers numbers as texts', async () => clients.ioredis(server, { stringNumbers: true })],
    ['node-redis', () => clients.nodeRedis(server)],
    [
      'node-redis with RESP3',
      async () => {
        const { host, port } = server
        const client = createClient({ RESP: 3, socket: { host, port } }).on('error', () => {})
        await client.connect()
        return { client: client as unknown as AnyRedisClient, close: async () => client.destroy() }
      },
    ],
    [
      'node-redis of an address',
      async () => {
        const client = createClient({ url: `${server.url}/4` }).on('error', () => {})
        await client.connect()
        return { client: client as unknown as AnyRedisClient, close: async () => client.destroy() }
      },
    ],
    [
      'node-redis in another database',
      async () => {
        const { host, port } = server
        const client = createClient({ database: 3, socket: { host, port } }).on('error', () => {})
        await client.connect()
        return { client: client as unknown as AnyRedisClient, close: async () => client.destroy() }
      },
    ],
  ])('HLD-20 %s hears of every end', async (_name, open) => {
    await endsAreHeard(storeOf(await open()), storeOf(await open()))
  })

  it('HLD-20 a client with a prefix of keys and one that says it itself are one store', async () => {
    const one = storeOf(clients.ioredis(server, { keyPrefix: 'app:' }))
    const other = storeOf(clients.ioredis(server), 'app:citizen:')
    await proven(one)
    const { address, record } = await started(one)
    await remembered(one, address)
    expect(await other.read(address)).toEqual(record)
  })

  it('HLD-20 stores of an address, and two on one client, hear each other', async () => {
    const reader = openRedisStore(`${server.url}/2`, { near: true })
    const writer = openRedisStore(`${server.url}/2`, { near: true })
    opened.push(reader, writer)
    await endsAreHeard(reader, writer, 3)
    const { client, close } = clients.ioredis(server)
    const [one, other] = [redisStore(client, { near: true }), redisStore(client, { near: true })]
    opened.push({ close }, one, other)
    await endsAreHeard(one, other, 3)
  })

  it('HLD-20 a server that has become a replica is relied on no more: it copies what nobody announces', async () => {
    const other = await startRedis()
    try {
      const store = storeOf(clients.ioredis(server))
      const losses = await proven(store)
      await server.command('REPLICAOF', other.host, String(other.port))
      await until(async () => losses.length > 0, 'the loss')
      expect([losses[0]?.reason, store.near?.isProven]).toEqual(['moved', false])
    } finally {
      await server.command('REPLICAOF', 'NO', 'ONE')
      await other.close()
    }
  })

  it('HLD-20 a listener that is killed is lost and replaced, and what was remembered is dropped', async () => {
    const store = storeOf(clients.ioredis(server))
    const losses = await proven(store)
    const { address } = await started(store)
    await remembered(store, address)
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until(async () => losses.length > 0, 'the loss')
    expect(losses[0]?.reason).toBe('connection')
    await until(async () => store.near?.isProven === true, 'the proof')
    expect(store.near?.read(address)).toBeUndefined()
  })

  it('HLD-20 too many connections are told as such, not as a right that is missing', async () => {
    const client = clients.ioredis(server)
    await once(client.client as Redis, 'ready')
    await server.command('PING')
    await server.command('CONFIG', 'SET', 'maxclients', '2')
    const store = storeOf(client)
    const losses: NearLoss[] = []
    store.near?.watch({ lost: (loss) => losses.push(loss) })
    await store.ready()
    await until(async () => losses.length > 0, 'the loss')
    expect(['connection', 'unheard']).toContain(losses[0]?.reason)
  })

  it('HLD-20 a closed store listens no more and answers nothing from memory, whatever was under way', async () => {
    const client = clients.ioredis(server)
    opened.push(client)
    await once(client.client as Redis, 'ready')
    await until(async () => (await listeners()) === 0, 'no listener')
    const store = redisStore(client.client, { near: true })
    await proven(store)
    const { address } = await started(store)
    await remembered(store, address)
    await store.close()
    expect([store.near?.isProven, store.near?.read(address)]).toEqual([false, undefined])
    for (let round = 0; round < 10; round += 1) {
      const each = redisStore(client.client, { near: true })
      each.near?.watch({})
      // In the middle of whatever: connecting, subscribing, beating.
      await new Promise((resolve) => setTimeout(resolve, round))
      await each.close()
    }
    await until(async () => (await listeners()) === 0, 'nobody to listen any more')
  })

  const program = (lines: string) => `
    import { Redis } from 'ioredis'
    import { createClient } from 'redis'
    import { redisStore } from './dist/src/redis.js'
    const [host, port] = ['${server.host}', ${server.port}]
    ${lines}
    const store = redisStore(client, { near: true })
    await store.ready()
    while (!store.near.isProven) await new Promise((resolve) => setTimeout(resolve, 10))
    console.log('proven')
  `
  it.each([
    ['ioredis', 'const client = new Redis({ host, port })', 'client.disconnect()'],
    [
      'node-redis',
      "const client = await createClient({ socket: { host, port } }).on('error', () => {}).connect()",
      'client.destroy()',
    ],
  ])('HLD-20 a process with %s ends though nobody has closed the store', async (_name, open, close) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', `${program(open)}\n${close}`], {
      cwd: join(import.meta.dirname, '../../..'),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stdout.on('data', (data) => {
      said += String(data)
    })
    child.stderr.on('data', (data) => {
      said += String(data)
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const [code] = (await once(child, 'exit')) as [number | null]
    clearTimeout(limit)
    expect([said.trim(), code]).toEqual(['proven', 0])
  })
})

describe('a server with TLS', () => {
  let server: RedisServer
  let folder: string
  let certificate: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'citizen-near-'))
    const made = createCertificate(['localhost'])
    certificate = made.certificate
    const [chain, key] = [join(folder, 'chain.pem'), join(folder, 'key.pem')]
    await writeFile(chain, made.certificate)
    await writeFile(key, made.key)
    server = await startRedis([
      `tls-cert-file ${chain}`,
      `tls-key-file ${key}`,
      `tls-ca-cert-file ${chain}`,
      'tls-auth-clients no',
    ])
    await server.command('CONFIG', 'SET', 'tls-port', String(server.port + 10_000))
  })
  afterAll(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  it.each<[string, () => Promise<OpenClient>]>([
    [
      'ioredis',
      async () =>
        clients.ioredis({ host: 'localhost', port: server.port + 10_000 }, { tls: { ca: certificate } }),
    ],
    [
      'node-redis',
      async () => {
        const socket = { host: 'localhost', port: server.port + 10_000, tls: true, ca: certificate } as const
        const client = createClient({ socket }).on('error', () => {})
        await client.connect()
        return { client: client as unknown as AnyRedisClient, close: async () => client.destroy() }
      },
    ],
  ])('HLD-20 %s listens by TLS as well', async (_name, open) => {
    await endsAreHeard(storeOf(await open()), storeOf(await open()), 3)
  })
})

describe('a master behind Sentinel', () => {
  let setup: SentinelSetup
  beforeAll(async () => {
    setup = await startSentinel()
  })
  afterAll(() => setup.close())

  it('HLD-20 ioredis hears of every end', async () => {
    const open = () => clients.ioredisSentinel(setup.sentinel, setup.masterName)
    await endsAreHeard(storeOf(open()), storeOf(open()))
  })

  it('HLD-20 so does a store of an address, with one connection more and no further one to the Sentinels', async () => {
    const ofSentinel = async () =>
      String(await setup.sentinel.command('CLIENT', 'LIST'))
        .split('\n')
        .filter((line) => line.includes('sub=1')).length
    const strict = openRedisStore(setup.url)
    opened.push(strict)
    await strict.ready()
    await until(async () => (await ofSentinel()) > 0, 'the store to listen to the Sentinel')
    const before = await ofSentinel()
    const reader = openRedisStore(setup.url, { near: true })
    opened.push(reader)
    await endsAreHeard(reader, strict, 5)
    expect(await ofSentinel()).toBe(2 * before)
  })

  it('HLD-20 node-redis cannot listen there, and says so', async () => {
    const store = storeOf(await clients.nodeRedisSentinel(setup.sentinel, setup.masterName))
    const losses: NearLoss[] = []
    store.near?.watch({ lost: (loss) => losses.push(loss) })
    await store.ready()
    await until(async () => losses.length > 0, 'the loss')
    expect(losses[0]).toMatchObject({ reason: 'client', message: expect.stringContaining('use ioredis') })
    const { address, record } = await started(store)
    expect(await store.read(address)).toEqual(record)
    expect(store.near?.read(address)).toBeUndefined()
  })
})

describe('a Cluster', () => {
  let setup: ClusterSetup
  beforeAll(async () => {
    setup = await startCluster()
  })
  afterAll(() => setup.close())

  it.each<[string, () => Promise<OpenClient>]>([
    ['ioredis', async () => clients.ioredisCluster(setup.masters)],
    ['node-redis', () => clients.nodeRedisCluster(setup.masters)],
  ])('HLD-20 %s hears of every end, at whichever master', async (_name, open) => {
    await endsAreHeard(storeOf(await open()), storeOf(await open()), 40)
  })

  it('HLD-20 while a slot is on its way nobody answers from memory', async () => {
    const store = storeOf(clients.ioredisCluster(setup.masters))
    const losses = await proven(store)
    const [from, to] = setup.masters
    const key = 'citizen:{somebody}'
    const owner = await setup.masterOf(key)
    const other = owner === from ? to : from
    const slot = String(await owner.command('CLUSTER', 'KEYSLOT', key))
    const id = String(await other?.command('CLUSTER', 'MYID'))
    await owner.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', id)
    await until(async () => losses.length > 0, 'the loss')
    expect([losses[0]?.reason, store.near?.isProven]).toEqual(['resharding', false])
    await owner.command('CLUSTER', 'SETSLOT', slot, 'STABLE')
    await until(async () => store.near?.isProven === true, 'the proof')
  })
})
