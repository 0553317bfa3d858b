import { afterEach, describe, expect, it, vi } from 'vitest'
import { issuer } from '../oidc/signer.js'
import { serve } from '../support/world.js'
import { createPlace, home, type Place } from './oidc-place.js'

const long = { application: { sensitivity: 'public' } } as const

const refreshes = (place: Place) => place.grants.filter((form) => form.get('grant_type') === 'refresh_token')

async function signedIn(given: Parameters<typeof createPlace>[0] = { suite: long }) {
  const place = createPlace(given)
  const browser = place.browser()
  expect((await browser.open(`${home}/session/login?returnTo=/private`)).status).toBe(200)
  return { place, browser }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a refresh', () => {
  it('is left to the instance that is at it, however slow the provider is', async () => {
    const { place, browser } = await signedIn()
    const twin = place.twin()
    const cookie = await browser.cookieHeader(home)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    place.travel(2000)
    place.script.onToken = async () => {
      for (let step = 0; step < 10; step += 1) {
        place.travel(2)
        await vi.advanceTimersByTimeAsync(2000)
      }
      const headers = { cookie, 'sec-fetch-site': 'same-origin' }
      const seen = await serve(twin, new Request(`${home}/private`, { headers }))
      expect(seen.status).toBe(200)
      return undefined
    }
    expect((await browser.open(`${home}/private`)).status).toBe(200)
    expect(refreshes(place)).toHaveLength(1)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })

  it('is not asked for by each request once the provider makes tokens of a shorter life', async () => {
    const { place, browser } = await signedIn()
    place.travel(2000)
    place.script.expiresIn = 100
    await browser.open(`${home}/private`)
    expect(refreshes(place)).toHaveLength(1)
    for (let request = 0; request < 10; request += 1) {
      place.travel(4)
      await browser.open(`${home}/private`)
    }
    expect(refreshes(place)).toHaveLength(1)
    place.travel(11)
    await browser.open(`${home}/private`)
    expect(refreshes(place)).toHaveLength(2)
  })

  it('keeps the successor of a spent token where the keys cannot be had', async () => {
    const { place, browser } = await signedIn()
    place.travel(2000)
    place.suite.purgeKeys()
    place.script.header = { kid: 'key-2' }
    place.script.answers['/jwks'] = () => new Response('', { status: 500 })
    place.script.onToken = () =>
      Response.json({
        access_token: 'access-x',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'refresh-x',
        id_token: place.idToken(),
      })
    await browser.open(`${home}/private`)
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.script.onToken = () => undefined
    place.travel(3000)
    await browser.open(`${home}/private`)
    expect(refreshes(place).at(-1)?.get('refresh_token')).toBe('refresh-x')
  })
})

describe('a silent check', () => {
  it('overwrites no token that has been renewed meanwhile', async () => {
    let onUpdate: (() => Promise<unknown>) | undefined
    const { place, browser } = await signedIn({
      suite: long,
      store: (store) => ({
        ...store,
        async update(...given) {
          const before = onUpdate
          if (given[2].sealed !== undefined) {
            onUpdate = undefined
            await before?.()
          }
          return store.update(...given)
        },
      }),
    })
    place.travel(2000)
    place.script.onToken = (form) =>
      form.has('code')
        ? Response.json({
            access_token: 'access-silent',
            token_type: 'Bearer',
            expires_in: 3600,
            id_token: place.idToken({ nonce: place.asked.at(-1)?.get('nonce') }),
          })
        : undefined
    const cookie = await browser.cookieHeader(home)
    onUpdate = async () => {
      const headers = { cookie, 'sec-fetch-site': 'same-origin' }
      await serve(place.twin(), new Request(`${home}/private`, { headers }))
    }
    await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home })
    place.script.onToken = () => undefined
    place.travel(4000)
    await browser.open(`${home}/private`)
    const spent = refreshes(place).map((form) => form.get('refresh_token'))
    expect(new Set(spent).size).toBe(spent.length)
    expect(spent.length).toBeGreaterThan(0)
  })

  it.each([
    ['sid and sub', { sub: 'ana', sid: 'session-2' }],
    ['sid alone', { sid: 'session-2' }],
  ])('leaves a session that a logout token for the new session finds: %s', async (_, names) => {
    const place = createPlace({ suite: long })
    place.script.sid = 'session-1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.travel(60)
    // Signed out and in again at the provider, by the same person.
    place.script.sid = 'session-2'
    place.script.authTime = place.now() / 1000
    await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home })
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
    place.travel(60)
    expect((await place.backchannel(names)).status).toBe(200)
    expect(await place.state(browser)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
  })

  it('leaves a session that a front-channel logout of the new session finds, and a login takes up', async () => {
    const place = createPlace({ suite: long })
    place.script.sid = 'session-1'
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    place.script.sid = 'session-2'
    await browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home })
    const other = place.browser()
    const login = await other.open(`${home}/session/login?returnTo=/private`)
    expect([login.status, new URL(login.url).pathname]).toEqual([200, '/private'])
    const query = new URLSearchParams({ iss: issuer, sid: 'session-2' })
    const frame = await other.open(`${home}/session/frontchannel-logout?${query}`)
    expect(frame.body).toContain('You are signed out')
    expect(await place.state(other)).toMatchObject({ state: 'anonymous' })
  })

  it.each([
    ['cannot be reached', '/token', () => Promise.reject(new TypeError('fetch failed'))],
    ['has no keys to show', '/jwks', () => new Response('', { status: 503 })],
    ['is overrun', '/token', () => new Response('', { status: 503 })],
  ])('ends nothing and stops nothing while the provider %s', async (_, path, answer) => {
    const { place, browser } = await signedIn()
    place.suite.purgeKeys()
    place.script.answers[path] = answer
    const begun = await browser.open(`${home}/session/reauthenticate?begin=frame`, { from: home })
    expect(begun.body).toContain('back-off')
    expect(await place.state(browser)).toMatchObject({ state: 'active' })
  })
})
