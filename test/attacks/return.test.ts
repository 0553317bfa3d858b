import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { personOf } from '../../src/sessions/record.js'
import { createWorld, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'

const subjectOf = (world: World) => ({
  subject: world.emulator.people.find(({ username }) => username === 'ana')?.sub ?? '',
})

/** Makes a login that asks for a new authentication, without showing any token; returns its way back. */
async function loginInFlight(world: World) {
  const site = world.application('benefits')
  const jar = new Map<string, string>()
  const send = async (path: string, init: RequestInit = {}, extra = '') => {
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`)
    const cookie = [...cookies, extra].filter((text) => text !== '').join('; ')
    const headers = { 'sec-fetch-site': 'same-origin', accept: 'text/html', cookie }
    const response = await site.handle(new Request(`${url}${path}`, { ...init, headers }))
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1)
      const at = pair.indexOf('=')
      if (/Max-Age=0/.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }
  await send('/session/logout', { method: 'POST' })
  const login = await send('/session/login?returnTo=/recent')
  const target = new URL(login.headers.get('location') ?? '')
  expect(target.searchParams.get('prompt')).toBe('login')
  const back = new URL(target.searchParams.get('returnTo') ?? '')
  return { send, back: `${back.pathname}${back.search}` }
}

describe('a return that had asked for a new authentication', () => {
  it.each([
    [60, 60],
    [10, 0],
    [10, 5],
    [0.4, 0.1],
  ])(
    'RACE-2 does not begin a session by a token from before the end of everything: %s s before, and %s s later',
    async (before, later) => {
      const world = await createWorld()
      const { suite } = world.application('benefits')
      // No application has seen it: nothing but its time of issue speaks against it.
      const old = await world.emulator.cookiesFor('ana')
      world.travel(before)
      await suite.sessions.endAllOf(subjectOf(world))
      world.travel(later)
      const { send, back } = await loginInFlight(world)
      const arrived = await send(back, {}, old)
      expect(arrived.status).toBe(401)
      expect((await send('/private', {}, old)).status).not.toBe(200)
    },
  )

  it.each([
    ['behind', -20, 21],
    ['ahead', 20, 0],
  ])(
    'after the end of everything lets in who authenticates anew, at a provider whose clock is %s',
    async (_name, off, seconds) => {
      const world = await createWorld()
      const { suite } = world.application('benefits')
      await suite.sessions.endAllOf(subjectOf(world))
      world.travel(seconds)
      const { send, back } = await loginInFlight(world)
      const { emulator } = world
      const iat = world.now() / 1000 + off
      const claims = { iss: emulator.issuer, ...subjectOf(world), jti: 'new', iat, exp: iat + 900 }
      const kinds = { sub: subjectOf(world).subject, mfaRequired: false, isMfa: false, isDidAuth: false }
      const fresh = emulator.cookieHeader(await emulator.signToken({ ...claims, ...kinds }))
      expect((await send(back, {}, fresh)).status).toBe(302)
      expect((await send('/private', {}, fresh)).status).toBe(200)
    },
  )

  it('ASV-08 takes no token from before that login for a recent authentication', async () => {
    const world = await createWorld()
    const old = await world.emulator.cookiesFor('ana')
    world.travel(600)
    const { send, back } = await loginInFlight(world)
    await send(back, {}, old)
    expect((await send('/recent', {}, old)).status).not.toBe(200)
    expect((await send('/private', {}, old)).status).toBe(200)
  })

  it('ASV-08 nor one whose session began between the login and the return', async () => {
    const world = await createWorld()
    const old = await world.emulator.cookiesFor('ana')
    world.travel(600)
    const { send, back } = await loginInFlight(world)
    expect((await send('/private', {}, old)).status).toBe(200)
    await send(back, {}, old)
    expect((await send('/recent', {}, old)).status).not.toBe(200)
  })

  it('RACE-3 does not begin a session of which everything was ended while the login was under way', async () => {
    const world = await createWorld()
    const { suite } = world.application('benefits')
    const { send, back } = await loginInFlight(world)
    const fresh = await world.emulator.cookiesFor('ana')
    world.travel(1)
    await suite.sessions.endAllOf(subjectOf(world))
    world.travel(1)
    expect((await send(back, {}, fresh)).status).toBe(401)
    expect((await send('/private', {}, fresh)).status).not.toBe(200)
  })
})

describe('transactions', () => {
  it('peers: many logins with long addresses do not make a Cookie header that servers refuse', async () => {
    const world = await createWorld()
    const browser = world.browser()
    const long = `/${'a'.repeat(2000)}`
    for (let count = 0; count < 6; count += 1) {
      await browser.open(`${url}/session/login?returnTo=${long}`)
      await browser.fetch(`${url}/session/logout`, {
        method: 'POST',
        body: new URLSearchParams({ returnTo: long }),
      })
      await browser.open(`${url}/session/login?returnTo=${long}`)
    }
    expect((await browser.cookieHeader(url)).length).toBeLessThan(8192)
  })

  it('hold on an instance whose clock is a little behind', async () => {
    const world = await createWorld()
    const { send, back } = await loginInFlight(world)
    const fresh = await world.emulator.cookiesFor('ana')
    world.travel(-2)
    expect((await send(back, {}, fresh)).status).toBe(302)
  })
})

describe('a return while another tab’s request is faster', () => {
  it.each(['start', 'update'] as const)(
    'HLD-06 ASV-08 still notes that the person has just proven who they are: before %s',
    async (name) => {
      let before: (() => Promise<unknown>) | undefined
      const world = await createWorld({
        store: (clock) =>
          new Proxy(memoryStore({ clock }), {
            get(target, member) {
              const value: unknown = Reflect.get(target, member)
              if (member !== name || typeof value !== 'function') return value
              return async (...given: unknown[]) => {
                const work = before
                before = undefined
                await work?.()
                return Reflect.apply(value, target, given) as unknown
              }
            },
          }),
      })
      const { send, back } = await loginInFlight(world)
      world.travel(60)
      const fresh = await world.emulator.cookiesFor('ana')
      const askPrivate = () => send('/private', {}, fresh)
      if (name === 'update') await askPrivate()
      const raise = async () => {
        const person = personOf(world.emulator.url, subjectOf(world).subject)
        const live = (await world.store.list(person)).find(({ record }) => record.state === 'live')
        if (live === undefined) throw new Error('no live record')
        await world.store.update(live.address, live.record.generation, { generation: 'x'.repeat(22) })
      }
      before = name === 'start' ? askPrivate : raise
      await send(back, {}, fresh)
      expect(before).toBeUndefined()
      expect((await send('/recent', {}, fresh)).status).toBe(200)
    },
  )

  it('HLD-06 ASV-08 two tabs that come back at once are both in, and recent', async () => {
    const world = await createWorld()
    const { send, back } = await loginInFlight(world)
    const second = await loginInFlight(world)
    world.travel(60)
    const fresh = await world.emulator.cookiesFor('ana')
    const answers = await Promise.all([send(back, {}, fresh), second.send(second.back, {}, fresh)])
    expect(answers.map(({ status }) => status)).toEqual([302, 302])
    for (const tab of [send, second.send]) expect((await tab('/recent', {}, fresh)).status).toBe(200)
  })
})
