import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { judgeClocks } from '../../src/cli/doctor/clock.js'
import { judgeTimes } from '../../src/cli/doctor/configuration.js'
import { judgeCookieDomain } from '../../src/cli/doctor/cookie-domain.js'
import { judgeDiscovery } from '../../src/cli/doctor/discovery.js'
import { judgeKeys } from '../../src/cli/doctor/keys.js'
import { judgeProviderCookies, judgeProviderLogin } from '../../src/cli/doctor/provider.js'
import { parseSetCookie } from '../../src/cli/doctor/set-cookie.js'
import { judgeStores } from '../../src/cli/doctor/store.js'
import { judgeGivenToken } from '../../src/cli/doctor/token.js'
import { createProbe, type ProbeAnswer, ProbeError } from '../../src/cli/probe.js'
import { resolveOptions } from '../../src/config/resolve.js'

const now = Date.UTC(2026, 0, 15, 12)

const resolve = (variables: Readonly<Record<string, string>> = {}) =>
  resolveOptions(
    {},
    {
      CITIZEN_IDENTITY_PROVIDER_URL: 'https://id.example.gov',
      CITIZEN_SHARED_COOKIE_DOMAIN: 'example.gov',
      CITIZEN_APPLICATION_ID: 'benefits',
      CITIZEN_APPLICATION_URL: 'https://benefits.example.gov',
      ...variables,
    },
  )

interface Given {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly setCookies?: readonly string[]
  readonly body?: unknown
}

const answer = ({ status = 200, headers = {}, setCookies = [], body }: Given): ProbeAnswer => ({
  url: 'https://id.example.gov/',
  status,
  header: (name) => headers[name],
  setCookies,
  body: typeof body === 'string' ? body : JSON.stringify(body ?? {}),
  isTruncated: false,
  at: now,
})

const codes = (findings: readonly { readonly state: string; readonly code: string }[]) =>
  findings.filter(({ state }) => state !== 'ok').map(({ code }) => code)

function rsa(bits: number, extra: Readonly<Record<string, unknown>> = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', ...extra },
    secret: { ...privateKey.export({ format: 'jwk' }), ...extra },
  }
}
const zeroBefore = (text = '') =>
  Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]).toString('base64url')
const one = rsa(2048, { kid: 'one' })
const weak = rsa(1024, { kid: 'weak' })

describe('the judgement of a key set', () => {
  it.each([
    ['one good key', [one.jwk], []],
    ['a good key among others', [{ kty: 'new' }, weak.jwk, one.jwk], []],
    ['a key of nonsense alone', [{ kty: { toString: 1, valueOf: 1 } }], ['keys-empty']],
    ['a use of nonsense alone', [{ kty: 'RSA', use: { toString: 1, valueOf: 1 } }], ['keys-empty']],
    ['no key at all', [], ['keys-empty']],
    ['a weak key alone', [weak.jwk], ['keys-empty']],
    ['a key for encryption', [{ ...one.jwk, use: 'enc' }], ['keys-empty']],
    ['a key for another algorithm', [{ ...one.jwk, alg: 'PS256' }], ['keys-empty']],
    ['what is no key', [null, 7, 'key'], ['keys-empty']],
    ['a private key', [one.jwk, one.secret], ['keys-private']],
    ['one name for two keys', [one.jwk, rsa(2048, { kid: 'one' }).jwk], ['keys-kid']],
    ['too many keys', Array.from({ length: 65 }, () => one.jwk), ['keys-malformed']],
    ['a leading zero byte', [{ ...one.jwk, n: zeroBefore(one.jwk.n) }], ['keys-encoding']],
    [
      'padding',
      [
        { ...one.jwk, n: `${one.jwk.n}==` },
        { ...one.jwk, kid: 'two' },
      ],
      ['keys-encoding'],
    ],
  ])('of %s', (_, keys, expected) => {
    expect(codes(judgeKeys(answer({ body: { keys } }), resolve()))).toEqual(expected)
  })

  it('says of a key that can be read how it should be written', () => {
    const guide = { ...one.jwk, kid: 'vivoldi-sso-20251008', n: zeroBefore(one.jwk.n) }
    const warning = judgeKeys(answer({ body: { keys: [guide] } }), resolve()).find(
      ({ state }) => state === 'warn',
    )
    expect(warning?.reason).toMatch(/^vivoldi-sso-20251008: n begins with a zero byte: RFC 7518 forbids it/)
    expect(warning?.remedy).toContain('keys jwks --public')
  })

  it('says why each key is of no use', () => {
    const [finding] = judgeKeys(answer({ body: { keys: [weak.jwk, { kid: 'x', kty: 'EC' }] } }), resolve())
    expect(finding?.reason).toContain('weak: RSA of 1024 bits, at least 2048')
    expect(finding?.reason).toContain('x: it is a EC key')
  })

  it.each([
    [undefined, []],
    ['public, max-age=300', []],
    ['no-store', ['keys-cache']],
    ['max-age=0', ['keys-cache']],
  ])('of Cache-Control %j', (control, expected) => {
    const headers: Record<string, string> = control === undefined ? {} : { 'cache-control': control }
    expect(codes(judgeKeys(answer({ headers, body: { keys: [one.jwk] } }), resolve()))).toEqual(expected)
  })

  it('does not follow a redirect, and says where it would lead', () => {
    const headers = { location: 'https://elsewhere.example/' }
    const [finding] = judgeKeys(answer({ status: 302, headers }), resolve())
    expect(finding).toMatchObject({ code: 'keys-status' })
    expect(finding?.reason).toContain('https://elsewhere.example/')
  })
})

describe('the judgement of a discovery document', () => {
  const right = {
    issuer: 'https://id.example.gov',
    jwks_uri: 'https://id.example.gov/api/v1/authentication/.well-known/jwks.json',
    end_session_endpoint: 'https://id.example.gov/logout',
    backchannel_logout_supported: true,
  }

  it('says which logouts are offered', () => {
    const [finding] = judgeDiscovery(answer({ body: right }), resolve(), answer({ status: 404 }))
    expect(finding).toMatchObject({ state: 'ok', code: 'discovery' })
    expect(finding?.reason).toBe(
      'offers end_session_endpoint, no check_session_iframe, backchannel_logout_supported',
    )
  })

  it.each([
    ['another issuer', { ...right, issuer: 'https://id.example.gov/' }, ['discovery-issuer']],
    ['other keys', { ...right, jwks_uri: 'https://id.example.gov/keys' }, ['discovery-keys']],
    ['no document', 'a page', ['discovery']],
    ['a list', [], ['discovery']],
  ])('names %s', (_, body, expected) => {
    expect(codes(judgeDiscovery(answer({ body }), resolve(), answer({ status: 404 })))).toEqual(expected)
  })

  it.each([
    ['has keys', answer({ body: { keys: [one.jwk] } })],
    ['fails', answer({ status: 503 })],
    ['does not answer', new ProbeError('timeout', 'no answer')],
  ])('takes other keys for those of OpenID Connect where the configured address %s', (_, keysAsked) => {
    const body = { ...right, jwks_uri: 'https://id.example.gov/keys' }
    expect(codes(judgeDiscovery(answer({ body }), resolve(), keysAsked))).toEqual([])
  })
})

describe('the judgement of clocks', () => {
  const at = (name: string, seconds: number) => ({
    name,
    visited: answer({ headers: { date: new Date(now + seconds * 1000).toUTCString() } }),
  })

  it.each([
    [0, []],
    [-3, []],
    [12, ['clock-drift']],
    [-32, ['clock-off']],
    [3600, ['clock-off']],
  ])('of a provider that is %d s ahead', (ahead, expected) => {
    expect(codes(judgeClocks([at('provider', ahead), at('application', 0)], 30))).toEqual(expected)
  })

  it('believes a cache how old its answer is', () => {
    const headers = { date: new Date(now - 600_000).toUTCString(), age: '600' }
    expect(codes(judgeClocks([{ name: 'provider', visited: answer({ headers }) }], 30))).toEqual([])
  })

  it('blames this machine only where the others agree with each other', () => {
    expect(codes(judgeClocks([at('provider', 300), at('application', 301)], 30))).toEqual(['clock-here'])
    expect(codes(judgeClocks([at('provider', 300), at('application', -300)], 30))).toEqual([
      'clock-off',
      'clock-off',
    ])
  })

  it('says so where an answer has no date, and is silent where none came', () => {
    const silent = { name: 'application', visited: new ProbeError('refused') }
    expect(codes(judgeClocks([{ name: 'provider', visited: answer({}) }, silent], 30))).toEqual([
      'clock-unknown',
    ])
  })
})

describe('the judgement of times', () => {
  it.each([
    [{}, 1800, []],
    [{}, undefined, ['token-life']],
    [{ CITIZEN_APPLICATION_IDLE_SECONDS: '900' }, 1800, []],
    [{ CITIZEN_APPLICATION_IDLE_SECONDS: '900' }, 1799, ['idle-longer-than-token']],
    [{ CITIZEN_IDENTITY_PROVIDER_REFRESH_AFTER_SECONDS: '300' }, 900, []],
    [{ CITIZEN_IDENTITY_PROVIDER_REFRESH_AFTER_SECONDS: '301' }, 900, ['idle-longer-than-token']],
    [{ CITIZEN_IDENTITY_PROVIDER_REFRESH_AFTER_SECONDS: '900' }, 900, ['refresh-after-token']],
  ] as const)('of %j with a token of %s s', (variables, life, expected) => {
    expect(codes(judgeTimes(resolve(variables), life))).toEqual(expected)
  })

  it.each([
    [{}, 'AAL3'],
    [{ CITIZEN_APPLICATION_IDLE_SECONDS: '901' }, 'AAL2'],
    [{ CITIZEN_APPLICATION_ABSOLUTE_SECONDS: '86400' }, 'AAL2'],
    [{ CITIZEN_APPLICATION_SENSITIVITY: 'public' }, 'AAL1'],
  ])('says the level that %j meets', (variables, level) => {
    expect(judgeTimes(resolve(variables), 1e6)[0]?.reason).toContain(`for ${level}`)
  })

  it('says what an OpenID provider says of the end of a session', () => {
    const said = (saysSessionExpiry: boolean) =>
      judgeTimes(resolve({}), 1e6, [{ issuer: 'https://id.example.gov', saysSessionExpiry }]).at(-1)
    expect(said(true)).toMatchObject({
      state: 'ok',
      code: 'session-expiry',
      target: 'https://id.example.gov',
    })
    expect(said(true)?.reason).toContain('after 43200 s in any case')
    expect(said(false)).toMatchObject({ state: 'skipped', code: 'session-expiry' })
  })
})

describe('the judgement of a base domain', () => {
  it.each([
    ['example.gov', 'registrable'],
    ['apps.example.co.uk', 'registrable'],
    ['me.uk', 'public-suffix'],
    ['blogspot.com', 'public-suffix'],
    ['citizen.localhost', 'registrable'],
  ])('of %s', async (domain, code) => {
    const variables = {
      CITIZEN_SHARED_COOKIE_DOMAIN: domain,
      CITIZEN_IDENTITY_PROVIDER_URL: `https://id.${domain}`,
      CITIZEN_APPLICATION_URL: `https://benefits.${domain}`,
    }
    expect(await judgeCookieDomain(resolve(variables))).toMatchObject({ code })
  })

  it('needs no list where the cookie belongs to one host', async () => {
    const variables = {
      CITIZEN_SHARED_COOKIE_DOMAIN: 'false',
      CITIZEN_APPLICATION_URL: 'https://id.example.gov',
    }
    const never = () => Promise.reject(new Error('loaded'))
    expect(await judgeCookieDomain(resolve(variables), never)).toMatchObject({ code: 'host-only' })
  })
})

describe('the judgement of the provider', () => {
  it.each([
    [200, undefined, 'login'],
    [302, 'https://login.example.gov/form', 'login'],
    [302, '/form', 'login'],
    [302, 'https://benefits.example.gov/session/return?error=1', 'login-loop'],
    [302, 'http://login.example.gov/form', 'login-plain'],
    [404, undefined, 'login-refused'],
    [502, undefined, 'login-status'],
  ])('of a login that answers %d, %s', (status, location, code) => {
    const headers: Record<string, string> = location === undefined ? {} : { location }
    expect(judgeProviderLogin(answer({ status, headers }), resolve())).toMatchObject({ code })
  })

  const none = new ProbeError('refused')
  const lines = (tail: string, names = ['c1_header', 'c1_payload', 'c1_signature']) =>
    names.map((name) => `${name}=x; Path=/; Secure; HttpOnly; SameSite=Lax; ${tail}`)
  it.each([
    ['as configured', lines('Domain=example.gov'), []],
    ['with a dot before the domain, in capitals', lines('domain=.Example.GOV'), []],
    ['none', [], ['shared-cookie-unseen']],
    ['a cookie of its own only', ['session=1; Secure'], ['shared-cookie-unseen']],
    ['others that are set', lines('Domain=example.gov', ['a', 'b', 'c']), ['shared-cookie-unseen']],
    ['others deleted', lines('Domain=example.gov; Max-Age=0', ['a', 'b', 'c']), ['shared-cookie-names']],
    ['one of three', lines('Domain=example.gov', ['c1_header']), ['shared-cookie-names']],
    ['no domain', lines(''), ['shared-cookie-domain']],
    ['a path', lines('Domain=example.gov; Path=/app'), ['shared-cookie-path']],
    ['another SameSite', lines('Domain=example.gov; SameSite=None'), ['shared-cookie-same-site']],
    [
      'without HttpOnly',
      lines('Domain=example.gov').map((line) => line.replace(' HttpOnly;', '')),
      ['shared-cookie-readable'],
    ],
  ])('of shared cookies: %s', (_, setCookies, expected) => {
    const visit = { keys: none, discovery: none, login: answer({ setCookies }), logout: none }
    expect(codes(judgeProviderCookies(visit, resolve()))).toEqual(expected)
  })
})

describe('names of the shared cookie that the provider does not use', () => {
  it.each([
    ['parts of a token', ['x_head', 'x_payload', 'x_signature'], 'fail'],
    ['anything', ['a', 'b', 'c'], 'warn'],
  ])('are certain only where it deletes %s', (_, names, state) => {
    const none = new ProbeError('refused')
    const setCookies = names.map((name) => `${name}=; Domain=example.gov; Max-Age=0; Secure`)
    const visit = { keys: none, discovery: none, login: none, logout: answer({ setCookies }) }
    expect(judgeProviderCookies(visit, resolve())).toMatchObject([{ state, code: 'shared-cookie-names' }])
  })
})

describe('the judgement of a given token', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const parts = (size: number, signatureBytes = size > 4000 ? 2048 : 256) => ({
    header: encode({ alg: 'RS256', kid: 'one' }),
    payload: encode({
      ...{ iss: 'https://id.example.gov', sub: 's', jti: 'j', iat: now / 1000, exp: now / 1000 + 600 },
      ...{ mfaRequired: false, isMfa: false, isDidAuth: false, pad: 'x'.repeat(size) },
    }),
    signature: Buffer.alloc(signatureBytes, 1).toString('base64url'),
  })
  const fetch = async () => Response.json({ keys: [one.jwk] })

  it.each([
    [100, ['token-signature']],
    [2700, ['token-signature']],
    [3000, ['token-signature', 'token-cookie-too-large']],
    [9000, ['token-too-large', 'token-cookie-too-large']],
  ])('with %d characters to spare', async (size, expected) => {
    expect(codes(await judgeGivenToken(parts(size), resolve(), { now, fetch }))).toEqual(expected)
  })

  it('that fits its cookies may still be too much for a proxy', async () => {
    const [, size] = await judgeGivenToken(parts(2700, 2048), resolve(), { now, fetch })
    expect(size).toMatchObject({ state: 'warn', code: 'token-large' })
  })

  it('does not blame the token for keys that cannot be had', async () => {
    const silent = () => Promise.reject(new TypeError('fetch failed'))
    expect(codes(await judgeGivenToken(parts(1), resolve(), { now, fetch: silent }))).toEqual([
      'token-undecided',
    ])
  })
})

describe('the judgement of a store', () => {
  it('names an address that no client can use, in one line and without its password', async () => {
    const variables = {
      CITIZEN_STORE_URL: 'redis+cluster://:open-sesame@127.0.0.1:1/5',
      CITIZEN_APPLICATION_SECRETS: 'a secret of thirty-two bytes or more',
    }
    const [finding] = await judgeStores(resolve(variables))
    expect(finding).toMatchObject({ state: 'fail', code: 'store-client' })
    expect(finding?.reason).toBe('a cluster has no databases: leave the path out')
  })
})

describe('a Set-Cookie line', () => {
  it.each([
    ['a=1', { isDeletion: false, isPersistent: false, isSecure: false, domain: undefined, path: undefined }],
    ['a=; Max-Age=0', { isDeletion: true }],
    ['a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { isDeletion: true }],
    ['a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { isDeletion: false, isPersistent: true }],
    ['a=1; SECURE; httponly; samesite=STRICT', { isSecure: true, isHttpOnly: true, sameSite: 'strict' }],
    ['a=b=c; Path=/x; Path=/y', { value: 'b=c', path: '/y' }],
    ['a=1; Domain=', { domain: undefined }],
  ])('%j', (line, expected) => {
    expect(parseSetCookie(line, now)).toMatchObject(expected)
  })

  it.each(['', '=x', 'nothing'])('%j is none', (line) => {
    expect(parseSetCookie(line, now)).toBeUndefined()
  })
})

describe('a probe', () => {
  it('asks nothing but the origins that it was given, before any name is looked up', async () => {
    const asked: string[] = []
    const probe = createProbe({
      origins: new Set(['https://id.example.gov']),
      clock: () => now,
      lookup: (hostname, _, callback) => {
        asked.push(hostname)
        callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '')
      },
    })
    for (const url of ['https://evil.example/', 'http://id.example.gov/', 'https://id.example.gov:444/']) {
      await expect(probe({ url })).rejects.toMatchObject({ problem: 'not-allowed' })
    }
    expect(asked).toEqual([])
    await expect(probe({ url: 'https://id.example.gov/' })).rejects.toMatchObject({ problem: 'unknown-host' })
    expect(asked).toEqual(['id.example.gov'])
  })
})
