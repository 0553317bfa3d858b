/** @module The end that a provider sets for a session (`session_expiry`, OpenID IPSIE SL1): at sign-in, refresh, check. */
import { describe, expect, it } from 'vitest'
import { createPlace, home, type Place, type PlaceOptions } from '../attacks/oidc-place.js'
import type { Browser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { createOidcWorld, stateAt } from './world.js'

const hour = 3600
const endOf = async (place: Place, browser: Browser): Promise<number | undefined> => {
  const { session } = (await (await browser.fetch(`${home}/session/status`)).json()) as {
    readonly session: { readonly endsAt: number } | null
  }
  return session === null ? undefined : (session.endsAt - place.now()) / 1000
}
const act = (browser: Browser) => browser.fetch(`${home}/private`)

/** Somebody signed in whose provider wants the session to end in so many seconds; `undefined`: it does not say. */
async function signedIn(inSeconds: number | undefined, options: PlaceOptions = {}) {
  const place = createPlace({
    suite: { application: { sensitivity: 'public', absoluteSeconds: 8 * hour } },
    oidc: { refresh: { waitMilliseconds: 5000 } },
    ...options,
  })
  const setEnd = (seconds: unknown) => {
    const isTime = typeof seconds === 'number'
    place.script.claims = { session_expiry: isTime ? place.now() / 1000 + seconds : seconds }
  }
  setEnd(inSeconds)
  /** From now on refreshes bring an ID token. */
  place.script.onToken = (form) =>
    form.get('grant_type') === 'refresh_token'
      ? Response.json({
          access_token: `access-${place.grants.length}-again`,
          token_type: 'Bearer',
          expires_in: place.script.expiresIn,
          refresh_token: `refresh-${place.grants.length}-again`,
          id_token: place.idToken(),
        })
      : undefined
  const browser = place.browser()
  const visit = await browser.open(`${home}/session/login?returnTo=/private`)
  return { place, browser, visit, setEnd }
}

describe('at sign-in', () => {
  it.each([
    ['sooner than the absolute limit', hour, hour],
    ['later than it', 9 * hour, 8 * hour],
    ['not at all', undefined, 8 * hour],
    ['with a fraction', hour + 0.5, hour + 0.5],
  ])('bounds the session: %s', async (_, stated, end) => {
    const { place, browser } = await signedIn(stated)
    expect(await endOf(place, browser)).toBe(end)
    const request = new Request(home, { headers: { cookie: await browser.cookieHeader(home) } })
    const citizen = await place.suite.authenticate(new TestExchange(request))
    expect(citizen.claims).toMatchObject({ sub: 'ana' })
    expect(citizen.claims).not.toHaveProperty('session_expiry')
  })

  it('ends it then, and not a second later', async () => {
    const { place, browser } = await signedIn(600, {
      suite: { application: { sensitivity: 'basic' } },
      oidc: { refresh: { afterSeconds: 3000 } },
    })
    place.travel(599)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.travel(1)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'absolute-timeout' })
  })

  it.each([0, -1, -1e6])('begins no session whose time is over: %s s', async (stated) => {
    const { place, browser, visit } = await signedIn(stated)
    expect(visit.status).toBe(401)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    expect(await browser.cookieNames(home)).not.toContain('__Host-benefits.sid')
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'session-over', credential: 'sign-in' }),
    )
    expect(place.events.filter(({ type }) => type === 'session.started')).toEqual([])
    // Who presses the button is asked for a new authentication, and gets in where that brings a new end.
    place.script.onAuthorize = () => {
      const isAnew = place.asked.at(-1)?.get('prompt') === 'login'
      place.script.claims = isAnew ? { session_expiry: place.now() / 1000 + hour } : place.script.claims
      if (isAnew) place.script.authTime = place.now() / 1000
    }
    place.travel(60)
    await browser.press(visit, 'Sign in')
    expect(await endOf(place, browser)).toBe(hour)
  })

  it.each([
    ['a text', '1800000000'],
    ['an ISO time', '2030-01-01T00:00:00Z'],
    ['null', null],
    ['true', true],
    ['a list', [1_800_000_000]],
    ['milliseconds', 1_800_000_000_000],
    ['negative', '-1'],
  ])('refuses what is no time rather than begin a session without an end: %s', async (_, stated) => {
    const { place, browser, setEnd } = await signedIn(hour)
    await browser.post(`${home}/session/logout`, { scope: 'application' })
    setEnd(stated === '-1' ? -1e10 : undefined)
    if (stated !== '-1') place.script.claims = { session_expiry: stated }
    const other = place.browser()
    expect((await other.open(`${home}/session/login?returnTo=/private`)).status).toBe(401)
    expect(await place.state(other)).toMatchObject({ state: 'anonymous' })
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'session-expiry' }),
    )
  })

  it('takes a later end at the next login of the same session, up to the limit that it has', async () => {
    const { place, setEnd } = await signedIn(hour)
    place.script.sid = 'session-1'
    for (const [stated, end] of [
      [hour, hour],
      [2 * hour, 2 * hour],
      [20 * hour, 8 * hour - 1200],
    ] as const) {
      setEnd(stated)
      const browser = place.browser()
      await browser.open(`${home}/session/login?returnTo=/private`)
      expect(await endOf(place, browser)).toBe(end)
      place.travel(600)
    }
  })
})

describe('at a refresh', () => {
  it('moves the end, later up to the absolute limit and sooner', async () => {
    const { place, browser, setEnd } = await signedIn(2 * hour)
    place.script.authTime = undefined
    place.travel(hour)
    setEnd(3 * hour)
    await act(browser)
    expect(await endOf(place, browser)).toBe(3 * hour)
    place.travel(hour)
    setEnd(20 * hour)
    await act(browser)
    expect(await endOf(place, browser)).toBe(6 * hour)
    place.travel(hour)
    setEnd(60)
    await act(browser)
    expect(await endOf(place, browser)).toBe(60)
  })

  it('comes early enough for a session that its provider ends before the tokens', async () => {
    const { place, browser, setEnd } = await signedIn(600)
    place.script.expiresIn = 8 * hour
    for (let round = 0; round < 4; round += 1) {
      place.travel(310)
      setEnd(600)
      expect((await act(browser)).status).toBe(200)
    }
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })

  it('REF-1 is one for all instances where the end moves far', async () => {
    const { place, browser, setEnd } = await signedIn(600)
    const cookie = await browser.cookieHeader(home)
    const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }
    place.travel(310)
    setEnd(3 * hour)
    for (const suite of [place.suite, place.twin(), place.twin()]) {
      const request = new TestExchange(new Request(`${home}/private`, { headers }))
      expect(await suite.authenticate(request)).toMatchObject({ state: 'active' })
    }
    expect(place.grants.filter((form) => form.get('grant_type') === 'refresh_token')).toHaveLength(1)
  })

  it.each([
    ['the end moves nearer', (place: Place) => ({ session_expiry: place.now() / 1000 + 300 }), 3600],
    ['the provider shortens their life', () => ({}), 300],
  ] as const)('REF-1 is one for all instances where %s', async (_, claims, expiresIn) => {
    const { place, browser } = await signedIn(undefined)
    const cookie = await browser.cookieHeader(home)
    const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }
    const renewed = () => place.grants.filter((form) => form.get('grant_type') === 'refresh_token').length
    const goOn = async () => {
      const request = new TestExchange(new Request(`${home}/private`, { headers }))
      expect(await place.twin().authenticate(request)).toMatchObject({ state: 'active' })
    }
    place.travel(1810)
    place.script.claims = claims(place)
    place.script.expiresIn = expiresIn
    await Promise.all([goOn(), goOn(), goOn()])
    for (let instance = 0; instance < 5; instance += 1) {
      await goOn()
      place.travel(10)
    }
    expect(renewed()).toBe(1)
    // By the half of the life that they have.
    place.travel(110)
    await goOn()
    expect(renewed()).toBe(2)
  })

  it('REF-2 signs nobody in beyond tokens whose life the provider has shortened, while it cannot be asked', async () => {
    const { place, browser } = await signedIn(undefined)
    place.travel(1810)
    place.script.expiresIn = 300
    await act(browser)
    place.script.onToken = () => new Response(null, { status: 503 })
    place.travel(200)
    await act(browser)
    expect(await place.state(browser)).toMatchObject({ state: 'active', degraded: true })
    place.travel(101)
    await act(browser)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'token-expired' })
  })

  it('REF-1 is one for all instances where a later sign-in brings tokens of a shorter life', async () => {
    const { place, browser } = await signedIn(undefined)
    place.script.sid = 'one session of the provider'
    for (const expiresIn of [3600, 300]) {
      place.script.expiresIn = expiresIn
      place.travel(60)
      place.script.authTime = place.now() / 1000
      await browser.open(`${home}/session/login?returnTo=/private&maxAge=1`)
    }
    const cookie = await browser.cookieHeader(home)
    const headers = { cookie, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }
    const renewed = () => place.grants.filter((form) => form.get('grant_type') === 'refresh_token').length
    const logins = place.grants.length - renewed()
    for (const [seconds, times] of [
      [10, 0],
      [100, 0],
      [50, 1],
      [10, 1],
    ] as const) {
      place.travel(seconds)
      const request = new TestExchange(new Request(`${home}/private`, { headers }))
      expect(await place.twin().authenticate(request)).toMatchObject({ state: 'active' })
      expect(renewed()).toBe(times)
    }
    expect(logins).toBe(3)
  })

  it('leaves the end where it is without a new one, in the ID token or at all', async () => {
    const { place, browser } = await signedIn(5 * hour)
    place.script.claims = {}
    place.travel(hour)
    await act(browser)
    expect(await endOf(place, browser)).toBe(4 * hour)
    const { onToken } = place.script
    place.script.onToken = () => undefined
    place.travel(hour)
    await act(browser)
    place.script.onToken = onToken
    expect(await endOf(place, browser)).toBe(3 * hour)
    expect(place.grants.filter((form) => form.get('grant_type') === 'refresh_token')).toHaveLength(2)
  })

  it('ends the session by an end that is past, for that very request', async () => {
    const { place, browser, setEnd } = await signedIn(2 * hour)
    place.travel(hour)
    setEnd(-10)
    expect((await act(browser)).status).toBe(401)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'absolute-timeout' })
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'session.ended', reason: 'absolute-timeout' }),
    )
  })

  it('keeps the end that it had where the new one is no time, and says so', async () => {
    const { place, browser } = await signedIn(2 * hour)
    place.travel(hour / 2)
    place.script.claims = { session_expiry: 'tomorrow' }
    expect((await act(browser)).status).toBe(200)
    expect(await endOf(place, browser)).toBe(1.5 * hour)
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'identity.degraded', problem: 'id-token-session-expiry' }),
    )
  })

  it('never lets a session last longer than the limit after a clock was put back', async () => {
    const { place, browser, setEnd } = await signedIn(7 * hour)
    place.travel(-3 * hour)
    await act(browser)
    place.travel(hour)
    setEnd(20 * hour)
    await act(browser)
    expect(await endOf(place, browser)).toBeLessThanOrEqual(8 * hour)
  })
})

it('moves the end by a silent check', async () => {
  const { place, browser, setEnd } = await signedIn(hour)
  setEnd(2 * hour)
  await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/private`, { from: home })
  expect(await endOf(place, browser)).toBe(2 * hour)
})

it('a session that was idle and is resumed goes on within the end of the new login', async () => {
  const { place, browser, setEnd } = await signedIn(2 * hour, {
    suite: { application: { sensitivity: 'basic', onIdle: 'resume', absoluteSeconds: 8 * hour } },
  })
  place.script.expiresIn = 8 * hour
  place.travel(hour + 1)
  const page = await browser.open(`${home}/session/login?returnTo=/private`)
  setEnd(3 * hour)
  await browser.press(page, 'Sign in')
  expect(await endOf(place, browser)).toBe(3 * hour)
})

it('is said by the emulator, whose session ends then', async () => {
  const world = await createOidcWorld(
    { benefits: { suite: { application: { sensitivity: 'public' } } } },
    { emulator: { sessionSeconds: 1800, openid: { clients: [], saysSessionExpiry: true } } },
  )
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  world.travel(1799)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  world.travel(1)
  expect(await stateAt(browser, 'benefits')).toMatchObject({ reason: 'absolute-timeout' })
  for (const [idToken, problem] of [
    ['session-over', 'session-over'],
    ['session-expiry-text', 'session-expiry'],
  ] as const) {
    world.emulator.faults.set({ openid: { idToken } })
    await world.signIn(world.browser(), 'benefits')
    expect(world.party('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem }),
    )
  }
})
