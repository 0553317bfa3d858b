import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createLocalJWKSet, type JWK, SignJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { createEmulator } from '../../src/emulator/index.js'
import { StoreUnavailableError } from '../../src/errors.js'
import { createSsoIssuer } from '../../src/issuing/issuer.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import { createKeyRing } from '../../src/issuing/ring.js'
import {
  remoteKeys,
  type VerifyGateTokenOptions,
  type VerifySsoTokenOptions,
  verifyGateToken,
  verifySsoToken,
} from '../../src/issuing/verify-token.js'
import { memoryStore } from '../../src/stores/memory/store.js'
import { citizen, createTestClock, rotateQuickly, rsaKey } from './world.js'

async function setUp(more: Partial<VerifySsoTokenOptions> = {}) {
  const time = createTestClock()
  const keys = createKeyRing({ storage: memoryKeys(), name: 'us', clock: time.clock })
  await rotateQuickly(keys, { privateKey: rsaKey(0) })
  const issuer = createSsoIssuer({
    keys,
    issuer: 'us',
    audience: 'them',
    applicationUrl: 'https://a.example',
    clock: time.clock,
  })
  const store = memoryStore({ clock: time.clock })
  const options = { keys, issuer: 'us', audience: 'them', store, clock: time.clock, ...more }
  const verify = (token: string) => verifySsoToken(token, options)
  const now = () => Math.floor(time.clock() / 1000)
  /** A token as an issuer that goes wrong would make it: a member `undefined` is left out. */
  const forge = (claims: object = {}, header: object = {}, key = rsaKey(0)) => {
    const all = {
      iss: 'us',
      aud: 'them',
      sub: 'ana',
      jti: randomUUID(),
      iat: now(),
      exp: now() + 60,
      ...claims,
    }
    return new SignJWT(JSON.parse(JSON.stringify(all)))
      .setProtectedHeader({ alg: 'RS256', kid: 'us-20251008', typ: 'JWT', ...header })
      .sign(key)
  }
  return { ...time, issuer, keys, store, verify, forge, now }
}

const jwkOf = (key: ReturnType<typeof createPublicKey>): JWK => key.export({ format: 'jwk' }) as JWK

/** What a signature of RS256 is before the private operation; with the exponent 1 it is a signature. Source: RFC 8017, 9.2. */
function paddedDigest(text: string): Buffer {
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const end = Buffer.concat([prefix, createHash('sha256').update(text).digest()])
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(253 - end.length, 0xff), Buffer.from([0]), end])
}

describe('verifySsoToken', () => {
  it('takes a token once, on whichever instance', async () => {
    const { issuer, verify } = await setUp()
    const token = await issuer.issue(citizen('ana'))
    expect(await verify(token)).toMatchObject({ sub: 'ana', iss: 'us', aud: 'them' })
    await expect(verify(token)).rejects.toMatchObject({ code: 'sso-token', problem: 'replayed', status: 401 })
    const other = await issuer.issue(citizen('ana'))
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => verify(other)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('remembers a token for as long as anybody could take it', async () => {
    const { issuer, verify, travel } = await setUp()
    const token = await issuer.issue(citizen())
    await verify(token)
    for (const seconds of [31, 58]) {
      travel(seconds)
      await expect(verify(token)).rejects.toMatchObject({ problem: 'replayed' })
    }
    travel(2)
    await expect(verify(token)).rejects.toMatchObject({ problem: 'expired' })
  })

  it('says nothing about a token where the store cannot answer', async () => {
    const fails = () => Promise.reject(new StoreUnavailableError('down'))
    for (const store of [
      { claimOnce: fails, confirmClaim: fails },
      { claimOnce: () => true, confirmClaim: fails },
    ]) {
      const { issuer, verify } = await setUp({ store })
      await expect(verify(await issuer.issue(citizen()))).rejects.toMatchObject({ code: 'store-unavailable' })
    }
  })

  it.each<[string, object, object, string]>([
    ['another issuer', { iss: 'us/' }, {}, 'issuer'],
    ['another audience', { aud: 'others' }, {}, 'audience'],
    ['no audience', { aud: undefined }, {}, 'audience'],
    ['no subject', { sub: undefined }, {}, 'claims'],
    ['an empty subject', { sub: '' }, {}, 'claims'],
    ['no jti', { jti: undefined }, {}, 'claims'],
    ['a jti of a number', { jti: 7 }, {}, 'claims'],
    ['an endless jti', { jti: 'a'.repeat(300) }, {}, 'claims'],
    ['no exp', { exp: undefined }, {}, 'claims'],
    ['a text as exp', { exp: '9999999999' }, {}, 'claims'],
    ['no iat', { iat: undefined }, {}, 'claims'],
    ['another kind', {}, { typ: 'logout+jwt' }, 'claims'],
    ['a kind that is no text', {}, { typ: ['JWT'] }, 'claims'],
    ['a kid that is not known', {}, { kid: 'us-20251009' }, 'unknown-key'],
    ['no kid', {}, { kid: undefined }, 'unknown-key'],
    ['an algorithm that was not asked for', {}, { alg: 'PS256' }, 'algorithm'],
  ])('JWT-03 JWT-05 refuses %s', async (_name, claims, header, problem) => {
    const { verify, forge } = await setUp()
    await expect(verify(await forge(claims, header))).rejects.toMatchObject({ code: 'sso-token', problem })
  })

  it.each<[string, (now: number) => object, string]>([
    ['whose time is over', (now) => ({ iat: now - 100, exp: now - 30 }), 'expired'],
    ['of the future', (now) => ({ iat: now + 31, exp: now + 91 }), 'not-yet-valid'],
    ['that begins later', (now) => ({ nbf: now + 31 }), 'not-yet-valid'],
    ['that lives too long', (now) => ({ exp: now + 301 }), 'too-long-lived'],
    ['that ends before it begins', (now) => ({ iat: now + 20, exp: now + 10 }), 'too-long-lived'],
  ])('JWT-08 refuses a token %s', async (_name, claims, problem) => {
    const { verify, forge, now } = await setUp()
    await expect(verify(await forge(claims(now())))).rejects.toMatchObject({ problem })
  })

  it('JWT-01 refuses what is not signed by the key, or not signed at all', async () => {
    const { verify, forge, keys } = await setUp()
    const stranger = await forge({}, {}, rsaKey(1))
    await expect(verify(stranger)).rejects.toMatchObject({ problem: 'signature' })
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, payload = ''] = (await forge()).split('.')
    await expect(verify(`${part({ alg: 'none' })}.${payload}.`)).rejects.toMatchObject({
      problem: 'algorithm',
    })
    const [jwk] = (await keys.published()).keys
    const header = part({ alg: 'HS256', kid: jwk?.kid })
    await expect(verify(`${header}.${payload}.AAAA`)).rejects.toMatchObject({ problem: 'algorithm' })
  })

  it.each(['', 'a', 'a.b', 'a.b.c', 'e30.e30.e30', 'a'.repeat(8_193)])(
    'JWT-09 JWT-10 refuses %.20j',
    async (token) => {
      const { verify } = await setUp()
      await expect(verify(token)).rejects.toMatchObject({ code: 'sso-token' })
    },
  )

  it('takes an address for the keys, and follows a rotation there', async () => {
    const first = await setUp()
    let fetches = 0
    const keys = remoteKeys('https://a.example/.well-known/jwks.json', {
      fetch: async (address, init) => {
        fetches += 1
        return first.issuer.jwks().web(new Request(address, init))
      },
      coolDownSeconds: 0,
    })
    const options = { keys, issuer: 'us', audience: 'them', store: first.store, clock: first.clock }
    await verifySsoToken(await first.issuer.issue(citizen()), options)
    await verifySsoToken(await first.issuer.issue(citizen()), options)
    expect(fetches).toBe(1)
    await rotateQuickly(first.keys, { privateKey: rsaKey(1) })
    first.travel(86_400)
    await verifySsoToken(await first.issuer.issue(citizen()), options)
    expect(fetches).toBe(2)
  })

  it('JWT-11 leaves out of a key set what is no key, and uses the others', async () => {
    const { issuer, verify, keys } = await setUp()
    const others = [null, 7, 'key', [], { kty: 'new' }]
    const set = { keys: [...others, ...(await keys.published()).keys], name: 'us' }
    const remote = remoteKeys('https://a.example/jwks', { fetch: async () => Response.json(set) })
    const own = await setUp({ keys: remote })
    expect(await own.verify(await issuer.issue(citizen('ana')))).toMatchObject({ sub: 'ana' })
    expect(await verify(await issuer.issue(citizen('ben')))).toMatchObject({ sub: 'ben' })
  })

  describe.each<[string, (keys: JWK[]) => VerifySsoTokenOptions['keys']]>([
    [
      'remoteKeys',
      (keys) => remoteKeys('https://a.example/', { fetch: async () => Response.json({ keys }) }),
    ],
    ['a function of the application', (keys) => createLocalJWKSet({ keys })],
  ])('JWT-02 by %s, a token', (_, keysOf) => {
    const good = createPublicKey(rsaKey(0)).export({ format: 'jwk' })
    const named = { use: 'sig', alg: 'RS256', kid: 'us-20251008' }

    it.each<[string, () => JWK]>([
      ['that anybody can sign, as by the exponent 1', () => ({ ...good, e: 'AQ' })],
      ['by an exponent of 1 behind zeros', () => ({ ...good, e: 'AAAB' })],
      ['by an even exponent', () => ({ ...good, e: 'BA' })],
      ['by an exponent that no verifier takes', () => ({ ...good, e: 'AQAAAAAAAAAB' })],
      ['by 1024 bits', () => jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ])('%s, is refused for its key', async (_name, weak) => {
      const { verify, forge } = await setUp({ keys: keysOf([{ ...weak(), ...named }]) })
      const [header, payload] = (await forge()).split('.')
      const signed = `${header}.${payload}`
      const forged = paddedDigest(signed).toString('base64url')
      await expect(verify(`${signed}.${forged}`)).rejects.toMatchObject({ problem: 'unknown-key' })
    })
  })

  it('JWT-02 takes no key that is private or secret, from wherever it comes', async () => {
    const shown = { ...rsaKey(0).export({ format: 'jwk' }), kid: 'us-20251008' }
    const published = remoteKeys('https://a.example/', {
      fetch: async () => Response.json({ keys: [shown] }),
    })
    for (const keys of [published, () => rsaKey(0), () => shown, () => new Uint8Array(32)]) {
      const { verify, forge } = await setUp({ keys: keys as VerifySsoTokenOptions['keys'] })
      await expect(verify(await forge())).rejects.toMatchObject({ problem: 'unknown-key' })
    }
  })

  it('HLD-23 reads no more of a key set than a key set may have', async () => {
    let sent = 0
    const endless = () =>
      new ReadableStream({
        pull(controller) {
          sent += 65_536
          if (sent > 64 * 1024 * 1024) controller.close()
          else controller.enqueue(new Uint8Array(65_536).fill(32))
        },
      })
    const keys = remoteKeys('https://a.example/jwks', { fetch: async () => new Response(endless()) })
    const { issuer, verify } = await setUp({ keys })
    await expect(verify(await issuer.issue(citizen()))).rejects.toMatchObject({ code: 'keys-unavailable' })
    expect(sent).toBeLessThan(1024 * 1024)
  })

  it('HLD-05 asks for a key that is new although the clock was ahead when it asked before', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
    try {
      const place = await setUp()
      const keys = remoteKeys('https://a.example/jwks', {
        fetch: async (address, init) => place.issuer.jwks().web(new Request(address, init)),
      })
      const options = { keys, issuer: 'us', audience: 'them', store: place.store, clock: place.clock }
      await verifySsoToken(await place.issuer.issue(citizen()), options)
      await rotateQuickly(place.keys, { privateKey: rsaKey(1) })
      place.travel(86_400)
      vi.setSystemTime(Date.now() - 3_600_000)
      await verifySsoToken(await place.issuer.issue(citizen()), options)
    } finally {
      vi.useRealTimers()
    }
  })

  it('says that nothing is known where the keys cannot be had', async () => {
    const keys = remoteKeys('https://a.example/jwks', { fetch: () => Promise.reject(new TypeError('down')) })
    const { issuer, verify } = await setUp({ keys })
    await expect(verify(await issuer.issue(citizen()))).rejects.toMatchObject({
      code: 'keys-unavailable',
      status: 503,
    })
    expect(() => remoteKeys('http://a.example/jwks')).toThrow(TypeError)
  })

  it('JWT-05 takes no token of the shared cookie for one of ours', async () => {
    const emulator = await createEmulator()
    const cookie = await emulator.cookiesFor('ana')
    const part = (name: string) => new RegExp(`${name}=([^;]+)`).exec(cookie)?.[1] ?? ''
    const token = ['c1_header', 'c1_payload', 'c1_signature'].map(part).join('.')
    const keys = remoteKeys(`${emulator.url}/api/v1/authentication/.well-known/jwks.json`, {
      fetch: emulator.fetch,
    })
    const { store } = await setUp()
    const options = { keys, issuer: emulator.url, audience: 'them', store, clock: emulator.clock }
    await expect(verifySsoToken(token, options)).rejects.toMatchObject({
      code: 'sso-token',
      problem: 'audience',
    })
  })

  // A variable that is not set is `undefined`: it must not mean that anybody, or any life, will do.
  it.each<[Readonly<Record<string, unknown>>]>([
    [{ issuer: '' }],
    [{ issuer: undefined }],
    [{ issuer: ['us', 'others'] }],
    [{ audience: '' }],
    [{ audience: undefined }],
    [{ algorithms: [] }],
    [{ clockSkewSeconds: 61 }],
    [{ clockSkewSeconds: Number.NaN }],
    [{ longestLifeSeconds: Number.NaN }],
    [{ longestLifeSeconds: 0 }],
  ])('cannot be asked with %j', async (options) => {
    const { issuer, verify, forge } = await setUp(options)
    await expect(verify(await issuer.issue(citizen()))).rejects.toThrow(TypeError)
    await expect(verify(await forge({ iss: 'anybody', aud: 'anybody' }))).rejects.toThrow(TypeError)
  })

  it.each<[Readonly<Record<string, unknown>>]>([
    [{ issuer: undefined }],
    [{ audience: undefined }],
    [{ issuer: '' }],
  ])('of the gate cannot be asked with %j either', async (wrong) => {
    const { keys } = await setUp()
    const options = { keys, issuer: 'us', audience: 'them', ...wrong } as VerifyGateTokenOptions
    await expect(verifyGateToken('a.b.c', options)).rejects.toThrow(TypeError)
  })
})
