/** @module What replicas have confirmed: all of them or one, asked again, by a careful user, from the very start. */
import { afterEach, describe, expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import type { EndReason, RecordAddress } from '../../src/session-record.js'
import { personOf, publicIdOf } from '../../src/sessions/record.js'
import type { Store } from '../../src/stores/store.js'
import { addressOf, endedAt, liveAt, unique } from '../contracts/store-harness.js'
import { infoOf, type SentinelSetup, startRedis, startSentinel, until } from '../support/redis.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})
function closing<Opened extends { close(): Promise<void> }>(it: Opened): Opened {
  opened.push(it)
  return it
}

/** Longer than the default: that a busy machine is slow is not what is asked here. */
const patient = { deadlineMilliseconds: 1000 }

const revocationNow = () => {
  const at = Date.now()
  return { reason: 'signed-out', at, retainUntil: at + 60_000 } as const
}
async function revoke(store: Store, { person, session } = addressOf()): Promise<boolean> {
  return (await store.revoke(person, { kind: 'session', session }, revocationNow())).acknowledged
}
async function start(store: Store, address: RecordAddress) {
  const now = Date.now()
  const record = liveAt(now)
  expect((await store.start(address, { record, issuedAt: now, now })).outcome).toBe('started')
  return record
}
/** Both replicas have confirmed, once. */
const bothFollow = (store: Store) => until(() => revoke(store), 'both replicas to confirm')

async function withTwo(): Promise<SentinelSetup> {
  return closing(await startSentinel({ replicas: 2 }))
}

it('HLD-26 waits for every replica that was there within the last minute, or for one where that is asked for', async () => {
  const setup = await withTwo()
  const all = closing(openRedisStore(setup.url, patient))
  const one = closing(openRedisStore(setup.url, { ...patient, acknowledgement: 'one' }))
  await bothFollow(all)
  setup.replicas[0]?.pause()
  expect(await revoke(all)).toBe(false)
  expect((await all.revokeIndexKey(unique(), revocationNow())).acknowledged).toBe(false)
  expect(await revoke(one)).toBe(true)
  setup.replicas[0]?.resume()
  await bothFollow(all)
  // One that has gone away still counts for a minute.
  await setup.replicas[1]?.kill()
  await until(
    async () => (await infoOf(setup.master, ['INFO', 'replication'], 'connected_slaves')) === '1',
    'the master to notice',
  )
  expect(await revoke(all)).toBe(false)
  expect(await revoke(one)).toBe(true)
})

it('HLD-26 a process that starts while a replica is missing waits for it, since others have seen it', async () => {
  const setup = await withTwo()
  const old = closing(openRedisStore(setup.url, patient))
  await bothFollow(old)
  await old.ready()
  await setup.replicas[1]?.kill()
  await until(
    async () => (await infoOf(setup.master, ['INFO', 'replication'], 'connected_slaves')) === '1',
    'the master to notice',
  )
  const late = closing(openRedisStore(setup.url, patient))
  await until(() => late.ready().then(() => true), 'the late one')
  expect(await revoke(late)).toBe(false)
  // The number of those who start later does not sink below what is remembered, and is forgotten after a minute.
  expect(await setup.master.command('GET', 'citizen:replicas')).toBe('2')
  const left = Number(await setup.master.command('PTTL', 'citizen:replicas'))
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(60_000)
  await setup.master.command('DEL', 'citizen:replicas')
  const later = closing(openRedisStore(setup.url, patient))
  await until(() => later.ready().then(() => true), 'one who starts a minute later')
  expect(await revoke(later)).toBe(true)
})

it('HLD-26 an end of one application waits as well, and an end that was not confirmed is confirmed when asked again', async () => {
  const setup = await withTwo()
  const store = closing(openRedisStore(setup.url, patient))
  await bothFollow(store)
  const suite = createSuite(
    {
      identityProvider: { url: 'https://id.example.org' },
      sharedCookie: { domain: 'example.org' },
      application: {
        id: 'benefits',
        url: 'https://benefits.example.org',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      store,
      onEvent: () => undefined,
    },
    {},
  )
  const [here, everywhere] = [addressOf(), addressOf({ person: personOf('https://id.example.org', 'ana') })]
  const [ours, theirs] = [await start(store, here), await start(store, everywhere)]
  for (const replica of setup.replicas) replica.pause()
  const ended = endedAt(ours, Date.now(), 'application-sign-out')
  expect(await store.end(here, ours, ended)).toEqual({ record: ended, acknowledged: false })
  expect(await store.end(here, ours, ended)).toEqual({ record: ended, acknowledged: false })
  const named = { subject: 'ana', publicId: publicIdOf(theirs.generation) }
  expect(await suite.sessions.end(named)).toEqual({ ended: 1, acknowledged: false })
  expect(await suite.sessions.end(named)).toEqual({ ended: 0, acknowledged: false })
  const unknown = { ...named, subject: 'nobody' }
  expect(await suite.sessions.end(unknown)).toEqual({ ended: 0, acknowledged: false })
  expect(await suite.sessions.endOthers(unknown)).toEqual({ ended: 0, acknowledged: false })
  for (const replica of setup.replicas) replica.resume()
  await until(async () => (await store.end(here, ours, ended)).acknowledged, 'the end to be confirmed')
  await until(async () => (await suite.sessions.end(named)).acknowledged, 'the other end to be confirmed')
  await suite.close()
})

it('HLD-26 an end of a record that is not there is confirmed as any other', async () => {
  const setup = await withTwo()
  const store = closing(openRedisStore(setup.url, patient))
  await bothFollow(store)
  const [never, over] = [addressOf(), addressOf()]
  const theirs = await start(store, over)
  await setup.master.command('DEL', `citizen:{${over.person}}`)
  for (const replica of setup.replicas) replica.pause()
  const asked = liveAt(Date.now())
  const end = (address: RecordAddress, reason: EndReason = 'application-sign-out') =>
    store.end(address, address === over ? theirs : asked, endedAt(asked, Date.now(), reason))
  for (const address of [never, over]) {
    expect(await end(address)).toEqual({ record: undefined, acknowledged: false })
    // Time alone brings this one about again.
    expect(await end(address, 'idle-timeout')).toEqual({ record: undefined, acknowledged: true })
  }
  for (const replica of setup.replicas) replica.resume()
  for (const address of [never, over]) {
    await until(async () => (await end(address)).acknowledged, 'the end to be confirmed')
    // Nothing stays that would stand against a session, and nothing stays for longer than a moment.
    expect(Number(await setup.master.command('PTTL', `citizen:{${address.person}}`))).toBeLessThanOrEqual(
      1000,
    )
    await start(store, address)
  }
})

it('HLD-26 a process that starts while no replica is connected does not take that for there being none', async () => {
  const setup = await withTwo()
  for (const replica of setup.replicas) await replica.kill()
  await until(
    async () => (await infoOf(setup.master, ['INFO', 'replication'], 'connected_slaves')) === '0',
    'the master to notice',
  )
  for (const acknowledgement of ['all', 'one'] as const) {
    const store = closing(openRedisStore(setup.url, { ...patient, acknowledgement }))
    expect(await store.inspect?.()).toEqual([])
    expect(await revoke(store)).toBe(false)
  }
})

describe('a user without dangerous commands', () => {
  const careful = async (server: { port: number; command: SentinelSetup['master']['command'] }) => {
    const rights = ['on', '>secret', '~citizen:*', '+@all', '-@dangerous']
    await server.command('ACL', 'SETUSER', 'app', ...rights)
    return closing(openRedisStore(`redis://app:secret@127.0.0.1:${server.port}`, patient))
  }

  it('HLD-20 is told what could not be looked at, and its ends are done where there is no replica', async () => {
    const store = await careful(closing(await startRedis()))
    expect((await store.inspect?.())?.map(({ code }) => code)).toEqual(['store-unchecked'])
    await store.ready()
    const address = addressOf()
    await start(store, address)
    expect(await revoke(store, address)).toBe(true)
    expect((await store.revokeIndexKey(unique(), revocationNow())).acknowledged).toBe(true)
    expect(await store.lease(unique(), 5)).toBeGreaterThan(0)
  })

  it('HLD-20 hears from replicas all the same', async () => {
    const setup = await withTwo()
    const store = await careful(setup.master)
    await store.ready()
    await bothFollow(store)
    setup.replicas[0]?.pause()
    expect(await revoke(store)).toBe(false)
    setup.replicas[0]?.resume()
    await bothFollow(store)
  })
})

it('HLD-20 says that a Redis without an append-only file forgets ends, and nothing of one that has it', async () => {
  for (const [settings, codes] of [
    [['appendonly no'], ['store-persistence']],
    [['appendonly no', 'save 900 1', 'rename-command CONFIG ""'], ['store-persistence']],
    [[], []],
  ] as const) {
    const store = closing(openRedisStore(closing(await startRedis(settings)).url, patient))
    expect((await store.inspect?.())?.map(({ code }) => code)).toEqual(codes)
  }
})
