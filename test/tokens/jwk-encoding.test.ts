import { createPublicKey } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { parsePublicJwk, toPublicJwk } from '../../src/issuing/public-jwk.js'
import { remoteKeys } from '../../src/issuing/verify-token.js'
import { canonicalNumbers, encodingFaults } from '../../src/tokens/jwk-encoding.js'
import {
  createSigningKey,
  createTestCache,
  createTestVerifier,
  createToken,
  type SigningKey,
} from './signing.js'

const octets = (text: unknown) => Buffer.from(String(text), 'base64url')
const withZero = (text: unknown) => Buffer.concat([Buffer.alloc(1), octets(text)]).toString('base64url')
const withPadding = (text: unknown) => `${text}${'='.repeat((4 - (String(text).length % 4)) % 4)}`
const withStrayBits = (text: string) => text.replace(/.$/, (last) => (last === 'B' ? 'C' : 'B'))

const rsa = createSigningKey('vivoldi-sso-20251008')
const ec = curveKeyWithZero()
const okp = createSigningKey('o', 'EdDSA')
const { n, e } = rsa.jwk
const { x, y } = ec.jwk

/** A point whose x begins with a zero byte, which some writers leave out. */
function curveKeyWithZero(): SigningKey {
  for (;;) {
    const key = createSigningKey('e', 'ES256')
    if (octets(key.jwk.x)[0] === 0) return key
  }
}

/** Keys as others write them: what is wrong, the key that signs, and what stands in the set instead. */
const misspelt: [string, SigningKey, Record<string, unknown>, string[]][] = [
  ["the sample of Vivoldi's guide", rsa, { n: withZero(n) }, ['n begins with a zero byte']],
  ['a zero byte before e', rsa, { e: withZero(e) }, ['e begins with a zero byte']],
  [
    'both',
    rsa,
    { n: withZero(n), e: withZero(e) },
    ['n begins with a zero byte', 'e begins with a zero byte'],
  ],
  ['padding', rsa, { n: withPadding(n) }, ['n ends in padding (=)']],
  ['EC: padding', ec, { x: withPadding(x) }, ['x ends in padding (=)']],
  [
    'EC: without its leading zero',
    ec,
    { x: octets(x).subarray(1).toString('base64url') },
    ['x has 31 bytes instead of 32'],
  ],
  ['EC: a zero byte too many', ec, { y: withZero(y) }, ['y has 33 bytes instead of 32']],
  ['Ed25519: padding', okp, { x: withPadding(okp.jwk.x) }, ['x ends in padding (=)']],
]

describe('public keys that are not written as RFC 7518 says', () => {
  it.each(misspelt)('JWT-11 are taken from others: %s', async (_, key, changes, faults) => {
    const published = { ...key.jwk, ...changes }
    expect(encodingFaults(key.jwk)).toEqual([])
    expect(encodingFaults(published)).toEqual(faults)
    expect(canonicalNumbers(published)).toEqual(canonicalNumbers(key.jwk))

    const algorithms = [key.algorithm]
    const { cache, clock } = createTestCache([{ ...key, jwk: published }], { algorithms })
    const verifier = createTestVerifier(cache, { algorithms })
    expect(await verifier.verify(createToken(key), clock())).toMatchObject({ valid: true })

    const keys = remoteKeys('https://us.example/jwks.json', {
      fetch: async () => Response.json({ keys: [published] }),
    })
    const header = { alg: key.algorithm, kid: key.kid }
    const token = await new SignJWT({ sub: 'ana' }).setProtectedHeader(header).sign(key.privateKey)
    expect((await jwtVerify(token, keys, { algorithms })).payload).toEqual({ sub: 'ana' })
  })

  it.each(misspelt)('JWT-20 are never written by us: %s', (_, key, changes) => {
    const published = createPublicKey({ key: { ...key.jwk, ...changes }, format: 'jwk' })
    const written = toPublicJwk(published, key.kid)
    expect({ ...written }).toEqual(key.jwk)
    expect(parsePublicJwk(written)).toEqual(written)
    expect(() => parsePublicJwk({ ...written, ...changes })).toThrow('not one that we write')
  })

  it('say also what Node reads and others do not: line breaks, another alphabet, bits that mean nothing', () => {
    expect(encodingFaults({ ...rsa.jwk, n: `${n}\n` })).toEqual([
      'n is not base64url: it has other characters',
    ])
    expect(encodingFaults({ ...rsa.jwk, n: octets(n).toString('base64').replace(/=+$/, '+') })).toHaveLength(
      1,
    )
    expect(encodingFaults({ ...ec.jwk, y: withStrayBits(String(y)) })).toEqual([
      'y has stray bits at its end',
    ])
  })

  it('do not make two keys of one: neither a zero nor a missing one changes the number', () => {
    expect(canonicalNumbers({ kty: 'RSA', n: 'AAEC', e: 'AQ==' })).toEqual({ n: 'AQI', e: 'AQ' })
    expect(octets(canonicalNumbers({ kty: 'EC', crv: 'P-521', x: 'AQ', y: 'Ag' }).x)).toHaveLength(66)
    expect(canonicalNumbers({ kty: 'RSA', n: 'AQI', e: 'AQ' })).not.toEqual(
      canonicalNumbers({ kty: 'RSA', n: 'AQIA', e: 'AQ' }),
    )
  })

  it.each([
    {},
    { kty: 7 },
    { kty: 'constructor', n: 'A=' },
    { kty: 'RSA', n: 7 },
    { kty: 'EC', crv: 'P-256' },
  ])('are keys: %j has no faults of writing', (jwk) => {
    expect(encodingFaults(jwk)).toEqual([])
  })
})
