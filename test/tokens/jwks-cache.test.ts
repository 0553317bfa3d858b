import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { JwksCache } from '../../src/tokens/jwks-cache.js'
import {
  createSigningKey,
  createTestCache,
  keySet,
  type SigningKey,
  startOfTime,
  type TestCache,
} from './signing.js'

const first = createSigningKey('k1')
const second = createSigningKey('k2')
const unavailable = { code: 'keys-unavailable', status: 503, isTransient: true }

async function settle(cache: JwksCache): Promise<void> {
  while (cache.isFetching) await new Promise((resolve) => setImmediate(resolve))
}

async function warmCache(
  keys: readonly SigningKey[] = [first],
  options: Parameters<typeof createTestCache>[1] = {},
) {
  const setting = createTestCache(keys, options)
  await setting.cache.find('k1', 'RS256', setting.clock())
  return setting
}

const kidsOf = (keys: readonly { readonly kid: string | undefined }[]) => keys.map((key) => key.kid)
const lookUp = async ({ cache, clock }: TestCache, kid: string | undefined, algorithm = 'RS256') =>
  kidsOf(await cache.find(kid, algorithm, clock()))

/** An answer to the first request for keys, whatever the keys. */
async function problemWith(
  answer: (init: RequestInit | undefined) => Response | Promise<Response>,
  timeoutSeconds = 5,
) {
  const setting = createTestCache([], { timeoutSeconds })
  setting.endpoint.answer = answer
  await expect(async () => setting.cache.find('k1', 'RS256', setting.clock())).rejects.toMatchObject(
    unavailable,
  )
  expect(setting.events).toHaveLength(1)
  expect(setting.cache.isFetching).toBe(false)
  return setting.events[0]
}

describe('which keys of a set are used', () => {
  const rsa = first.jwk
  const ec = createSigningKey('e', 'ES256').jwk
  const okp = createSigningKey('o', 'EdDSA').jwk
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const privateRsa = { ...first.privateKey.export({ format: 'jwk' }), kid: 'x' }

  const usable = async (jwk: unknown) => {
    const algorithms = ['RS256', 'ES256', 'EdDSA']
    const { cache, clock, endpoint } = createTestCache([], { algorithms })
    endpoint.answer = () => Response.json({ keys: [{ ...second.jwk, kid: 'good' }, jwk] })
    await cache.find('good', 'RS256', clock())
    return cache.size === 2
  }

  it.each<[string, unknown, boolean]>([
    ['RSA for signatures', rsa, true],
    ['RSA without use and alg', { ...rsa, use: undefined, alg: undefined }, true],
    ['RSA whose key_ops hold verify', { ...rsa, use: undefined, key_ops: ['verify', 'x'] }, true],
    ['EC P-256', ec, true],
    ['Ed25519', okp, true],
    ['an unknown kty', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA', kid: 'x' }, false],
    ['an unknown use', { ...rsa, use: 'x' }, false],
    ['use enc', { ...rsa, use: 'enc' }, false],
    ['key_ops without verify', { ...rsa, key_ops: ['encrypt'] }, false],
    ['key_ops that is no list', { ...rsa, key_ops: 'verify' }, false],
    ['an alg that is not allowed', { ...rsa, alg: 'RS512' }, false],
    ['an alg for encryption', { ...rsa, alg: 'RSA-OAEP' }, false],
    ['an alg of another kty', { ...rsa, alg: 'ES256' }, false],
    ['an alg of another curve', { ...createSigningKey('e', 'ES384').jwk, alg: 'ES256' }, false],
    ['a secret key', { kty: 'oct', k: 'AAAA', kid: 'x', alg: 'HS256' }, false],
    ['a public key with a secret beside it', { ...rsa, k: 'AAAA' }, false],
    ['a private key', privateRsa, false],
    ['a private EC key', { ...ec, d: 'AAAA' }, false],
    ['a kid that is no text', { ...rsa, kid: 1 }, false],
    ['a kid of 257 characters', { ...rsa, kid: 'k'.repeat(257) }, false],
    ['a broken modulus', { ...rsa, n: 1 }, false],
    ['no modulus', { ...rsa, n: undefined }, false],
    ['no key', null, false],
    ['a text', 'RSA', false],
    ['a list', [rsa], false],
  ])('JWT-11 %s', async (_, jwk, expected) => {
    expect(await usable(jwk)).toBe(expected)
  })

  it.each<[string, unknown]>([
    ['RSA of 1,024 bits', { ...small, kid: 'x' }],
    ['RSA with the exponent 1', { ...rsa, e: 'AQ' }],
    ['RSA with the exponent 1 behind zeros', { ...rsa, e: 'AAAB' }],
    ['RSA with an even exponent', { ...rsa, e: 'BA' }],
    ['RSA with an exponent of 65 bits', { ...rsa, e: 'AQAAAAAAAAAB' }],
    ['a point off its curve', { ...ec, x: ec.y, y: ec.x }],
    ['a point of another curve', { ...ec, crv: 'P-384' }],
    ['a curve that does not exist', { ...ec, crv: 'P-257' }],
    ['an Ed25519 key that is too short', { ...okp, x: 'AAAA' }],
  ])('JWT-02 %s is not used', async (_, jwk) => {
    expect(await usable(jwk)).toBe(false)
  })
})

describe('finding a key', () => {
  it('JWT-12 tries all keys of one kid that fit, and no more than eight', async () => {
    const twins = Array.from({ length: 10 }, () => ({ ...createSigningKey('k1', 'ES256') }))
    const setting = createTestCache([first, ...twins], { algorithms: ['RS256', 'ES256'] })
    expect(await lookUp(setting, 'k1', 'ES256')).toHaveLength(8)
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
  })

  it('JWT-12 uses a token without kid only if exactly one key fits', async () => {
    const algorithms = ['RS256', 'ES256']
    const one = createTestCache([first, createSigningKey('e', 'ES256')], { algorithms })
    expect(await lookUp(one, undefined)).toEqual(['k1'])
    expect(await lookUp(one, undefined, 'ES256')).toEqual(['e'])
    const two = createTestCache([first, second])
    expect(await lookUp(two, undefined)).toEqual([])
    expect(two.endpoint.requests).toHaveLength(1)
  })

  it('JWT-13 an unknown kid causes one fetch, then none until the cool-down is over', async () => {
    const setting = await warmCache()
    const { clock, endpoint } = setting
    for (let count = 0; count < 20; count += 1) expect(await lookUp(setting, `junk${count}`)).toEqual([])
    expect(endpoint.requests).toHaveLength(2)
    clock.advance(29.999)
    await lookUp(setting, 'junk')
    expect(endpoint.requests).toHaveLength(2)
    clock.advance(0.001)
    await lookUp(setting, 'junk')
    expect(endpoint.requests).toHaveLength(3)
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['an empty set', () => keySet([])],
    ['an error', () => Promise.reject(new Error('down'))],
    ['a 500', () => new Response('', { status: 500 })],
  ])('JWT-13 the cool-down holds by time alone when the fetch brings %s', async (_, answer) => {
    const setting = await warmCache()
    const { endpoint, clock } = setting
    endpoint.answer = answer
    // Whether such a key is published by now, nobody can say.
    for (let count = 0; count < 20; count += 1) {
      await expect(lookUp(setting, `junk${count}`)).rejects.toMatchObject(unavailable)
    }
    expect(endpoint.requests).toHaveLength(2)
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
    clock.advance(30)
    endpoint.answer = () => keySet([first])
    expect(await lookUp(setting, 'junk')).toEqual([])
    expect(endpoint.requests).toHaveLength(3)
  })

  it('JWT-13 with no keys at all a fetch is tried every five seconds, whatever is asked', async () => {
    const { cache, clock, endpoint } = createTestCache([])
    for (let second = 0; second < 20; second += 1) {
      for (const kid of ['k1', `junk${second}`, undefined]) {
        await expect(async () => cache.find(kid, 'RS256', clock())).rejects.toMatchObject(unavailable)
      }
      clock.advance(1)
    }
    expect(endpoint.requests).toHaveLength(4)
  })

  it('JWT-14 under a flood of unknown kids a key that was published late is found within one cool-down', async () => {
    const setting = await warmCache()
    const { clock, endpoint } = setting
    let seenAfter: number | undefined
    for (let second_ = 0; second_ < 120; second_ += 1) {
      if (second_ === 31) endpoint.answer = () => keySet([first, second])
      for (let count = 0; count < 10; count += 1) await lookUp(setting, randomBytes(6).toString('hex'))
      if (second_ >= 31 && seenAfter === undefined && (await lookUp(setting, 'k2')).length === 1)
        seenAfter = second_ - 31
      clock.advance(1)
    }
    expect(seenAfter).toBeLessThanOrEqual(30)
    expect(endpoint.requests.length).toBeLessThanOrEqual(1 + 120 / 30)
  })

  it('JWT-14 a flood never holds up the refresh of an ageing set', async () => {
    const setting = await warmCache([first], { ceilingSeconds: 100 })
    const { cache, clock, endpoint } = setting
    clock.advance(99)
    endpoint.answer = () => new Response('', { status: 500 })
    await expect(lookUp(setting, 'junk')).rejects.toMatchObject(unavailable)
    endpoint.answer = () => keySet([first, second])
    clock.advance(1)
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
    await settle(cache)
    expect(await lookUp(setting, 'k2')).toEqual(['k2'])
  })

  it('HLD-14 JWT-14 a login knows no cool-down, and what strangers began before it came does not decide', async () => {
    const setting = await warmCache()
    const { cache, clock, endpoint } = setting
    const forLogin = async () => kidsOf(await cache.find('k2', 'RS256', clock(), 'login'))
    expect(await lookUp(setting, 'junk-1')).toEqual([])
    endpoint.answer = () => keySet([first, second])
    expect(await lookUp(setting, 'junk-2')).toEqual([])
    expect(await forLogin()).toEqual(['k2'])
    cache.purge()
    endpoint.answer = () => keySet([first])
    await lookUp(setting, 'k1')
    const { requests } = endpoint
    const before = requests.length
    let release: (response: Response) => void = () => undefined
    endpoint.answer = () => new Promise<Response>((resolve) => (release = resolve))
    clock.advance(30)
    const junk = lookUp(setting, 'junk-3')
    const logins = [forLogin(), forLogin(), forLogin()]
    endpoint.answer = () => keySet([first, second])
    release(keySet([first]))
    expect(await junk).toEqual([])
    expect(await Promise.all(logins)).toEqual([['k2'], ['k2'], ['k2']])
    expect(requests.length).toBe(before + 2)
  })

  it('HLD-14 logins whose keys nobody knows cause ten fetches, then one in five seconds', async () => {
    const { cache, clock, endpoint } = await warmCache()
    const forLogin = async (kid: string) => kidsOf(await cache.find(kid, 'RS256', clock(), 'login'))
    for (let login = 0; login < 200; login += 1) expect(await forLogin(`junk-${login}`)).toEqual([])
    expect(endpoint.requests).toHaveLength(11)
    endpoint.answer = () => keySet([first, second])
    clock.advance(4)
    expect(await forLogin('k2')).toEqual([])
    clock.advance(1)
    expect(await forLogin('k2')).toEqual(['k2'])
    expect(endpoint.requests).toHaveLength(12)
    // What strangers may ask for is not used up by logins.
    endpoint.answer = () => keySet([second])
    expect(await lookUp({ cache, clock, endpoint, events: [] }, 'junk')).toEqual([])
    expect(endpoint.requests).toHaveLength(13)
  })

  it('HLD-14 only fetches in vain count: keys may change as often as they do', async () => {
    const { cache, clock, endpoint } = await warmCache([first], { algorithms: ['RS256', 'ES256'] })
    for (let change = 0; change < 12; change += 1) {
      const next = createSigningKey(`n${change}`, 'ES256')
      endpoint.answer = () => keySet([first, next])
      for (let junk = 0; junk < 3; junk += 1) {
        if (change > 0) expect(await cache.find('junk', 'RS256', clock(), 'login')).toEqual([])
      }
      const twenty = Array.from({ length: 20 }, async () =>
        cache.find(`n${change}`, 'ES256', clock(), 'login'),
      )
      for (const found of await Promise.all(twenty)) expect(kidsOf(found)).toEqual([`n${change}`])
    }
  })

  it('HLD-14 logins of an outage cause ten fetches, then one in five seconds', async () => {
    const setting = createTestCache([first])
    const { cache, clock, endpoint } = setting
    endpoint.answer = () => new Response('', { status: 503 })
    const forLogin = async () => kidsOf(await cache.find('k1', 'RS256', clock(), 'login'))
    for (let login = 0; login < 200; login += 1) await expect(forLogin()).rejects.toMatchObject(unavailable)
    expect(endpoint.requests).toHaveLength(10)
    endpoint.answer = () => keySet([first])
    clock.advance(5)
    expect(await forLogin()).toEqual(['k1'])
  })

  it('FLD-07 a logout token is looked up anew after a fetch that had begun before it came', async () => {
    for (const earlier of ['junk', 'poll'] as const) {
      const setting = await warmCache([first], { unknownFetches: 5, ceilingSeconds: 100 })
      const { cache, clock, endpoint } = setting
      let release: (response: Response) => void = () => undefined
      endpoint.answer = () => new Promise<Response>((resolve) => (release = resolve))
      if (earlier === 'poll') clock.advance(100)
      const theirs = lookUp(setting, earlier === 'poll' ? 'k1' : 'junk')
      while (!cache.isFetching) await theirs
      const tokens = [lookUp(setting, 'k2'), lookUp(setting, 'k2')]
      endpoint.answer = () => keySet([first, second])
      release(keySet([first]))
      expect(await Promise.all(tokens)).toEqual([['k2'], ['k2']])
      expect(endpoint.requests).toHaveLength(3)
    }
  })

  it('HLD-14 a login does not wait after an outage that strangers have found', async () => {
    const setting = createTestCache([first])
    const { cache, clock, endpoint } = setting
    endpoint.answer = () => new Response('', { status: 503 })
    await expect(lookUp(setting, 'junk')).rejects.toMatchObject(unavailable)
    endpoint.answer = () => keySet([first])
    await expect(lookUp(setting, 'k1')).rejects.toMatchObject(unavailable)
    expect(kidsOf(await cache.find('k1', 'RS256', clock(), 'login'))).toEqual(['k1'])
  })

  it('JWT-13 the first fetch counts for a kid that it did not bring', async () => {
    const setting = createTestCache([first])
    const { clock, endpoint } = setting
    for (let count = 0; count < 5; count += 1) expect(await lookUp(setting, 'k2')).toEqual([])
    expect(endpoint.requests).toHaveLength(1)
    clock.advance(30)
    endpoint.answer = () => keySet([first, second])
    expect(await lookUp(setting, 'k2')).toEqual(['k2'])
  })

  it('JWT-15 concurrent misses share one fetch', async () => {
    const setting = createTestCache([first])
    const found = await Promise.all(
      Array.from({ length: 50 }, (_, index) => lookUp(setting, index % 2 ? 'k1' : 'k2')),
    )
    expect(found.filter((kids) => kids.length === 1)).toHaveLength(25)
    expect(setting.endpoint.requests).toHaveLength(1)
  })

  it('JWT-15 known kids are found at once while a fetch is under way, and unknown ones wait for it', async () => {
    const setting = await warmCache()
    const { cache, clock, endpoint } = setting
    let release: (response: Response) => void = () => undefined
    endpoint.answer = () =>
      new Promise<Response>((resolve) => {
        release = resolve
      })
    const waiting = [lookUp(setting, 'k2'), lookUp(setting, 'k2'), lookUp(setting, 'k3')]
    expect(cache.isFetching).toBe(true)
    const known = cache.find('k1', 'RS256', clock())
    expect(known).not.toBeInstanceOf(Promise)
    release(keySet([first, second]))
    expect(await Promise.all(waiting)).toEqual([['k2'], ['k2'], []])
    expect(endpoint.requests).toHaveLength(2)
  })

  it('JWT-15 a failed fetch keeps the last good set, up to its stale limit', async () => {
    const setting = await warmCache()
    const { cache, clock, endpoint, events } = setting
    const [key] = await cache.find('k1', 'RS256', clock())
    if (key === undefined) throw new Error('no key')
    endpoint.answer = () => keySet([])
    clock.advance(86_399)
    expect(cache.isCurrent(key, clock())).toBe(true)
    await settle(cache)
    expect(events).toMatchObject([{ type: 'keys.unavailable', problem: 'no-usable-key' }])
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
    clock.advance(1)
    expect(cache.isCurrent(key, clock())).toBe(false)
    await settle(cache)
    await expect(async () => cache.find('k1', 'RS256', clock())).rejects.toMatchObject(unavailable)
  })

  it('JWT-15 an outage costs one try a cool-down while the last good set is in use', async () => {
    const { cache, clock, endpoint } = await warmCache()
    endpoint.answer = () => Promise.reject(new Error('down'))
    clock.advance(900)
    for (let second_ = 0; second_ < 90; second_ += 1) {
      expect(kidsOf(await cache.find('k1', 'RS256', clock()))).toEqual(['k1'])
      await settle(cache)
      clock.advance(1)
    }
    expect(endpoint.requests).toHaveLength(1 + 3)
  })
})

describe('how long a set is kept', () => {
  it.each<[string, Record<string, string>, number]>([
    ['no word of it: the ceiling', {}, 900],
    ['max-age between floor and ceiling', { 'cache-control': 'public, max-age=300' }, 300],
    ['max-age less the age it has already', { 'cache-control': 'max-age=300', age: '100' }, 200],
    ['max-age below the floor', { 'cache-control': 'max-age=5' }, 60],
    ['max-age above the ceiling', { 'cache-control': 'max-age=99999999' }, 900],
    ['no-store: the floor', { 'cache-control': 'no-store, max-age=300' }, 60],
    ['no-cache: the floor', { 'cache-control': 'no-cache' }, 60],
    ['nonsense: the ceiling', { 'cache-control': 'max-age=soon' }, 900],
    ['s-maxage is not for us', { 'cache-control': 's-maxage=70' }, 900],
  ])('JWT-16 %s', async (_, headers, seconds) => {
    const { cache, clock, endpoint } = createTestCache([])
    endpoint.answer = () => keySet([first], headers)
    await cache.find('k1', 'RS256', clock())
    clock.advance(seconds - 0.001)
    void cache.find('k1', 'RS256', clock())
    expect(cache.isFetching).toBe(false)
    clock.advance(0.001)
    void cache.find('k1', 'RS256', clock())
    expect(cache.isFetching).toBe(true)
    await settle(cache)
    expect(endpoint.requests).toHaveLength(2)
    expect(cache.fetchedAt).toBe(startOfTime + seconds * 1000)
  })

  it('JWT-16 a rotated-out key no longer verifies once the ceiling has passed, even if nobody asks for keys', async () => {
    const { cache, clock, endpoint } = await warmCache([first, second])
    const [old] = await cache.find('k1', 'RS256', clock())
    const [kept] = await cache.find('k2', 'RS256', clock())
    if (old === undefined || kept === undefined) throw new Error('no key')
    endpoint.answer = () => keySet([second])
    clock.advance(899)
    expect(cache.isCurrent(old, clock())).toBe(true)
    expect(cache.isFetching).toBe(false)
    clock.advance(1)
    cache.isCurrent(old, clock())
    await settle(cache)
    expect(cache.isCurrent(old, clock())).toBe(false)
    expect(cache.isCurrent(kept, clock())).toBe(true)
    expect((await cache.find('k2', 'RS256', clock()))[0]).toBe(kept)
  })

  it('JWT-16 a kid that comes back with other key material is another key', async () => {
    const { cache, clock, endpoint } = await warmCache()
    const [old] = await cache.find('k1', 'RS256', clock())
    if (old === undefined) throw new Error('no key')
    endpoint.answer = () => keySet([createSigningKey('k1')])
    clock.advance(900)
    cache.isCurrent(old, clock())
    await settle(cache)
    expect(cache.isCurrent(old, clock())).toBe(false)
    expect((await cache.find('k1', 'RS256', clock()))[0]).not.toBe(old)
  })

  it('JWT-16 a purge forgets every key at once, asks anew in spite of the cool-down, and drops what was under way', async () => {
    const setting = await warmCache()
    const { cache, clock, endpoint } = setting
    const [old] = await cache.find('k1', 'RS256', clock())
    if (old === undefined) throw new Error('no key')
    let release: (response: Response) => void = () => undefined
    endpoint.answer = () =>
      new Promise<Response>((resolve) => {
        release = resolve
      })
    const waiting = lookUp(setting, 'k2')
    cache.purge()
    expect(cache.size).toBe(0)
    expect(cache.isCurrent(old, clock())).toBe(false)
    endpoint.answer = () => keySet([second])
    release(keySet([first, second]))
    expect(await waiting).toEqual(['k2'])
    await settle(cache)
    expect(await lookUp(setting, 'k1')).toEqual([])
    expect(cache.size).toBe(1)
  })
})

describe('fetching', () => {
  it.each([
    ['https://id.example.gov/keys', true],
    ['http://id.citizen.localhost:4000/keys', true],
    ['http://localhost/keys', true],
    ['http://127.0.0.1:4000/keys', true],
    ['http://[::1]:4000/keys', true],
    ['http://id.example.gov/keys', false],
    ['http://127.0.0.1.evil.example/keys', false],
    ['http://localhost.evil.example/keys', false],
    ['http://evillocalhost/keys', false],
    ['http://169.254.169.254/latest', false],
    ['ftp://id.example.gov/keys', false],
    ['file:///etc/passwd', false],
    ['data:application/json,{}', false],
    ['https://user:secret@id.example.gov/keys', false],
    ['/keys', false],
    ['', false],
  ])('JWT-17 keys come from %s: %s', (url, expected) => {
    const make = () => createTestCache([first], { url })
    if (expected) expect(make).not.toThrow()
    else expect(make).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('JWT-17 keys come from an origin that was named', () => {
    const make = (origins: string[]) => createTestCache([first], { origins })
    expect(() => make(['https://id.example.gov'])).not.toThrow()
    expect(() => make(['https://other.example.gov'])).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it('JWT-17 asks plainly: no redirects, no credentials, a signal to end it', async () => {
    const { endpoint } = await warmCache()
    expect(endpoint.requests[0]?.init).toMatchObject({
      method: 'GET',
      redirect: 'manual',
      credentials: 'omit',
    })
    expect(endpoint.requests[0]?.init?.signal).toBeInstanceOf(AbortSignal)
  })

  it.each<[string, string, () => Response | Promise<Response>]>([
    ['an error', 'network', () => Promise.reject(new TypeError('fetch failed'))],
    ['a redirect', 'status', () => Response.redirect('https://evil.example/keys', 302)],
    ['a redirect to the same host', 'status', () => Response.redirect('https://id.example.gov/other', 307)],
    ['204', 'status', () => new Response(null, { status: 204 })],
    ['404 with keys in it', 'status', () => Response.json({ keys: [first.jwk] }, { status: 404 })],
    ['500', 'status', () => new Response('oops', { status: 500 })],
    [
      'a page',
      'malformed',
      () => new Response('<html>', { headers: { 'content-type': 'application/json' } }),
    ],
    ['nothing', 'malformed', () => new Response('')],
    ['no body', 'malformed', () => new Response(null)],
    ['null', 'malformed', () => Response.json(null)],
    ['a list', 'malformed', () => Response.json([first.jwk])],
    ['keys that are no list', 'malformed', () => Response.json({ keys: { k1: first.jwk } })],
    ['no keys', 'no-usable-key', () => keySet([])],
    ['keys of no use', 'no-usable-key', () => Response.json({ keys: [{ kty: 'oct', k: 'AA' }, null, 1] })],
    ['65 keys', 'too-many-keys', () => Response.json({ keys: Array(65).fill(first.jwk) })],
    ['a long body', 'too-large', () => Response.json({ keys: [first.jwk], x: 'x'.repeat(262_144) })],
    [
      'a long body by its own word',
      'too-large',
      () => Response.json({ keys: [first.jwk] }, { headers: { 'content-length': '262145' } }),
    ],
  ])('JWT-17 %s is a failed fetch', async (_, problem, answer) => {
    expect(await problemWith(answer)).toMatchObject({ type: 'keys.unavailable', problem })
  })

  it('JWT-17 an answer for which a redirect was followed in spite of us is a failed fetch', async () => {
    const answer = () => Object.defineProperty(keySet([first]), 'redirected', { value: true })
    expect(await problemWith(answer)).toMatchObject({ problem: 'status' })
  })

  it('JWT-17 a body without end is read no further than 256 KiB', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    expect(await problemWith(() => new Response(endless))).toMatchObject({ problem: 'too-large' })
    expect(sent).toBeLessThan(1_000_000)
  })

  it.each<[string, (init: RequestInit | undefined) => Promise<Response>]>([
    [
      'that heeds the signal',
      (init) =>
        new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
    ],
    ['that does not', () => new Promise(() => undefined)],
    ['whose body never ends', async () => new Response(new ReadableStream({}))],
  ])('JWT-17 a fetch %s ends with the deadline', async (_, answer) => {
    expect(await problemWith(answer, 0.02)).toMatchObject({ type: 'keys.unavailable', problem: 'timeout' })
  })

  it('JWT-17 the content type is not trusted either way', async () => {
    const { cache, clock, endpoint } = createTestCache([])
    endpoint.answer = () =>
      new Response(JSON.stringify({ keys: [first.jwk] }), { headers: { 'content-type': 'text/html' } })
    expect(kidsOf(await cache.find('k1', 'RS256', clock()))).toEqual(['k1'])
  })
})

describe('HLD-05 a clock that was ahead and is put back', () => {
  const hour = 3600

  it('HLD-05 ends the wait after an outage', async () => {
    const setting = createTestCache([first])
    const answer = setting.endpoint.answer
    setting.endpoint.answer = () => new Response('', { status: 503 })
    setting.clock.advance(hour)
    await expect(lookUp(setting, 'k1')).rejects.toMatchObject(unavailable)
    setting.clock.advance(-hour)
    setting.endpoint.answer = answer
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
  })

  it('HLD-05 ends the wait for a name that is not known', async () => {
    const setting = createTestCache([first])
    setting.clock.advance(hour)
    await lookUp(setting, 'k1')
    expect(await lookUp(setting, 'junk')).toEqual([])
    setting.clock.advance(-hour)
    setting.endpoint.answer = () => keySet([first, second])
    expect(await lookUp(setting, 'k2')).toEqual(['k2'])
    expect(await lookUp(setting, 'junk')).toEqual([])
    const asked = setting.endpoint.requests.length
    expect(await lookUp(setting, 'other')).toEqual([])
    expect(setting.endpoint.requests).toHaveLength(asked)
  })

  it('HLD-05 JWT-16 lets a key that was rotated out verify no longer than the ceiling from then on', async () => {
    const setting = createTestCache([first], { ceilingSeconds: 600, staleSeconds: 900 })
    setting.clock.advance(24 * hour)
    const [key] = await setting.cache.find('k1', 'RS256', setting.clock())
    setting.clock.advance(-24 * hour)
    setting.endpoint.answer = () => keySet([second])
    if (key === undefined) throw new Error('there is no key')
    expect(setting.cache.isCurrent(key, setting.clock())).toBe(true)
    await settle(setting.cache)
    expect(setting.cache.isCurrent(key, setting.clock())).toBe(false)
  })

  it('HLD-05 JWT-15 counts a set of unknown age from then on while no new one can be had', async () => {
    const setting = createTestCache([first], { ceilingSeconds: 600, staleSeconds: 900 })
    setting.clock.advance(24 * hour)
    await lookUp(setting, 'k1')
    setting.clock.advance(-24 * hour)
    setting.endpoint.answer = () => new Response('', { status: 503 })
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
    await settle(setting.cache)
    setting.clock.advance(899)
    expect(await lookUp(setting, 'k1')).toEqual(['k1'])
    await settle(setting.cache)
    setting.clock.advance(1)
    await expect(lookUp(setting, 'k1')).rejects.toMatchObject(unavailable)
  })
})
