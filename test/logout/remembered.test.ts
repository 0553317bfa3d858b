import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { personOf, sessionOf } from '../../src/sessions/record.js'
import { TestExchange } from '../support/exchange.js'
import { base, createWorld, optionsOf, serve } from '../support/world.js'

const benefits = `https://benefits.${base}`
const library = `https://library.${base}`
const hour = 3_600
const day = 24 * hour
/** A provider whose tokens live much longer than records do without them. */
const emulator = { tokenSeconds: 7 * day, idleSeconds: 14 * day, sessionSeconds: 14 * day }
const own = { 'sec-fetch-site': 'same-origin' }

async function twoApplications() {
  const world = await createWorld({ emulator, applications: { benefits: {}, library: {} } })
  const at = (origin: string) => world.application(new URL(origin).hostname.split('.')[0] ?? '')
  const ask = (origin: string, cookie: string) =>
    at(origin).handle(new Request(`${origin}/private`, { headers: { ...own, cookie } }))
  const signOut = async (cookie: string, form = '') => {
    const request = new Request(`${benefits}/session/logout`, {
      method: 'POST',
      headers: { ...own, cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    })
    const receipt = (await (await at(benefits).handle(request)).json()) as { legs: { state: string }[] }
    expect(receipt.legs[0]?.state).toBe('done')
  }
  /** Another session of the person begins: what is no longer retained is dropped. */
  const prune = async () => {
    const cookie = await world.emulator.cookiesFor('ana')
    expect((await ask(benefits, cookie)).status).toBe(200)
  }
  return { world, ask, signOut, prune }
}

describe('HLD-12 a sign-out is remembered as long as the token lives', () => {
  it.each([
    ['that nobody had begun', false, '', [benefits, library]],
    ['that nobody had begun, here only', false, 'scope=application', [benefits]],
    ['that had gone idle before', true, '', [benefits, library]],
    ['that had gone idle before, here only', true, 'scope=application', [benefits]],
  ])('HLD-12 of a session %s', async (_which, isIdleBefore, form, refusing) => {
    const { world, ask, signOut, prune } = await twoApplications()
    const cookie = await world.emulator.cookiesFor('ana')
    if (isIdleBefore) {
      expect((await ask(benefits, cookie)).status).toBe(200)
      world.travel(hour)
      expect((await ask(benefits, cookie)).status).toBe(401)
    }
    await signOut(cookie, form)
    for (const days of [1.1, 3, 2.8]) {
      world.travel(days * day)
      await prune()
      for (const origin of refusing) expect((await ask(origin, cookie)).status).toBe(401)
    }
  })

  it('HLD-12 also a newer token of the session, seen once while the end was young', async () => {
    const { world, ask, signOut, prune } = await twoApplications()
    const jti = async () => world.emulator.sessions[0]?.jti
    const cookie = await world.emulator.cookiesFor('ana')
    expect((await ask(benefits, cookie)).status).toBe(200)
    world.travel(hour / 10)
    const newer = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session: await jti() }))
    await signOut(cookie)
    world.travel(60)
    expect((await ask(benefits, newer)).status).toBe(401)
    world.travel(7 * day - 90)
    await prune()
    for (const origin of [benefits, library]) expect((await ask(origin, newer)).status).toBe(401)
  })
})

describe('HLD-12 a sign-out reaches every name of the session', () => {
  async function ownStores(lives: object = { ...emulator, tokenSeconds: 1200 }) {
    const world = await createWorld({ emulator: lives })
    const clock = world.now
    const revocations = memoryStore({ clock })
    const make = (id: string) => {
      const parts = { emulator: world.emulator, clock, store: memoryStore({ clock }) }
      const suite = createSuite(
        optionsOf(id, parts, {
          application: { id, url: `https://${id}.${base}`, sensitivity: 'basic' },
          revocations,
        }),
        {},
      )
      const send = (cookie: string, path = '/private', method = 'GET') =>
        serve(suite, new Request(`https://${id}.${base}${path}`, { method, headers: { ...own, cookie } }))
      return { suite, send }
    }
    /** The provider gives the session another value with the next token. */
    const renew = async (application: ReturnType<typeof make>, cookie: string) => {
      world.emulator.faults.set({ nonsense: { refresh: 'other-session' } })
      world.travel(700)
      const response = await application.send(cookie)
      world.emulator.faults.clear()
      const fresh = response.headers
        .getSetCookie()
        .map((line) => line.split(';')[0] ?? '')
        .filter((pair) => pair.startsWith('c1_'))
        .join('; ')
      expect(fresh).toContain('c1_payload=')
      return fresh
    }
    return { world, make, renew, revocations }
  }

  it.each([
    ['signs out', 'logout'],
    ['is signed out by an administrator', 'end'],
    ['loses all sessions', 'endAllOf'],
  ])('HLD-12 known in another application by the new one only, when the person %s', async (_what, how) => {
    const { world, make, renew } = await ownStores()
    const [north, south] = [make('north'), make('south')]
    const cookie = await world.emulator.cookiesFor('ana')
    expect((await north.send(cookie)).status).toBe(200)
    const fresh = await renew(north, cookie)
    expect((await south.send(fresh)).status).toBe(200)
    const subject = world.emulator.people.find(({ username }) => username === 'ana')?.sub ?? ''
    if (how === 'logout') {
      expect((await north.send(fresh, '/session/logout', 'POST')).status).toBe(200)
    } else if (how === 'end') {
      const [listed] = await north.suite.sessions.list({ subject })
      await north.suite.sessions.end({ subject, publicId: listed?.publicId ?? '' })
    } else {
      await north.suite.sessions.endAllOf({ subject })
    }
    world.travel(15)
    expect((await south.send(fresh)).status).toBe(401)
    expect((await south.send(cookie)).status).toBe(401)
  })

  it.each([
    ['a request', '/private'],
    ['a pure read', '/peek'],
  ])('HLD-12 known in another application by the older one first, to %s', async (_what, path) => {
    const { world, make, renew } = await ownStores()
    const [north, south] = [make('north'), make('south')]
    const cookie = await world.emulator.cookiesFor('ana')
    expect((await north.send(cookie)).status).toBe(200)
    const fresh = await renew(north, cookie)
    // North knows it as another name of the older one, south knows nothing else.
    expect((await south.send(fresh)).status).toBe(200)
    expect((await south.send(fresh, '/session/logout', 'POST')).status).toBe(200)
    world.travel(15)
    if (path === '/peek') {
      const headers = { ...own, cookie: fresh }
      const request = new Request(`https://north.${base}/private`, { headers })
      expect(await north.suite.peek(new TestExchange(request))).toMatchObject({ state: 'anonymous' })
    }
    expect((await north.send(fresh)).status).toBe(401)
    expect((await north.send(cookie)).status).toBe(401)
  })

  it('HLD-12 and is passed on by an application that knows more names', async () => {
    const { world, make, renew } = await ownStores()
    const [north, middle, south] = [make('north'), make('middle'), make('south')]
    const cookie = await world.emulator.cookiesFor('ana')
    for (const each of [north, middle]) expect((await each.send(cookie)).status).toBe(200)
    const fresh = await renew(middle, cookie)
    expect((await south.send(fresh)).status).toBe(200)
    // North has never seen the new name.
    expect((await north.send(cookie, '/session/logout', 'POST')).status).toBe(200)
    world.travel(15)
    expect((await middle.send(fresh)).status).toBe(401)
    expect((await south.send(fresh)).status).toBe(401)
  })

  it('HLD-12 is kept in the shared store as long as the newest token that met it lives', async () => {
    const { world, make, revocations } = await ownStores(emulator)
    const [north, south] = [make('north'), make('south')]
    const cookie = await world.emulator.cookiesFor('ana')
    const jti = world.emulator.sessions[0]?.jti
    expect((await north.send(cookie, '/session/logout', 'POST')).status).toBe(200)
    world.travel(6 * day)
    const newer = world.emulator.cookieHeader(await world.emulator.tokenFor('ana', { session: jti }))
    expect((await south.send(newer)).status).toBe(401)
    // In Redis it would go with its time, and an application that comes later reads this store only.
    const { iss, sub, exp } = decodeJwt(
      newer
        .split('; ')
        .map((pair) => pair.slice(pair.indexOf('=') + 1))
        .join('.'),
    )
    const revocation = await revocations.revocation(
      personOf(iss ?? '', sub ?? ''),
      sessionOf(iss ?? '', jti ?? ''),
    )
    expect(revocation?.retainUntil).toBeGreaterThan((exp ?? 0) * 1000)
  })
})

it('HLD-12 HLD-18 a sign-out of a session that nobody had begun ends no other device, at the most that are kept', async () => {
  const world = await createWorld({
    emulator,
    applications: { benefits: { application: { sessionsPerPerson: 1 } } },
  })
  const { handle } = world.application('benefits')
  const ask = (cookie: string) => handle(new Request(`${benefits}/private`, { headers: { ...own, cookie } }))
  const [other, unbegun] = [await world.emulator.cookiesFor('ana'), await world.emulator.cookiesFor('ana')]
  expect((await ask(other)).status).toBe(200)
  const headers = { ...own, cookie: unbegun, 'content-type': 'application/x-www-form-urlencoded' }
  const body = 'scope=application'
  await handle(new Request(`${benefits}/session/logout`, { method: 'POST', headers, body }))
  expect((await ask(unbegun)).status).toBe(401)
  expect((await ask(other)).status).toBe(200)
})
