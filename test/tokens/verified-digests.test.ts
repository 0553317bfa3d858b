import { describe, expect, it } from 'vitest'
import { bytesOfDigest, createDigestMemory, type DigestMemory } from '../../src/digest-memory.js'
import { joinToken, type TokenParts } from '../../src/tokens/token-parts.js'
import type { VerificationKey } from '../../src/tokens/verification-keys.js'
import type { VerifiedToken } from '../../src/tokens/verify.js'
import {
  createSigningKey,
  createTestCache,
  createTestVerifier,
  createToken,
  keySet,
  startOfTime,
} from './signing.js'

const key = { isRetired: false }
const token = (name: string, tail = name) => ({
  header: 'header',
  payload: `payload-${name}`,
  signature: `signature-${tail.padStart(12, '_')}`,
})

/** A memory of digests as the verifier uses it. */
function createTokenMemory<K extends { readonly isRetired: boolean }>(
  bounds: Parameters<typeof createDigestMemory>[0],
) {
  const memory: DigestMemory<K> = createDigestMemory<K>(bounds)
  return {
    find: (parts: TokenParts) => memory.find(parts.signature, joinToken(parts)),
    add: (parts: TokenParts, by: K) => memory.add(parts.signature, joinToken(parts), by),
    clear: () => memory.clear(),
    get size() {
      return memory.size
    },
  }
}

const many = { maximumBytes: 10_000 * bytesOfDigest }

describe('the digests of verified tokens', () => {
  it('finds the key of a token by all its octets, and of no other', () => {
    const digests = createTokenMemory<typeof key>(many)
    const one = token('a')
    expect(digests.find(one)).toBeUndefined()
    digests.add(one, key)
    expect(digests.find({ ...one })).toBe(key)
    for (const other of [
      { ...one, header: 'heade_' },
      { ...one, payload: 'payload-b' },
      { ...one, signature: one.signature.replace('s', 'S') },
      { ...one, header: 'header.payload-a', payload: one.signature, signature: '' },
      { ...one, header: 'heade', payload: 'rpayload-a' },
      // The same low octet.
      { ...one, payload: one.payload.replace('a', '\u0161') },
    ]) {
      expect(digests.find(other)).toBeUndefined()
    }
    expect(digests.find(one)).toBe(key)
  })

  it('tells tokens with the same end of the signature apart', () => {
    const digests = createTokenMemory<{ isRetired: boolean; name: string }>(many)
    const rows = Array.from({ length: 40 }, (_, name) => ({
      parts: token(`n${name}`, 'same'),
      key: { isRetired: false, name: `k${name}` },
    }))
    for (const row of rows) digests.add(row.parts, row.key)
    for (const row of rows) expect(digests.find(row.parts)).toBe(row.key)
    expect(digests.find(token('another', 'same'))).toBeUndefined()
  })

  it.each([0, 1])('HLD-24 remembers nothing where at most %i may be', (maximumEntries) => {
    const digests = createTokenMemory<typeof key>({ ...many, maximumEntries })
    digests.add(token('a'), key)
    expect(digests.find(token('a'))).toBeUndefined()
    expect(digests.size).toBe(0)
  })

  it.each([2, 10, 101, 20_000])(
    'HLD-24 never holds more than %i, and always the newest',
    (maximumEntries) => {
      const digests = createTokenMemory<typeof key>({ maximumEntries, maximumBytes: 2 ** 30 })
      for (let count = 0; count < 3 * maximumEntries; count += 1) {
        const one = token(`n${count}`)
        digests.add(one, key)
        expect(digests.find(one)).toBe(key)
        if (count % 100 === 0) expect(digests.size).toBeLessThanOrEqual(maximumEntries)
      }
      expect(digests.size).toBeGreaterThan(0.4 * maximumEntries)
      expect(digests.size).toBeLessThanOrEqual(maximumEntries)
    },
  )

  it('HLD-24 is bounded by memory too', () => {
    const digests = createTokenMemory<typeof key>({ maximumEntries: 10_000, maximumBytes: 8000 })
    for (let count = 0; count < 1000; count += 1) digests.add(token(`n${count}`), key)
    expect(digests.size).toBeLessThanOrEqual(100)
    expect(digests.size).toBeGreaterThan(40)
  })

  it('HLD-24 keeps what is asked for while others come and go', () => {
    const digests = createTokenMemory<typeof key>({ ...many, maximumEntries: 10 })
    digests.add(token('kept'), key)
    for (let count = 0; count < 200; count += 1) {
      digests.add(token(`n${count}`), key)
      expect(digests.find(token('kept'))).toBe(key)
    }
  })

  it('JWT-16 forgets what a retired key verified, and never takes it for that of another key', () => {
    const digests = createTokenMemory<{ isRetired: boolean }>(many)
    const first = { isRetired: false }
    const second = { isRetired: false }
    digests.add(token('a'), first)
    first.isRetired = true
    expect(digests.find(token('a'))).toBeUndefined()
    digests.add(token('b'), second)
    expect(digests.find(token('a'))).toBeUndefined()
    expect(digests.find(token('b'))).toBe(second)
    digests.add(token('a'), second)
    expect(digests.find(token('a'))).toBe(second)
  })

  it('forgets all when it is cleared', () => {
    const digests = createTokenMemory<typeof key>(many)
    for (let count = 0; count < 500; count += 1) digests.add(token(`n${count}`), key)
    expect(digests.size).toBe(500)
    digests.clear()
    expect(digests.size).toBe(0)
    expect(digests.find(token('n1'))).toBeUndefined()
    digests.add(token('n1'), key)
    expect(digests.find(token('n1'))).toBe(key)
  })
})

describe('a token that is remembered by its digest only', () => {
  const signing = createSigningKey('k1')
  const good = createToken(signing, { jti: 'the-one' })
  const others = Array.from({ length: 130 }, (_, count) => createToken(signing, { jti: `session-${count}` }))

  /** A verifier that has seen the token, and so many others that it is remembered whole no more. */
  async function forgetful(staleSeconds = 86_400) {
    const setting = createTestCache([signing], { staleSeconds })
    const verifier = createTestVerifier(setting.cache, { keys: { rememberedTokens: 200 } })
    const first = (await verifier.verify(good, setting.clock())) as VerifiedToken
    for (const other of others) await verifier.verify(other, setting.clock())
    for (const other of others) await verifier.verify(other, setting.clock())
    return { ...setting, verifier, first }
  }

  /** Keys count what is verified with them. */
  function counted({ cache }: Awaited<ReturnType<typeof forgetful>>, now: number) {
    let count = 0
    for (const each of cache.find('k1', 'RS256', now) as readonly VerificationKey[]) {
      const { key: real } = each
      Object.defineProperty(each, 'key', {
        get() {
          count += 1
          return real
        },
      })
    }
    return () => count
  }

  it('HLD-24 costs no signature, and is read from the token that is presented', async () => {
    const setting = await forgetful()
    const { verifier, clock, first } = setting
    const verifications = counted(setting, clock())
    const again = verifier.verify({ ...good }, clock()) as VerifiedToken
    expect(again).not.toBe(first)
    expect(again).toMatchObject({ valid: true, sessionValue: 'the-one', attachment: undefined, parts: good })
    expect(Object.isFrozen(again.claims)).toBe(true)
    expect(verifications()).toBe(0)
    void verifier.verify(createToken(signing, { jti: 'unseen' }), clock())
    expect(verifications()).toBe(1)
  })

  it('HLD-24 is remembered whole again where it comes often, or where something is attached to it', async () => {
    const { verifier, clock } = await forgetful()
    for (let count = 0; count < 8; count += 1) void verifier.verify(good, clock())
    expect(verifier.verify(good, clock())).toBe(verifier.verify(good, clock()))
    const other = await forgetful()
    const once = other.verifier.verify({ ...good }, other.clock()) as VerifiedToken
    expect(other.verifier.verify(good, other.clock())).not.toBe(once)
    once.attachment = 'kept'
    other.verifier.keep(once, other.clock())
    expect(other.verifier.verify({ ...good }, other.clock())).toBe(once)
    expect(once.parts).toEqual(good)
  })

  it('JWT-02 does not open the door to the same signature with one octet of another header or payload', async () => {
    const { verifier, clock } = await forgetful()
    const bytes = Buffer.from(good.payload, 'base64url')
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      const payload = changed.toString('base64url')
      expect(verifier.verify({ ...good, payload }, clock())).toMatchObject({ valid: false })
    }
    const raised = Buffer.from(bytes.toString().replace('person-1', 'person-2')).toString('base64url')
    expect(verifier.verify({ ...good, payload: raised }, clock())).toMatchObject({ problem: 'signature' })
    const header = Buffer.from('{"alg":"RS256","typ":"jwt","kid":"k1"}').toString('base64url')
    expect(verifier.verify({ ...good, header }, clock())).toMatchObject({ problem: 'signature' })
    expect(verifier.verify(good, clock())).toMatchObject({ valid: true })
  })

  it.each([
    ['expires', 1230, 'expired'],
    ['is not yet valid when the clock is put back', -31, 'not-yet-valid'],
  ])('JWT-08 %s like any other', async (_, seconds, problem) => {
    const { verifier } = await forgetful()
    expect(verifier.verify(good, startOfTime + seconds * 1000)).toMatchObject({ valid: false, problem })
    expect(verifier.verify(good, startOfTime)).toMatchObject({ valid: true })
  })

  it('JWT-16 is refused once its key is no longer published', async () => {
    const { verifier, clock, cache, endpoint } = await forgetful()
    endpoint.answer = () => keySet([createSigningKey('k2')])
    clock.advance(901)
    void verifier.verify(others[0] ?? good, clock())
    while (cache.isFetching) await Promise.resolve()
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: false, problem: 'unknown-key' })
  })

  it('JWT-16 is forgotten with its key by a purge', async () => {
    const { verifier, clock, endpoint } = await forgetful()
    endpoint.answer = () => keySet([createSigningKey('k2')])
    verifier.purge()
    expect(await verifier.verify(good, clock())).toMatchObject({ valid: false, problem: 'unknown-key' })
  })

  it('JWT-15 is not verified by keys that are too old', async () => {
    const { verifier, clock, endpoint } = await forgetful(900)
    endpoint.answer = () => Promise.reject(new Error('down'))
    clock.advance(1000)
    await expect((async () => verifier.verify(good, clock()))()).rejects.toMatchObject({
      code: 'keys-unavailable',
    })
  })
})
