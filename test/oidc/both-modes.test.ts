/** @module Shared cookie and OpenID Connect together: in one application, and in two that share a store. */
import { describe, expect, it } from 'vitest'
import { createSuite } from '../../src/index.js'
import type { Browser } from '../support/browser.js'
import { serve } from '../support/world.js'
import { createOidcWorld, providerUrl, stateAt, urlOf } from './world.js'

const shared = { identityProvider: { url: providerUrl }, sharedCookie: { domain: 'citizen.example' } }
const both = 'library.citizen'
const home = urlOf(both)
const parties = {
  [both]: { suite: { ...shared, application: { id: 'library' } } },
  benefits: {},
}

describe('one application with both', () => {
  it('takes the shared cookie first, and OpenID Connect where it is asked for', async () => {
    const world = await createOidcWorld(parties)
    const browser = world.browser()
    const login = await browser.open(`${home}/session/login?via=oidc&returnTo=/private`)
    expect(login.path.some((url) => url.includes('authorize.idp'))).toBe(true)
    const done = await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect([done.url, done.status]).toEqual([`${home}/private`, 200])
    expect(await browser.cookieNames(home)).toContain('__Host-library.sid')

    const other = world.browser()
    const page = await other.open(`${home}/session/login?returnTo=/private`)
    expect(page.path.some((url) => url.includes('authorize.idp'))).toBe(false)
    await other.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect(await stateAt(other, both)).toMatchObject({ state: 'active' })
    expect(await other.cookieNames(home)).not.toContain('__Host-library.sid')
  })
})

it('a page is told of the frame of the provider whose session counts, and of none beside the shared cookie', async () => {
  const watched = { oidc: { sessionManagement: { enabled: true } } }
  const world = await createOidcWorld({ benefits: watched, [both]: { ...parties[both], ...watched } })
  const frameAt = async (browser: Browser, url: string) =>
    (await (await browser.fetch(`${url}/session/status`)).json()).frame
  const alone = world.browser()
  await world.signIn(alone, 'benefits')
  expect(await frameAt(alone, urlOf('benefits'))).toMatch(/^\/session\/check-session#/)
  const browser = world.browser()
  const login = await browser.open(`${home}/session/login?via=oidc&returnTo=/private`)
  await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
  // The provider has set the shared cookie too, which counts first; the other session's cookie is there still.
  expect(await browser.cookieNames(home)).toContain('__Host-library.sid')
  expect(await stateAt(browser, both)).toMatchObject({ state: 'active', provider: 'shared-cookie' })
  expect(await frameAt(browser, home)).toBe(null)
})

describe('BCL-26 a back-channel logout of the person', () => {
  it('ends the sessions of the shared cookie too, in every application of the store', async () => {
    const world = await createOidcWorld(parties)
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const page = await browser.open(`${home}/session/login?returnTo=/private`)
    if (!page.url.endsWith('/private')) {
      await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    }
    expect(await stateAt(browser, both)).toMatchObject({ state: 'active' })
    world.travel(1)
    const jwt = await world.emulator.openid.logoutToken('benefits', {
      hasSid: false,
      claims: { sid: undefined },
    })
    const answer = await world.party('benefits').handle(
      new Request(`${urlOf('benefits')}/session/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: jwt }).toString(),
      }),
    )
    expect(answer.status).toBe(200)
    expect(await stateAt(browser, 'benefits')).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    // The shared cookie is good still, and proves nothing that is later than the message: it must be asked anew.
    expect(await stateAt(browser, both)).toMatchObject({ state: 'anonymous', reason: 'revoked' })
    world.travel(5)
    const ended = await browser.open(`${home}/session/login?returnTo=/private`)
    const asked = await browser.press(ended, /^Sign in$/)
    expect(asked.url).toContain('/login')
    expect(asked.path.some((url) => url.includes('prompt=login'))).toBe(true)
    expect(await stateAt(browser, both)).toMatchObject({ state: 'anonymous' })
  })

  it('ends those of an application that knows nothing but the shared cookie', async () => {
    const world = await createOidcWorld()
    const suite = createSuite(
      {
        ...shared,
        application: {
          id: 'permits',
          url: 'https://permits.citizen.example',
          secrets: ['a secret of permits that is thirty-two bytes or more'],
        },
        store: world.store,
        clock: world.now,
        fetch: world.emulator.fetch,
      },
      {},
    )
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = world.emulator.cookieHeader(await world.emulator.tokenFor('ana'))
    const ask = () =>
      serve(suite, new Request('https://permits.citizen.example/open', { headers: { cookie } }))
    expect(await (await ask()).json()).toMatchObject({ state: 'active' })
    world.travel(1)
    const jwt = await world.emulator.openid.logoutToken('benefits', {
      hasSid: false,
      claims: { sid: undefined },
    })
    await world.party('benefits').handle(
      new Request(`${urlOf('benefits')}/session/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: jwt }).toString(),
      }),
    )
    expect(await (await ask()).json()).toMatchObject({ state: 'anonymous', reason: 'revoked' })
  })
})

describe('HLD-13 a front-channel logout', () => {
  const begin = async () => {
    const world = await createOidcWorld(parties)
    const browser = world.browser()
    const login = await browser.open(`${home}/session/login?via=oidc&returnTo=/open`)
    await browser.press(login, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    const own = await browser.cookieHeader(home)
    const other = world.emulator.cookieHeader(await world.emulator.tokenFor('ana'))
    const frame = async (cookie: string) => {
      const [{ sid } = { sid: '' }] = world.emulator.openid.participants('ana')
      const query = new URLSearchParams({ iss: providerUrl, sid })
      const url = `${home}/session/frontchannel-logout?${query}`
      return world.party(both).handle(new Request(url, { headers: { cookie } }))
    }
    const stateOf = async (cookie: string) => {
      const request = new Request(`${home}/open`, { headers: { cookie } })
      return ((await (await world.party(both).handle(request)).json()) as { state: string }).state
    }
    return { own, other, frame, stateOf }
  }
  const sharedOf = (cookies: string) =>
    cookies
      .split('; ')
      .flatMap((pair) => (pair.startsWith('c1_') ? [pair] : []))
      .join('; ')

  it('HLD-13 ends the session of the shared cookie that came along, and no other device', async () => {
    const { own, other, frame, stateOf } = await begin()
    const shared = sharedOf(own)
    expect([await stateOf(shared), await stateOf(other)]).toEqual(['active', 'active'])
    const answer = await frame(own)
    expect(answer.status).toBe(200)
    expect(answer.headers.getSetCookie().some((line) => /^c1_payload=;.*Max-Age=0/.test(line))).toBe(true)
    expect([await stateOf(shared), await stateOf(other)]).toEqual(['anonymous', 'active'])
  })

  it('HLD-13 ends nothing of a shared cookie where the session that is named did not come', async () => {
    const { other, frame, stateOf } = await begin()
    expect(await stateOf(other)).toBe('active')
    expect(await (await frame(other)).text()).toContain('<title>cookie-absent</title>')
    expect(await stateOf(other)).toBe('active')
  })
})
