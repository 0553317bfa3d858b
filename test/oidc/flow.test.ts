/** @module Sign-in end to end, with the emulated provider. */
import { describe, expect, it } from 'vitest'
import { createOidcWorld, providerUrl, stateAt, urlOf } from './world.js'

const home = urlOf('benefits')

describe('a sign-in', () => {
  it('leads to the provider and back, and begins a session named by our own cookie alone', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    const visit = await world.signIn(browser, 'benefits')
    expect([visit.url, visit.status]).toEqual([`${home}/private`, 200])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', assurance: { level: 1 } })
    expect(await browser.cookieNames(home)).toEqual(['__Host-benefits.sid'])
  })

  it('comes back as a form, without a cookie that other sites’ requests carry', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { responseMode: 'form_post' } } })
    const browser = world.browser()
    const form = await world.signIn(browser, 'benefits')
    const [, action = ''] = /action="([^"]*)"/.exec(form.body) ?? []
    expect(action).toBe(`${home}/session/callback`)
    const sent = await browser.press(form, /./)
    // The form of another site brought no cookie: our page sends it once more.
    expect([sent.url, sent.status]).toEqual([`${home}/session/callback`, 200])
    const done = await browser.press(sent, /^Continue$/)
    expect([done.url, done.status]).toEqual([`${home}/private`, 200])
    const names = world.called.map(({ url }) => url)
    expect(names.filter((url) => url.endsWith('/token.idp'))).toHaveLength(1)
  })

  it('pushes the request where the provider offers that', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    const visit = await browser.open(`${home}/session/login`)
    const authorize = visit.path.find((url) => url.includes('authorize'))
    expect([...new URL(authorize ?? '').searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
  })

  it('keeps two logins in one browser apart, whichever comes back first', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { pushedAuthorization: 'never' } } })
    const browser = world.browser()
    const first = await browser.open(`${home}/session/login?returnTo=/private`)
    const second = await browser.open(`${home}/session/login?returnTo=/open`)
    const typed = { username: 'ana', password: 'ana-password' }
    const done = await browser.press(second, /^Sign in$/, typed)
    expect(done.url).toBe(`${home}/open`)
    const late = await browser.press(first, /^Sign in$/, typed)
    expect(late.url).toBe(`${home}/private`)
  })

  it('FLD-06 leads on whoever is signed in and loads a callback again; the answer is not read', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    const visit = await world.signIn(browser, 'benefits')
    const callback = visit.path.find((url) => url.includes('/callback')) ?? ''
    const called = world.called.length
    const asked = [callback, `${home}/session/callback?error=access_denied&state=${'x'.repeat(32)}`]
    for (const address of asked) {
      const again = await browser.open(address)
      expect(again.path.slice(0, 2)).toEqual([address, `${home}/`])
    }
    expect(world.called.length).toBe(called)
    expect(world.party('benefits').events.filter(({ type }) => type === 'token.rejected')).toEqual([])
    const inFrame = await browser.fetch(callback, {
      headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: 'text/html' },
    })
    expect(inFrame.status).toBe(400)
  })

  it('FLD-08 a callback of nobody’s leaves an event', async () => {
    const world = await createOidcWorld()
    const visit = await world.browser().open(`${home}/session/callback?code=x&state=${'x'.repeat(32)}`)
    expect(visit.status).toBe(400)
    expect(world.party('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'no-state' }),
    )
  })

  it('takes an answer once, and only in the browser that asked', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    const visit = await world.signIn(browser, 'benefits')
    const callback = visit.path.find((url) => url.includes('/callback')) ?? ''
    const stranger = world.browser()
    expect((await stranger.open(callback)).status).toBe(400)
    expect(await stranger.cookieNames(home)).toEqual([])
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it('ASV-03 gives a new session, and nothing chosen before it opens anything after', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const before = await browser.cookieHeader(home)
    world.travel(5)
    await browser
      .open(`${home}/session/login?maxAge=1&returnTo=/private`)
      .then((visit) => browser.press(visit, /^Sign in$/, { username: 'ana', password: 'ana-password' }))
    expect(await browser.cookieHeader(home)).not.toBe(before)
    const old = await world
      .party('benefits')
      .handle(new Request(`${home}/open`, { headers: { cookie: before } }))
    expect(await old.json()).toMatchObject({ state: 'anonymous' })
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active' })
  })

  it.each([
    ['an error of the provider', 'error=access_denied', 401],
    ['an answer of another provider', 'code=x&iss=https%3A%2F%2Fevil.example', 401],
    ['a code that nobody gave', `code=x&iss=${encodeURIComponent(providerUrl)}`, 401],
    ['a provider in trouble', `error=temporarily_unavailable&iss=${encodeURIComponent(providerUrl)}`, 503],
  ])('ends on a page of ours after %s', async (_, answer, status) => {
    const world = await createOidcWorld({ benefits: { oidc: { pushedAuthorization: 'never' } } })
    const browser = world.browser()
    const login = await browser.open(`${home}/session/login`)
    const authorize = new URL(login.path.find((url) => url.includes('authorize')) ?? '')
    const state = authorize.searchParams.get('state') ?? ''
    const visit = await browser.open(`${home}/session/callback?state=${state}&${answer}`)
    expect(visit.status).toBe(status)
    expect(visit.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
  })

  it('says that the provider cannot be reached, and signs nobody out', async () => {
    const world = await createOidcWorld()
    world.outage = true
    const visit = await world.browser().open(`${home}/session/login`)
    expect([visit.status, visit.headers.get('retry-after')]).toEqual([503, '5'])
  })

  it.each(['wrong-nonce', 'wrong-aud', 'wrong-iss', 'late'] as const)(
    'refuses an ID token that is %s',
    async (idToken) => {
      const world = await createOidcWorld()
      world.emulator.faults.set({ openid: { idToken } })
      const browser = world.browser()
      const visit = await world.signIn(browser, 'benefits')
      expect(visit.status).toBe(401)
      expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous' })
      expect(world.party('benefits').events.map(({ type }) => type)).toContain('token.rejected')
    },
  )
})

describe('a guard that wants more', () => {
  const stepUpAcrValues = ['urn:emulator:mfa', 'urn:emulator:did']

  it('RFC 9470: sends the person for it, and looks again on return', async () => {
    const world = await createOidcWorld({
      benefits: { oidc: { stepUpAcrValues, pushedAuthorization: 'never' } },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits', 'dan')
    expect((await stateAt(browser, 'benefits')).assurance).toMatchObject({ level: 1 })
    const refused = await browser.open(`${home}/level2`)
    const authorize = new URL(refused.path.find((url) => url.includes('authorize')) ?? '')
    expect(authorize.searchParams.get('acr_values')).toBe(stepUpAcrValues.join(' '))
  })

  it('is not content with less than it asked for', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { stepUpAcrValues } } })
    world.emulator.faults.set({ openid: { ignoresAssurance: true } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const visit = await browser.open(`${home}/level2`)
    expect(visit.status).toBe(401)
    expect(new URL(visit.url).pathname).toBe('/session/callback')
  })

  it('says so where the provider cannot show more, and whoever was signed in still is', async () => {
    const world = await createOidcWorld({ benefits: { oidc: { stepUpAcrValues } } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const visit = await browser.open(`${home}/level2`)
    expect(visit.status).toBe(401)
    expect(visit.body).toContain('not in the strong way')
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'active', assurance: { level: 1 } })
  })

  it('SES-20 sends max_age, and refuses an authentication that is older', async () => {
    const world = await createOidcWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(400)
    world.emulator.faults.set({ openid: { ignoresAssurance: true } })
    const visit = await browser.open(`${home}/recent`)
    expect(visit.status).toBe(401)
    world.emulator.faults.set({ openid: {} })
    const form = await browser.open(`${home}/recent`)
    const done = await browser.press(form, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect([done.url, done.status]).toEqual([`${home}/recent`, 200])
  })
})

it('keeps every secret out of events, answers and pages', async () => {
  const world = await createOidcWorld()
  const browser = world.browser()
  const visit = await world.signIn(browser, 'benefits')
  const seen = JSON.stringify([world.party('benefits').events, visit.body, [...visit.headers]])
  expect(seen).not.toMatch(/eyJ|secret\+/)
})
