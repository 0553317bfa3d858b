import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { createGeneration, personOf } from '../../src/sessions/record.js'
import { createWorld, optionsOf, serve, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const navigation = {
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  accept: 'text/html',
}

afterEach(() => {
  vi.restoreAllMocks()
})

const visit = (world: World, path: string, cookie?: string) =>
  world
    .application('benefits')
    .handle(
      new Request(`${url}${path}`, { headers: { ...navigation, ...(cookie !== undefined && { cookie }) } }),
    )

/** Octets that are as likely as each other: their chi-square lies within eight standard deviations. */
function expectUniform(bytes: Buffer): void {
  const counts = new Array<number>(256).fill(0)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  const expected = bytes.length / 256
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  expect(Math.abs(chiSquare - 255)).toBeLessThan(8 * Math.sqrt(2 * 255))
  const ones = bytes.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  expect(Math.abs(ones - bytes.length * 4)).toBeLessThan(8 * Math.sqrt(bytes.length * 2))
}

/** What a text says in base64url, which must be all that it is. */
function octetsOf(text: string): Buffer {
  expect(text).toMatch(/^[\w-]+$/)
  const bytes = Buffer.from(text, 'base64url')
  expect(bytes.toString('base64url')).toBe(text)
  return bytes
}

describe('ASV-02 what names a session or a visit', () => {
  it('is 128 bits or more from the random source of the system, and looks like it', async () => {
    const world = await createWorld()
    const { random } = world.application('benefits').suite.options
    const generations = Array.from({ length: 4000 }, () => createGeneration(random))
    const states: string[] = []
    const transactions: string[] = []
    for (let count = 0; count < 400; count += 1) {
      const response = await visit(world, '/session/login?returnTo=/private')
      const back = new URL(new URL(response.headers.get('location') ?? '').searchParams.get('returnTo') ?? '')
      states.push(back.searchParams.get('state') ?? '')
      const [line = ''] = response.headers.getSetCookie()
      transactions.push(/=([^;]*)/.exec(line)?.[1] ?? '')
    }
    for (const [texts, bits, skipped] of [
      [generations, 128, 0],
      [states, 128, 0],
      // A version before it: the rest is nonce, ciphertext and tag.
      [transactions, 128, 1],
    ] as const) {
      expect(new Set(texts).size).toBe(texts.length)
      const octets = texts.map((text) => octetsOf(text).subarray(skipped))
      for (const each of octets) expect(each.length * 8).toBeGreaterThanOrEqual(bits)
      expectUniform(Buffer.concat(octets))
    }
    // The beginning of a state names its cookie: what is left of it is long enough alone.
    for (const state of states) expect((state.length - 8) * 6).toBeGreaterThanOrEqual(128)
  })

  it('never comes from Math.random or the clock', async () => {
    vi.spyOn(Math, 'random').mockImplementation(() => {
      throw new Error('Math.random was asked')
    })
    const world = await createWorld()
    const cookie = await world.emulator.cookiesFor('ana')
    // At one moment of a clock that stands still, for one token.
    const ids = new Set<string>()
    for (let count = 0; count < 5; count += 1) {
      const parts = { emulator: world.emulator, clock: world.now, store: memoryStore({ clock: world.now }) }
      const suite = createSuite(optionsOf('benefits', parts), {})
      const answer = await serve(suite, new Request(`${url}/private`, { headers: { ...navigation, cookie } }))
      ids.add((await shown(answer)).session.publicId)
    }
    expect(ids.size).toBe(5)
  })

  it('is verified on the server, and new with every session: one that a client makes up opens nothing', async () => {
    const world = await createWorld({
      applications: { benefits: { application: { onIdle: 'resume' } } },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const first = await shown(browser.fetch(`${url}/private`))
    world.travel(601)
    await browser.press(await browser.open(`${url}/private`), /Continue|Sign in/)
    const second = await shown(browser.fetch(`${url}/private`))
    expect(second.state).toBe('active')
    expect(second.session.publicId).not.toBe(first.session.publicId)
    for (const made of ['x', 'A'.repeat(200), first.session.publicId, second.session.publicId]) {
      const response = await visit(
        world,
        '/open',
        `__Host-benefits.seen=${made}; __Host-benefits.sid=${made}`,
      )
      expect(await shown(response)).toMatchObject({ state: 'anonymous', reason: 'not-signed-in' })
    }
    expect(await shown(browser.fetch(`${url}/private`))).toMatchObject({ state: 'active' })
  })
})

describe('ASV-10 who a token speaks of, and what kind it is', () => {
  it('one subject at two issuers is two persons, whose ends do not meet', async () => {
    const issuers = ['https://id.citizen.example', 'https://old.citizen.example']
    const world = await createWorld({
      applications: {
        benefits: { identityProvider: { url: 'https://id.citizen.example', issuer: issuers } },
      },
    })
    const { emulator } = world
    const claims = decodeJwt(await emulator.tokenFor('ana'))
    const [here = '', there = ''] = await Promise.all(
      issuers.map(async (iss) => emulator.cookieHeader(await emulator.signToken({ ...claims, iss }))),
    )
    const [one, other] = [
      await shown(visit(world, '/private', here)),
      await shown(visit(world, '/private', there)),
    ]
    expect(one.session.publicId).not.toBe(other.session.publicId)
    const sub = String(claims.sub)
    expect(personOf(issuers[0] ?? '', sub)).not.toBe(personOf(issuers[1] ?? '', sub))
    await world.application('benefits').suite.sessions.endAllOf({ subject: sub })
    expect(await shown(visit(world, '/open', here))).toMatchObject({ reason: 'revoked' })
    expect(await shown(visit(world, '/open', there))).toMatchObject({ state: 'active' })
    // Neither can a subject be written so that it runs into the issuer.
    expect(personOf('https://a', 'b:c')).not.toBe(personOf('https://a:b', 'c'))
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'a logout token',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      { typ: 'logout+jwt' },
    ],
    [
      'a logout token of an older provider',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      {},
    ],
    ['a token typed as a logout token', {}, { typ: 'logout+jwt' }],
    ['an ID token', { nonce: 'n' }, {}],
    ['an access token', { scope: 'openid', client_id: 'benefits' }, { typ: 'at+jwt' }],
  ])('%s opens nothing as the shared cookie', async (_name, added, header) => {
    const world = await createWorld()
    const { emulator } = world
    const claims = decodeJwt(await emulator.tokenFor('ana'))
    const cookie = emulator.cookieHeader(await emulator.signToken({ ...claims, ...added }, { header }))
    expect(await shown(visit(world, '/open', cookie))).toMatchObject({
      state: 'anonymous',
      reason: 'invalid-token',
    })
    expect(world.application('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'token.rejected', problem: 'kind' }),
    )
  })
})

describe('NIST-05 the secrets of a session', () => {
  it.each<[string, Record<string, string>]>([
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    [
      'of a sibling application',
      { 'sec-fetch-site': 'same-site', origin: 'https://library.citizen.example' },
    ],
    ['typed into an address bar', { 'sec-fetch-site': 'none' }],
    ['of an old browser, from a sibling', { origin: 'https://library.citizen.example' }],
    ['of an old browser, from a hidden origin', { origin: 'null' }],
    ['without any proof', {}],
  ])('a POST %s is not taken for our page: nothing begins, moves or ends', async (_name, headers) => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    const before = await shown(browser.fetch(`${url}/session/status`))
    world.travel(60)
    for (const route of ['login', 'logout', 'extend']) {
      const answer = await world
        .application('benefits')
        .handle(new Request(`${url}/session/${route}`, { method: 'POST', headers: { ...headers, cookie } }))
      expect([route, answer.status]).toEqual([route, 403])
      expect([route, answer.headers.getSetCookie()]).toEqual([route, []])
    }
    const after = await shown(browser.fetch(`${url}/session/status`))
    expect(after).toEqual({ ...after, state: 'active', session: before.session })
  })

  it('are erased at logout, in the browser and on the server', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const kept = await browser.cookieHeader(url)
    await browser.open(`${url}/session/login?returnTo=/private&level=2`)
    await browser.press(await browser.open(`${url}/session/logout`), 'Sign out everywhere')
    expect(await browser.cookieNames(url)).toEqual([])
    const hint = kept
      .split('; ')
      .filter((pair) => pair.startsWith('__Host-'))
      .join('; ')
    for (const cookie of [kept, hint]) {
      expect((await shown(visit(world, '/open', cookie))).state).toBe('anonymous')
    }
  })

  it('have no way back to plain http', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(1000)
    await browser.open(`${url}/private`)
    for (const cookie of await browser.jar.getCookies(url))
      expect([cookie.key, cookie.secure]).toEqual([cookie.key, true])
    expect(await browser.cookieHeader(url.replace('https:', 'http:'))).toBe('')
    for (const [path, given] of [
      ['application.url', { application: { id: 'benefits', url: 'http://benefits.citizen.example' } }],
      ['identityProvider.url', { identityProvider: { url: 'http://id.citizen.example' } }],
    ] as const) {
      const options = {
        identityProvider: { url: 'https://id.citizen.example' },
        sharedCookie: { domain: 'citizen.example' },
        application: { id: 'benefits', url },
        ...given,
      }
      expect(() => createSuite(options, {})).toThrow(
        expect.objectContaining({
          code: 'configuration',
          problems: expect.arrayContaining([expect.objectContaining({ path })]),
        }),
      )
    }
  })

  it('are in nothing that a script could store: our pages have no script, and no answer shows a secret', async () => {
    const world = await createWorld()
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const secrets = (await browser.jar.getCookies(url)).map(({ value }) => value)
    for (const path of ['/session/logout', '/session/status', '/session/login', '/open']) {
      const answer = await visit(world, path, await browser.cookieHeader(url))
      const body = await answer.text()
      for (const secret of secrets) expect(body).not.toContain(secret)
      if (!(answer.headers.get('content-type') ?? '').startsWith('text/html')) continue
      expect(body).not.toMatch(/<script|\son\w+=|javascript:/i)
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })
})
