/** @module Session cookies of an older generation, as somebody keeps a copy of: nobody, at every route (HLD-02). */
import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore, type Receipt, type Store, StoreUnavailableError } from '../../src/index.js'
import { personOf } from '../../src/sessions/record.js'
import { issuer } from '../oidc/signer.js'
import { createSamlWorld, urlOf } from '../saml/world.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { endSession, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, serve, shown } from '../support/world.js'
import { createPlace, home, type PlaceOptions } from './oidc-place.js'

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

/** A person, and somebody with a copy of a cookie that a new authentication has made dead. */
async function prepare(options: PlaceOptions = {}) {
  const place = createPlace({
    oidc: { frontchannelLogout: { sessionRequired: false } },
    description: {
      end_session_endpoint: `${issuer}/end`,
      check_session_iframe: `${issuer}/check`,
      revocation_endpoint: `${issuer}/revoke`,
    },
    ...options,
  })
  place.script.sid = 's1'
  const [victim, thief] = [place.browser(), place.browser()]
  await victim.open(`${home}/session/login?returnTo=/private`)
  const copy = await victim.cookieHeader(home)
  await thief.jar.setCookie(`${copy}; Path=/; Secure; HttpOnly; SameSite=Lax`, home)
  expect((await place.state(thief)).state).toBe('active')
  place.travel(60)
  place.script.authTime = place.now() / 1000
  await victim.open(`${home}/session/login?returnTo=/private&maxAge=5`)
  expect([(await place.state(victim)).state, (await place.state(thief)).state]).toEqual([
    'active',
    'anonymous',
  ])
  return { place, victim, thief }
}

const logout = (browser: Browser, body = '') =>
  browser.fetch(`${home}/session/logout`, { method: 'POST', headers: form, body })

describe('by OpenID Connect', () => {
  it.each(['everywhere', 'application'])('HLD-02 its logout ends nothing and says so: %s', async (scope) => {
    const { place, victim, thief } = await prepare()
    const receipt = (await (await logout(thief, `scope=${scope}`)).json()) as Receipt
    expect(receipt.legs[0]).toMatchObject({ leg: 'sessions', state: 'unknown', reason: 'superseded' })
    expect(receipt.outcome).toBe('partial')
    expect((await place.state(victim)).state).toBe('active')
    expect(place.grants.some((grant) => grant.has('token'))).toBe(false)
  })

  it('HLD-02 its logout is given no ID token, wherever it leads', async () => {
    const { place, victim, thief } = await prepare()
    const receipt = (await (await logout(thief)).json()) as Receipt
    const left = await thief.fetch(receipt.continueAt ?? '', { headers: page })
    const onward = new URL(left.headers.get('location') ?? '')
    expect([onward.origin, onward.pathname]).toEqual([issuer, '/end'])
    expect(onward.searchParams.has('id_token_hint')).toBe(false)
    // The browser comes back, and the receipt stays what it was.
    const back = await thief.open(
      `${home}/session/return?${new URLSearchParams({ state: onward.searchParams.get('state') ?? '' })}`,
    )
    expect(back.body).not.toContain('You are signed out of all applications')
    expect((await place.state(victim)).state).toBe('active')
  })

  it('HLD-02 a page gets no ID token by its form either', async () => {
    const { place, victim, thief } = await prepare({
      oidc: { idTokenHint: 'form' },
      description: { end_session_endpoint: `${issuer}/end` },
    })
    const answer = await thief.fetch(`${home}/session/logout`, { method: 'POST', headers: page })
    expect(`${answer.headers.get('location')} ${await answer.text()}`).not.toContain('id_token_hint')
    expect((await place.state(victim)).state).toBe('active')
  })

  it.each([
    '/session/frontchannel-logout',
    '/session/check-session',
    '/session/reauthenticate?begin=frame',
    '/session/reauthenticate?begin=top&returnTo=/open',
    '/session/status',
    '/session/login?returnTo=/private',
  ])('HLD-02 nothing is ended, told or sent for it at %s', async (path) => {
    const { place, victim, thief } = await prepare()
    const asked = place.asked.length
    const answer = await thief.fetch(home + path, { headers: path.includes('login') ? page : {} })
    const text = `${answer.headers.get('location') ?? ''} ${await answer.text()}`
    expect(text).not.toMatch(/id_token_hint|ana|session_state/)
    expect(place.asked.length).toBe(asked)
    expect((await place.state(victim)).state).toBe('active')
  })

  it('HLD-02 is told no end of the session either, and ends none of its siblings', async () => {
    const application = { sensitivity: 'sensitive', onIdle: 'end-everywhere' } as const
    const { place, thief } = await prepare({ suite: { application } })
    place.travel(3600)
    expect(await place.state(thief)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    expect(place.events.filter(({ type }) => type === 'session.ended')).toEqual([])
    const receipt = (await (await logout(thief)).json()) as Receipt
    expect(receipt.legs[0]).toMatchObject({ state: 'unknown', reason: 'superseded' })
  })

  it('HLD-02 ends nothing by a logout that an outage has left unfinished', async () => {
    let isAway = false
    const away = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function') return member
          return (...given: unknown[]) => {
            if (isAway) throw new StoreUnavailableError('the store is away')
            return Reflect.apply(member, target, given) as unknown
          }
        },
      })
    const { place, victim, thief } = await prepare({ store: away })
    isAway = true
    const receipt = (await (await logout(thief)).json()) as Receipt
    expect(receipt.legs[0]).toMatchObject({ state: 'timed-out' })
    isAway = false
    const left = await thief.fetch(receipt.continueAt ?? '', { headers: page })
    const state = new URL(left.headers.get('location') ?? '').searchParams.get('state') ?? ''
    await thief.open(`${home}/session/return?${new URLSearchParams({ state })}`)
    expect((await place.state(victim)).state).toBe('active')
    await logout(thief)
    expect((await place.state(victim)).state).toBe('active')
  })

  it('HLD-02 the cookie that is good ends its session, and its logout names it', async () => {
    const { place, victim } = await prepare()
    const receipt = (await (await logout(victim)).json()) as Receipt
    expect(receipt.legs[0]).toMatchObject({ leg: 'sessions', state: 'done' })
    expect(JSON.stringify(receipt)).not.toMatch(/eyJ|id_token/)
    const left = await victim.fetch(receipt.continueAt ?? '', { headers: page })
    expect(new URL(left.headers.get('location') ?? '').searchParams.get('id_token_hint')).toMatch(/^eyJ/)
    expect((await place.state(victim)).state).toBe('anonymous')
  })
})

describe('continueAt', () => {
  const begin = async (idTokenHint: 'auto' | 'form' = 'auto') => {
    const place = createPlace({
      oidc: { idTokenHint },
      description: { end_session_endpoint: `${issuer}/end` },
    })
    place.script.claims = { large: 'x'.repeat(3000) }
    const browser = place.browser()
    await browser.open(`${home}/session/login?returnTo=/private`)
    const { continueAt = '' } = (await (await logout(browser)).json()) as Receipt
    expect(continueAt).toMatch(/^https:\/\/benefits\.example\/session\/leave\?state=[\w-]{32}$/)
    return { place, browser, continueAt }
  }
  const leadsOn = async (answer: Response) =>
    `${answer.headers.get('location') ?? ''}${await answer.text()}`.includes('id_token_hint')

  it.each(['auto', 'form'] as const)('HLD-02 leads on once, also with a large ID token: %s', async (by) => {
    const { browser, continueAt } = await begin(by)
    expect(await leadsOn(await browser.fetch(continueAt, { headers: page }))).toBe(true)
    const again = await browser.fetch(continueAt, { headers: page })
    expect([again.status, await leadsOn(again)]).toEqual([400, false])
  })

  it('HLD-02 is for this browser alone', async () => {
    const { place, browser, continueAt } = await begin()
    expect((await place.browser().fetch(continueAt, { headers: page })).status).toBe(400)
    expect(await leadsOn(await browser.fetch(continueAt, { headers: page }))).toBe(true)
  })

  it.each([
    [599, true],
    [600, false],
  ])('HLD-02 is good for ten minutes: after %d s %s', async (seconds, isGood) => {
    const { place, browser, continueAt } = await begin()
    place.travel(seconds)
    const answer = await browser.fetch(continueAt, { headers: page })
    expect([answer.status, await leadsOn(answer)]).toEqual([isGood ? 200 : 400, isGood])
  })

  it.each([
    ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    [
      'a script that asks for a page',
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: 'text/html' },
    ],
    ['a frame', { ...page, 'sec-fetch-dest': 'iframe' }],
    ['a prefetch', { ...page, 'sec-purpose': 'prefetch' }],
  ])('HLD-02 tells %s nothing, and is not used up by it', async (_whose, headers) => {
    const { browser, continueAt } = await begin('form')
    const answer = await browser.fetch(continueAt, { headers })
    expect([answer.status, await leadsOn(answer)]).toEqual([403, false])
    expect(await leadsOn(await browser.fetch(continueAt, { headers: page }))).toBe(true)
  })
})

it('HLD-02 by SAML it is given no name, and ends nothing', async () => {
  const world = await createSamlWorld()
  const benefits = urlOf('benefits')
  const [victim, thief] = [world.browser(), world.browser()]
  await world.signIn(victim, 'benefits')
  const sid = (await victim.cookieHeader(benefits)).split('; ').find((pair) => pair.includes('.sid=')) ?? ''
  await thief.jar.setCookie(`${sid}; Path=/; Secure; HttpOnly; SameSite=Lax`, benefits)
  world.travel(60)
  const asked = await world.follow(
    victim,
    await victim.open(`${benefits}/session/login?returnTo=/private&maxAge=5`),
  )
  if (asked.url.includes('/login')) {
    const typed = { username: 'ana', password: 'ana-password' }
    await world.follow(victim, await victim.press(asked, /^Sign in$/, typed))
  }
  expect([(await world.who(victim, 'benefits')).state, (await world.who(thief, 'benefits')).state]).toEqual([
    'active',
    'anonymous',
  ])
  const answer = await thief.fetch(`${benefits}/session/logout`, { method: 'POST', headers: form, body: '' })
  const receipt = (await answer.json()) as Receipt
  expect(receipt.legs[0]).toMatchObject({ leg: 'sessions', state: 'unknown', reason: 'superseded' })
  // Whom the request would be about nobody knows: there is none.
  expect(receipt.continueAt).toBeUndefined()
  expect(receipt.legs.at(-1)).toMatchObject({ leg: 'identity', state: 'unknown', reason: 'name-lost' })
  expect(receipt.outcome).not.toBe('global')
  expect((await world.who(victim, 'benefits')).state).toBe('active')
})

it('HLD-02 a plug-in learns of no person by it', async () => {
  let now = Date.UTC(2026, 0, 15, 12)
  const scripted = scriptedProtocol()
  const { protocol, script } = scripted
  const secrets = ['a secret of thirty-two bytes or more']
  const application = { id: 'benefits', url: home, secrets }
  const clock = () => now
  const suite = createSuite({ application, protocols: [protocol], store: memoryStore({ clock }), clock }, {})
  const browser = createBrowser(
    new Map([
      [home, (request: Request) => serve(suite, request)],
      [
        new URL(endSession).origin,
        providerSite(`${home}/session/return`, `${home}/session/scripted/callback`),
      ],
    ]),
  )
  script.sid = 's1'
  const exchangeWith = (cookie: string) => new TestExchange(new Request(home, { headers: { cookie } }))
  await browser.open(`${home}/session/login`)
  const old = await browser.cookieHeader(home)
  expect(await scripted.host().sessions.person(exchangeWith(old))).toBeDefined()
  now += 60_000
  await browser.open(`${home}/session/login?maxAge=5`)
  expect(await scripted.host().sessions.person(exchangeWith(old))).toBeUndefined()
  const current = await browser.cookieHeader(home)
  expect(await scripted.host().sessions.person(exchangeWith(current))).toBeDefined()
  const { state } = await shown(serve(suite, new Request(`${home}/open`, { headers: { cookie: current } })))
  expect(state).toBe('active')
})

it('HLD-02 the hint of a shared cookie’s session, of an older generation, ends nothing', async () => {
  const world = await createWorld()
  const browser = world.browser()
  const { url } = world.application('benefits')
  await world.signIn(browser, 'benefits')
  const all = (await browser.cookieHeader(url)).split('; ')
  const hint = all.find((pair) => pair.includes('.seen=')) ?? ''
  const signOut = () =>
    world.application('benefits').handle(
      new Request(`${url}/session/logout`, {
        method: 'POST',
        headers: { ...form, cookie: hint, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
        body: '',
      }),
    )
  const [sub = ''] = [(await shown(browser.fetch(`${url}/open`))).sub]
  const [{ address, record } = { address: undefined, record: undefined }] = await world.store.list(
    personOf(world.emulator.url, sub),
  )
  if (address === undefined || record?.state !== 'live') throw new Error('no live record')
  expect(await world.store.update(address, record.generation, { generation: 'n'.repeat(22) })).toBe(true)
  const receipt = (await (await signOut()).json()) as Receipt
  expect(receipt.legs[0]).toMatchObject({ state: 'unknown', reason: 'superseded' })
  expect((await world.store.read(address))?.state).toBe('live')
  await world.store.update(address, 'n'.repeat(22), { generation: record.generation })
  expect(((await (await signOut()).json()) as Receipt).legs[0]).toMatchObject({ state: 'done' })
  expect((await world.store.read(address))?.state).toBe('ended')
})

it('HLD-06 an end by the provider is not lost to a tab that has begun a generation meanwhile', async () => {
  const clock = () => Date.UTC(2026, 0, 15, 12)
  const store = memoryStore({ clock })
  const { protocol, host } = scriptedProtocol()
  const application = { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] }
  const suite = createSuite({ application, protocols: [protocol], store, clock }, {})
  const browser = createBrowser(
    new Map([
      [home, (request: Request) => serve(suite, request)],
      [
        new URL(endSession).origin,
        providerSite(`${home}/session/return`, `${home}/session/scripted/callback`),
      ],
    ]),
  )
  await browser.open(`${home}/session/login`)
  const cookie = await browser.cookieHeader(home)
  const session = await host().sessions.current(new TestExchange(new Request(home, { headers: { cookie } })))
  if (session === undefined) throw new Error('nobody is signed in')
  const { address, record } = session
  expect(await store.update(address, record.generation, { generation: 'n'.repeat(22) })).toBe(true)
  await host().sessions.end(session, 'revoked')
  expect(await store.read(address)).toMatchObject({ state: 'ended', reason: 'revoked' })
})
