/** @module The renewal of tokens end to end: once for all, fatal and passing failures told apart. */
import { describe, expect, it } from 'vitest'
import { createPlace, home as placeHome } from '../attacks/oidc-place.js'
import { TestExchange } from '../support/exchange.js'
import { createOidcWorld, type OidcWorld, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')
const refreshes = (world: OidcWorld) =>
  world.called.filter(({ body }) => body.includes('grant_type=refresh_token')).length
const begin = async (parties: Parameters<typeof createOidcWorld>[0] = { benefits: {} }) => {
  const world = await createOidcWorld(parties)
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  return { world, browser }
}
const citizenOf = async (world: OidcWorld, cookie: string) =>
  world.party('benefits').suite.authenticate(
    new TestExchange(
      new Request(`${home}/private`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' },
      }),
    ),
  )

it('REF-1 renews once for a hundred requests, by rotation, when 40 to 50 % of the life is over', async () => {
  const { world, browser } = await begin()
  world.travel(239)
  await browser.open(`${home}/private`)
  expect(refreshes(world)).toBe(0)
  world.travel(62)
  const visits = await Promise.all(Array.from({ length: 100 }, () => browser.fetch(`${home}/private`)))
  expect(visits.map(({ status }) => status)).toEqual(Array(100).fill(200))
  expect(refreshes(world)).toBe(1)
  world.travel(301)
  await browser.open(`${home}/private`)
  expect(refreshes(world)).toBe(2)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

it('REF-1 renews tokens of which the provider says no life, as if it had left that out, and locks nobody out', async () => {
  const place = createPlace({ oidc: { refresh: { waitMilliseconds: 5000 } } })
  place.script.expiresIn = 0
  const browser = place.browser()
  await browser.open(`${placeHome}/session/login?returnTo=/private`)
  for (const renewed of [1, 2, 3]) {
    place.travel(160)
    expect((await browser.fetch(`${placeHome}/private`)).status).toBe(200)
    const refreshed = place.grants.filter((form) => form.get('grant_type') === 'refresh_token')
    expect([refreshed.length, await place.state(browser)]).toMatchObject([
      renewed,
      { state: 'active', degraded: false },
    ])
  }
})

describe('an answer that is no renewal', () => {
  it('REF-2 ends the session after invalid_grant', async () => {
    const { world, browser } = await begin()
    world.emulator.faults.set({ openid: { tokenError: 'invalid_grant' } })
    world.travel(301)
    await browser.fetch(`${home}/private`)
    // The first refusal could be the first sign of an outage that refuses everybody.
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', degraded: true })
    world.travel(61)
    await browser.fetch(`${home}/private`)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it.each(['invalid_client', 'temporarily_unavailable', 'server_error'])(
    'REF-2 keeps it after %s until the tokens expire, and not a second longer',
    async (tokenError) => {
      const { world, browser } = await begin()
      world.emulator.faults.set({ openid: { tokenError } })
      world.travel(301)
      await browser.fetch(`${home}/private`)
      expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', degraded: true })
      world.travel(298)
      expect((await browser.fetch(`${home}/private`)).status).toBe(200)
      world.travel(90)
      await browser.fetch(`${home}/private`)
      expect(await stateAt(browser, 'benefits')).toMatchObject({
        state: 'anonymous',
        reason: 'token-expired',
      })
    },
  )

  it('goes on by itself once the provider is back', async () => {
    const { world, browser } = await begin()
    world.outage = true
    world.travel(301)
    await browser.fetch(`${home}/private`)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ degraded: true })
    world.outage = false
    world.travel(61)
    await browser.fetch(`${home}/private`)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', degraded: false })
  })

  it('SES-21 leaves the session as it was when the answer is about somebody else', async () => {
    const { world, browser } = await begin()
    world.emulator.faults.set({ openid: { idToken: 'other-sub-on-refresh' } })
    world.travel(301)
    await browser.fetch(`${home}/private`)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', degraded: true })
    const degraded = world.party('benefits').events.find(({ type }) => type === 'identity.degraded')
    expect(degraded).toMatchObject({ problem: 'subject' })
  })
})

it('gives out an access token, renewed before it expires', async () => {
  const { world, browser } = await begin()
  const cookie = await browser.cookieHeader(home)
  const first = await citizenOf(world, cookie)
  if (first.state !== 'active') throw new Error(first.state)
  const token = await first.accessToken()
  expect(token).toMatch(/^[\w.~+/-]{16,}$/)
  expect(await first.accessToken()).toBe(token)
  world.travel(595)
  const later = await citizenOf(world, cookie)
  if (later.state !== 'active') throw new Error(later.state)
  expect(await later.accessToken()).not.toBe(token)
})

it('gives out no access token that has expired and cannot be renewed, and keeps the session', async () => {
  const { world, browser } = await begin({ benefits: { oidc: { scope: 'openid' } } })
  const cookie = await browser.cookieHeader(home)
  for (const expected of [expect.any(String), undefined]) {
    const citizen = await citizenOf(world, cookie)
    if (citizen.state !== 'active') throw new Error(citizen.state)
    expect(await citizen.accessToken()).toEqual(expected)
    expect(await citizen.refresh()).toBe(false)
    world.travel(595)
  }
  expect(refreshes(world)).toBe(0)
  world.travel(-595)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
})

it('lives by its own timers where the provider gives no refresh token', async () => {
  const { world, browser } = await begin({ benefits: { oidc: { scope: 'openid' } } })
  for (let count = 0; count < 4; count += 1) {
    world.travel(500)
    expect((await browser.fetch(`${home}/private`)).status).toBe(200)
  }
  expect(refreshes(world)).toBe(0)
  world.travel(601)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
})

it('NIST-06 is not activity: tokens that are renewed keep nobody signed in', async () => {
  const { world, browser } = await begin()
  world.travel(601)
  await browser.fetch(`${home}/session/status`)
  expect(refreshes(world)).toBe(0)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
})
