/** @module A clock that was ahead and is put right, and times in the future: what they may change, on both ways. */
import { describe, expect, it } from 'vitest'
import { type Citizen, createSuite, memoryStore, type Suite, type SuiteOptions } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, type Shown, serve, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const hour = 3600
const day = 24 * hour
const idle = 600
const start = Date.UTC(2026, 0, 15, 12, 0, 0)

/** An application whose clock can be ahead, and one signed-in browser: by the shared cookie or by a protocol. */
interface Place {
  /** The application's time. */
  readonly now: () => number
  /** Lets time pass. */
  travel(seconds: number): void
  /** Sets how far the application's clock is ahead of the right one. */
  setAhead(seconds: number): void
  signIn(): Promise<void>
  /** A request; `isPoll`: one that is no activity. */
  look(isPoll?: boolean): Promise<Shown>
  peek(): Promise<Citizen>
  readonly suite: Suite
  /** Revokes everything of the person. */
  revokeAll(): Promise<unknown>
}

const absoluteSeconds = 2 * hour
const secrets = ['a secret of thirty-two bytes or more']
const application = { sensitivity: 'sensitive', absoluteSeconds } as const

function placeOf(
  suite: Suite,
  home: string,
  parts: Pick<Place, 'now' | 'travel' | 'setAhead' | 'revokeAll'> & { cookie: () => Promise<string> },
): Place {
  let cookie = ''
  const request = (more: Record<string, string> = {}) =>
    new Request(`${home}/open`, { headers: { cookie, 'sec-fetch-site': 'same-origin', ...more } })
  return {
    ...parts,
    suite,
    async signIn() {
      cookie = await parts.cookie()
      await serve(suite, request())
    },
    look: (isPoll = false) => shown(serve(suite, request(isPoll ? { 'citizen-activity': 'none' } : {}))),
    peek: () => suite.peek(new TestExchange(request())),
  }
}

async function bySharedCookie(more: SuiteOptions = {}): Promise<Place> {
  const world = await createWorld({
    emulator: { tokenSeconds: day, idleSeconds: 7 * day, sessionSeconds: 7 * day },
    applications: {},
  })
  let ahead = 0
  const clock = () => world.now() + ahead
  const parts = { emulator: world.emulator, clock, store: memoryStore({ clock }) }
  const { application: given, ...rest } = optionsOf('benefits', parts, more)
  const suite = createSuite({ ...rest, application: { ...given, ...application } }, {})
  const subject = world.emulator.people.find(({ username }) => username === 'ana')?.sub ?? ''
  return placeOf(suite, url, {
    now: clock,
    travel: world.travel,
    setAhead(seconds) {
      ahead = seconds * 1000
    },
    cookie: () => world.emulator.cookiesFor('ana'),
    revokeAll: () => suite.sessions.endAllOf({ subject }),
  })
}

function byProtocol(more: SuiteOptions = {}): Promise<Place> {
  let now = start
  let ahead = 0
  const clock = () => now + ahead
  const scripted = scriptedProtocol()
  const home = 'https://benefits.example'
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets, ...application },
      protocols: [scripted.protocol],
      store: memoryStore({ clock }),
      clock,
      ...more,
    },
    {},
  )
  const sites = new Map<string, Site>([
    [home, (request) => serve(suite, request)],
    [issuer, providerSite(`${home}/session/return`, `${home}/session/scripted/callback`)],
  ])
  return Promise.resolve(
    placeOf(suite, home, {
      now: clock,
      travel(seconds) {
        now += seconds * 1000
      },
      setAhead(seconds) {
        ahead = seconds * 1000
      },
      async cookie() {
        const browser = createBrowser(sites)
        await browser.open(`${home}/session/login?returnTo=/open`)
        return browser.cookieHeader(home)
      },
      revokeAll: () => suite.sessions.endAllOf({ issuer, subject: 'ana' }),
    }),
  )
}

describe.each([
  ['the shared cookie', bySharedCookie],
  ['a protocol', byProtocol],
])('a session by %s and a clock that was ahead', (_name, make) => {
  it('HLD-05 NIST-06 ends when idle from then on, although it was touched in the future', async () => {
    const place = await make()
    await place.signIn()
    place.setAhead(idle - 1)
    expect((await place.look()).state).toBe('active')
    place.setAhead(0)
    for (const seconds of [0, 300, 299]) {
      place.travel(seconds)
      expect((await place.look(true)).state).toBe('active')
    }
    place.travel(1)
    expect(await place.look(true)).toMatchObject({ state: 'anonymous', reason: 'idle-timeout' })
  })

  it('HLD-05 ASV-04 ends at the absolute limit from then on, although it began in the future', async () => {
    const place = await make()
    place.setAhead(hour)
    await place.signIn()
    place.setAhead(0)
    expect((await place.look()).session.startedAt).toBe(place.now())
    for (let passed = 0; passed < absoluteSeconds; passed += 480) {
      expect((await place.look()).state).toBe('active')
      place.travel(480)
    }
    expect(await place.look()).toMatchObject({ state: 'anonymous', reason: 'absolute-timeout' })
  })

  it('HLD-05 shows no time in the future, and goes on by touches as any other', async () => {
    const place = await make()
    place.setAhead(hour)
    await place.signIn()
    place.setAhead(0)
    for (let count = 0; count < 4; count += 1) {
      const { state, session, assurance } = await place.look()
      expect(state).toBe('active')
      expect(session.lastSeenAt).toBe(place.now())
      expect(session.idleEndsAt).toBe(place.now() + idle * 1000)
      expect(assurance.authenticatedAt ?? 0).toBeLessThanOrEqual(place.now())
      place.travel(idle - 1)
    }
  })

  it('HLD-05 a pure read shows the same, and writes nothing', async () => {
    const place = await make()
    place.setAhead(hour)
    await place.signIn()
    place.setAhead(0)
    expect(await place.peek()).toMatchObject({ state: 'active', session: { startedAt: place.now() } })
    place.travel(60)
    expect(await place.peek()).toMatchObject({ state: 'active', session: { lastSeenAt: place.now() } })
  })

  it('HLD-05 leaves a clock that differs within the skew alone', async () => {
    const place = await make()
    place.setAhead(30)
    await place.signIn()
    const { session } = await place.look()
    place.setAhead(0)
    expect((await place.look()).session).toEqual(session)
  })

  it('HLD-05 is ended by a revocation after the clock was put back, where applications look besides', async () => {
    const revocations = memoryStore({ clock: () => start })
    const place = await make({ revocations })
    place.setAhead(hour)
    await place.signIn()
    place.setAhead(0)
    expect((await place.look()).state).toBe('active')
    place.travel(60)
    const other = await make({ revocations })
    other.travel(60)
    await other.revokeAll()
    expect(await place.look()).toMatchObject({ state: 'anonymous', reason: 'revoked' })
  })

  it('HLD-05 is ended by such a revocation before it has counted from now', async () => {
    const revocations = memoryStore({ clock: () => start })
    const place = await make({ revocations })
    place.setAhead(hour)
    await place.signIn()
    place.setAhead(0)
    place.travel(60)
    const other = await make({ revocations })
    other.travel(60)
    await other.revokeAll()
    expect(await place.peek()).toMatchObject({ state: 'anonymous', reason: 'revoked' })
    expect(await place.look()).toMatchObject({ state: 'anonymous', reason: 'revoked' })
  })
})

describe('a time of authentication in the future', () => {
  const place = async (world: World, authTime: number) => {
    const token = await world.emulator.tokenFor('ana')
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
    return world.emulator.cookieHeader(await world.emulator.signToken({ ...claims, auth_time: authTime }))
  }
  const status = async (world: World, cookie: string) =>
    (await world.application('benefits').handle(new Request(`${url}/recent`, { headers: { cookie } }))).status
  const seconds = (world: World) => Math.floor(world.now() / 1000)

  it.each<[string, (world: World) => number, number]>([
    ['now', seconds, 200],
    ['within the skew', (world) => seconds(world) + 30, 200],
    ['a minute ahead', (world) => seconds(world) + 61, 401],
    ['a day ahead', (world) => seconds(world) + day, 401],
    ['in milliseconds', (world) => world.now(), 401],
    ['in the year 9999', () => 253_402_300_000, 401],
    ['beyond every number', () => 1e300, 401],
    ['before time', () => -1, 401],
  ])('HLD-05 ASV-08 auth_time %s', async (_name, authTime, expected) => {
    const world = await createWorld({ applications: { benefits: {} } })
    expect(await status(world, await place(world, authTime(world)))).toBe(expected)
  })

  it('HLD-05 ASV-08 of a protocol is not recent, and lifts no end', async () => {
    let now = start
    const clock = () => now
    const scripted = scriptedProtocol()
    const home = 'https://benefits.example'
    const suite = createSuite(
      {
        application: {
          id: 'benefits',
          url: home,
          secrets: ['a secret of thirty-two bytes or more'],
          sensitivity: 'sensitive',
        },
        protocols: [scripted.protocol],
        store: memoryStore({ clock }),
        clock,
      },
      {},
    )
    const sites = new Map<string, Site>([
      [home, (request) => serve(suite, request)],
      [issuer, providerSite(`${home}/session/return`, `${home}/session/scripted/callback`)],
    ])
    const browser = createBrowser(sites)
    scripted.script.sid = 's1'
    scripted.script.authenticatedAt = now + day * 1000
    await browser.open(`${home}/session/login?returnTo=/open`)
    const session = await shown(browser.fetch(`${home}/open`))
    expect(session).toMatchObject({ state: 'active' })
    expect(session.assurance.authenticatedAt).toBeUndefined()
    expect((await browser.fetch(`${home}/recent`)).status).toBe(401)
    now += 601_000
    expect((await shown(browser.fetch(`${home}/open`))).reason).toBe('idle-timeout')
    await browser.open(`${home}/session/login?returnTo=/open`)
    expect((await shown(browser.fetch(`${home}/open`))).state).toBe('anonymous')
  })
})
