import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { supportedAlgorithms } from '../../src/tokens/algorithms.js'
import type { VerifiedToken } from '../../src/tokens/verify.js'
import {
  createSigningKey,
  createTestCache,
  createTestClock,
  createTestVerifier,
  createToken,
  encode,
  issuer,
  keySet,
  type SigningKey,
  signEncoded,
  startOfTime,
} from './signing.js'

const key = createSigningKey('k1')
const other = createSigningKey('k1')
const good = createToken(key)

async function verifierOf(
  keys: readonly SigningKey[] = [key],
  options: Parameters<typeof createTestVerifier>[1] = {},
) {
  const algorithms = options.algorithms ?? ['RS256']
  const setting = createTestCache(keys, { algorithms })
  const verifier = createTestVerifier(setting.cache, options)
  const warm = await verifier.verify(createToken(key, { jti: 'warm' }), setting.clock())
  return { ...setting, verifier, warm }
}

describe('a good token', () => {
  it('is verified once and then found at once, as the same object, with what was attached', async () => {
    const { verifier, clock } = await verifierOf()
    const first = verifier.verify(good, clock()) as VerifiedToken
    expect(first).toMatchObject({
      valid: true,
      sessionValue: 'session-1',
      attachment: undefined,
      parts: good,
    })
    first.attachment = 'kept'
    const again = verifier.verify(
      { header: good.header, payload: good.payload, signature: good.signature },
      clock(),
    )
    expect(again).toBe(first)
    expect(again).toMatchObject({ attachment: 'kept' })
  })

  it.each([...supportedAlgorithms])('is verified with %s', async (algorithm) => {
    const signing = createSigningKey('a', algorithm)
    const { cache, clock } = createTestCache([signing], { algorithms: [algorithm] })
    const verifier = createTestVerifier(cache, { algorithms: [algorithm] })
    const token = createToken(signing)
    expect(await verifier.verify(token, clock())).toMatchObject({ valid: true })
    const forged = createToken(createSigningKey('a', algorithm), { jti: 'forged' })
    expect(verifier.verify(forged, clock())).toMatchObject({ valid: false, problem: 'signature' })
    expect(verifier.verify({ ...token, signature: token.signature.slice(4) }, clock())).toMatchObject({
      valid: false,
    })
  })

  it('is verified for all who ask at once while the keys are fetched', async () => {
    const { cache, clock, endpoint } = createTestCache([key])
    const verifier = createTestVerifier(cache)
    const results = await Promise.all(Array.from({ length: 50 }, () => verifier.verify({ ...good }, clock())))
    expect(new Set(results).size).toBe(1)
    expect(results[0]).toMatchObject({ valid: true })
    expect(endpoint.requests).toHaveLength(1)
    expect(verifier.size).toBe(1)
  })
})

describe('a token that must not be believed', () => {
  const publicKey = Buffer.from(JSON.stringify(key.jwk))
  const hmac = (alg: string, secret: Buffer) => {
    const header = encode({ alg, kid: 'k1' })
    const signature = createHmac('sha256', secret).update(`${header}.${good.payload}`).digest('base64url')
    return { header, payload: good.payload, signature }
  }

  it.each([
    'none',
    'None',
    'NONE',
    'nOnE',
    'HS256',
    'hs256',
    'rs256',
    'RS512',
    'ES256',
    'PS256',
    '',
    'RSA1_5',
    '__proto__',
  ])('JWT-01 alg %s is refused unless it is allowed by that very name', async (alg) => {
    const { verifier, clock } = await verifierOf()
    const header = encode({ alg, kid: 'k1' })
    for (const signature of [good.signature, 'AAAA']) {
      expect(verifier.verify({ header, payload: good.payload, signature }, clock())).toMatchObject({
        valid: false,
        problem: 'algorithm',
      })
    }
  })

  it.each([undefined, null, 256, ['RS256'], { alg: 'RS256' }])('JWT-01 alg %j is refused', async (alg) => {
    const { verifier, clock } = await verifierOf()
    expect(verifier.verify(createToken(key, {}, { alg }), clock())).toMatchObject({ problem: 'algorithm' })
  })

  it('JWT-01 HMAC with the public key as secret is refused', async () => {
    const { verifier, clock } = await verifierOf()
    const pem = Buffer.from('-----BEGIN PUBLIC KEY-----\n')
    for (const secret of [publicKey, pem, Buffer.from(String(key.jwk.n), 'base64url')]) {
      expect(verifier.verify(hmac('HS256', secret), clock())).toMatchObject({ problem: 'algorithm' })
      expect(verifier.verify(hmac('RS256', secret), clock())).toMatchObject({ problem: 'signature' })
    }
  })

  it('JWT-01 a key is used for its own algorithm, type and curve only', async () => {
    const algorithms = ['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']
    const { verifier, clock } = await verifierOf([key, createSigningKey('e', 'ES256')], { algorithms })
    const asked = [
      ['RS512', 'k1'],
      ['PS256', 'k1'],
      ['ES256', 'k1'],
      ['EdDSA', 'k1'],
      ['ES384', 'e'],
      ['RS256', 'e'],
    ]
    for (const [alg, kid] of asked) {
      const token = signEncoded(key, encode({ alg, kid }), good.payload)
      expect(await verifier.verify(token, clock())).toMatchObject({ problem: 'unknown-key' })
    }
  })

  it.each(['HS256', 'none', 'RSA1_5', 'rs256'])('JWT-01 the allow list itself cannot name %s', (name) => {
    const { cache } = createTestCache([key])
    expect(() => createTestVerifier(cache, { algorithms: [name] })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    )
    expect(() => createTestVerifier(cache, { algorithms: [] })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    )
  })

  it("JWT-02 a signature that is another key's, changed, cut or empty is refused", async () => {
    const { verifier, clock } = await verifierOf()
    expect(verifier.verify(createToken(other), clock())).toMatchObject({ problem: 'signature' })
    const changed = Buffer.from(good.signature, 'base64url')
    changed[10] = (changed[10] ?? 0) ^ 1
    const rows: [string, string][] = [
      [changed.toString('base64url'), 'signature'],
      [good.signature.slice(0, -1), 'malformed'],
      [Buffer.alloc(256).toString('base64url'), 'signature'],
      ['AA', 'signature'],
      ['', 'malformed'],
    ]
    for (const [signature, problem] of rows) {
      expect(verifier.verify({ ...good, signature }, clock())).toMatchObject({ valid: false, problem })
    }
    expect(
      verifier.verify({ ...good, payload: createToken(key, { sub: 'person-2' }).payload }, clock()),
    ).toMatchObject({
      problem: 'signature',
    })
    expect(verifier.verify({ ...good, header: encode({ kid: 'k1', alg: 'RS256' }) }, clock())).toMatchObject({
      problem: 'signature',
    })
  })

  it('JWT-03 iss must be one of ours to the letter', async () => {
    const { verifier, clock } = await verifierOf()
    for (const iss of [
      `${issuer}/`,
      issuer.toUpperCase(),
      `${issuer}.evil.example`,
      'https://evil.example',
    ]) {
      expect(verifier.verify(createToken(key, { iss }), clock())).toMatchObject({
        valid: false,
        problem: 'issuer',
      })
    }
  })

  it('JWT-03 two issuers with one kid: neither signs for the other', async () => {
    const clock = createTestClock()
    const mine = createTestCache([key], {}, clock)
    const theirs = createTestCache([other], {}, clock)
    const second = 'https://second.example.gov'
    const issuers = new Map([
      [issuer, mine.cache],
      [second, theirs.cache],
    ])
    const verifier = createTestVerifier(mine.cache, { issuers })
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: true })
    expect(await verifier.verify(createToken(other, { iss: second }), clock())).toMatchObject({ valid: true })
    expect(verifier.verify(createToken(key, { iss: second }), clock())).toMatchObject({
      problem: 'signature',
    })
    expect(verifier.verify(createToken(other), clock())).toMatchObject({ problem: 'signature' })
  })

  it('names as foreign only claims that are not accepted', async () => {
    const { verifier, clock } = await verifierOf([key], { acceptedClaims: ['scope'] })
    const lacking = createToken(key, { scope: 'openid', isMfa: undefined })
    expect(verifier.verify(lacking, clock())).toMatchObject({ problem: 'kind', given: 'no boolean isMfa' })
    const foreign = createToken(key, { scope: 'openid', azp: 'client' })
    expect(verifier.verify(foreign, clock())).toMatchObject({ problem: 'kind', given: 'has azp' })
  })

  it('JWT-05 every other kind of token, well signed, is refused', async () => {
    const { verifier, clock } = await verifierOf()
    const bare = { mfaRequired: undefined, isMfa: undefined, isDidAuth: undefined }
    const kinds: [Record<string, unknown>, Record<string, unknown>, string][] = [
      [{ ...bare, aud: 'client', nonce: 'n', at_hash: 'h' }, {}, 'kind'],
      [{ aud: 'client', nonce: 'n' }, {}, 'kind'],
      [{ aud: 'client' }, {}, 'audience'],
      [{ ...bare, client_id: 'client', scope: 'openid' }, { typ: 'at+jwt' }, 'kind'],
      [{ scope: 'openid' }, {}, 'kind'],
      [
        { ...bare, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
        { typ: 'logout+jwt' },
        'kind',
      ],
      [{ events: {} }, {}, 'kind'],
    ]
    for (const [claims, header, problem] of kinds) {
      expect(verifier.verify(createToken(key, claims, header), clock())).toMatchObject({
        valid: false,
        problem,
      })
    }
  })

  it('refuses a skew of more than a minute', () => {
    const { cache } = createTestCache([key])
    for (const clockSkewSeconds of [61, -1, Number.NaN]) {
      expect(() => createTestVerifier(cache, { clockSkewSeconds })).toThrow(
        expect.objectContaining({ code: 'usage' }),
      )
    }
  })

  it('answers the same bad token in bounded time and remembers nothing of it', async () => {
    const { verifier, clock, endpoint } = await verifierOf()
    const bad = createToken(other)
    const unknown = createToken(createSigningKey('k9'))
    const size = verifier.size
    await verifier.verify(unknown, clock())
    const started = performance.now()
    for (let count = 0; count < 500; count += 1) {
      expect(verifier.verify(bad, clock())).toMatchObject({ problem: 'signature' })
      expect(verifier.verify(unknown, clock())).toMatchObject({ problem: 'unknown-key' })
    }
    expect(performance.now() - started).toBeLessThan(2000)
    expect(verifier.size).toBe(size)
    expect(endpoint.requests).toHaveLength(2)
  })
})

describe('a token seen before', () => {
  it('JWT-08 expires, and becomes not yet valid when the clock is set back, like any other', async () => {
    const { verifier, clock } = await verifierOf()
    const expiry = startOfTime + 1_200_000
    const first = verifier.verify(good, clock())
    expect(verifier.verify(good, expiry + 29_999)).toBe(first)
    expect(verifier.verify(good, startOfTime - 30_001)).toMatchObject({
      valid: false,
      problem: 'not-yet-valid',
    })
    expect(verifier.verify(good, startOfTime)).toBe(first)
    expect(verifier.verify(good, expiry + 30_000)).toMatchObject({ valid: false, problem: 'expired' })
    expect(verifier.verify(good, expiry + 30_000)).toMatchObject({ valid: false, problem: 'expired' })
  })

  it('does not open the door to one with the same signature and another header or payload', async () => {
    const { verifier, clock } = await verifierOf()
    void verifier.verify(good, clock())
    const raised = createToken(other, { sub: 'administrator' })
    expect(verifier.verify({ ...good, payload: raised.payload }, clock())).toMatchObject({
      problem: 'signature',
    })
    expect(verifier.verify({ ...raised, signature: good.signature }, clock())).toMatchObject({
      problem: 'signature',
    })
    const tail = good.signature.slice(-43)
    const planted = { ...good, signature: raised.signature.slice(0, -43) + tail }
    expect(verifier.verify(planted, clock())).toMatchObject({ problem: 'signature' })
    expect(verifier.verify(good, clock())).toMatchObject({ valid: true })
  })

  it('JWT-16 is refused once its key is no longer published', async () => {
    const { verifier, clock, cache, endpoint } = await verifierOf()
    void verifier.verify(good, clock())
    endpoint.answer = () => keySet([createSigningKey('k2')])
    clock.advance(901)
    expect(verifier.verify(good, clock())).toMatchObject({ valid: true })
    while (cache.isFetching) await Promise.resolve()
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: false, problem: 'unknown-key' })
  })

  it('JWT-16 is forgotten with its key by a purge', async () => {
    const { verifier, clock, endpoint } = await verifierOf()
    void verifier.verify(good, clock())
    endpoint.answer = () => keySet([createSigningKey('k2')])
    verifier.purge()
    expect(verifier.size).toBe(0)
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: false, problem: 'unknown-key' })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('JWT-16 is not verified by a key that was purged in the very moment in which it was found', async () => {
    const { cache, clock } = await verifierOf()
    const find: typeof cache.find = async (...asked) => {
      const keys = await cache.find(...asked)
      cache.purge()
      return keys
    }
    const verifier = createTestVerifier({ ...cache, find })
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: false, problem: 'unknown-key' })
    expect(verifier.size).toBe(0)
  })

  it('JWT-15 an outage is not a bad token: known keys go on, unknown ones say 503', async () => {
    const { cache, clock, endpoint } = createTestCache([key], { staleSeconds: 1000, ceilingSeconds: 600 })
    const verifier = createTestVerifier(cache)
    const long = createToken(key, { exp: startOfTime / 1000 + 90_000 })
    const first = await verifier.verify(long, clock())
    endpoint.answer = () => Promise.reject(new Error('down'))
    clock.advance(999)
    expect(verifier.verify(long, clock())).toBe(first)
    while (cache.isFetching) await Promise.resolve()
    clock.advance(1)
    const outage = { code: 'keys-unavailable', status: 503, isTransient: true }
    await expect(async () => verifier.verify(long, clock())).rejects.toMatchObject(outage)
    expect(() => verifier.verify(long, clock())).toThrow(expect.objectContaining(outage))
    endpoint.answer = () => keySet([key])
    clock.advance(5)
    expect(await verifier.verify(long, clock())).toMatchObject({ valid: true })
  })
})
