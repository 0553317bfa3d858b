/** @module A Cookie header larger than is read, where people sign in by OpenID Connect alone. */
import { expect, it } from 'vitest'
import { createPlace, home } from '../attacks/oidc-place.js'
import { TestExchange } from '../support/exchange.js'

it.each([
  [16_384, []],
  [16_385, [{ type: 'token.rejected', problem: 'too-large' }]],
])('FLD-08 a header of %i characters is told apart from none', async (length, events) => {
  const place = createPlace({})
  const cookie = 'filler='.padEnd(length, 'x')
  const exchange = new TestExchange(new Request(`${home}/private`, { headers: { cookie } }))
  expect(await place.suite.authenticate(exchange)).toMatchObject({ state: 'anonymous' })
  expect(place.events).toMatchObject(events)
  expect(place.events).toHaveLength(events.length)
})

it.each([
  ['en', 'Your browser sent too many cookies'],
  ['fr', 'Votre navigateur a envoyé trop de témoins (cookies)'],
])('FLD-06 its login says so, and does not lead to the provider: %s', async (language, title) => {
  const place = createPlace({})
  const headers = {
    cookie: 'filler='.padEnd(20_000, 'x'),
    accept: 'text/html',
    'accept-language': language,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': 'none',
  }
  const exchange = new TestExchange(new Request(`${home}/session/login`, { headers }))
  const reply = await place.suite.endpoint(exchange)?.(exchange)
  expect(reply).toMatchObject({ status: 400, body: expect.stringContaining(title) })
})

it.each([
  ['everywhere', 'identity', { state: 'unknown', reason: 'cookies-too-large' }],
  ['application', 'identity', { state: 'skipped', reason: 'only-here' }],
] as const)(
  'FLD-06 a sign-out %s does not call a session ended that it could not read',
  async (scope, leg, told) => {
    const place = createPlace({})
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/`)
    const cookie = `${await browser.cookieHeader(home)}; ${'filler='.padEnd(20_000, 'x')}`
    const headers = { cookie, accept: 'application/json', 'sec-fetch-site': 'same-origin' }
    const body = new URLSearchParams({ scope })
    const exchange = new TestExchange(
      new Request(`${home}/session/logout`, { method: 'POST', headers, body }),
    )
    const reply = await place.suite.endpoint(exchange)?.(exchange)
    const receipt = JSON.parse(String(reply?.body))
    expect(receipt.outcome).toBe('failed')
    expect(receipt.legs).toContainEqual(
      expect.objectContaining({ leg: 'sessions', state: 'unknown', reason: 'cookies-too-large' }),
    )
    expect(receipt.legs).toContainEqual(expect.objectContaining({ leg, ...told }))
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  },
)
