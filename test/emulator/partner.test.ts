import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createKeyRing, createSsoIssuer, pemKeys, type SsoIssuer } from '../../src/issuing/sso.js'
import { citizen, openssl, rsaKey } from '../issuing/world.js'

const kid = 'vivoldi-sso-20251008'
const privatePem = (index = 0) => rsaKey(index).export({ format: 'pem', type: 'pkcs8' }).toString()
const publicPem = (index = 0) => openssl(['rsa', '-pubout'], privatePem(index)).toString()
const withExponent = (e: string) =>
  createPublicKey({ key: { kty: 'RSA', n: jwkOf().n ?? '', e }, format: 'jwk' })
const jwkOf = (index = 0) => {
  const { n, e } = createPublicKey(rsaKey(index)).export({ format: 'jwk' })
  return { kty: 'RSA', use: 'sig', kid, alg: 'RS256', n, e }
}

let emulator: Emulator
let issuer: SsoIssuer
let ana: string
/** What the issuer's address answers. */
let published: () => Response | Promise<Response>
const keySetUrl = 'https://benefits.example.gov/.well-known/jwks.json'
const fetched: string[] = []

const issuerFor = (changes: { issuer?: string; audience?: string; index?: number } = {}) => {
  const privateKey = { load: () => privatePem(changes.index) }
  const keys = createKeyRing({ storage: pemKeys({ keys: [{ kid, privateKey }] }), clock: emulator.clock })
  const { issuer, audience } = { ...emulator.partner, ...changes }
  return createSsoIssuer({
    keys,
    issuer,
    audience,
    applicationUrl: 'https://benefits.example.gov',
    clock: emulator.clock,
  })
}
const tokenFor = (sub = ana, from = issuer) => from.issue(citizen(sub))

beforeAll(async () => {
  emulator = await createEmulator({
    url: 'http://id.citizen.localhost:4000',
    partner: { host: 'partner.localhost' },
    fetch: async (input) => {
      fetched.push(String(input))
      return published()
    },
  })
  ana = emulator.people.find(({ username }) => username === 'ana')?.sub ?? ''
  issuer = issuerFor()
})
beforeEach(() => {
  emulator.reset()
  fetched.length = 0
  published = () => Response.json({ keys: [jwkOf()] })
})

const partnerSite = 'http://partner.localhost:4000'

interface Given {
  readonly form?: Readonly<Record<string, string>>
  readonly upload?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as a browser makes it from the partner's own pages. */
function visit(path: string, { form, upload, headers = {} }: Given = {}) {
  const own = { 'sec-fetch-site': 'same-origin', origin: partnerSite, ...headers }
  if (form === undefined && upload === undefined) return emulator.fetch(emulator.url + path, { headers })
  return emulator.fetch(emulator.url + path, {
    method: 'POST',
    headers: own,
    body: form ? new URLSearchParams(form) : fileForm(upload ?? {}),
    redirect: 'manual',
  })
}

function fileForm({ public: pem = '', ...texts }: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  form.append('public', new Blob([pem]), 'sso_public.pem')
  for (const [name, value] of Object.entries(texts)) form.append(name, value)
  return form
}
const [dashboard, users, signIn] = ['/partner/developer/sso', '/partner/settings/users', '/partner/sso/login']
const upload = (pem: string, name = kid) =>
  visit(dashboard, { upload: { do: 'upload', public: pem, kid: name } })
/** As a form of the issuer's page hands it over. */
const handOver = (token: string) =>
  visit(signIn, {
    form: { token },
    headers: { 'sec-fetch-site': 'cross-site', origin: 'https://benefits.example.gov' },
  })
const register = (sub = ana, name = 'Ana at the partner') => visit(users, { form: { sub, name } })

describe('issuer and audience', () => {
  it('are generated, another pair for each, and shown with the address of the sign-in', async () => {
    const page = await (await visit(dashboard)).text()
    const { issuer, audience, ssoUrl, dashboardUrl } = emulator.partner
    expect([ssoUrl, dashboardUrl]).toEqual([partnerSite + signIn, partnerSite + dashboard])
    for (const shown of [issuer, audience, ssoUrl]) expect(page).toContain(shown)
    expect(page).toContain(`export SSO_ISSUER=${issuer} SSO_AUDIENCE=${audience}`)
    const other = await createEmulator({ partner: {} })
    expect(other.partner.issuer).toMatch(/^org-[0-9a-f]{12}$/)
    expect([issuer, audience]).not.toContain(other.partner.issuer)
    expect([issuer, audience]).not.toContain(other.partner.audience)
    expect(new URL(other.partner.ssoUrl).origin).toBe(other.url)
  })

  it('can be given, and what cannot be is refused', async () => {
    const { partner } = await createEmulator({ partner: { issuer: 'org-7f3a', audience: 'vivoldi' } })
    expect([partner.issuer, partner.audience]).toEqual(['org-7f3a', 'vivoldi'])
    for (const wrong of [
      { issuer: '' },
      { audience: 'a b' },
      { host: 'http://a' },
      { jwksUrl: 'http://a.example/jwks' },
      { users: [{ sub: '' }] },
    ])
      await expect(createEmulator({ partner: wrong })).rejects.toMatchObject({ code: 'emulator' })
    await expect(createEmulator({ partner: { key: 1 } as object })).rejects.toThrow(
      '"key" is unknown; there are host',
    )
    await expect(async () => (await createEmulator()).partner).rejects.toThrow('give the option partner')
  })
})

describe('the dashboard', () => {
  it.each<[string, () => string]>([
    ['SPKI', publicPem],
    ['PKCS#1', () => openssl(['rsa', '-RSAPublicKey_out'], privatePem()).toString()],
  ])(
    'makes jwks.json of an uploaded public key (%s), with the members of the guide in their order',
    async (_, pem) => {
      expect((await upload(pem())).status).toBe(303)
      const answer = await visit('/partner/developer/jwks.json')
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="jwks.json"')
      const set = JSON.parse(await answer.text())
      expect(set).toEqual({ keys: [jwkOf()] })
      expect(Object.keys(set.keys[0])).toEqual(['kty', 'use', 'kid', 'alg', 'n', 'e'])
      expect(await (await visit(dashboard)).text()).toContain(`<code>${kid}</code>`)
    },
  )

  it('names a key by its day, and takes one out again', async () => {
    const suggested =
      /name="kid" value="(vivoldi-sso-\d{8})"/.exec(await (await visit(dashboard)).text())?.[1] ?? ''
    await upload(publicPem(0), '')
    await upload(publicPem(1), '')
    expect(emulator.partner.jwks().keys.map((key) => key.kid)).toEqual([suggested, `${suggested}-2`])
    await visit(dashboard, { form: { do: 'remove', kid: suggested } })
    expect(emulator.partner.jwks().keys.map((key) => key.kid)).toEqual([`${suggested}-2`])
  })

  const pemOf = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
  it.each<[string, () => [string, string?], string]>([
    ['a private key', () => [privatePem()], 'This is a private key'],
    [
      '1024 bits',
      () => [pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
      'fewer than 2048 bits',
    ],
    ['another kind', () => [pemOf(generateKeyPairSync('ed25519').publicKey)], 'Only RSA'],
    ['the exponent 1', () => [pemOf(withExponent('AQ'))], 'exponent'],
    ['an even exponent', () => [pemOf(withExponent('BA'))], 'exponent'],
    ['two keys at once', () => [publicPem() + publicPem(1)], 'several keys'],
    ['no key', () => ['hello'], 'no public key in this file'],
    ['a wrong kid', () => [publicPem(), '../kid'], 'A kid is letters'],
  ])('refuses %s, and says so', async (_, given, message) => {
    const answer = await upload(...given())
    expect(answer.status).toBe(400)
    const page = await answer.text()
    expect(page).toMatch(new RegExp(`<p class="bad" role="alert">[^<]*${message}`))
    expect(page).not.toContain('MII')
    expect(emulator.partner.jwks()).toEqual({ keys: [] })
  })

  it('refuses a kid that is there, a body that is no form, and one that is too large', async () => {
    await upload(publicPem())
    expect(await (await upload(publicPem(1))).text()).toContain('a key of this kid already')
    expect((await upload('a'.repeat(20_000), 'b')).status).toBe(413)
    const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }
    const plain = await emulator.fetch(emulator.url + dashboard, { method: 'POST', headers: own, body: 'x' })
    expect(plain.status).toBe(415)
  })

  it('takes nothing from other sites', async () => {
    const foreign: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ]
    for (const headers of foreign) {
      const answers = await Promise.all([
        visit(dashboard, { form: { do: 'address', address: keySetUrl }, headers }),
        visit(users, { form: { sub: 'evil' }, headers }),
        visit('/partner', { form: {}, headers }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
    }
    expect([emulator.partner.jwksUrl, emulator.partner.users]).toEqual([undefined, []])
  })

  it('speaks French', async () => {
    const french = { headers: { 'accept-language': 'fr' } }
    expect(await (await visit(dashboard, french)).text()).toContain('Développeur, réglages SSO')
    expect(await (await visit(users, french)).text()).toContain('Personnes de votre organisation')
  })
})

describe('a sign-in with a token', () => {
  it('needs the key, and the account before the person comes; then it is a session of the partner’s own', async () => {
    expect((await handOver(await tokenFor())).status).toBe(401)
    await upload(publicPem())
    const early = await handOver(await tokenFor())
    expect([early.status, early.headers.getSetCookie()]).toEqual([403, []])
    expect(await early.text()).toContain('no account for this person')
    expect((await register()).status).toBe(303)

    const answer = await handOver(await tokenFor())
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/partner'])
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^partner_session=[\w-]{32}; Path=\/partner; HttpOnly; SameSite=Lax$/)
    const headers = { cookie: cookie.split(';')[0] ?? '' }
    const home = await (await visit('/partner', { headers })).text()
    expect(home).toContain('Welcome, Ana at the partner')
    expect(home).toContain(emulator.partner.audience)
    expect(emulator.partner.logins.map(({ outcome }) => outcome)).toEqual([
      'signed-in',
      'unknown-user',
      'unknown-key',
    ])
    expect(emulator.partner.logins[0]).toMatchObject({ sub: ana, claims: { iss: emulator.partner.issuer } })

    // At the identity provider nobody has signed in.
    expect(emulator.sessions).toEqual([])
    await visit(users, { form: { do: 'remove', sub: ana } })
    expect(await (await visit('/partner', { headers })).text()).toContain('Nobody is signed in here')
    await register()
    expect(await (await visit('/partner', { headers })).text()).toContain('Welcome')
    emulator.travel(3_600)
    expect(await (await visit('/partner', { headers })).text()).toContain('Nobody is signed in here')
  })

  it('is over there after a sign-out there', async () => {
    await upload(publicPem())
    emulator.partner.registerUser({ sub: ana })
    const [cookie = ''] = (await handOver(await tokenFor())).headers.getSetCookie()
    const headers = { cookie: cookie.split(';')[0] ?? '' }
    expect(await (await visit('/partner', { headers })).text()).toContain(`Welcome, ${ana}`)
    const out = await visit('/partner', { form: {}, headers })
    expect(out.headers.getSetCookie()[0]).toMatch(/^partner_session=; Max-Age=0; Path=\/partner/)
    expect(await (await visit('/partner', { headers })).text()).toContain('Nobody is signed in here')
  })

  it('is taken by GET too, for issuers that redirect', async () => {
    await upload(publicPem())
    emulator.partner.registerUser({ sub: ana })
    const address = `${emulator.url}${signIn}?token=${await tokenFor()}`
    expect((await emulator.fetch(address, { redirect: 'manual' })).status).toBe(303)
  })

  it('is verified by the key set at the registered address, fetched each time', async () => {
    emulator.partner.registerUser({ sub: ana })
    expect(
      (await visit(dashboard, { form: { do: 'address', address: 'http://benefits.example.gov/x' } })).status,
    ).toBe(400)
    await visit(dashboard, { form: { do: 'address', address: keySetUrl } })
    expect((await handOver(await tokenFor())).status).toBe(303)
    const zero = Buffer.concat([Buffer.alloc(1), Buffer.from(jwkOf().n ?? '', 'base64url')]).toString(
      'base64url',
    )
    published = () => Response.json({ keys: [7, jwkOf(1).kid, { ...jwkOf(), n: zero }] })
    expect((await handOver(await tokenFor())).status).toBe(303)
    published = () => Response.json({ keys: [jwkOf(1)] })
    expect((await handOver(await tokenFor())).status).toBe(401)
    expect(fetched).toEqual([keySetUrl, keySetUrl, keySetUrl])
    await visit(dashboard, { form: { do: 'address', address: '' } })
    expect(emulator.partner.jwksUrl).toBeUndefined()
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['nobody answers', () => Promise.reject(new TypeError('fetch failed'))],
    ['an error', () => new Response('', { status: 500 })],
    ['a redirect', () => new Response('', { status: 302, headers: { location: keySetUrl } })],
    ['a page', () => new Response('<html>')],
    ['no list', () => Response.json({ keys: 'none' })],
    ['too much', () => new Response(`{"keys":[]}${' '.repeat(300_000)}`)],
  ])('fails where the address gives no key set: %s', async (_, answer) => {
    emulator.partner.registerUser({ sub: ana })
    emulator.partner.registerJwksUrl(keySetUrl)
    published = answer
    const refused = await handOver(await tokenFor())
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('keys-unavailable')])
  })

  it.each<[string, () => object]>([
    ['with the exponent 1', () => ({ e: 'AQ' })],
    ['with the exponent 1 behind zeros', () => ({ e: 'AAAB' })],
    ['with an even exponent', () => ({ e: 'BA' })],
    ['with its private part', () => ({ d: rsaKey(0).export({ format: 'jwk' }).d })],
    ['that is not for verifying', () => ({ key_ops: ['sign'] })],
    ['that is for encryption', () => ({ use: 'enc' })],
    ['for another algorithm', () => ({ alg: 'PS256' })],
    [
      'of 1024 bits',
      () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
    ],
  ])('JWT-02 is taken by no key %s', async (_, changes) => {
    emulator.partner.registerUser({ sub: ana })
    emulator.partner.registerJwksUrl(keySetUrl)
    published = () => Response.json({ keys: [{ ...jwkOf(), ...changes() }] })
    expect((await handOver(await tokenFor())).status).toBe(401)
    expect(emulator.partner.logins[0]?.outcome).toBe('unknown-key')
  })

  it.each<[string, object | Buffer, object, string]>([
    ['a type that is no text', {}, { typ: ['JWT'] }, 'claims'],
    ['another type', {}, { typ: 'logout+jwt' }, 'claims'],
    ['what is no UTF-8', Buffer.from('{"sub":"\xff"}', 'latin1'), {}, 'malformed'],
  ])('is refused for %s', async (_, claims, header, problem) => {
    await upload(publicPem())
    const encode = (part: object) =>
      (Buffer.isBuffer(part) ? part : Buffer.from(JSON.stringify(part))).toString('base64url')
    const seconds = Math.floor(emulator.clock() / 1000)
    const { issuer: iss, audience: aud } = emulator.partner
    const all = { iss, aud, sub: ana, jti: 'j', iat: seconds, exp: seconds + 60 }
    const payload = Buffer.isBuffer(claims) ? claims : { ...all, ...claims }
    const signed = `${encode({ alg: 'RS256', kid, ...header })}.${encode(payload)}`
    await handOver(`${signed}.${sign('sha256', Buffer.from(signed), rsaKey(0)).toString('base64url')}`)
    expect(emulator.partner.logins[0]?.outcome).toBe(problem)
  })

  it('is refused for what does not hold', async () => {
    await upload(publicPem())
    emulator.partner.registerUser({ sub: ana })
    const used = await tokenFor()
    await handOver(used)
    const tokens: [string, string][] = [
      ['replayed', used],
      ['malformed', 'a.b'],
      ['malformed', ''],
      ['malformed', `${used}${'x'.repeat(9_000)}`],
      ['issuer', await tokenFor(ana, issuerFor({ issuer: 'org' }))],
      ['audience', await tokenFor(ana, issuerFor({ audience: 'others' }))],
      ['signature', await tokenFor(ana, issuerFor({ index: 1 }))],
      ['signature', used.replace(/[^.]+$/, 'AAAA')],
      ['algorithm', await emulator.signToken({ sub: ana }, { alg: 'HS256', kid })],
      ['unknown-key', await emulator.signToken({ sub: ana })],
    ]
    for (const [problem, token] of tokens) {
      const refused = await handOver(token)
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([401, []])
      expect(emulator.partner.logins[0]?.outcome).toBe(problem)
    }
    const late = await tokenFor()
    emulator.travel(90)
    await handOver(late)
    expect(emulator.partner.logins[0]?.outcome).toBe('expired')
  })
})

describe('from another process', () => {
  const order = async (action: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const address = `${emulator.url}/emulator/${action}`
    const answer = await emulator.fetch(address, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('does what the dashboard does, and tells what it knows', async () => {
    expect(await order('partner-key', { pem: publicPem(), kid })).toEqual({
      status: 200,
      body: { key: jwkOf() },
    })
    expect(await order('partner-address', { url: keySetUrl })).toMatchObject({ body: { jwksUrl: keySetUrl } })
    expect(await order('partner-address', { url: null })).toMatchObject({ body: { jwksUrl: null } })
    expect(await order('partner-user', { sub: ana })).toMatchObject({
      body: { users: [{ sub: ana, name: ana }] },
    })
    await handOver(await tokenFor())
    const state = (await (await emulator.fetch(`${emulator.url}/emulator/state`)).json()) as {
      partner: object
    }
    const { issuer, audience, ssoUrl, dashboardUrl } = emulator.partner
    expect(state.partner).toMatchObject({
      ...{ issuer, audience, ssoUrl, dashboardUrl },
      jwks: { keys: [jwkOf()] },
      users: [{ sub: ana }],
      logins: [{ outcome: 'signed-in', sub: ana }],
    })
    expect(await order('partner-key', { remove: kid })).toMatchObject({ body: { removed: true } })
    expect(await order('partner-user', { remove: ana })).toMatchObject({ body: { removed: true } })
    expect([emulator.partner.jwks(), emulator.partner.users]).toEqual([{ keys: [] }, []])
  })

  it.each([
    ['partner-key', {}, '"pem"'],
    ['partner-key', { pem: 'x', kid: 7 }, 'kid is a text'],
    ['partner-key', { pem: 'x' }, 'no public key'],
    ['partner-address', { url: 'ftp://x' }, 'https'],
    ['partner-user', {}, '"sub"'],
    ['partner-user', { sub: 'a'.repeat(300) }, '256'],
  ])('says what is wrong with %s %j', async (action, body, message) => {
    expect(await order(action, body)).toEqual({
      status: 400,
      body: { error: expect.stringContaining(message) },
    })
  })

  it('is told nothing where there is no partner', async () => {
    const plain = await createEmulator()
    for (const path of ['/partner', dashboard, signIn])
      expect((await plain.fetch(plain.url + path)).status).toBe(404)
    const answer = await plain.fetch(`${plain.url}/emulator/partner-key`, { method: 'POST' })
    expect(answer.status).toBe(404)
  })
})

it('begins anew with a reset, with the accounts of the options', async () => {
  const users = [{ sub: ana, name: 'Ana' }]
  const own = await createEmulator({ partner: { users, jwksUrl: keySetUrl } })
  own.partner.registerUser({ sub: 'ben' })
  own.partner.registerJwksUrl(undefined)
  own.partner.uploadKey(publicPem())
  const { issuer } = own.partner
  own.reset()
  expect([own.partner.users, own.partner.jwksUrl, own.partner.jwks().keys]).toEqual([users, keySetUrl, []])
  expect(own.partner.issuer).toBe(issuer)
})
