import { describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite, type Receipt } from '../../src/index.js'
import type { Browser } from '../support/browser.js'
import { createWorld, optionsOf, serve, shown, type World } from '../support/world.js'

const benefits = 'https://benefits.citizen.example'
const library = 'https://library.citizen.example'
const parts = ['c1_header', 'c1_payload', 'c1_signature']
const applications = { benefits: {}, library: { application: { sensitivity: 'basic' as const } } }
const emulator = { tokenSeconds: 86_400, idleSeconds: 86_400, sessionSeconds: 86_400 }

async function signedInAtBoth(): Promise<{ world: World; browser: Browser }> {
  const world = await createWorld({ applications, emulator })
  const browser = world.browser()
  await world.signIn(browser, 'benefits')
  await browser.open(`${library}/private`)
  return { world, browser }
}

const ask = (world: World, application: string, cookie: string, headers: Record<string, string> = {}) =>
  world
    .application(application)
    .handle(new Request(`${world.application(application).url}/private`, { headers: { cookie, ...headers } }))
const legsOf = (world: World) =>
  world
    .application('benefits')
    .events.filter(
      (event): event is Extract<CitizenEvent, { type: 'logout.leg' }> => event.type === 'logout.leg',
    )

describe('a global logout', () => {
  it('ASV-05 refuses the same token in every application afterwards, however often it is replayed', async () => {
    const { world, browser } = await signedInAtBoth()
    const saved = await browser.cookieHeader(benefits)
    await browser.post(`${benefits}/session/logout`)
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['benefits', 'library']) {
        const response = await ask(world, name, saved)
        expect(response.status).toBe(401)
        expect(await response.json()).toMatchObject({ reason: 'signed-out' })
      }
      world.travel(20_000)
    }
  })

  it('ASV-05 an application that has never seen the session refuses its token as well', async () => {
    const world = await createWorld({ applications: { ...applications, permits: {} }, emulator })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const saved = await browser.cookieHeader(benefits)
    await browser.post(`${benefits}/session/logout`)
    expect(await (await ask(world, 'permits', saved)).json()).toMatchObject({ reason: 'signed-out' })
  })

  it('CK-05 CK-06 leaves no part of the shared cookie in the jar, planted twins included', async () => {
    const { browser } = await signedInAtBoth()
    const value =
      (await browser.jar.getCookies(benefits)).find((cookie) => cookie.key === 'c1_payload')?.value ?? ''
    await browser.jar.setCookie(`c1_payload=${value}; Path=/; Secure`, benefits)
    await browser.jar.setCookie(
      `c1_payload=${value}; Path=/; Domain=benefits.citizen.example; Secure`,
      benefits,
    )
    await browser.jar.setCookie(`c1_header=x; Path=/session; Secure`, benefits)
    await browser.post(`${benefits}/session/logout`)
    for (const origin of [benefits, library, `${benefits}/session/x`]) {
      expect((await browser.cookieNames(origin)).filter((name) => parts.includes(name))).toEqual([])
    }
  })

  it('CK-14 no later response sets a part again, also not one that was under way', async () => {
    const { world, browser } = await signedInAtBoth()
    const saved = await browser.cookieHeader(benefits)
    await browser.post(`${benefits}/session/logout`)
    world.travel(50_000)
    for (const name of ['benefits', 'library']) {
      const response = await ask(world, name, saved, {
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      })
      for (const line of response.headers.getSetCookie()) {
        if (parts.some((part) => line.startsWith(`${part}=`))) expect(line).toMatch(/^\w+=;.*Max-Age=0/)
      }
    }
  })

  it('gives a receipt: the identity leg is unknown until the browser returns, then done', async () => {
    const { world, browser } = await signedInAtBoth()
    const response = await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    const receipt = (await response.json()) as Receipt
    expect(receipt.outcome).toBe('partial')
    expect(receipt.legs.map((leg) => [leg.leg, leg.state])).toEqual([
      ['sessions', 'done'],
      ['cookies', 'done'],
      ['identity', 'unknown'],
    ])
    expect(world.emulator.sessions).toHaveLength(1)
    const back = await browser.open(receipt.continueAt ?? '', { from: benefits })
    expect(back.status).toBe(200)
    expect(back.body).toContain('You are signed out of all applications and of the sign-in service')
    expect(world.emulator.sessions).toHaveLength(0)
    expect(legsOf(world).map((event) => [event.leg, event.state])).toEqual([
      ['sessions', 'done'],
      ['cookies', 'done'],
      ['identity', 'done'],
    ])
  })

  it('RPI-06 the returned state is single use, bound to this browser, and its absence proves nothing', async () => {
    const { world, browser } = await signedInAtBoth()
    const receipt = (await (
      await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    ).json()) as Receipt
    const asPage = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const left = await browser.fetch(receipt.continueAt ?? '', { headers: asPage })
    const back = new URL(new URL(left.headers.get('location') ?? '').searchParams.get('returnTo') ?? '')
    const identityLegs = () => legsOf(world).filter((event) => event.leg === 'identity')
    const unknown = `${benefits}/session/return?state=${'A'.repeat(32)}`
    expect((await browser.open(unknown)).status).toBe(400)
    expect((await world.browser().open(`${benefits}/session/return`)).status).toBe(400)
    expect((await world.browser().open(back.href)).status).toBe(400)
    expect((await browser.open(`${back.href}&state=x`)).status).toBe(400)
    expect(identityLegs()).toHaveLength(0)
    const without = await browser.open(`${benefits}/session/return`)
    expect(without.status).toBe(200)
    expect(identityLegs()).toEqual([expect.objectContaining({ state: 'unknown', reason: 'no-state' })])
    const saved = await browser.cookieHeader(benefits)
    expect((await browser.open(back.href)).status).toBe(200)
    expect(identityLegs()).toHaveLength(2)
    const again = await world
      .application('benefits')
      .handle(new Request(back, { headers: { cookie: saved, accept: 'text/html' } }))
    expect(again.status).toBe(400)
    expect(identityLegs()).toHaveLength(2)
  })

  it('a cookie that the browser still sends on the return is told, and deleted again', async () => {
    const { browser } = await signedInAtBoth()
    const receipt = (await (
      await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    ).json()) as Receipt
    await browser.jar.setCookie('c1_payload=stubborn; Path=/; Domain=citizen.example; Secure', benefits)
    const back = await browser.open(receipt.continueAt ?? '', { from: benefits })
    const again = back.body
    // The provider deletes its own variant; one that only we can reach stays until we say so.
    await browser.jar.setCookie('c1_payload=stubborn; Path=/; Secure', benefits)
    expect(again).toContain('Shared sign-in cookies')
    const second = (await (
      await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    ).json()) as Receipt
    await browser.jar.setCookie('c1_payload=stubborn; Path=/; Secure', benefits)
    const told = await browser.open(second.continueAt ?? '', { from: benefits })
    expect(told.body).toContain('refused')
    expect(told.body).toContain('Your sign-out is not complete yet')
    expect((await browser.cookieNames(benefits)).filter((name) => parts.includes(name))).toEqual([])
  })

  it('RPI-09 a GET, a foreign POST and a sibling POST change nothing and show the confirmation page', async () => {
    const { browser } = await signedInAtBoth()
    expect((await browser.open(`${benefits}/session/logout`)).body).toContain('Do you want to sign out?')
    for (const from of ['https://evil.example', library]) {
      const page = await browser.post(`${benefits}/session/logout`, {}, { from })
      expect(page.status).toBe(403)
      expect(page.body).toContain('Do you want to sign out?')
    }
    expect((await browser.fetch(`${benefits}/private`)).status).toBe(200)
    expect((await browser.fetch(`${library}/private`)).status).toBe(200)
  })

  it('RPI-10 is harmless a second time, and works when nobody is signed in', async () => {
    const { browser } = await signedInAtBoth()
    await browser.post(`${benefits}/session/logout`)
    const page = await browser.post(`${benefits}/session/logout`)
    expect(page.status).toBe(200)
    expect(page.body).toContain('You are signed out of all applications')
  })

  it('a login after a logout that has not come back asks the provider for a new authentication', async () => {
    const { browser } = await signedInAtBoth()
    await browser.fetch(`${benefits}/session/logout`, { method: 'POST' })
    const login = await browser.open(`${benefits}/private`)
    expect(new URL(login.url).searchParams.get('prompt')).toBe('login')
  })

  it('leads to returnTo in the end, only if that is ours or allowed', async () => {
    const { browser } = await signedInAtBoth()
    const page = await browser.post(`${benefits}/session/logout`, { returnTo: '/open' })
    expect(page.url).toBe(`${benefits}/open`)
    const evil = await browser.post(`${benefits}/session/logout`, { returnTo: 'https://evil.example/' })
    expect(evil.url).toContain(`${benefits}/session/return`)
  })
})

describe('a logout on two instances', () => {
  it('ASV-05 reaches the other instance with its next read', async () => {
    const { world, browser } = await signedInAtBoth()
    const twin = createSuite(
      optionsOf('benefits', { emulator: world.emulator, clock: world.now, store: world.store }),
      {},
    )
    const cookie = await browser.cookieHeader(benefits)
    const there = () => serve(twin, new Request(`${benefits}/private`, { headers: { cookie } }))
    expect((await there()).status).toBe(200)
    await browser.post(`${benefits}/session/logout`)
    expect((await there()).status).toBe(401)
  })

  it('applications with a store of their own share revocations through one store, if they are given one', async () => {
    const { memoryStore } = await import('../../src/index.js')
    const world = await createWorld({ applications: { benefits: {} }, emulator })
    const revocations = memoryStore({ clock: world.now })
    const parts = { emulator: world.emulator, clock: world.now }
    const [first, second] = ['north', 'south'].map((id) =>
      createSuite(optionsOf(id, { ...parts, store: memoryStore({ clock: world.now }) }, { revocations }), {}),
    )
    if (first === undefined || second === undefined) throw new Error('two suites')
    const cookie = await world.emulator.cookiesFor('ana')
    const north = (path: string, init: RequestInit = {}) =>
      serve(
        first,
        new Request(`https://north.citizen.example${path}`, {
          ...init,
          headers: { cookie, 'sec-fetch-site': 'same-origin' },
        }),
      )
    const south = () =>
      serve(second, new Request('https://south.citizen.example/private', { headers: { cookie } }))
    expect((await north('/private')).status).toBe(200)
    expect((await south()).status).toBe(200)
    world.travel(1)
    await north('/session/logout', { method: 'POST' })
    expect(await (await south()).json()).toMatchObject({ reason: 'signed-out' })
    expect((await south()).status).toBe(401)
  })
})

describe('sessions for administrators', () => {
  const ana = { subject: '' }

  async function threeDevices() {
    const world = await createWorld({ applications, emulator })
    const browsers = [world.browser(), world.browser(), world.browser()] as const
    for (const browser of browsers) {
      await world.signIn(browser, 'benefits')
      await browser.open(`${library}/private`)
    }
    const sub = world.emulator.people.find((person) => person.username === 'ana')?.sub ?? ''
    const { sessions } = world.application('benefits').suite
    const statusOf = (browser: Browser, origin: string) =>
      browser.fetch(`${origin}/private`).then(({ status }) => status)
    return { world, browsers, sessions, person: { ...ana, subject: sub }, statusOf }
  }

  it('ASV-07 lists what lives, in all applications, with nothing that opens anything', async () => {
    const { browsers, sessions, person, world } = await threeDevices()
    const listed = await sessions.list(person)
    expect(listed).toHaveLength(6)
    expect(new Set(listed.map((session) => session.application))).toEqual(new Set(['benefits', 'library']))
    const status = await shown(await browsers[0].fetch(`${benefits}/session/status`))
    expect(listed.map((session) => session.publicId)).toContain(status.session.publicId)
    const secrets = (await browsers[0].cookieHeader(benefits))
      .split(/[;=.]/)
      .filter((part) => part.length > 20)
    for (const secret of secrets) expect(JSON.stringify(listed)).not.toContain(secret)
    expect(JSON.stringify(listed)).not.toContain(person.subject)
    world.travel(601)
    expect((await sessions.list(person)).map((session) => session.application)).toEqual(
      Array(3).fill('library'),
    )
  })

  it('ASV-06 ends one session in every application, and leaves the other devices alone', async () => {
    const { browsers, sessions, person, statusOf } = await threeDevices()
    const status = await shown(await browsers[1].fetch(`${benefits}/session/status`))
    expect(await sessions.end({ ...person, publicId: status.session.publicId })).toEqual({
      ended: 2,
      acknowledged: true,
    })
    expect(await statusOf(browsers[1], benefits)).toBe(401)
    expect(await statusOf(browsers[1], library)).toBe(401)
    for (const browser of [browsers[0], browsers[2]]) expect(await statusOf(browser, benefits)).toBe(200)
    expect(await sessions.end({ ...person, publicId: 'nothing' })).toEqual({ ended: 0, acknowledged: true })
  })

  it('ASV-07 "end all others" keeps the caller only', async () => {
    const { browsers, sessions, person, statusOf } = await threeDevices()
    const status = await shown(await browsers[0].fetch(`${benefits}/session/status`))
    expect(await sessions.endOthers({ ...person, publicId: status.session.publicId })).toEqual({
      ended: 4,
      acknowledged: true,
    })
    expect(await statusOf(browsers[0], library)).toBe(200)
    for (const browser of [browsers[1], browsers[2]]) expect(await statusOf(browser, library)).toBe(401)
  })

  it('ASV-06 JWT-19 RACE-2 ends everything of a person: an old token stays refused after a new login', async () => {
    const { world, browsers, sessions, person, statusOf } = await threeDevices()
    const old = await browsers[2].cookieHeader(benefits)
    const unseen = await world.emulator.cookiesFor('ana')
    world.travel(5)
    expect((await sessions.endAllOf(person)).ended).toBe(6)
    for (const browser of browsers) expect(await statusOf(browser, benefits)).toBe(401)
    expect(await (await ask(world, 'library', unseen)).json()).toMatchObject({ reason: 'revoked' })
    world.travel(5)
    const fresh = world.browser()
    await world.signIn(fresh, 'benefits')
    expect(await statusOf(fresh, benefits)).toBe(200)
    expect((await ask(world, 'benefits', old)).status).toBe(401)
    expect((await ask(world, 'benefits', unseen)).status).toBe(401)
  })

  it('tells why, once for each session that ended, without any secret', async () => {
    const { world, browsers, sessions, person } = await threeDevices()
    await sessions.endAllOf(person)
    const { events } = world.application('benefits')
    const ended = events.filter((event) => event.type === 'session.ended')
    expect(ended).toHaveLength(6)
    expect(new Set(ended.map((event) => event.reason))).toEqual(new Set(['revoked']))
    const text = JSON.stringify(events)
    for (const browser of browsers) {
      const secrets = (await browser.cookieHeader(benefits)).split(/[;=.]/).filter((part) => part.length > 20)
      for (const secret of secrets) expect(text).not.toContain(secret)
    }
    expect(text).not.toContain(person.subject)
  })
})
