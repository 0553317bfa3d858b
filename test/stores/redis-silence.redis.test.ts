/** @module Connections that die without a word, and names that lead to another server: real servers behind a relay. */
import { afterEach, describe, expect, it } from 'vitest'
import { openRedisStore } from '../../src/redis.js'
import type { RecordAddress } from '../../src/session-record.js'
import type { Store } from '../../src/stores/store.js'
import { addressOf, liveAt } from '../contracts/store-harness.js'
import { infoOf, startCluster, startRedis, startSentinel, until } from '../support/redis.js'
import { startRelay } from '../support/relay.js'
import { clients, createRedisHarness } from './redis-harness.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})
function closing<Opened extends { close(): Promise<void> }>(it: Opened): Opened {
  opened.push(it)
  return it
}

const deadlineMilliseconds = 250
const stores = {
  openRedisStore: async (at: { host: string; port: number }) =>
    closing(openRedisStore(`redis://${at.host}:${at.port}`)),
  ioredis: async (at: { host: string; port: number }) =>
    closing(createRedisHarness(clients.ioredis(at), [], { deadlineMilliseconds })).store,
  'node-redis': async (at: { host: string; port: number }) =>
    closing(createRedisHarness(await clients.nodeRedis(at), [], { deadlineMilliseconds })).store,
} as const
const names = Object.keys(stores) as (keyof typeof stores)[]

async function start(store: Store, address: RecordAddress) {
  const now = Date.now()
  return (await store.start(address, { record: liveAt(now), issuedAt: now, now })).outcome
}

describe.each(names)('through %s', (name) => {
  it('HLD-19 a connection that goes silent is left for a new one within two seconds, also while much is asked', async () => {
    const server = closing(await startRedis())
    const relay = closing(await startRelay(server.port))
    const store = await stores[name](relay)
    const address = addressOf()
    expect(await start(store, address)).toBe('started')
    relay.silence()
    const begun = performance.now()
    await until(async () => (await store.read(address))?.state === 'live', 'another connection', 5000)
    expect(performance.now() - begun).toBeLessThan(2500)
    expect(await start(store, addressOf())).toBe('started')
  })

  it('HLD-19 a name that leads to another master is followed when the old one answers as a replica', async () => {
    const [old, next] = [closing(await startRedis()), closing(await startRedis())]
    const relay = closing(await startRelay(old.port))
    const store = await stores[name](relay)
    const address = addressOf()
    expect(await start(store, address)).toBe('started')
    await next.command('REPLICAOF', old.host, String(old.port))
    await until(
      async () => (await infoOf(next, ['INFO', 'replication'], 'master_link_status')) === 'up',
      'the other server to follow',
    )
    await next.command('REPLICAOF', 'NO', 'ONE')
    relay.target = next.port
    await old.command('REPLICAOF', next.host, String(next.port))
    await until(async () => (await start(store, addressOf())) === 'started', 'a master', 5000)
    expect(await store.read(address)).toMatchObject({ state: 'live' })
  })
})

it('HLD-19 a server that is slow, but answers, keeps its connection', async () => {
  const server = closing(await startRedis())
  const relay = closing(await startRelay(server.port))
  const store = await stores['node-redis'](relay)
  await start(store, addressOf())
  const { made } = relay
  server.pause()
  const asked = Promise.resolve(store.read(addressOf()))
  await expect(asked).rejects.toMatchObject({ code: 'store-unavailable' })
  server.resume()
  await until(async () => (await start(store, addressOf())) === 'started', 'the server')
  expect(relay.made).toBe(made)
})

it('HLD-26 the Sentinel of node-redis works, and follows a failover', async () => {
  const setup = closing(await startSentinel({ replicas: 2 }))
  const client = closing(await clients.nodeRedisSentinel(setup.sentinel, setup.masterName))
  const { store } = closing(createRedisHarness(client, [], { deadlineMilliseconds }))
  const address = addressOf()
  await store.ready()
  expect(await start(store, address)).toBe('started')
  const scope = { kind: 'session', session: address.session } as const
  const now = Date.now()
  const revocation = { reason: 'signed-out', at: now, retainUntil: now + 60_000 } as const
  expect(await store.revoke(address.person, scope, revocation)).toMatchObject({ acknowledged: true })
  await setup.master.kill()
  await until(async () => (await start(store, addressOf())) === 'started', 'the failover', 20_000)
  expect(await store.read(address)).toMatchObject({ state: 'ended', reason: 'signed-out' })
})

it('HLD-19 a node of a Cluster that goes silent is left, through ioredis and node-redis', async () => {
  const setup = closing(await startCluster())
  const relays = await Promise.all(setup.masters.map(({ port }) => startRelay(port)))
  for (const relay of relays) closing(relay)
  const map = Object.fromEntries(
    setup.masters.map(({ host, port }, index) => [
      `${host}:${port}`,
      { host, port: relays[index]?.port ?? 0 },
    ]),
  )
  for (const open of [clients.ioredisCluster, clients.nodeRedisCluster]) {
    const client = closing(await open(setup.masters, { map }))
    const { store } = closing(createRedisHarness(client, [], { deadlineMilliseconds }))
    const address = addressOf()
    await until(async () => (await start(store, address)) !== undefined, 'the Cluster')
    for (const relay of relays) relay.silence()
    await until(async () => (await store.read(address))?.state === 'live', 'another connection', 6000)
  }
})
