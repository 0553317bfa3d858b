import { describe, expect, it } from 'vitest'
import { createWorld, shown, type World } from '../support/world.js'

const url = 'https://benefits.citizen.example'
const emulator = { tokenSeconds: 1200, idleSeconds: 86_400, sessionSeconds: 86_400 }
const parts = ['c1_header', 'c1_payload', 'c1_signature']

const send = (world: World, cookie: string, headers: Record<string, string> = {}, path = '/private') =>
  world.application('benefits').handle(new Request(`${url}${path}`, { headers: { cookie, ...headers } }))
const sharedIn = (response: Response) =>
  response.headers.getSetCookie().filter((line) => parts.some((name) => line.startsWith(`${name}=`)))

describe('the shared cookies of a session that was revoked', () => {
  const navigation = {
    'sec-fetch-site': 'same-origin',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    accept: 'text/html',
  }

  async function revoked() {
    const world = await createWorld({ emulator })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const cookie = await browser.cookieHeader(url)
    await browser.fetch(`${url}/session/logout`, { method: 'POST' })
    return { world, cookie }
  }

  it('are deleted on a navigation of the person', async () => {
    const { world, cookie } = await revoked()
    const response = await send(world, cookie, navigation)
    expect(sharedIn(response).length).toBeGreaterThan(0)
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it.each<[string, Record<string, string>]>([
    ['a frame', { 'sec-fetch-dest': 'iframe' }],
    ['an old frame', { 'sec-fetch-dest': 'frame' }],
    ['an embedded object', { 'sec-fetch-dest': 'object' }],
    ['a prefetch', { 'sec-purpose': 'prefetch' }],
    ['a prerendered page', { 'sec-purpose': 'prefetch;prerender' }],
    ['a prefetch of an older browser', { purpose: 'prefetch' }],
    ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
  ])('are left alone on %s', async (_, headers) => {
    const { world, cookie } = await revoked()
    expect(sharedIn(await send(world, cookie, { ...navigation, ...headers }))).toEqual([])
  })
})

describe('a shared cookie that is gone', () => {
  it.each([-29, 0, 1, 29])('%s s after exp ran out, and was not signed out of', async (seconds) => {
    const world = await createWorld({ emulator: { ...emulator, tokenSeconds: 300 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(300 + seconds)
    for (const name of parts) {
      await browser.jar.setCookie(`${name}=; Domain=citizen.example; Path=/; Max-Age=0`, url)
    }
    expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ reason: 'token-expired' })
    // The provider's session lives: it knows the person without a question.
    await world.signIn(browser, 'benefits')
  })

  it('before that means that the person signed out elsewhere', async () => {
    const world = await createWorld({ emulator: { ...emulator, tokenSeconds: 300 } })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    world.travel(200)
    for (const name of parts) {
      await browser.jar.setCookie(`${name}=; Domain=citizen.example; Path=/; Max-Age=0`, url)
    }
    expect(await shown(browser.fetch(`${url}/open`))).toMatchObject({ reason: 'signed-out' })
  })
})

describe('a refreshed token', () => {
  it('CK-09 that no browser would take whole leaves the old one in its place', async () => {
    let token = ''
    const world = await createWorld({
      emulator,
      applications: {
        benefits: {
          application: { sensitivity: 'basic' },
          identityProvider: { refresh: { waitMilliseconds: 5000, readAnswer: () => ({ token }) } },
        },
      },
    })
    const browser = world.browser()
    await world.signIn(browser, 'benefits')
    const session = world.emulator.sessions[0]
    world.travel(700)
    const claims = {
      iss: world.emulator.url,
      sub: world.emulator.people.find(({ username }) => username === 'ana')?.sub,
      jti: session?.jti,
      iat: world.now() / 1000,
      exp: world.now() / 1000 + 1200,
      mfaRequired: false,
      isMfa: false,
      isDidAuth: false,
      extra: 'x'.repeat(3200),
    }
    token = await world.emulator.signToken(claims)
    const page = await browser.open(`${url}/private`)
    expect(page.status).toBe(200)
    expect(sharedIn(page as unknown as Response)).toEqual([])
    expect(world.application('benefits').events).toContainEqual(
      expect.objectContaining({ type: 'identity.degraded', problem: 'token' }),
    )
    expect((await browser.open(`${url}/private`)).status).toBe(200)
  })
})
