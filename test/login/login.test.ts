import { describe, expect, it } from 'vitest'
import { createWorld, type WorldOptions } from '../support/world.js'
import { hostileRedirects } from '../vectors/redirects.js'

const url = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'
const mostRedirects = 5

describe('returnTo', () => {
  it('RPI-11 leads to our own origin only, whatever is written there', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    for (const target of hostileRedirects) {
      const query = new URLSearchParams({ returnTo: target })
      const response = await browser.fetch(`${url}/session/login?${query}`, {
        headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      })
      expect(response.status).toBe(302)
      expect(new URL(response.headers.get('location') ?? '', url).origin, target).toBe(url)
    }
  })

  it('RPI-11 is as harmless on the login page, the logout page and in their forms', async () => {
    const world = await createWorld()
    const { handle } = world.application('benefits')
    for (const target of hostileRedirects) {
      const query = new URLSearchParams({ returnTo: target })
      const logout = await handle(
        new Request(`${url}/session/logout?${query}`, { headers: { accept: 'text/html' } }),
      )
      const stay = /<a href="([^"]*)">Stay/.exec(await logout.text())?.[1] ?? ''
      expect(new URL(stay, url).origin, target).toBe(url)
      const form = await handle(
        new Request(`${url}/session/login`, {
          method: 'POST',
          headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
          body: query.toString(),
        }),
      )
      expect(form.status).toBe(303)
      const back = new URL(new URL(form.headers.get('location') ?? '').searchParams.get('returnTo') ?? '')
      expect(back.origin, target).toBe(url)
    }
  })

  it('may name a sibling that is allowed', async () => {
    const world = await createWorld({
      applications: { benefits: { application: { returnOrigins: [library] } }, library: {} },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const page = await browser.open(`${url}/session/login?returnTo=${encodeURIComponent(`${library}/open`)}`)
    expect(page.url).toBe(`${library}/open`)
  })
})

describe('the return', () => {
  it('RPI-06 CK-10 several logins in flight do not disturb each other; the oldest is dropped beyond five', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const states: string[] = []
    for (let tab = 0; tab < 7; tab += 1) {
      world.travel(1)
      const login = await browser.open(`${url}/session/login?returnTo=/open?tab=${tab}`)
      states.push(new URL(login.url).searchParams.get('returnTo') ?? '')
    }
    const transactions = (await browser.cookieNames(url)).filter((name) => name.includes('.login.'))
    expect(transactions).toHaveLength(5)
    const login = await browser.open(
      `${world.emulator.url}/login?returnTo=${encodeURIComponent(states[2] ?? '')}`,
    )
    const page = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(page.url).toBe(`${url}/open?tab=2`)
    expect((await browser.open(states[5] ?? '')).url).toBe(`${url}/open?tab=5`)
    const dropped = await browser.open(states[0] ?? '')
    expect(dropped.path).toEqual([states[0], `${url}/`])
  })

  it('FLD-06 leads on whoever is signed in and loads a return again; nobody else', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const login = await browser.open(`${url}/session/login?returnTo=/open`)
    const back = new URL(login.url).searchParams.get('returnTo') ?? ''
    await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect((await browser.open(back)).path).toEqual([back, `${url}/`])
    expect((await world.browser().open(back)).status).toBe(400)
  })

  it('a sibling cannot push the transaction of a login out of the browser', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const login = await browser.open(`${url}/session/login?returnTo=/open`)
    for (let image = 0; image < 6; image += 1) {
      const response = await browser.fetch(`${url}/session/login`, {
        from: library,
        headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      })
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
    }
    const page = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(page.url).toBe(`${url}/open`)
  })

  it('a state works once, in this browser, for a quarter of an hour', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const login = await browser.open(`${url}/session/login?returnTo=/open`)
    const back = new URL(login.url).searchParams.get('returnTo') ?? ''
    const cookies = await browser.cookieHeader(url)
    const other = world.browser()
    expect((await other.open(back)).status).toBe(400)
    const replay = () =>
      world.application('benefits').handle(new Request(back, { headers: { cookie: cookies } }))
    expect((await replay()).status).toBe(401)
    expect((await replay()).status).toBe(400)
    const second = await browser.open(`${url}/session/login?returnTo=/open`)
    world.travel(901)
    expect((await browser.open(new URL(second.url).searchParams.get('returnTo') ?? '')).status).toBe(400)
  })

  it('peers: fifty redemptions of one state at once, exactly one wins', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const login = await browser.open(`${url}/session/login?returnTo=/open`)
    const back = new URL(login.url).searchParams.get('returnTo') ?? ''
    const cookie = `${await browser.cookieHeader(url)}; ${await world.emulator.cookiesFor('ana')}`
    const { handle } = world.application('benefits')
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => handle(new Request(back, { headers: { cookie } }))),
    )
    expect(answers.filter((answer) => answer.status === 302)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 400)).toHaveLength(49)
  })

  it('shows why when the person comes back without being signed in', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const login = await browser.open(`${url}/session/login?returnTo=/private`)
    const page = await browser.open(new URL(login.url).searchParams.get('returnTo') ?? '')
    expect(page.status).toBe(401)
    expect(page.body).toContain('without being signed in')
  })

  it('ASV-08 step-up: asks for a recent authentication, and the new one satisfies it', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const api = await browser.fetch(`${url}/recent`)
    expect(api.status).toBe(401)
    expect(api.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication"')
    expect(api.headers.get('www-authenticate')).toContain('max_age="300"')
    const login = await browser.open(`${url}/recent`)
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
    const page = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(page.url).toBe(`${url}/recent`)
    expect(page.status).toBe(200)
    world.travel(301)
    expect((await browser.fetch(`${url}/recent`)).status).toBe(401)
  })

  it('ASV-08 step-up: a level that the provider does not give ends on a page, not in a loop', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const page = await browser.open(`${url}/level2`)
    expect(page.path.length).toBeLessThanOrEqual(mostRedirects + 1)
    expect(page.url).toMatch(/session\/return|second-factor|login/)
  })
})

it('HLD-01 who has shown a second factor is asked for none, though it stands for no higher level', async () => {
  const world = await createWorld()
  const browser = world.browser()
  for (const cookie of (await world.emulator.cookiesFor('ben', { level: 'mfa' })).split('; ')) {
    await browser.jar.setCookie(`${cookie}; Path=/; Secure; Domain=citizen.example`, url)
  }
  expect((await browser.fetch(`${url}/mfa`)).status).toBe(200)
  expect((await browser.fetch(`${url}/level2`)).status).toBe(401)
  const visit = await browser.open(`${url}/session/login?returnTo=/mfa&secondFactor=1`)
  expect([visit.status, visit.url, visit.path.length]).toEqual([200, `${url}/mfa`, 2])
  const other = world.browser()
  await world.signIn(other, 'benefits')
  const login = (await other.fetch(`${url}/mfa`, { headers: { 'sec-fetch-mode': 'navigate' } })).headers
  expect(login.get('location')).toBe('/session/login?returnTo=%2Fmfa&secondFactor=1')
})

describe('no sequence of redirects is longer than five', () => {
  const misconfigured: [string, WorldOptions][] = [
    ['everything right', {}],
    ['cookies of another name', { emulator: { cookieNames: { header: 'a', payload: 'b', signature: 'c' } } }],
    ['cookies of another domain', { emulator: { domain: false } }],
    [
      'another issuer',
      { applications: { benefits: { identityProvider: { issuer: 'https://other.example' } } } },
    ],
    ['another audience', { applications: { benefits: { identityProvider: { kindClaims: ['notThere'] } } } }],
    [
      'the login endpoint is our own guarded page',
      { applications: { benefits: { identityProvider: { endpoints: { login: `${url}/private` } } } } },
    ],
    [
      'the login endpoint is our own login',
      { applications: { benefits: { identityProvider: { endpoints: { login: `${url}/session/login` } } } } },
    ],
    ['tokens that are over at once', { emulator: { tokenSeconds: 1 } }],
    [
      'a second factor that leads nowhere',
      { applications: { benefits: { identityProvider: { endpoints: { secondFactor: '/login' } } } } },
    ],
  ]
  it.each(misconfigured)('%s', async (_name, options) => {
    const world = await createWorld(options)
    for (const username of ['ana', 'ben', 'dan']) {
      const browser = world.browser()
      for (const cookie of (await world.emulator.cookiesFor(username, { level: 'password' })).split('; ')) {
        await browser.jar
          .setCookie(`${cookie}; Path=/; Secure; Domain=citizen.example`, url)
          .catch(() => undefined)
      }
      world.travel(2)
      for (const target of ['/private', '/level2', '/recent', '/mfa', '/session/login?returnTo=/private']) {
        const page = await browser.open(`${url}${target}`)
        expect(page.path.length - 1, page.path.join(' -> ')).toBeLessThanOrEqual(mostRedirects)
        if (page.body.includes('username')) {
          const next = await browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
          expect(next.path.length - 1, next.path.join(' -> ')).toBeLessThanOrEqual(mostRedirects)
        }
      }
    }
  })
})

describe('a guard', () => {
  it('answers a form with a page that keeps nothing secret, and a program with problem details', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const page = await browser.post(`${url}/private`, { diagnosis: 'secret words' })
    expect(page.status).toBe(401)
    expect(page.body).toContain('Your form was not sent')
    expect(page.body).not.toContain('secret words')
    const api = await browser.fetch(`${url}/private?x=<script>`, { method: 'POST', body: 'a=b' })
    expect(api.headers.get('content-type')).toBe('application/problem+json')
    expect(await api.json()).toMatchObject({
      code: 'login-required',
      reason: 'not-signed-in',
      login: '/session/login',
    })
  })

  it('cookies of two sessions: a page explains, never a redirect', async () => {
    const world = await createWorld()
    const [ana, dan] = [await world.emulator.cookiesFor('ana'), await world.emulator.cookiesFor('dan')]
    const { handle } = world.application('benefits')
    const ask = (accept: string) =>
      handle(new Request(`${url}/private`, { headers: { cookie: `${ana}; ${dan}`, accept } }))
    const page = await ask('text/html')
    expect(page.status).toBe(401)
    expect(await page.text()).toContain('cannot tell which sign-in is yours')
    expect(await (await ask('application/json')).json()).toMatchObject({ reason: 'ambiguous-cookie' })
  })
})
