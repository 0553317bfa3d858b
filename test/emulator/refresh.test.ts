import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { createEmulator, type EmulatorOptions, type RefreshAnswerShape } from '../../src/emulator/index.js'

const start = Date.parse('2026-01-01T00:00:00Z')
const create = (options: EmulatorOptions = {}) => createEmulator({ clock: () => start, ...options })

function refresh(emulator: Awaited<ReturnType<typeof create>>, body: unknown, type = 'token') {
  return emulator.fetch(`${emulator.url}/sp/api/v1/authenticate?type=${type}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

describe('the refresh endpoint', () => {
  it('extends the session with the same jti and later times', async () => {
    const emulator = await create()
    const token = await emulator.tokenFor('ana')
    emulator.travel(900)
    const response = await refresh(emulator, { token, refresh: 'true' })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const renewed = decodeJwt(((await response.json()) as { token: string }).token)
    const before = decodeJwt(token)
    expect(renewed).toEqual({
      ...before,
      iat: (before.iat ?? 0) + 900,
      exp: (before.exp ?? 0) + 900,
    })
  })

  it.each([
    ['refresh as a boolean', (token: string) => ({ token, refresh: true })],
    ['no refresh', (token: string) => ({ token })],
    ['refresh "false"', (token: string) => ({ token, refresh: 'false' })],
    ['no token', () => ({ refresh: 'true' })],
    ['a token that is no string', () => ({ token: 1, refresh: 'true' })],
    ['an array', () => []],
    ['null', () => null],
    ['no JSON', () => 'token=1&refresh=true'],
  ])('answers 400 to %s', async (_, body) => {
    const emulator = await create()
    expect((await refresh(emulator, body(await emulator.tokenFor('ana')))).status).toBe(400)
  })

  it('answers 400 to another type and another content type', async () => {
    const emulator = await create()
    const body = { token: await emulator.tokenFor('ana'), refresh: 'true' }
    expect((await refresh(emulator, body, 'password')).status).toBe(400)
    const response = await emulator.fetch('/sp/api/v1/authenticate?type=token', {
      method: 'POST',
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(400)
  })

  it('answers 413 to a body beyond its limit', async () => {
    const emulator = await create()
    expect((await refresh(emulator, { token: 'x'.repeat(20_000), refresh: 'true' })).status).toBe(413)
  })

  it('refuses a token whose session was revoked, has gone idle, or reached its end', async () => {
    const emulator = await create({ idleSeconds: 1800, sessionSeconds: 4000 })
    const revoked = await emulator.tokenFor('ana')
    expect(emulator.revoke('ana')).toBe(1)
    expect((await refresh(emulator, { token: revoked, refresh: 'true' })).status).toBe(401)

    const idle = await emulator.tokenFor('ana')
    emulator.travel(1801)
    expect((await refresh(emulator, { token: idle, refresh: 'true' })).status).toBe(401)

    let token = await emulator.tokenFor('ana')
    const { exp: limit } = { exp: Math.floor(emulator.clock() / 1000) + 4000 }
    for (let at = 0; at < 3; at += 1) {
      emulator.travel(1200)
      token = ((await (await refresh(emulator, { token, refresh: 'true' })).json()) as { token: string })
        .token
    }
    expect(decodeJwt(token).exp).toBe(limit)
    emulator.travel(401)
    expect((await refresh(emulator, { token, refresh: 'true' })).status).toBe(401)
  })

  it('refuses a token of a stranger, of another issuer, and with the algorithm none', async () => {
    const emulator = await create()
    const claims = decodeJwt(await emulator.tokenFor('ana'))
    const tokens = [
      await emulator.signToken(claims, { key: 'stranger' }),
      await emulator.signToken({ ...claims, iss: 'http://other.localhost' }),
      await emulator.signToken(claims, { alg: 'none' }),
      await emulator.signToken(claims, { alg: 'HS256' }),
      await emulator.signToken({ ...claims, sub: 'somebody else' }),
      'no token',
    ]
    for (const token of tokens) {
      expect((await refresh(emulator, { token, refresh: 'true' })).status).toBe(401)
    }
    expect(
      (await refresh(emulator, { token: await emulator.signToken(claims), refresh: 'true' })).status,
    ).toBe(200)
  })

  it.each<RefreshAnswerShape>(['token', 'authToken', 'access_token', 'jwt'])(
    'can answer as %s',
    async (shape) => {
      const emulator = await create({ refreshAnswer: shape })
      const response = await refresh(emulator, { token: await emulator.tokenFor('ana'), refresh: 'true' })
      expect(Object.keys((await response.json()) as object)).toEqual([shape])
    },
  )

  it('can answer with cookies, or with nothing', async () => {
    const emulator = await create({ refreshAnswer: 'cookies' })
    const token = await emulator.tokenFor('ana')
    const lines = (await refresh(emulator, { token, refresh: 'true' })).headers.getSetCookie()
    expect(lines.map((line) => line.split('=')[0])).toEqual(['c1_header', 'c1_payload', 'c1_signature'])
    emulator.setRefreshAnswer('empty')
    const response = await refresh(emulator, { token, refresh: 'true' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('can refuse a token that has been renewed since', async () => {
    const emulator = await create({ acceptsOlderTokens: false })
    const older = await emulator.tokenFor('ana')
    emulator.travel(60)
    expect((await refresh(emulator, { token: older, refresh: 'true' })).status).toBe(200)
    expect((await refresh(emulator, { token: older, refresh: 'true' })).status).toBe(401)
  })
})

describe('tokens and keys', () => {
  it('carries exactly the claims of CitizenOne, with the kinds of each level', async () => {
    const emulator = await create()
    const rows = [
      ['ana', undefined, { mfaRequired: false, isMfa: false, isDidAuth: false }],
      ['ben', 'password', { mfaRequired: true, isMfa: false, isDidAuth: false }],
      ['ben', undefined, { mfaRequired: true, isMfa: true, isDidAuth: false }],
      ['dan', undefined, { mfaRequired: false, isMfa: true, isDidAuth: true }],
    ] as const
    for (const [username, level, kind] of rows) {
      const token = await emulator.tokenFor(username, { level })
      const claims = decodeJwt(token)
      expect(Object.keys(claims).sort()).toEqual(
        ['mfaRequired', 'isMfa', 'isDidAuth', 'exp', 'jti', 'iat', 'iss', 'sub'].sort(),
      )
      expect(claims).toMatchObject({
        ...kind,
        iss: emulator.issuer,
        iat: start / 1000,
        exp: start / 1000 + 1800,
      })
      expect(claims.sub).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: emulator.jwks().keys[0]?.kid })
    }
    const other = await create()
    expect(decodeJwt(await other.tokenFor('ana')).sub).toBe(decodeJwt(await emulator.tokenFor('ana')).sub)
  })

  it('publishes its keys with cache headers and without private parts', async () => {
    const emulator = await create({ jwksMaxAgeSeconds: 60 })
    const response = await emulator.fetch('/api/v1/authentication/.well-known/jwks.json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=60')
    const { keys } = (await response.json()) as { keys: Record<string, unknown>[] }
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
  })

  it('rotates: published first, then used; old ones stay unless dropped', async () => {
    const emulator = await create()
    const kids = () => emulator.jwks().keys.map((key) => key.kid)
    const [first] = kids()
    const next = await emulator.rotateKeys({ publishOnly: true })
    expect(kids()).toEqual([next, first])
    const old = await emulator.tokenFor('ana')
    expect(decodeProtectedHeader(old).kid).toBe(first)
    expect(await emulator.rotateKeys()).toBe(next)
    expect(decodeProtectedHeader(await emulator.tokenFor('ana')).kid).toBe(next)
    expect((await refresh(emulator, { token: old, refresh: 'true' })).status).toBe(200)
    const last = await emulator.rotateKeys({ dropOld: true, kid: 'mine' })
    expect(kids()).toEqual([last])
    expect((await refresh(emulator, { token: old, refresh: 'true' })).status).toBe(401)
  })

  it('signs odd tokens as they are asked for', async () => {
    const emulator = await create()
    const none = await emulator.signToken({ sub: 'x' }, { alg: 'none', kid: null })
    expect(none.endsWith('.')).toBe(true)
    expect(decodeProtectedHeader(none)).toEqual({ alg: 'none', typ: 'JWT' })
    const odd = await emulator.signToken(
      {},
      { header: { typ: 'logout+jwt', crit: ['exp'], exp: 1 }, kid: 'other' },
    )
    expect(decodeProtectedHeader(odd)).toEqual({
      alg: 'RS256',
      kid: 'other',
      typ: 'logout+jwt',
      crit: ['exp'],
      exp: 1,
    })
  })
})
