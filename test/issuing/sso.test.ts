import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Hono } from 'hono'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Citizen } from '../../src/citizen.js'
import { createSsoIssuer, type SsoIssuerOptions } from '../../src/issuing/issuer.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import type { Mounted } from '../../src/issuing/mount.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import type { HandOverOptions } from '../../src/issuing/sso-form.js'
import { refreshOf } from '../support/browser.js'
import { citizen, createTestClock, rotateQuickly, rsaKey } from './world.js'

const require = createRequire(import.meta.url)
const own = 'https://benefits.example.gov'
const partner: HandOverOptions = { url: 'https://vivoldi.example/sso/login' }

async function setUp(options: Partial<SsoIssuerOptions> = {}) {
  const time = createTestClock()
  const keys = createKeyRing({ storage: memoryKeys(), name: 'vivoldi-sso', clock: time.clock })
  await rotateQuickly(keys, { privateKey: rsaKey(0) })
  const issuer = createSsoIssuer({
    keys,
    issuer: 'org-7f3a',
    audience: 'vivoldi:enterprise',
    applicationUrl: own,
    clock: time.clock,
    ...options,
  })
  return { ...time, keys, issuer }
}

/** A request as a browser sends it, and the answer. */
function ask(
  mounted: Mounted,
  method: string,
  headers: Record<string, string> = {},
  who: Citizen = citizen(),
) {
  return mounted.web(new Request(`${own}/to-vivoldi`, { method, headers }), { citizen: who })
}

const click = { 'sec-fetch-site': 'same-origin' }
const tokenIn = (page: string) => /name="token" value="([^"]+)"/.exec(page)?.[1] ?? ''

describe('a token', () => {
  it('has a short life, its own jti, the claims that were chosen, and nothing else', async () => {
    const { issuer, clock } = await setUp({
      claims: ({ claims }) => ({ email: claims.email, department: undefined }),
    })
    const token = await issuer.issue(citizen('ana', { email: 'ana@example.gov', birthday: '1990-01-01' }))
    const iat = clock() / 1000
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', kid: 'vivoldi-sso-20251008', typ: 'JWT' })
    const { jti, ...claims } = decodeJwt(token)
    expect(claims).toEqual({
      iss: 'org-7f3a',
      aud: 'vivoldi:enterprise',
      sub: 'ana',
      iat,
      exp: iat + 60,
      email: 'ana@example.gov',
    })
    expect(jti).toMatch(/^[\w-]{22}$/)
    expect(decodeJwt(await issuer.issue(citizen())).jti).not.toBe(jti)
  })

  it('takes its subject from where the application says', async () => {
    const { issuer } = await setUp({ subject: async ({ claims }) => `user-${claims.sub}` })
    expect(decodeJwt(await issuer.issue(citizen('ana'))).sub).toBe('user-ana')
  })

  it.each(['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'nbf'])('JWT-03 keeps %s to itself', async (name) => {
    const { issuer } = await setUp({ claims: () => ({ [name]: 1 }) })
    await expect(issuer.issue(citizen())).rejects.toMatchObject({ code: 'usage' })
  })

  it('is not made where it would be too large, live too long, or be nobody', async () => {
    const cases: Readonly<Record<string, () => unknown>>[] = [
      { claims: () => ({ much: 'a'.repeat(8_192) }) },
      ...[[1], null, 'ana'].map((claims) => ({ claims: () => claims })),
      ...['', undefined, 7, 'a'.repeat(257)].map((subject) => ({ subject: () => subject })),
    ]
    for (const options of cases)
      await expect(
        (await setUp(options as Partial<SsoIssuerOptions>)).issuer.issue(citizen()),
      ).rejects.toMatchObject({ code: 'usage' })
    const { keys } = await setUp()
    await rotateQuickly(keys, { tokenSeconds: 30 })
    const late = createSsoIssuer({
      keys,
      issuer: 'a',
      audience: 'b',
      applicationUrl: own,
      lifetimeSeconds: 60,
    })
    await expect(late.issue(citizen())).rejects.toThrow(/keys rotate --token-seconds/)
  })

  it.each<Citizen>([
    { state: 'anonymous', reason: 'not-signed-in' } as Citizen,
    { state: 'mfa-required' } as Citizen,
    { state: 'unavailable', reason: 'store' } as Citizen,
  ])('is for nobody who is not signed in: %j', async (who) => {
    const { issuer } = await setUp()
    await expect(issuer.issue(who)).rejects.toMatchObject({ code: 'not-active', status: 401 })
    for (const method of ['GET', 'POST'])
      expect((await ask(issuer.ssoRedirect(partner), method, click, who)).status).toBe(401)
  })

  it.each<[Readonly<Record<string, unknown>>, RegExp?]>([
    [{ issuer: '' }],
    [{ issuer: undefined }, /issuer and audience/],
    [{ audience: '' }],
    [{ audience: undefined }, /issuer and audience/],
    [{ audience: [] }],
    [{ audience: ['vivoldi', undefined] }],
    [{ lifetimeSeconds: 0 }],
    [{ lifetimeSeconds: 301 }],
    [{ applicationUrl: 'benefits' }],
    [{ applicationUrl: undefined }, /applicationUrl/],
  ])('cannot be configured as %j', async (options, message = /./) => {
    const made = setUp(options as Partial<SsoIssuerOptions>)
    await expect(made).rejects.toThrow(TypeError)
    await expect(made).rejects.toThrow(message)
  })
})

describe('the hand-over', () => {
  it('FLD-02 is a form that sends itself, under a policy that lets it go wherever the partner leads on to', async () => {
    const { issuer } = await setUp()
    const response = await ask(issuer.ssoRedirect({ ...partner, fields: { org: '7' } }), 'POST', click)
    const page = await response.text()
    expect(response.status).toBe(200)
    expect(page).toContain('<form method="post" action="https://vivoldi.example/sso/login">')
    expect(page).toContain('<input type="hidden" name="org" value="7">')
    expect(decodeJwt(tokenIn(page)).sub).toBe('ana')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('referrer-policy')).toBe('strict-origin')
  })

  it('makes one token a click', async () => {
    const { issuer } = await setUp()
    const handler = issuer.ssoRedirect(partner)
    const pages = await Promise.all([ask(handler, 'POST', click), ask(handler, 'POST', click)])
    const tokens = await Promise.all(pages.map(async (page) => decodeJwt(tokenIn(await page.text())).jti))
    expect(new Set(tokens).size).toBe(2)
  })

  it('FLD-02 is a page that goes on by itself where the partner wants an address, with its own parameter', async () => {
    const { issuer } = await setUp()
    const url = 'https://vivoldi.example/sso?org=7'
    const handler = issuer.ssoRedirect({ url, delivery: 'redirect', parameter: 'jwt' })
    const response = await ask(handler, 'POST', click)
    expect(response.status).toBe(200)
    const target = new URL(refreshOf(await response.text()) ?? '')
    expect([target.origin, target.pathname, target.searchParams.get('org')]).toEqual([
      'https://vivoldi.example',
      '/sso',
      '7',
    ])
    expect(decodeJwt(target.searchParams.get('jwt') ?? '').sub).toBe('ana')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it.each<[string, string, Record<string, string>, number]>([
    ['a GET', 'GET', click, 200],
    ['a GET from another site', 'GET', { 'sec-fetch-site': 'cross-site' }, 200],
    ['a POST of another site', 'POST', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a POST of a sibling', 'POST', { 'sec-fetch-site': 'same-site' }, 403],
    [
      'a POST of a sibling that names our origin',
      'POST',
      { 'sec-fetch-site': 'same-site', origin: own },
      403,
    ],
    ['a POST of nobody', 'POST', {}, 403],
    ['an old browser on another site', 'POST', { origin: 'https://evil.example' }, 403],
    ['a sandboxed page', 'POST', { origin: 'null' }, 403],
  ])('shows %s a page with a button and no token', async (_name, method, headers, status) => {
    const { issuer } = await setUp()
    for (const delivery of ['form', 'redirect'] as const) {
      const response = await ask(issuer.ssoRedirect({ ...partner, delivery }), method, headers)
      const page = await response.text()
      expect(response.status).toBe(status)
      expect(page).toContain('<form method="post"><button class="primary">Continue</button></form>')
      expect(page).not.toContain('eyJ')
      expect(response.headers.get('location')).toBeNull()
      expect(response.headers.get('content-security-policy')).toContain("form-action 'self';")
    }
  })

  it('takes a POST with our Origin from a browser that says no more', async () => {
    const { issuer } = await setUp()
    expect((await ask(issuer.ssoRedirect(partner), 'POST', { origin: own })).status).toBe(200)
    expect((await ask(issuer.ssoRedirect(partner), 'DELETE', click)).status).toBe(405)
  })

  it('speaks French where that is wanted, and any texts, escaped', async () => {
    const { issuer } = await setUp()
    const french = await ask(issuer.ssoRedirect(partner), 'GET', { 'accept-language': 'fr-CA,en;q=0.5' })
    expect(await french.text()).toContain('<html lang="fr">')
    const weighed = await ask(issuer.ssoRedirect(partner), 'GET', { 'accept-language': 'en;q=0.5, fr' })
    expect(await weighed.text()).toContain('<html lang="fr">')
    const texts = { language: 'de', title: '<script>', explanation: 'a"b', button: '&' }
    const own = await (await ask(issuer.ssoRedirect({ ...partner, texts }), 'GET')).text()
    expect(own).toContain('&lt;script&gt;')
    expect(own).not.toContain('<script>')
  })

  it.each<[Partial<HandOverOptions>]>([
    [{ url: 'http://vivoldi.example/' }],
    [{ url: '/sso' }],
    [{ url: 'javascript:alert(1)' }],
    [{ url: 'https://user@vivoldi.example/' }],
    [{ url: 'https://vivoldi.example/#a' }],
    [{ url: 'https://vivoldi.example/?token=1' }],
    [{ url: "https://vivoldi.example;script-src'/" }],
    [{ parameter: 'a b' }],
    [{ fields: { token: 'x' } }],
    [{ fields: { '"': 'x' } }],
    [{ method: 'GET', url: 'https://vivoldi.example/?a=1' }],
  ])('refuses %j when it is made', async (options) => {
    const { issuer } = await setUp()
    expect(() => issuer.ssoRedirect({ ...partner, ...options })).toThrow(TypeError)
  })
})

describe('the key set', () => {
  const path = '/.well-known/jwks.json'

  it('JWT-18 may be kept for as long as the rotation allows, and answers 304 until it changes', async () => {
    const { issuer, keys, travel } = await setUp()
    const handler = issuer.jwks()
    const get = (headers: Record<string, string> = {}, method = 'GET') =>
      handler.web(new Request(`${own}${path}`, { method, headers }))
    const first = await get()
    expect(first.headers.get('content-type')).toBe('application/json')
    expect(first.headers.get('cache-control')).toBe('public, max-age=3600, must-revalidate')
    const etag = first.headers.get('etag') ?? ''
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get({ 'if-none-match': condition })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
      expect(again.headers.get('cache-control')).toContain('max-age=3600')
    }
    await rotateQuickly(keys)
    const changed = await get({ 'if-none-match': etag })
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
    expect(((await changed.json()) as { keys: unknown[] }).keys).toHaveLength(2)
    travel(86_400)
    expect((await get({}, 'HEAD')).status).toBe(200)
    expect((await get({}, 'POST')).status).toBe(405)
  })

  it('JWT-11 never holds a private part, whatever the state of the ring holds', async () => {
    const { issuer } = await setUp()
    const text = await (await issuer.jwks().web(new Request(`${own}${path}`))).text()
    const { d = '', p = '', q = '' } = rsaKey(0).export({ format: 'jwk' })
    for (const part of [d, p, q]) expect(text.includes(part)).toBe(false)
    const { keys } = JSON.parse(text) as { keys: object[] }
    expect(keys.map((key) => Object.keys(key))).toEqual([['kty', 'use', 'kid', 'alg', 'n', 'e']])
  })

  it('is 503 where the ring cannot be read, and is not kept', async () => {
    const storage = { ...memoryKeys(), read: () => Promise.reject(new Error('down')) }
    const keys = createKeyRing({ storage })
    const issuer = createSsoIssuer({ keys, issuer: 'a', audience: 'b', applicationUrl: own })
    const response = await issuer.jwks().web(new Request(`${own}${path}`))
    expect(response.status).toBe(503)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('retry-after')).toBe('5')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.json()).toEqual({ status: 503, code: 'keys-unavailable' })
  })
})

describe('in a framework', () => {
  type Fetch = (path: string, init?: RequestInit) => Promise<Response>
  type Pair = { jwks: Mounted; redirect: Mounted }
  const who = (headers: { get(name: string): string | null | undefined }): Citizen =>
    headers.get('x-who') ? citizen('ana') : ({ state: 'anonymous', reason: 'not-signed-in' } as Citizen)

  async function listen(handler: RequestListener): Promise<Fetch> {
    const server = createServer(handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
  }

  const onExpress =
    (make: typeof express) =>
    async ({ jwks, redirect }: Pair) => {
      const app = make()
      app.set('env', 'test')
      app.use((request, _response, next) => {
        Object.assign(request, { citizen: who({ get: (name) => request.get(name) }) })
        next()
      })
      app.get('/.well-known/jwks.json', jwks.node)
      app.all('/to-vivoldi', redirect.node)
      return listen(app)
    }

  const onKoa =
    (make: typeof Koa) =>
    async ({ jwks, redirect }: Pair) => {
      const app = new make()
      app.silent = true
      app.use(async (context) => {
        context.state.citizen = who({ get: (name) => context.get(name) })
        await (context.path === '/to-vivoldi' ? redirect : jwks).koa(context)
      })
      const handle = app.callback()
      return listen((request, response) => void handle(request, response))
    }

  const onHono = async ({ jwks, redirect }: Pair): Promise<Fetch> => {
    const app = new Hono()
    app.get('/.well-known/jwks.json', (context) => jwks.web(context.req.raw))
    app.all('/to-vivoldi', ({ req }) => redirect.web(req.raw, { citizen: who(req.raw.headers) }))
    return async (path, init) => app.request(path, init)
  }

  const onNode = async ({ jwks, redirect }: Pair) =>
    listen((request, response) => {
      const header = (name: string) => request.headers[name]?.toString()
      Object.assign(request, { citizen: who({ get: header }) })
      const handler = request.url === '/to-vivoldi' ? redirect : jwks
      handler.node(request, response)
    })

  it.each<[string, (pair: Pair) => Promise<Fetch>]>([
    ['Express 5', onExpress(express)],
    ['Express 4', onExpress(require('express4') as typeof express)],
    ['Koa 3', onKoa(Koa)],
    ['Koa 2', onKoa(require('koa2') as typeof Koa)],
    ['Hono', onHono],
    ['node:http', onNode],
  ])('%s serves the key set and the hand-over', async (_name, serve) => {
    const { issuer } = await setUp()
    const get = await serve({ jwks: issuer.jwks(), redirect: issuer.ssoRedirect(partner) })
    const set = await get('/.well-known/jwks.json')
    expect(set.headers.get('content-type')).toContain('application/json')
    expect(((await set.json()) as { keys: { kid: string }[] }).keys[0]?.kid).toBe('vivoldi-sso-20251008')
    const etag = set.headers.get('etag') ?? ''
    const same = await get('/.well-known/jwks.json', { headers: { 'if-none-match': etag } })
    expect([same.status, await same.text()]).toEqual([304, ''])
    const head = await get('/.well-known/jwks.json', { method: 'HEAD' })
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag])
    expect(
      (await get('/.well-known/jwks.json', { method: 'HEAD', headers: { 'if-none-match': etag } })).status,
    ).toBe(304)

    const post = { method: 'POST', body: new URLSearchParams({ a: 'b' }) }
    const done = await get('/to-vivoldi', { ...post, headers: { ...click, 'x-who': 'ana' } })
    expect(done.status).toBe(200)
    expect(decodeJwt(tokenIn(await done.text())).sub).toBe('ana')
    const forged = await get('/to-vivoldi', {
      ...post,
      headers: { 'sec-fetch-site': 'cross-site', 'x-who': 'ana' },
    })
    expect([forged.status, tokenIn(await forged.text())]).toEqual([403, ''])
    const nobody = await get('/to-vivoldi', { ...post, headers: click })
    expect([nobody.status, tokenIn(await nobody.text())]).toEqual([401, ''])
  })
})
