/** @module Redis fails under an application that people are using: over real HTTP, with real servers. */
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { type CitizenMiddleware, requireCitizen } from '../../adapters/express.js'
import type { Citizen, Store } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import { personOf } from '../../src/sessions/record.js'
import { ownScript, type Site, sharedEmulator, startSite } from '../adapters/site.js'
import { clients, createRedisHarness } from '../stores/redis-harness.js'
import {
  type ClusterSetup,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from '../support/redis.js'
import { type Answered, type Load, startLoad } from './load.js'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})
function closing<Opened extends { close(): Promise<void> }>(it: Opened): Opened {
  opened.push(it)
  return it
}

/** Longer than the default: that a busy machine is slow is no outage. */
const deadlineMilliseconds = 1000

function show(request: express.Request, response: express.Response): void {
  const { state, reason, session } = (request as express.Request & { citizen: Citizen }).citizen
  response.json({ state, reason, publicId: session?.publicId })
}

const benefits = (auth: CitizenMiddleware) =>
  express().use(auth).get('/open', show).get('/private', requireCitizen(), show)

const startBenefits = async (store: Store): Promise<Site> => closing(await startSite(benefits, { store }))

/** Servers under an application, and how they fail. */
interface Failing {
  readonly store: Store
  /** Takes the servers away. Resolves when they are gone. */
  strike(): Promise<void>
  /** Brings them back, where they do not help themselves. */
  readonly mend?: (() => Promise<void>) | undefined
}

const single = (open: (server: RedisServer) => Promise<Store> | Store) => async (): Promise<Failing> => {
  const server = closing(await startRedis())
  return { store: closing(await open(server)), strike: server.stop, mend: server.start }
}

const masterOfAna = async (setup: ClusterSetup): Promise<RedisServer> => {
  const { issuer, people } = await sharedEmulator()
  const sub = people.find(({ username }) => username === 'ana')?.sub ?? ''
  return setup.masterOf(`citizen:{${personOf(issuer, sub)}}`)
}

const rows: readonly (readonly [name: string, make: () => Promise<Failing>])[] = [
  [
    'a server stopped and started again, by its address',
    single(({ url }) => openRedisStore(url, { deadlineMilliseconds })),
  ],
  [
    "a server stopped and started again, through the application's ioredis",
    single((server) => createRedisHarness(clients.ioredis(server), [], { deadlineMilliseconds }).store),
  ],
  [
    "a server stopped and started again, through the application's node-redis",
    single(async (server) => {
      const client = await clients.nodeRedis(server)
      return createRedisHarness(client, [], { deadlineMilliseconds }).store
    }),
  ],
  [
    'a master that dies under Sentinel',
    async () => {
      const setup = closing(await startSentinel({ replicas: 2 }))
      return {
        store: closing(openRedisStore(setup.url, { deadlineMilliseconds })),
        strike: setup.master.kill,
      }
    },
  ],
  [
    'a node of a Cluster that dies and has a replica, through ioredis',
    async () => {
      const setup = closing(await startCluster({ replicas: 1 }))
      return {
        store: closing(openRedisStore(setup.url, { deadlineMilliseconds })),
        strike: async () => (await masterOfAna(setup)).kill(),
      }
    },
  ],
  [
    'a node of a Cluster that dies and has a replica, through node-redis',
    async () => {
      const setup = closing(await startCluster({ replicas: 1 }))
      const client = await clients.nodeRedisCluster(setup.masters)
      return {
        store: closing(createRedisHarness(client, [], { deadlineMilliseconds }).store),
        strike: async () => (await masterOfAna(setup)).kill(),
      }
    },
  ],
]

/** Served as before, or told that it cannot be said; nothing else. */
function expectServedOrUnavailable(answer: Answered): void {
  if (answer.status === 200 && answer.state === 'active') return
  if (answer.path === '/private') {
    expect(answer).toMatchObject({ status: 503, retryAfter: '5', reason: 'store' })
  } else {
    expect(answer).toMatchObject({ status: 200, state: 'unavailable', reason: 'store' })
  }
}

describe('people at work meet', () => {
  it.each(rows)('%s', async (_name, make) => {
    const { store, strike, mend } = await make()
    const site = await startBenefits(store)
    await site.auth.suite.ready()
    const names = ['ana', 'ana', 'ana', 'ben', 'cleo', 'dan']
    const cookies = await Promise.all(names.map((name) => site.emulator.cookiesFor(name)))
    const gone = await site.emulator.cookiesFor('ana')
    const ask = (cookie: string) => site.send('/private', { headers: { ...ownScript, cookie } })
    expect((await ask(gone)).status).toBe(200)
    const out = await site.send('/session/logout', {
      method: 'POST',
      headers: { ...ownScript, cookie: gone },
    })
    expect(JSON.parse(out.body)).toMatchObject({ legs: [{ leg: 'sessions', state: 'done' }, {}, {}] })

    const load: Load = startLoad(site, cookies)
    try {
      await load.phase('before', 10)
      load.begin('striking')
      await strike()
      if (mend !== undefined) {
        await load.phase('down', 10)
        load.begin('mending')
        await mend()
      }
      await load.until('coming back')
      await load.phase('after', 10)
    } finally {
      await load.stop()
    }

    const [before, after] = [load.during('before'), load.during('after')]
    for (const answer of [...before, ...after]) expect(answer).toMatchObject({ status: 200, state: 'active' })
    const idOf = (answers: readonly Answered[], index: number) =>
      new Set(answers.filter(({ browser }) => browser === index).map(({ publicId }) => publicId))
    for (const index of cookies.keys()) expect(idOf(after, index)).toEqual(idOf(before, index))
    for (const answer of load.during('down')) {
      expect(answer.state).not.toBe('active')
      expectServedOrUnavailable(answer)
    }
    const phases = ['striking', 'down', 'mending', 'coming back']
    const disturbed = phases.flatMap((phase) => load.during(phase))
    for (const answer of disturbed) expectServedOrUnavailable(answer)
    // By either route: the guarded one may have been under way when the phase began, and not come again before the end.
    expect(disturbed.filter(({ state, status }) => status === 503 || state === 'unavailable')).not.toEqual([])
    for (const answer of [...before, ...disturbed, ...after]) expect(answer.deleted).toEqual([])
    expect(site.events.filter(({ type }) => type === 'session.ended')).toHaveLength(1)
    expect(site.events.filter(({ type }) => type === 'session.started')).toHaveLength(cookies.length + 1)

    expect((await ask(gone)).status).toBe(401)
    expect(JSON.parse((await ask(gone)).body)).toMatchObject({ reason: 'signed-out' })
  })
})
