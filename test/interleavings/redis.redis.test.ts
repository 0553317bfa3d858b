/** @module Requests that meet a logout, in every order that chance finds, on two instances and one Redis. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createSuite, type Store, type Suite } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis, until } from '../support/redis.js'
import { base, optionsOf, serve, shown } from '../support/world.js'

const seeds = 200
const url = `https://benefits.${base}`
const tokenSeconds = 1200

let redis: RedisServer
let emulator: Emulator
/** The stores of both instances: one for the two, or each its own, with near reads. */
let stores: readonly Store[] = []
let answeredNear = 0
let now = Date.UTC(2026, 0, 15, 12)
const clock = () => now

beforeAll(async () => {
  redis = await startRedis()
  const year = 31_536_000
  emulator = await createEmulator({
    url: `https://id.${base}`,
    domain: base,
    clock,
    tokenSeconds,
    idleSeconds: year,
    sessionSeconds: year,
  })
})
afterAll(async () => {
  await redis.close()
})

/** Numbers that are always the same for one seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Lets one call at a time through, of those that wait: which, decides the seed. */
function createTurns(random: (below: number) => number) {
  const waiting: (() => Promise<unknown>)[] = []
  let isFree = true
  return {
    /** From here on every call goes through at once. */
    free() {
      isFree = true
      for (const go of waiting.splice(0)) void go()
    },
    /** The call, when its turn has come. */
    take<T>(call: () => T | Promise<T>): Promise<T> {
      if (isFree) return Promise.resolve().then(call)
      return new Promise<T>((resolve, reject) => {
        waiting.push(() => Promise.resolve().then(call).then(resolve, reject))
      })
    },
    /** Runs the work to its end, a call at a time. */
    async run(work: readonly Promise<unknown>[]): Promise<void> {
      let isDone = false
      const all = Promise.all(work).finally(() => {
        isDone = true
      })
      all.catch(() => {})
      while (!isDone) {
        // Everything that can go on without a turn does so first.
        for (let tick = 0; tick < 3; tick += 1) await nextTurn()
        const [next] = waiting.splice(random(Math.max(waiting.length, 1)), 1)
        await next?.()
      }
      await all
    },
    hold() {
      isFree = false
    },
  }
}

/** Opens the stores of both instances. The bound is long: a busy machine must not decide how much is answered near. */
async function openStores(isNear: boolean): Promise<void> {
  const open = (near?: object) => openRedisStore(redis.url, { clock, deadlineMilliseconds: 5000, ...near })
  const near = { near: { staleMilliseconds: 30_000 } }
  const one = open(isNear ? near : {})
  stores = isNear ? [one, open(near)] : [one, one]
  for (const store of stores) await store.ready()
  if (!isNear) return
  for (const store of stores) await until(async () => store.near?.isProven === true, 'the proof')
}

/** Once every instance with near reads has heard of a change of this person. */
async function heardBy(person: string): Promise<void> {
  await Promise.all(
    stores.map(
      (store) =>
        new Promise<void>((resolve) => {
          if (store.near === undefined) return resolve()
          const stop = store.near.watch({
            changed(changed) {
              if (changed !== person) return
              stop()
              resolve()
            },
          })
        }),
    ),
  )
}

/** Near reads, of which those are counted that answer. */
function countedNear({ near }: Store): Store['near'] {
  return near === undefined
    ? undefined
    : {
        isProven: true,
        watch: near.watch,
        isUnrevoked: near.isUnrevoked,
        read(address) {
          const record = near.read(address)
          if (record !== undefined) answeredNear += 1
          return record
        },
      }
}

/** The store of one run: each of its calls waits for its turn. `onRevoked` hears when a revocation is done. */
function stepping(store: Store, turns: ReturnType<typeof createTurns>, onRevoked: () => void): Store {
  const step =
    <Given extends unknown[], Result>(method: (...given: Given) => Result | Promise<Result>) =>
    (...given: Given): Promise<Result> =>
      turns.take(() => method(...given))
  return {
    ...store,
    near: countedNear(store),
    read: step(store.read),
    start: step(store.start),
    update: step(store.update),
    end: step(store.end),
    revoke: (...given) =>
      turns.take(async () => {
        const heard = heardBy(given[0])
        const outcome = await store.revoke(...given)
        await heard
        onRevoked()
        return outcome
      }),
    alias: step(store.alias),
    keepRefresh: step(store.keepRefresh),
    keptRefresh: step(store.keptRefresh),
    dropRefresh: step(store.dropRefresh),
    claimOnce: step(store.claimOnce),
    lease: step(store.lease),
    renewLease: step(store.renewLease),
    releaseLease: step(store.releaseLease),
  }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' }

/** Requests, each with the cookies of the run. With the first two nobody is active; a touch refreshes what is due. */
const works = {
  read: (cookie: string) =>
    new Request(`${url}/private`, { headers: { ...script, cookie, 'citizen-activity': 'none' } }),
  status: (cookie: string) => new Request(`${url}/session/status`, { headers: { ...script, cookie } }),
  touch: (cookie: string) => new Request(`${url}/private`, { headers: { ...navigation, cookie } }),
  extend: (cookie: string) =>
    new Request(`${url}/session/extend`, { method: 'POST', headers: { ...script, cookie } }),
  logout: (cookie: string) =>
    new Request(`${url}/session/logout`, { method: 'POST', headers: { ...script, cookie } }),
} as const
const workNames = Object.keys(works) as (keyof typeof works)[]

/** The shared cookies that an answer sets, as a request would send them. */
const sharedIn = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0] ?? '')
    .filter((pair) => /^c1_\w+=./.test(pair))
    .join('; ')

interface Result {
  readonly work: keyof typeof works
  readonly response: Response
  /** Whether the session was revoked before the request came. */
  readonly isAfter: boolean
}

/** One run. Returns how often a refresh brought new cookies, and how many requests came after the end. */
async function run(seed: number): Promise<{ refreshed: number; after: number }> {
  const random = createRandom(seed)
  const turns = createTurns(random)
  let isRevoked = false
  const instances: Suite[] = stores.map((store) => {
    const own = stepping(store, turns, () => {
      isRevoked = true
    })
    const given = optionsOf(
      'benefits',
      { emulator, clock, store: own },
      { application: { sensitivity: 'basic' } },
    )
    const fetch: typeof globalThis.fetch = (input, init) =>
      init?.method === 'POST' ? turns.take(() => emulator.fetch(input, init)) : emulator.fetch(input, init)
    return createSuite({ ...given, fetch, application: { ...given.application, sensitivity: 'basic' } }, {})
  })
  const at = (index: number): Suite => {
    const found = instances[index % instances.length]
    if (found === undefined) throw new Error('no instance')
    return found
  }
  try {
    const cookie = await emulator.cookiesFor('ana')
    // Both know the key; in three of four runs the session has begun, in half of them it is due for a refresh.
    for (const index of instances.keys()) await serve(at(index), works.read(cookie))
    if (random(4) > 0) await serve(at(0), works.touch(cookie))
    now += (random(2) === 0 ? 700 : 60) * 1000
    const chosen = [
      'logout',
      'touch',
      ...Array.from({ length: 3 }, () => workNames[random(workNames.length)] ?? 'read'),
    ]
    for (let last = chosen.length - 1; last > 0; last -= 1) {
      const other = random(last + 1)
      ;[chosen[last], chosen[other]] = [chosen[other] ?? 'read', chosen[last] ?? 'read']
    }
    turns.hold()
    const results: Result[] = []
    const ask = async (work: keyof typeof works) => {
      // Some come later than others; a logout is over so soon that it would come first in almost every run.
      const turnsLate = random(work === 'logout' ? 16 : 4)
      for (let turn = 0; turn <= turnsLate; turn += 1) await turns.take(() => undefined)
      const isAfter = isRevoked
      const response = await serve(at(random(2)), works[work](cookie))
      results.push({ work, response, isAfter })
    }
    await turns.run(chosen.map((work) => ask(work as keyof typeof works)))
    turns.free()

    expect(isRevoked).toBe(true)
    const brought = results.map(({ response }) => sharedIn(response)).filter((pairs) => pairs !== '')
    const late = results.filter(({ isAfter }) => isAfter)
    for (const { work, response } of late) {
      expect(sharedIn(response), `cookies with a late ${work}`).toBe('')
      if (work === 'logout') continue
      const isOut = response.status === 302 || (await shown(response.clone())).state !== 'active'
      expect(isOut, `a late ${work}`).toBe(true)
    }
    for (const known of [cookie, ...brought]) {
      for (const index of instances.keys()) {
        for (const work of ['touch', 'status', 'touch'] as const) {
          const response = await serve(at(index), works[work](known))
          expect(sharedIn(response)).toBe('')
          if (work === 'touch') expect(response.status).toBe(302)
          else expect(await shown(response)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
        }
      }
    }
    return { refreshed: brought.length, after: late.length }
  } finally {
    turns.free()
    for (const instance of instances) await instance.close()
  }
}

describe.each([
  ['every read strict', false],
  ['near reads', true],
])('%s', (_name, isNear) => {
  beforeAll(async () => {
    await openStores(isNear)
    answeredNear = 0
  })
  afterAll(async () => {
    for (const store of new Set(stores)) await store.close()
  })

  it(`RACE-1 CK-14 whatever a logout meets stays ended, on both instances: ${seeds} seeds`, async () => {
    const total = { refreshed: 0, after: 0 }
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { refreshed, after } = await run(seed).catch((error: unknown) => {
        throw new Error(`with the seed ${seed}`, { cause: error })
      })
      total.refreshed += refreshed
      total.after += after
    }
    // The runs are worth something: refreshes brought tokens, and requests came after the end.
    expect(total.refreshed).toBeGreaterThan(seeds / 10)
    expect(total.after).toBeGreaterThan(seeds / 2)
    if (isNear) expect(answeredNear).toBeGreaterThan(seeds / 2)
  })
})
