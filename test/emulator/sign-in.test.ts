import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createEmulator } from '../../src/emulator/index.js'
import { createBrowser } from './browser.js'

const app = 'http://benefits.citizen.localhost:3000/session/return?state=s-1'

const jtiOf = (browser: { cookie(name: string): string | undefined }) =>
  decodeJwt(`e30.${browser.cookie('c1_payload')}.`).jti

describe('signing in', () => {
  it('shows the page with the people and their passwords, under a strict policy', async () => {
    const emulator = await createEmulator()
    const response = await createBrowser(emulator).get('/login')
    expect(response.status).toBe(200)
    const body = await response.text()
    for (const { username, shownPassword } of emulator.people) {
      expect(body).toContain(`<td>${username}</td><td>${shownPassword}</td>`)
    }
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it('sets three cookies, header and signature HttpOnly, and returns with the query as it was', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    const response = await browser.signIn('ana', { returnTo: app })
    expect([response.status, response.headers.get('location')]).toEqual([303, app])
    const lines = response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ''))
    expect(lines).toEqual([
      'c1_header; Domain=citizen.localhost; Path=/; HttpOnly; SameSite=Lax',
      'c1_payload; Domain=citizen.localhost; Path=/; SameSite=Lax',
      'c1_signature; Domain=citizen.localhost; Path=/; HttpOnly; SameSite=Lax',
      'c1_identity; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect(emulator.sessions).toMatchObject([{ username: 'ana', level: 'password', jti: jtiOf(browser) }])
  })

  it('marks cookies Secure on https, with a host prefix for its own', async () => {
    const emulator = await createEmulator({ url: 'https://id.example.gov', domain: 'example.gov' })
    const lines = (await createBrowser(emulator).signIn('ana')).headers.getSetCookie()
    expect(lines.every((line) => line.includes('; Secure'))).toBe(true)
    expect(lines[3]).toMatch(/^__Host-c1_identity=/)
  })

  it('refuses a wrong password and somebody unknown alike', async () => {
    const emulator = await createEmulator()
    for (const username of ['ana', 'nobody', '<b>']) {
      const response = await createBrowser(emulator).post('/login', { username, password: 'wrong' })
      expect(response.status).toBe(403)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.text()).toContain('do not match')
    }
    expect(emulator.sessions).toEqual([])
  })

  it('signs on without a prompt while the identity session lives, even without the shared cookie', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const jti = jtiOf(browser)
    browser.forget('c1_header', 'c1_payload', 'c1_signature')
    const response = await browser.get(`/login?returnTo=${encodeURIComponent(app)}`)
    expect([response.status, response.headers.get('location')]).toEqual([303, app])
    expect(jtiOf(browser)).toBe(jti)
    expect(emulator.sessions).toHaveLength(1)
  })

  it('asks anew with prompt=login, and then gives a new session value and ends the old one', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const before = jtiOf(browser)
    const page = await browser.get(`/login?prompt=login&returnTo=${encodeURIComponent(app)}`)
    expect(page.status).toBe(200)
    expect(jtiOf(browser)).toBe(before)
    const response = await browser.signIn('ana', { prompt: 'login', returnTo: app })
    expect(response.headers.get('location')).toBe(app)
    expect(jtiOf(browser)).not.toBe(before)
    expect(emulator.sessions.map(({ jti }) => jti)).toEqual([jtiOf(browser)])
  })

  it('signs in with Eeze, at the level of a decentralised identifier', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    const response = await browser.post('/login', { eeze: 'dan', returnTo: app })
    expect(response.headers.get('location')).toBe(app)
    expect(decodeJwt(`e30.${browser.cookie('c1_payload')}.`)).toMatchObject({ isMfa: true, isDidAuth: true })
    expect((await browser.post('/login', { eeze: 'ana' })).status).toBe(403)
  })

  it('escapes what it repeats', async () => {
    const emulator = await createEmulator()
    const address = 'http://a.citizen.localhost/?"><script>alert(1)</script>'
    const body = await (
      await createBrowser(emulator).get(`/login?returnTo=${encodeURIComponent(address)}`)
    ).text()
    expect(body).not.toContain('<script>')
  })

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ origin: 'http://benefits.citizen.localhost' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://rebound.example' }],
  ])('does nothing on a form posted from elsewhere: %j', async (headers) => {
    const emulator = await createEmulator()
    const form = { username: 'ana', password: 'ana-password' }
    const response = await createBrowser(emulator).post('/login', form, headers)
    expect(response.status).toBe(403)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(emulator.sessions).toEqual([])
  })

  it('signs nobody in or out on a prefetch', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const headers = { 'sec-purpose': 'prefetch;prerender' }
    for (const path of ['/login', '/logout']) expect((await browser.get(path, headers)).status).toBe(503)
    expect(emulator.sessions).toHaveLength(1)
  })
})

describe('signing out', () => {
  it.each(['GET', 'POST'])(
    'ends the session at once by %s, deletes every cookie, keeps the query',
    async (method) => {
      const emulator = await createEmulator()
      const browser = createBrowser(emulator)
      await browser.signIn('ana')
      const response =
        method === 'GET'
          ? await browser.get(`/logout?returnTo=${encodeURIComponent(app)}`)
          : await browser.post('/logout', { returnTo: app })
      expect([response.status, response.headers.get('location')]).toEqual([303, app])
      expect(response.headers.getSetCookie()).toEqual([
        'c1_header=; Domain=citizen.localhost; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
        'c1_payload=; Domain=citizen.localhost; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax',
        'c1_signature=; Domain=citizen.localhost; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
        'c1_identity=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
      ])
      expect(emulator.sessions).toEqual([])
      expect(browser.names()).toEqual([])
    },
  )

  it('ends the session also where the return address is refused, and stays there', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const response = await browser.get('/logout?returnTo=https%3A%2F%2Fevil.example')
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(emulator.sessions).toEqual([])
  })

  it('ends the session of a browser that has only the shared cookie', async () => {
    const emulator = await createEmulator()
    const cookie = await emulator.cookiesFor('ana')
    await emulator.fetch('/logout', { headers: { cookie } })
    expect(emulator.sessions).toEqual([])
  })
})

describe('the pages of the provider itself', () => {
  it('are signed in and out with the shared cookie', async () => {
    const emulator = await createEmulator()
    const browser = createBrowser(emulator)
    expect(await (await browser.get('/')).text()).toContain('You are not signed in')
    await browser.signIn('ana')
    expect(await (await browser.get('/')).text()).toContain('Hello, Ana Archer')
    browser.forget('c1_payload')
    const response = await browser.get('/')
    expect(await response.text()).toContain('The identity session still lives')
    expect(browser.names()).toEqual(['c1_identity'])
  })

  it('renew the token by themselves, with the same jti, once it is old enough', async () => {
    const emulator = await createEmulator({ renewAfterSeconds: 300, clock: () => 1_800_000_000_000 })
    const browser = createBrowser(emulator)
    await browser.signIn('ana')
    const before = decodeJwt(`e30.${browser.cookie('c1_payload')}.`)
    emulator.travel(299)
    expect((await browser.get('/')).headers.getSetCookie()).toEqual([])
    emulator.travel(2)
    await browser.get('/')
    const after = decodeJwt(`e30.${browser.cookie('c1_payload')}.`)
    expect(after).toEqual({ ...before, iat: (before.iat ?? 0) + 301, exp: (before.exp ?? 0) + 301 })
  })
})
