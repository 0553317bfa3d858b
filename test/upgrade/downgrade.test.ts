/** @module Back from a newer release: what it has written is refused in words, and stays as it is until that release is back. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.js'
import { createKeptVisits } from '../../src/logout/kept-visits.js'
import { createSealer, type Sealer } from '../../src/seal.js'
import { home, type Upgraded, upgrade } from './application.js'
import { newerCookies, newerDetails, newerSeal, olderSeal, withFields } from './newer.js'
import { type Asked, intoMemory, kinds, vectors } from './vectors.js'

const refusal = 'store.unavailable store-format'
const logout = { method: 'POST', url: `${home}/session/logout`, form: { scope: 'application' } }

/** Sends each request, and expects a refusal that changes no cookie. */
async function expectRefused(application: Upgraded, requests: readonly Asked[]): Promise<void> {
  const before = new Map(application.cookies)
  for (const request of requests) {
    const toldBefore = application.told.length
    const response = await application.send(request)
    expect([request.url, response.status]).toEqual([request.url, 503])
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(application.told.slice(toldBefore)).toContain(refusal)
  }
  expect(application.cookies).toEqual(before)
}

describe.each(kinds)('FLD-12 cookies of a newer release: %s', (kind) => {
  const { session, signingIn, signingOut } = vectors.scenarios[kind]

  it('the session is unavailable at every route, and goes on when that release is back', async () => {
    const clock = () => session.now
    const store = await intoMemory(session.store, clock)
    const older = upgrade(kind, { ...session, cookies: newerCookies(session.cookies), store, clock })
    expect(await older.who()).toMatchObject({ state: 'unavailable', reason: 'store' })
    await expectRefused(older, [{ url: `${home}/private` }, logout])
    const newer = upgrade(kind, { ...session, store, clock })
    expect(await newer.who()).toMatchObject({ state: 'active', sub: session.shows.subject })
  })

  it.each([
    ['login', signingIn],
    ['logout', signingOut],
  ])('a %s that is under way is refused, and finished when that release is back', async (what, moment) => {
    const clock = () => moment.now
    const store = await intoMemory(moment.store, clock)
    const cookies = newerCookies(moment.cookies)
    await expectRefused(upgrade(kind, { ...moment, cookies, store, clock }), [moment.request])
    const newer = upgrade(kind, { ...moment, store, clock })
    expect((await newer.send(moment.request)).status).toBeLessThan(400)
    expect((await newer.who()).state).toBe(what === 'login' ? 'active' : 'anonymous')
  })
})

describe.each(['oidc', 'saml'] as const)('FLD-12 a record that a newer release has sealed: %s', (kind) => {
  it('is unavailable, and neither ended nor written', async () => {
    const { session } = vectors.scenarios[kind]
    let now = session.now
    const clock = () => now
    const sealed = await intoMemory(withFields(session.store, /^r:/, newerDetails), clock)
    const writes: string[] = []
    const store = new Proxy(sealed, {
      get(target, name) {
        if (['start', 'update', 'end', 'keepRefresh', 'alias'].includes(String(name)))
          writes.push(String(name))
        return Reflect.get(target, name) as unknown
      },
    })
    const application = upgrade(kind, { ...session, store, clock })
    writes.length = 0
    for (const minutes of [0, 5, 30]) {
      now = session.now + minutes * 60_000
      expect(await application.who()).toMatchObject({ state: 'unavailable', reason: 'store' })
    }
    expect(application.told).toContain(refusal)
    expect(writes).toEqual([])
    now = session.now
    const newer = upgrade(kind, { ...session, store: await intoMemory(session.store, clock), clock })
    expect((await newer.who()).state).toBe('active')
  })
})

it('FLD-12 tokens that a newer release has sealed are not thrown away', async () => {
  const { session } = vectors.scenarios.oidc
  let now = session.now
  const clock = () => now
  const store = await intoMemory(withFields(session.store, /^k:/, newerDetails), clock)
  const application = upgrade('oidc', { ...session, store, clock })
  now += 6 * 60_000
  expect(await application.who()).toMatchObject({ state: 'unavailable', reason: 'store' })
  expect(application.asked).not.toContain('POST /token')
  expect(application.told).toContain(refusal)
})

it('FLD-12 a way to the provider that a newer release has kept is refused, and stays for that release', async () => {
  const store = memoryStore({ clock: () => 0 })
  const sealer = createSealer({ application: 'benefits', secrets: ['s'.repeat(32)], random: Buffer.alloc })
  const newer: Sealer = {
    seal: (...given) => newerSeal(sealer.seal(...given)),
    open: (purpose, place, sealed) => sealer.open(purpose, place, olderSeal(sealed)),
  }
  const visit = { method: 'get', action: 'https://id.example.gov/end?id_token_hint=x', fields: {} } as const
  const [kept, read] = [newer, sealer].map((each) =>
    createKeptVisits({ application: 'benefits', store, sealer: each }),
  )
  expect(await kept?.keep('a state', visit)).toBe(true)
  for (const _ of [1, 2]) await expect(read?.take('a state')).rejects.toMatchObject({ code: 'store-format' })
  expect(await kept?.take('a state')).toEqual(visit)
  expect(await kept?.take('a state')).toBe('used')
})

describe('FLD-12 a seal', () => {
  const parts = { application: 'benefits', secrets: ['s'.repeat(32)], random: Buffer.alloc }
  const sealer = createSealer(parts)
  const sealed = sealer.seal('session', 'place', 'text')

  it('of a newer release is told apart from what nobody sealed', () => {
    expect(() => sealer.open('session', 'place', newerSeal(sealed))).toThrow(
      expect.objectContaining({
        code: 'store-format',
        status: 503,
        message: expect.stringContaining('newer release; run the same release everywhere'),
      }),
    )
    const other = (first: number) =>
      Buffer.from([first, ...Buffer.from(sealed, 'base64url').subarray(1)]).toString('base64url')
    for (const first of [0, 16, 0x7b, 255])
      expect(sealer.open('session', 'place', other(first))).toBeUndefined()
    for (const first of [2, 15]) expect(() => sealer.open('session', 'place', other(first))).toThrow()
    expect(sealer.open('session', 'place', Buffer.from([2, 3]).toString('base64url'))).toBeUndefined()
  })
})
