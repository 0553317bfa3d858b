import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.js'

const start = Date.parse('2026-01-01T00:00:00Z')

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('createEmulator', () => {
  it('makes cookies of a signed-in person in one call', async () => {
    const emulator = await createEmulator()
    const cookie = await emulator.cookiesFor('ana')
    const token = cookie
      .split('; ')
      .map((pair) => pair.slice(pair.indexOf('=') + 1))
      .join('.')
    expect(cookie).toMatch(/^c1_header=[\w-]+; c1_payload=[\w-]+; c1_signature=[\w-]+$/)
    expect(emulator.cookieHeader(token)).toBe(cookie)
    expect(emulator.sessions).toMatchObject([{ username: 'ana', jti: decodeJwt(token).jti }])
    const home = await emulator.fetch('/', { headers: { cookie } })
    expect(await home.text()).toContain('Hello, Ana Archer')
  })

  it('makes the next token of a session, as the provider does by itself', async () => {
    const emulator = await createEmulator({ clock: () => start })
    const first = decodeJwt(await emulator.tokenFor('ana'))
    emulator.travel(100)
    const second = decodeJwt(await emulator.tokenFor('ana', { session: first.jti }))
    expect(second).toEqual({ ...first, iat: (first.iat ?? 0) + 100, exp: (first.exp ?? 0) + 100 })
    await expect(emulator.tokenFor('ben', { session: first.jti })).rejects.toMatchObject({ code: 'emulator' })
    await expect(emulator.tokenFor('eve')).rejects.toMatchObject({
      code: 'emulator',
      message: expect.stringContaining('ana, ben, cleo, dan'),
    })
  })

  it('revokes by session value and by username', async () => {
    const emulator = await createEmulator()
    const { jti = '' } = decodeJwt(await emulator.tokenFor('ana'))
    await emulator.tokenFor('ben')
    await emulator.tokenFor('ben')
    expect([emulator.revoke(jti), emulator.revoke('ben'), emulator.revoke('ben')]).toEqual([1, 2, 0])
    expect(emulator.sessions).toEqual([])
  })

  it('forgets everything but keys on reset', async () => {
    const emulator = await createEmulator({ clock: () => start })
    const keys = emulator.jwks()
    await emulator.cookiesFor('ana')
    await emulator.fetch('/login')
    emulator.travel(10)
    emulator.faults.set({ down: true })
    emulator.reset()
    expect(emulator.sessions).toEqual([])
    expect(emulator.requests.login).toBe(0)
    expect(emulator.clock()).toBe(start)
    expect(emulator.faults.settings.down).toBe(false)
    expect(emulator.jwks()).toEqual(keys)
  })

  it.each(['production', ' production', 'production\n'])(
    'HLD-23 does not start in production: %j',
    async (value) => {
      vi.stubEnv('NODE_ENV', value)
      await expect(createEmulator()).rejects.toMatchObject({ code: 'emulator' })
    },
  )

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.gov', 'localhost.example.gov', ''])(
    'HLD-23 listens where other machines reach it only when told: %j',
    async (host) => {
      await expect(createEmulator({ host })).rejects.toMatchObject({
        code: 'emulator',
        message: expect.stringContaining('remote'),
      })
      await (await createEmulator({ host, remote: true })).close()
    },
  )

  it.each<[string, EmulatorOptions]>([
    ['an unknown option', { prot: 4000 } as EmulatorOptions],
    ['a url that is no origin', { url: 'http://id.citizen.localhost/sub' }],
    ['a domain that the url is not below', { domain: 'example.gov' }],
    ['a domain with a leading dot', { domain: '.citizen.localhost' }],
    ['a domain of one label', { url: 'http://localhost:1', domain: 'localhost' }],
    ['a port beyond the range', { port: 65_536 }],
    ['a negative life', { tokenSeconds: -1 }],
    ['two cookies of one name', { cookieNames: { header: 'a', payload: 'a' } }],
    ['fewer iterations than are approved', { hashingCost: 999 }],
    ['half an iteration', { hashingCost: 1000.5 }],
    ['an unknown answer', { refreshAnswer: 'xml' as 'token' }],
    ['a return origin with a path', { allowedReturnOrigins: ['https://a.example/x'] }],
    ['a person twice', { people: [1, 2].map(() => ({ username: 'a', password: 'b' })) }],
    ['a username with blanks', { people: [{ username: 'a b', password: 'b' }] }],
    ['a person without a password', { people: [{ username: 'a', password: '' }] }],
  ])('refuses %s', async (_, options) => {
    await expect(createEmulator(options)).rejects.toMatchObject({ code: 'emulator' })
  })

  it('takes other people, names and no domain', async () => {
    const emulator = await createEmulator({
      url: 'http://localhost:4000',
      domain: false,
      cookieNames: { header: 'h', payload: 'p', signature: 's' },
      people: [{ username: 'zoe', password: 'pw', sub: 'zoe-1' }],
    })
    const form = new URLSearchParams({ username: 'zoe', password: 'pw' })
    const response = await emulator.fetch('/login', { method: 'POST', body: form, redirect: 'manual' })
    expect(response.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, ''))).toEqual([
      'h; Path=/; HttpOnly; SameSite=Lax',
      'p; Path=/; SameSite=Lax',
      's; Path=/; HttpOnly; SameSite=Lax',
      'c1_identity; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect(decodeJwt(await emulator.tokenFor('zoe')).sub).toBe('zoe-1')
  })
})

describe('emulator.fetch', () => {
  it('follows redirects of its own unless told otherwise, and rejects what is not its own', async () => {
    const emulator = await createEmulator()
    const cookie = await emulator.cookiesFor('ana')
    const headers = { cookie }
    expect((await emulator.fetch('/login', { headers, redirect: 'manual' })).status).toBe(303)
    expect(await (await emulator.fetch('/login', { headers })).text()).toContain('Hello, Ana')
    await expect(emulator.fetch('/login', { headers, redirect: 'error' })).rejects.toThrow(TypeError)
    await expect(emulator.fetch('http://other.localhost/')).rejects.toThrow(TypeError)
    const away = `/login?returnTo=${encodeURIComponent('http://app.citizen.localhost/')}`
    await expect(emulator.fetch(away, { headers })).rejects.toThrow(TypeError)
  })

  it('takes a Request and a URL as well', async () => {
    const emulator = await createEmulator()
    const url = new URL('/login', emulator.url)
    expect((await emulator.fetch(url)).status).toBe(200)
    expect((await emulator.fetch(new Request(url))).status).toBe(200)
    expect(emulator.requests.login).toBe(2)
  })

  it('answers 404 and 405 as a server does', async () => {
    const emulator = await createEmulator()
    expect((await emulator.fetch('/nowhere')).status).toBe(404)
    const response = await emulator.fetch('/sp/api/v1/authenticate?type=token')
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await emulator.fetch('/login', { method: 'HEAD' })).status).toBe(405)
    expect((await emulator.fetch('/login', { method: 'POST', body: '{}' })).status).toBe(415)
  })
})
