import { describe, expect, it } from 'vitest'
import { createPlace, home } from './oidc-place.js'

const idle = { application: { sensitivity: 'sensitive', onIdle: 'reauthenticate' } } as const

describe('a provider that ignores prompt=login', () => {
  it.each([
    ['says nothing of the authentication', () => undefined],
    ['returns the old authentication', (began: number) => began],
    ['returns one from just before the login', (_: number, now: number) => now - 35],
  ])('brings nobody past an idle end when it %s', async (_, authTime) => {
    const place = createPlace({ suite: idle })
    const browser = place.browser()
    const began = place.now() / 1000
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.travel(3600)
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    place.script.authTime = authTime(began, place.now() / 1000)
    const back = await browser.press(page, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    expect(place.asked.at(-1)?.get('max_age')).toBe('1')
    expect([back.status, new URL(back.url).pathname]).toEqual([401, '/session/callback'])
    expect(back.body).toContain('Sign out everywhere and sign in again')
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    expect(place.events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'not-reauthenticated' }),
    )
  })

  it('lets in who has taken minutes to prove who they are', async () => {
    const place = createPlace({ suite: idle })
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(3600)
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    place.script.onAuthorize = () => {
      place.travel(5)
      place.script.authTime = place.now() / 1000
      place.travel(400)
    }
    const back = await browser.press(page, 'Sign in')
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/private'])
  })

  it('raises no hopes of being recent where it is not', async () => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(400)
    const back = await browser.open(`${home}/recent`)
    expect([back.status, new URL(back.url).pathname]).toEqual([401, '/session/callback'])
  })
})

describe('a session whose time is over, though nobody has looked', () => {
  it.each([
    ['idle', 601, 'idle-timeout'],
    ['absolute', 400, 'absolute-timeout'],
  ])('is not taken up by a login of the same provider session: %s', async (_, seconds, reason) => {
    const absoluteSeconds = reason === 'absolute-timeout' ? 300 : 3600
    const place = createPlace({ suite: { application: { ...idle.application, absoluteSeconds } } })
    place.script.sid = 'session-1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(seconds)
    // The browser has been closed: no cookie tells of the session.
    const later = place.browser()
    const back = await later.open(`${home}/session/login?returnTo=/private`)
    expect([back.status, new URL(back.url).pathname]).toEqual([401, '/session/callback'])
    expect(await place.state(later)).toMatchObject({ state: 'anonymous' })
    expect(place.events).toContainEqual(expect.objectContaining({ type: 'session.ended', reason }))
    place.script.authTime = place.now() / 1000
    const page = await later.press(back, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    expect([page.status, new URL(page.url).pathname]).toEqual([200, '/private'])
  })

  it('leaves a way in for whoever lost the cookie of a revoked session', async () => {
    const place = createPlace()
    place.script.sid = 'session-1'
    await place.browser().open(`${home}/session/login?returnTo=/private`)
    place.travel(60)
    expect((await place.backchannel({ sid: 'session-1' })).status).toBe(200)
    place.travel(5)
    const later = place.browser()
    const refused = await later.open(`${home}/session/login?returnTo=/private`)
    expect([refused.status, new URL(refused.url).pathname]).toEqual([401, '/session/callback'])
    place.script.onAuthorize = () => {
      if (place.asked.at(-1)?.get('prompt') === 'login') place.script.authTime = place.now() / 1000
    }
    const back = await later.press(refused, 'Sign in')
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/private'])
  })
})

describe('a logout while a login is under way in the same browser', () => {
  it.each(['everywhere', 'application'] as const)('ends that login too: %s', async (scope) => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(60)
    place.script.onToken = async () => {
      place.script.onToken = () => undefined
      place.script.authTime = place.now() / 1000
      place.travel(1)
      await browser.post(`${home}/session/logout`, { scope })
      return undefined
    }
    const back = await browser.open(`${home}/session/login?returnTo=/private&maxAge=10`)
    expect(new URL(back.url).pathname).toBe('/session/callback')
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
  })
})

describe('a logout that did not reach the provider', () => {
  it('is followed by a login that asks for a new authentication', async () => {
    const place = createPlace()
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const out = await browser.post(`${home}/session/logout`, {})
    expect(out.status).toBe(200)
    place.travel(60)
    await browser.open(`${home}/session/login?returnTo=/private`)
    expect(place.asked.at(-1)?.get('prompt')).toBe('login')
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    place.script.authTime = place.now() / 1000
    const back = await browser.open(`${home}/session/login?returnTo=/private`)
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/private'])
  })
})

describe('a sign-out while another tab’s login is written', () => {
  it('RACE-3 HLD-06 ends what that login began, under whatever name the provider has for it', async () => {
    let beforeStart: (() => Promise<unknown>) | undefined
    const place = createPlace({
      store: (store) => ({
        ...store,
        async start(address, request) {
          const work = beforeStart
          beforeStart = undefined
          await work?.()
          return store.start(address, request)
        },
      }),
    })
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(2)
    place.script.authTime = place.now() / 1000
    place.travel(2)
    beforeStart = async () => {
      const cookie = await browser.cookieHeader(home)
      const headers = { cookie, 'sec-fetch-site': 'same-origin', accept: 'application/json' }
      const answer = await place.handle(new Request(`${home}/session/logout`, { method: 'POST', headers }))
      expect(answer.status).toBe(200)
    }
    const back = await browser.open(`${home}/session/login?returnTo=/private&maxAge=1`)
    expect(beforeStart).toBeUndefined()
    expect(back.status).toBe(401)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous' })
    expect(await place.suite.sessions.list({ subject: 'ana', issuer: 'https://id.example.gov' })).toEqual([])
  })
})
