import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/index.js'
import { openRedisStore } from '../../src/redis.js'
import { type RedisServer, startRedis } from '../support/redis.js'
import { shown } from '../support/world.js'
import { createSamlWorld, entityOf, type SamlWorld, urlOf } from './world.js'

let redis: RedisServer
let worlds = 0
const stores: Store[] = []
const open = (clock: () => number): Store => {
  const store = openRedisStore(redis.url, { clock, deadlineMilliseconds: 2000 })
  stores.push(store)
  return store
}

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await redis.close()
})

/** Two instances behind one address, each with its own connection; requests go to them in turn. */
async function createTwoInstances() {
  const world = await createSamlWorld({ benefits: {} }, { store: open })
  // One server keeps what all of them revoked: later worlds begin later.
  worlds += 1
  world.travel(worlds * 600)
  const first = world.party('benefits')
  const second = world.instance('benefits', { store: open(world.now) })
  let turn = 0
  world.sites.set(urlOf('benefits'), (request) => {
    turn += 1
    return (turn % 2 === 0 ? first : second).handle(request)
  })
  const ask = async (browser: ReturnType<SamlWorld['browser']>) => {
    const cookie = await browser.cookieHeader(urlOf('benefits'))
    const request = () => new Request(`${urlOf('benefits')}/open`, { headers: { cookie } })
    return [await shown(first.handle(request())), await shown(second.handle(request()))].map(
      ({ state }) => state,
    )
  }
  return { world, first, second, ask }
}

describe('two instances over Redis', () => {
  it.each(['redirect', 'post', 'soap'] as const)(
    'one logout by %s ends the session on both',
    async (binding) => {
      const { world, second, ask } = await createTwoInstances()
      const browser = world.browser()
      await world.signIn(browser, 'benefits')
      expect(await ask(browser)).toEqual(['active', 'active'])
      const message = await world.emulator.saml.logoutRequest({
        serviceProvider: entityOf('benefits'),
        binding,
      })
      const answer = await second.handle(message.toRequest())
      expect(answer.status).toBeLessThan(400)
      expect(await ask(browser)).toEqual(['anonymous', 'anonymous'])
    },
  )

  it('an index ends one device on both, no index ends both devices', async () => {
    const { world, first, second, ask } = await createTwoInstances()
    const [one, two] = [world.browser(), world.browser()]
    await world.signIn(one, 'benefits')
    await world.signIn(two, 'benefits')
    const participant = world.emulator.saml.participants.at(-1)
    const order = {
      serviceProvider: entityOf('benefits'),
      binding: 'soap',
      nameId: participant?.nameId,
    } as const
    const sessionIndexes = [participant?.sessionIndex ?? '']
    await first.handle((await world.emulator.saml.logoutRequest({ ...order, sessionIndexes })).toRequest())
    expect([await ask(one), await ask(two)]).toEqual([
      ['active', 'active'],
      ['anonymous', 'anonymous'],
    ])
    await second.handle(
      (await world.emulator.saml.logoutRequest({ ...order, sessionIndexes: [] })).toRequest(),
    )
    expect(await ask(one)).toEqual(['anonymous', 'anonymous'])
  })

  it('SLO-06 a request or an assertion that one instance took is refused by the other', async () => {
    const { world, first, second } = await createTwoInstances()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const order = { serviceProvider: entityOf('benefits'), binding: 'soap' } as const
    const message = await world.emulator.saml.logoutRequest(order)
    expect((await first.handle(message.toRequest())).status).toBe(200)
    expect((await second.handle(message.toRequest())).status).toBe(400)
    const other = world.browser()
    const asked = await other.open(`${urlOf('benefits')}/session/login`)
    const form = await other.press(asked, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    const done = await world.follow(other, form)
    expect(done.status).toBe(200)
    const again = await world.follow(other, await other.press(form, /./))
    expect(again.status).toBe(400)
  })

  it('fifty copies of one request at once end the session once', async () => {
    const { world, first, second, ask } = await createTwoInstances()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const order = { serviceProvider: entityOf('benefits'), binding: 'soap' } as const
    const message = await world.emulator.saml.logoutRequest(order)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? first : second).handle(message.toRequest()),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 400)).toHaveLength(49)
    expect(await ask(browser)).toEqual(['anonymous', 'anonymous'])
  })

  it('a session that begins on one is signed out at the provider from the other', async () => {
    const { world, second } = await createTwoInstances()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.sites.set(urlOf('benefits'), second.handle)
    const visit = await world.signOut(browser, 'benefits')
    expect(visit.body).toContain('You are signed out here and at the sign-in service.')
    expect(world.emulator.saml.participants).toEqual([])
  })
})
