/** @module Redis stopped, held, failed over, cut off from its replicas, set up wrongly: real servers, real failures. */
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/errors.js'
import { openRedisStore } from '../../src/redis.js'
import type { RecordAddress } from '../../src/session-record.js'
import type { Store } from '../../src/stores/store.js'
import { addressOf, day, endedAt, liveAt, minute, unique } from '../contracts/store-harness.js'
import {
  type ClusterSetup,
  infoOf,
  type RedisServer,
  type SentinelSetup,
  startCluster,
  startRedis,
  startSentinel,
  until,
} from '../support/redis.js'
import { clients, createRedisHarness } from './redis-harness.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

/** Closes it after the test. */
function closing<Opened extends { close(): Promise<void> }>(it: Opened): Opened {
  opened.push(it)
  return it
}

const deadline = 250

/** Nothing is sent late, and nothing hangs: room for a busy machine, far from any client's own deadline. */
const slack = 250

const stores = {
  openRedisStore: async (server: RedisServer) => closing(openRedisStore(server.url)),
  ioredis: async (server: RedisServer) =>
    closing(createRedisHarness(clients.ioredis(server), [], { deadlineMilliseconds: deadline })).store,
  'node-redis': async (server: RedisServer) =>
    closing(createRedisHarness(await clients.nodeRedis(server), [], { deadlineMilliseconds: deadline }))
      .store,
} as const
const clientNames = Object.keys(stores) as (keyof typeof stores)[]

async function start(store: Store, address: RecordAddress) {
  const now = Date.now()
  const { outcome, record } = await store.start(address, { record: liveAt(now), issuedAt: now, now })
  if (outcome !== 'started') throw new Error(`not started, but ${outcome}`)
  return record
}

const revocationNow = () => ({ reason: 'signed-out', at: Date.now(), retainUntil: Date.now() + day }) as const

function revoke(store: Store, { person, session }: RecordAddress) {
  return store.revoke(person, { kind: 'session', session }, revocationNow())
}

/** How many of them concern the person of the address; the others may lie on another node of a Cluster. */
const operationsOnPerson = 12

/** One of each kind of operation. */
function everyOperation(store: Store, address: RecordAddress): (() => unknown)[] {
  const now = Date.now()
  const record = liveAt(now)
  const ended = {
    state: 'ended',
    reason: 'revoked',
    at: now,
    generation: '',
    retainUntil: now,
    sealed: '',
  } as const
  return [
    () => store.read(address),
    () => store.start(address, { record, issuedAt: now, now }),
    () => store.update(address, record.generation, { level: 2 }),
    () => store.end(address, record, ended),
    () => store.retain(address, now),
    () => revoke(store, address),
    () => store.revocation(address.person, address.session),
    () => store.list(address.person),
    () => store.alias(address, record.generation, unique()),
    () =>
      store.keepRefresh(address, record.generation, { token: 't', sealed: 's', fence: 1, until: now }, now),
    () => store.keptRefresh(address),
    () => store.dropRefresh(address, 1),
    () => store.claimOnce(unique()),
    () => store.confirmClaim(unique(), 1),
    () => store.abandonClaim(unique()),
    () => store.lease(unique(), 1),
    () => store.renewLease(unique(), 1, 1),
    () => store.releaseLease(unique(), 1),
    () => store.register(unique(), unique(), 1),
    () => store.deregister(unique(), unique(), 'one'),
    () => store.noteIndexKey(unique(), address.person, now),
    () => store.indexKeyRevocation(unique()),
    () => store.revokeIndexKey(unique(), revocationNow()),
  ]
}

/** Another session of the person. What is refused as too late may still be done: it must not meet the session. */
const besides = (address: RecordAddress): RecordAddress => ({ ...address, session: unique() })

/** Shows that every operation is refused as unavailable, all of them within the deadline. */
async function expectUnavailable(store: Store, address: RecordAddress, count?: number): Promise<void> {
  const begun = performance.now()
  const operations = everyOperation(store, address).slice(0, count)
  const outcomes = await Promise.allSettled(operations.map(async (operation) => operation()))
  expect(performance.now() - begun).toBeLessThan(deadline + slack)
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-unavailable', status: 503 } })
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreUnavailableError)
  }
}

describe.each(clientNames)('one server, through %s', (name) => {
  it('says unavailable within the deadline while it is stopped, and works again by itself', async () => {
    const server = closing(await startRedis())
    const store = await stores[name](server)
    const [live, out] = [addressOf(), addressOf()]
    const record = await start(store, live)
    await start(store, out)
    await revoke(store, out)
    await server.stop()
    await expectUnavailable(store, besides(live))
    // The loss is known by now: nobody waits for the deadline any more.
    const begun = performance.now()
    await expect(Promise.resolve(store.read(live))).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(performance.now() - begun).toBeLessThan(deadline)
    await expect(store.ready()).rejects.toMatchObject({ code: 'store-unavailable' })
    await server.start()
    await until(async () => (await store.read(live)) !== undefined, 'the store to come back')
    expect(await store.read(live)).toEqual(record)
    expect(await store.read(out)).toMatchObject({ state: 'ended', reason: 'signed-out' })
    await store.ready()
  })

  it('says unavailable at the deadline while the server holds its breath', async () => {
    const server = closing(await startRedis())
    const store = await stores[name](server)
    const address = addressOf()
    const record = await start(store, address)
    server.pause()
    const begun = performance.now()
    await expect(Promise.resolve(store.read(address))).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(performance.now() - begun).toBeGreaterThan(deadline - 20)
    await expectUnavailable(store, addressOf())
    server.resume()
    await until(async () => (await store.read(address)) !== undefined, 'the store to come back')
    expect(await store.read(address)).toMatchObject({ startedAt: record.startedAt })
  })

  it('names no key and no value in an error', async () => {
    const server = closing(await startRedis())
    const store = await stores[name](server)
    const address = addressOf()
    await server.command('SET', `citizen:{${address.person}}`, 'no hash')
    for (const operation of everyOperation(store, address).slice(0, operationsOnPerson)) {
      const error: unknown = await Promise.resolve(operation()).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) continue
      expect(error).toBeInstanceOf(StoreUnavailableError)
      const shown = inspect(error, { depth: 10, showHidden: true })
      expect(shown).not.toContain(address.person)
      expect(shown).not.toContain(address.session)
      expect(shown).not.toContain('redis.call')
    }
    await expect(Promise.resolve(store.read(address))).rejects.toThrow('WRONGTYPE')
  })
})

it('says unavailable when nothing was ever there, and can be closed', async () => {
  const server = await startRedis()
  await server.close()
  const store = closing(openRedisStore(server.url))
  await expectUnavailable(store, addressOf())
  await expect(store.ready()).rejects.toMatchObject({ code: 'store-unavailable' })
})

const sentinelClients = {
  openRedisStore: async ({ url }: SentinelSetup) => closing(openRedisStore(url)),
  ioredis: async ({ sentinel, masterName }: SentinelSetup) => {
    const client = clients.ioredisSentinel(sentinel, masterName)
    return closing(createRedisHarness(client, [], { deadlineMilliseconds: deadline })).store
  },
} as const

const clusterClients = {
  openRedisStore: async ({ url }: ClusterSetup) => closing(openRedisStore(url)),
  ioredis: async ({ masters }: ClusterSetup) => {
    const client = clients.ioredisCluster(masters)
    return closing(createRedisHarness(client, [], { deadlineMilliseconds: deadline })).store
  },
  'node-redis': async ({ masters }: ClusterSetup) => {
    const client = await clients.nodeRedisCluster(masters)
    return closing(createRedisHarness(client, [], { deadlineMilliseconds: deadline })).store
  },
} as const

/** One session that lives and one that was revoked, both with a replica by now. */
async function startBoth(store: Store) {
  await store.ready()
  const [live, out] = [addressOf(), addressOf()]
  const record = await start(store, live)
  await start(store, out)
  // A replica that has just been filled may still be busy with its own files.
  await until(async () => (await revoke(store, out)).acknowledged, 'the end to reach the replicas')
  // Whatever was written before this, to the same server, has arrived too.
  expect((await revoke(store, { ...live, session: unique() })).acknowledged).toBe(true)
  return { live, out, record }
}

describe('failover', () => {
  it.each(Object.entries(sentinelClients))(
    'keeps ends and sessions when Sentinel promotes a replica, through %s',
    async (_name, open) => {
      const setup = closing(await startSentinel({ replicas: 2 }))
      const store = await open(setup)
      const { live, out, record } = await startBoth(store)
      await setup.master.kill()
      await expectUnavailable(store, besides(live))
      await until(async () => store.update(live, record.generation, { level: 2 }), 'the failover')
      expect(await store.read(live)).toEqual({ ...record, level: 2 })
      expect(await store.read(out)).toMatchObject({ state: 'ended', reason: 'signed-out' })
      await store.ready()
    },
  )

  it.each(Object.entries(clusterClients))(
    'keeps ends and sessions when a node of a Cluster dies and its replica takes over, through %s',
    async (_name, open) => {
      const setup = closing(await startCluster({ replicas: 1 }))
      const store = await open(setup)
      const { live, out, record } = await startBoth(store)
      await (await setup.masterOf(`citizen:{${live.person}}`)).kill()
      await expectUnavailable(store, besides(live), operationsOnPerson)
      await until(async () => store.update(live, record.generation, { level: 2 }), 'the promotion')
      expect(await store.read(live)).toEqual({ ...record, level: 2 })
      expect(await store.read(out)).toMatchObject({ state: 'ended', reason: 'signed-out' })
      await until(async () => store.ready().then(() => true), 'all masters to answer')
    },
  )
})

describe('an end of a session that is not there', () => {
  const never = addressOf()
  const isConfirmed = async (store: Store) => {
    const asked = liveAt(Date.now())
    const ended = endedAt(asked, asked.startedAt, 'signed-out')
    const { record, acknowledged } = await store.end(never, asked, ended)
    expect(record).toBeUndefined()
    return acknowledged
  }

  it.each(Object.entries(sentinelClients))(
    'HLD-26 is confirmed by the replicas of Sentinel, through %s',
    async (_name, open) => {
      const setup = closing(await startSentinel({ replicas: 1 }))
      const store = await open(setup)
      await startBoth(store)
      expect(await isConfirmed(store)).toBe(true)
      setup.replicas[0]?.pause()
      expect(await isConfirmed(store)).toBe(false)
      setup.replicas[0]?.resume()
      await until(() => isConfirmed(store), 'the replica to confirm')
    },
  )

  it.each(Object.entries(clusterClients))(
    'HLD-26 is confirmed by the replicas of a Cluster, through %s',
    async (_name, open) => {
      const setup = closing(await startCluster({ replicas: 1 }))
      const store = await open(setup)
      await startBoth(store)
      await until(() => isConfirmed(store), 'the replica to confirm')
      for (const replica of setup.replicas) replica.pause()
      expect(await isConfirmed(store)).toBe(false)
      for (const replica of setup.replicas) replica.resume()
      await until(() => isConfirmed(store), 'the replica to confirm again')
    },
  )
})

describe('acknowledgement by replicas', () => {
  it('is not given while no replica confirms, within the deadline, and delays nobody else', async () => {
    const setup = closing(await startSentinel({ replicas: 1 }))
    const store = closing(openRedisStore(setup.url))
    const [reader, ...out] = Array.from({ length: 6 }, () => addressOf())
    if (reader === undefined) throw new Error('nobody reads')
    for (const address of [reader, ...out]) await start(store, address)
    const [replica] = setup.replicas
    replica?.pause()
    const begun = performance.now()
    const revoking = Promise.all([
      ...out.map((address) => revoke(store, address)),
      store.revokeIndexKey(unique(), revocationNow()),
    ])
    const times: number[] = []
    for (let read = 0; read < 5; read++) {
      const asked = performance.now()
      await store.read(reader)
      times.push(performance.now() - asked)
    }
    const outcomes = await revoking
    expect(performance.now() - begun).toBeLessThan(deadline + slack)
    expect(outcomes.map(({ acknowledged }) => acknowledged)).toEqual(outcomes.map(() => false))
    expect(Math.max(...times)).toBeLessThan(deadline / 2)
    for (const address of out) expect(await store.read(address)).toMatchObject({ state: 'ended' })
    replica?.resume()
    await until(async () => (await revoke(store, addressOf())).acknowledged, 'the replica to follow again')
  })

  it('is not given once the replicas that there were are gone', async () => {
    const setup = closing(await startSentinel({ replicas: 1 }))
    const store = closing(openRedisStore(setup.url))
    await store.ready()
    await setup.replicas[0]?.kill()
    await until(
      async () => (await infoOf(setup.master, ['INFO', 'replication'], 'connected_slaves')) === '0',
      'the master to notice',
    )
    expect((await revoke(store, addressOf())).acknowledged).toBe(false)
    expect((await store.revokeIndexKey(unique(), revocationNow())).acknowledged).toBe(false)
  })

  it('is asked for by node-redis on a Cluster as well', async () => {
    const setup = closing(await startCluster({ replicas: 1 }))
    const client = await clients.nodeRedisCluster(setup.masters)
    const { store } = closing(createRedisHarness(client, [], { deadlineMilliseconds: deadline }))
    await store.ready()
    const address = addressOf()
    expect((await revoke(store, address)).acknowledged).toBe(true)
    expect((await store.revokeIndexKey(unique(), revocationNow())).acknowledged).toBe(true)
    for (const replica of setup.replicas) replica.pause()
    expect((await revoke(store, address)).acknowledged).toBe(false)
    expect((await store.revokeIndexKey(unique(), revocationNow())).acknowledged).toBe(false)
    for (const replica of setup.replicas) replica.resume()
  })
})

describe('ready', () => {
  it.each([
    ['allkeys-lru', []],
    ['volatile-ttl', ['rename-command CONFIG ""']],
  ])('refuses the eviction policy %s and says what to set', async (policy, settings) => {
    const server = closing(await startRedis([`maxmemory-policy ${policy}`, ...settings]))
    for (const name of clientNames) {
      const store = await stores[name](server)
      await expect(store.ready()).rejects.toMatchObject({
        code: 'store-eviction',
        message: expect.stringContaining('maxmemory-policy noeviction'),
      })
    }
  })

  it('accepts noeviction, also where CONFIG is forbidden', async () => {
    const server = closing(await startRedis(['rename-command CONFIG ""']))
    for (const name of clientNames) await (await stores[name](server)).ready()
  })

  it('refuses a replica', async () => {
    const setup = closing(await startSentinel({ replicas: 1 }))
    const store = closing(openRedisStore(setup.replicas[0]?.url ?? ''))
    await expect(store.ready()).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  it('looks at every master of a Cluster', async () => {
    const setup = closing(await startCluster())
    await setup.masters[2]?.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const ioredis = closing(openRedisStore(setup.url))
    const nodeRedis = closing(createRedisHarness(await clients.nodeRedisCluster(setup.masters), [])).store
    for (const store of [ioredis, nodeRedis]) {
      await expect(store.ready()).rejects.toMatchObject({ code: 'store-eviction' })
    }
  })
})

it('close leaves the client open unless it was told to close it', async () => {
  const server = closing(await startRedis())
  const { client } = closing(clients.ioredis(server))
  const address = addressOf()
  const kept = createRedisHarness({ client, close: async () => {} }, [])
  await start(kept.store, address)
  await kept.store.close()
  expect(await kept.store.read(address)).toMatchObject({ state: 'live' })
  const ending = createRedisHarness({ client, close: async () => {} }, [], { closeClient: true })
  await ending.store.close()
  await expect(Promise.resolve(ending.store.read(address))).rejects.toMatchObject({
    code: 'store-unavailable',
  })
})

it('a claim that was made is made, however late the answer', async () => {
  const server = closing(await startRedis())
  const store = closing(openRedisStore(server.url))
  await store.ready()
  const key = unique()
  server.pause()
  await expect(Promise.resolve(store.claimOnce(key))).rejects.toMatchObject({ code: 'store-unavailable' })
  server.resume()
  await until(async () => !(await store.claimOnce(key)), 'the late claim', minute)
})
