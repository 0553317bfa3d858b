/** @module Two instances of an application over one real Redis: what one is told, the other knows. */
import { expect, it } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { TestExchange } from '../support/exchange.js'
import { redisOfFile } from '../support/redis-of-file.js'
import { createOidcWorld, type OidcWorld, stateAt, urlOf } from './world.js'

const open = redisOfFile()

/** Two worlds would be two providers: the second instance is another suite of the same options on a client of its own. */
const createWorld = () =>
  createOidcWorld(
    { benefits: {}, permits: {} },
    {
      store: (clock) => redisStore(open(), { clock }),
      twins: ['benefits'],
      twinStore: (clock) => redisStore(open(), { clock }),
    },
  )

const stateAtTwin = async (world: OidcWorld, cookie: string) =>
  (
    await world
      .twin('benefits')
      .suite.authenticate(new TestExchange(new Request(`${urlOf('benefits')}/open`, { headers: { cookie } })))
  ).state

it('BCL-22 a logout of sub ends every session of the person on both instances, and an old one does not revive', async () => {
  const world = await createWorld()
  const phone = world.browser()
  const laptop = world.browser()
  await world.signIn(phone, 'benefits')
  await world.signIn(laptop, 'benefits')
  await world.signIn(laptop, 'permits')
  const [phoneCookie, laptopCookie] = [
    await phone.cookieHeader(urlOf('benefits')),
    await laptop.cookieHeader(urlOf('benefits')),
  ]
  expect(await stateAtTwin(world, phoneCookie)).toBe('active')
  world.travel(1)
  const jwt = await world.emulator.openid.logoutToken('benefits', {
    hasSid: false,
    claims: { sid: undefined },
  })
  const body = new URLSearchParams({ logout_token: jwt }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const request = () =>
    new Request(`${urlOf('benefits')}/session/backchannel-logout`, { method: 'POST', headers, body })
  const answers = await Promise.all([
    world.twin('benefits').handle(request()),
    world.party('benefits').handle(request()),
  ])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
  for (const cookie of [phoneCookie, laptopCookie]) expect(await stateAtTwin(world, cookie)).toBe('anonymous')
  expect(await stateAt(phone, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  expect(await stateAt(laptop, 'permits')).toMatchObject({ state: 'anonymous' })

  world.travel(5)
  const again = world.browser()
  await world.signIn(again, 'benefits')
  expect(await stateAt(again, 'benefits')).toMatchObject({ state: 'active' })
  for (const cookie of [phoneCookie, laptopCookie]) expect(await stateAtTwin(world, cookie)).toBe('anonymous')
})

it('REF-1 renews once for both instances', async () => {
  const world = await createWorld()
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  const cookie = await browser.cookieHeader(urlOf('benefits'))
  world.travel(301)
  const ask = (site: (request: Request) => Promise<Response>) =>
    site(
      new Request(`${urlOf('benefits')}/private`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
      }),
    )
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      ask(index % 2 === 0 ? world.party('benefits').handle : world.twin('benefits').handle),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(world.called.filter(({ body }) => body.includes('grant_type=refresh_token'))).toHaveLength(1)
})
