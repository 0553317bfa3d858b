/** @module A logout while Redis is away: what is done, what the receipt says, and that the rest can be finished. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis, until } from '../support/redis.js'
import { createWorld, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
let redis: RedisServer
let world: World
const stores: { close(): Promise<void> }[] = []

beforeEach(async () => {
  redis = await startRedis()
  world = await createWorld({
    store: (clock) => {
      const store = openRedisStore(redis.url, { clock, deadlineMilliseconds: 2000 })
      stores.push(store)
      return store
    },
    applications: { benefits: {}, library: {} },
  })
})
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await redis.close()
})

const ask = async (cookie: string, application = 'benefits') =>
  shown(
    world.application(application).handle(
      new Request(`https://${application}.citizen.example/open`, {
        headers: {
          cookie,
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-site': 'none',
        },
      }),
    ),
  )
const backAgain = () => until(async () => world.store.ready().then(() => true), 'the store to come back')

describe('a logout while the store is away', () => {
  it('deletes the cookies, and says that the sessions could not be ended', async () => {
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await redis.stop()
    const answer = await browser.fetch(`${url}/session/logout`, { method: 'POST' })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      outcome: 'failed',
      legs: [
        { leg: 'sessions', state: 'timed-out', reason: 'store-unavailable' },
        { leg: 'cookies', state: 'done' },
        { leg: 'identity', state: 'unknown' },
      ],
    })
    const names = await browser.cookieNames(url)
    // What is left to be done is remembered; nothing opens a page.
    expect(names.filter((name) => !/\.(?:logout\.|unfinished$)/.test(name))).toEqual([])
  })

  it('shows on the page what is not done, and finishes it with one button once the store is back', async () => {
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    await browser.open('https://library.citizen.example/private')
    const copy = await browser.cookieHeader(url)
    await redis.stop()
    const confirm = await browser.open(`${url}/session/logout`)
    const page = await browser.press(confirm, 'Sign out everywhere')
    expect(page.status).toBe(503)
    expect(page.url).toContain(`${url}/session/return?state=`)
    expect(page.body).toContain('Finish signing out')
    expect(page.body).toContain('no answer in time')
    expect(world.emulator.sessions).toHaveLength(0)
    await redis.start()
    await backAgain()
    const finished = await browser.press(page, 'Finish signing out')
    expect(finished.status).toBe(200)
    expect(finished.body).toContain('You are signed out of all applications')
    expect(await ask(copy)).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    expect(await ask(copy, 'library')).toMatchObject({ state: 'anonymous', reason: 'signed-out' })
    expect(await browser.cookieNames(url)).toEqual([])
  })

  it('is finished by the return from the provider, where the store is back by then', async () => {
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const copy = await browser.cookieHeader(url)
    await redis.stop()
    const answer = await browser.fetch(`${url}/session/logout`, { method: 'POST' })
    const { continueAt } = (await answer.json()) as { continueAt: string }
    await redis.start()
    await backAgain()
    const page = await browser.open(continueAt)
    expect(page.body).toContain('You are signed out of all applications')
    expect(await ask(copy)).toMatchObject({ reason: 'signed-out' })
  })

  it('is finished by a reload of the page, and shown as often as it is not', async () => {
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const copy = await browser.cookieHeader(url)
    await redis.stop()
    const answer = await browser.fetch(`${url}/session/logout`, { method: 'POST' })
    const { continueAt } = (await answer.json()) as { continueAt: string }
    const page = await browser.open(continueAt)
    for (let reload = 0; reload < 3; reload += 1) expect((await browser.open(page.url)).status).toBe(503)
    // What the visit is for, and what is left to be done.
    const left = (await browser.cookieNames(url)).map((name) => name.replace(/\.logout\..*/, '.logout'))
    expect(left.sort()).toEqual(['__Host-benefits.logout', '__Host-benefits.unfinished'])
    await redis.start()
    await backAgain()
    const finished = await browser.open(page.url)
    expect(finished.body).toContain('You are signed out of all applications')
    expect(await ask(copy)).toMatchObject({ reason: 'signed-out' })
    expect(await browser.cookieNames(url)).toEqual([])
  })

  it('nobody finishes: a copy of the cookies works until the provider refuses to extend it', async () => {
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const copy = await browser.cookieHeader(url)
    await redis.stop()
    await browser.press(await browser.open(`${url}/session/logout`), 'Sign out everywhere')
    await redis.start()
    await backAgain()
    expect(await ask(copy)).toMatchObject({ state: 'active' })
    for (let minute = 0; minute < 15; minute += 5) {
      world.travel(300)
      await ask(copy)
    }
    // A refusal is repeated before it is believed; the lease of that wait is measured by the server.
    for (const key of (await redis.command('KEYS', 'citizen:lease:*')) as string[]) {
      await redis.command('DEL', key)
    }
    world.travel(61)
    await ask(copy)
    expect(await ask(copy)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })
})
