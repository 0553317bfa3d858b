import { createPublicKey } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier } from 'fast-jwt'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SigningAlgorithm } from '../../src/issuing/algorithms.js'
import { createSsoIssuer } from '../../src/issuing/issuer.js'
import { memoryKeys } from '../../src/issuing/memory-keys.js'
import { type PemSource, pemKeys } from '../../src/issuing/pem-keys.js'
import { createKeyRing, type KeyRing } from '../../src/issuing/ring.js'
import { citizen, createTestClock, openssl, temporaryFolder } from './world.js'

/** The key set and a token, as a partner gets them. */
async function fromPartnersSide(keys: KeyRing) {
  const issuer = createSsoIssuer({
    keys,
    issuer: 'org-7',
    audience: 'vivoldi',
    applicationUrl: 'https://a.example',
  })
  const response = await issuer.jwks().web(new Request('https://a.example/.well-known/jwks.json'))
  const set = (await response.json()) as JSONWebKeySet
  return { set, token: await issuer.issue(citizen()) }
}

/** DER by hand, from nothing but `n` and `e`: no library of ours has a say in it. */
function pemFrom(n: string, e: string): string {
  const length = (size: number): Buffer =>
    size < 128 ? Buffer.of(size) : size < 256 ? Buffer.of(0x81, size) : Buffer.of(0x82, size >> 8, size & 255)
  const wrap = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    return Buffer.concat([Buffer.of(tag), length(body.length), body])
  }
  const integer = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'base64url')
    return wrap(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.of(0), bytes]) : bytes)
  }
  const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex')
  const der = wrap(0x30, rsaEncryption, wrap(0x03, Buffer.of(0), wrap(0x30, integer(n), integer(e))))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/** What a partner with nothing but openssl sees. */
function opensslSays(token: string, publicPem: string): string {
  const folder = temporaryFolder()
  const [header = '', payload = '', signature = ''] = token.split('.')
  const files = { key: join(folder, 'key.pem'), signature: join(folder, 'signature') }
  writeFileSync(files.key, publicPem)
  writeFileSync(files.signature, Buffer.from(signature, 'base64url'))
  const args = ['dgst', '-sha256', '-verify', files.key, '-signature', files.signature]
  return openssl(args, `${header}.${payload}`).toString().trim()
}

async function allVerify(keys: KeyRing): Promise<JSONWebKeySet> {
  const { set, token } = await fromPartnersSide(keys)
  const { n = '', e = '' } = set.keys[0] ?? {}
  expect(opensslSays(token, pemFrom(n, e))).toBe('Verified OK')
  const rules = { issuer: 'org-7', audience: 'vivoldi', algorithms: ['RS256'] }
  expect((await jwtVerify(token, createLocalJWKSet(set), rules)).payload.sub).toBe('ana')
  const verify = createVerifier({
    key: pemFrom(n, e),
    algorithms: ['RS256'],
    allowedIss: 'org-7',
    allowedAud: 'vivoldi',
  })
  expect(verify(token)).toMatchObject({ sub: 'ana', iss: 'org-7', aud: 'vivoldi' })
  const forged = `${token.slice(0, -4)}AAAA`
  expect(() => opensslSays(forged, pemFrom(n, e))).toThrow()
  return set
}

describe('independent verifiers', () => {
  it('JWT-20 RSA 3072 with RS256 is the default for SSO keys (partners such as Vivoldi take nothing else): openssl, jose and fast-jwt verify a token with the published n and e', async () => {
    const ring = createKeyRing({ storage: memoryKeys(), name: 'vivoldi-sso' })
    await ring.rotate()
    const { keys } = await allVerify(ring)
    expect(keys).toHaveLength(1)
    const [key = {}] = keys
    expect(Object.keys(key)).toEqual(['kty', 'use', 'kid', 'alg', 'n', 'e'])
    expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' })
    expect(key.kid).toMatch(/^vivoldi-sso-\d{8}$/)
    // 3072 bits without a leading zero byte. Source: RFC 7518, section 2 (Base64urlUInt).
    expect(Buffer.from(key.n ?? '', 'base64url')).toHaveLength(384)
    expect(Buffer.from(key.n ?? '', 'base64url')[0]).toBeGreaterThan(127)
  })

  it.each<[SigningAlgorithm, string[]]>([
    ['ES256', ['kty', 'use', 'kid', 'alg', 'crv', 'x', 'y']],
    ['EdDSA', ['kty', 'use', 'kid', 'alg', 'crv', 'x']],
  ])('JWT-20 %s is there for the asking: jose and fast-jwt verify it', async (algorithm, members) => {
    const ring = createKeyRing({ storage: memoryKeys(), algorithm })
    await ring.rotate()
    const { set, token } = await fromPartnersSide(ring)
    const [key = {}] = set.keys
    expect(Object.keys(key)).toEqual(members)
    await jwtVerify(token, createLocalJWKSet(set), { algorithms: [algorithm] })
    const pem = createPublicKey({ key: { ...key }, format: 'jwk' })
      .export({ format: 'pem', type: 'spki' })
      .toString()
    expect(createVerifier({ key: pem, algorithms: [algorithm] })(token)).toMatchObject({ sub: 'ana' })
  })
})

describe("the keys of Vivoldi's guide", () => {
  function guideKeys() {
    const folder = temporaryFolder()
    const [privateFile, publicFile] = [join(folder, 'sso_private.pem'), join(folder, 'sso_public.pem')]
    openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', privateFile])
    openssl(['rsa', '-in', privateFile, '-pubout', '-out', publicFile])
    chmodSync(privateFile, 0o600)
    chmodSync(publicFile, 0o644)
    return { folder, privateFile, publicFile }
  }

  it('load as openssl makes them (PKCS#8), and as PKCS#1; from file, variable and callback', async () => {
    const { folder, privateFile, publicFile } = guideKeys()
    const pkcs1 = join(folder, 'pkcs1.pem')
    openssl(['rsa', '-in', privateFile, '-traditional', '-out', pkcs1])
    chmodSync(pkcs1, 0o600)
    expect(readFileSync(pkcs1, 'utf8')).toContain('BEGIN RSA PRIVATE KEY')
    process.env.SSO_TEST_KEY = readFileSync(privateFile, 'utf8').replaceAll('\n', '\\n')
    const sources: readonly PemSource[] = [
      { file: privateFile },
      { file: pkcs1 },
      { environment: 'SSO_TEST_KEY' },
      { load: async () => readFileSync(pkcs1, 'utf8') },
    ]
    try {
      for (const privateKey of sources) {
        const storage = pemKeys({ keys: [{ kid: 'vivoldi-sso-20251008', privateKey }] })
        const { keys } = await allVerify(createKeyRing({ storage }))
        const published = pemFrom(keys[0]?.n ?? '', keys[0]?.e ?? '')
        expect(published).toBe(readFileSync(publicFile, 'utf8'))
        expect(keys[0]?.kid).toBe('vivoldi-sso-20251008')
      }
    } finally {
      delete process.env.SSO_TEST_KEY
    }
  })

  it('follow each other by their times in the list, the old one by its public half alone', async () => {
    const { privateFile, publicFile } = guideKeys()
    let now = Date.parse('2026-01-01T00:00:00Z')
    const storage = pemKeys({
      keys: [
        { kid: 'old-20250101', publicKey: { file: publicFile } },
        { kid: 'now-20250601', privateKey: { file: privateFile }, activatesAt: '2025-06-01T00:00:00Z' },
        {
          kid: 'then-20260102',
          privateKey: { file: privateFile },
          activatesAt: Date.parse('2026-01-02T00:00:00Z'),
        },
      ],
    })
    const ring = createKeyRing({ storage, clock: () => now })
    const kids = async () => (await ring.published()).keys.map(({ kid }) => kid)
    expect(await kids()).toEqual(['now-20250601', 'then-20260102'])
    expect((await ring.signer()).kid).toBe('now-20250601')
    now += 86_400_000
    expect(await kids()).toEqual(['then-20260102', 'now-20250601'])
    await expect(ring.rotate()).rejects.toMatchObject({ code: 'usage' })
  })
})

describe('a secret manager', () => {
  const pem = () => openssl(['genpkey', '-algorithm', 'ED25519']).toString()

  it('is asked again from time to time; what it has then is signed with, and its outage is bridged', async () => {
    const { clock, travel } = createTestClock()
    let text = pem()
    let asked = 0
    let isDown = false
    const load = async () => {
      asked += 1
      if (isDown) throw new Error('down')
      return text
    }
    const storage = pemKeys({ keys: [{ kid: 'a', privateKey: { load } }], clock })
    const keys = createKeyRing({ storage, clock, onProblem: () => {} })
    const holds = async () => {
      const { set, token } = await fromPartnersSide(keys)
      await jwtVerify(token, createLocalJWKSet(set))
    }
    await holds()
    travel(60)
    await holds()
    expect(asked).toBe(1)
    text = pem()
    travel(300)
    await holds()
    expect(asked).toBe(2)
    isDown = true
    travel(3_600)
    await holds()
    expect(asked).toBe(3)
  })
})

describe('keys that are refused', () => {
  const pem = (...args: string[]) => openssl(args).toString()
  it.each<[string, () => string]>([
    ['RSA of 1024 bits', () => pem('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024')],
    [
      'RSA with the exponent 3',
      () =>
        pem(
          'genpkey',
          '-algorithm',
          'RSA',
          '-pkeyopt',
          'rsa_keygen_bits:2048',
          '-pkeyopt',
          'rsa_keygen_pubexp:3',
        ),
    ],
    ['RSA for PSS only', () => pem('genpkey', '-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048')],
    [
      'EC on another curve',
      () => pem('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'),
    ],
    ['X25519', () => pem('genpkey', '-algorithm', 'X25519')],
    ['an encrypted one', () => pem('genpkey', '-algorithm', 'ED25519', '-aes256', '-pass', 'pass:secret')],
    [
      'two in one text',
      () => pem('genpkey', '-algorithm', 'ED25519') + pem('genpkey', '-algorithm', 'ED25519'),
    ],
    ['a public one', () => openssl(['pkey', '-pubout'], pem('genpkey', '-algorithm', 'ED25519')).toString()],
    ['nothing', () => ''],
    ['half of one', () => pem('genpkey', '-algorithm', 'ED25519').replace(/\n.{20}/, '\n')],
  ])('JWT-02 %s, without a word of the key', async (_name, make) => {
    const text = make()
    const storage = pemKeys({ keys: [{ kid: 'a', privateKey: { load: () => text } }] })
    const error: unknown = await storage.read().catch((refused: unknown) => refused)
    expect(error).toMatchObject({ code: 'key-ring' })
    const body = text.split('\n')[1] ?? ''
    const shown = error instanceof Error ? `${error.message} ${error.stack} ${String(error.cause)}` : ''
    if (body.length > 20) expect(shown).not.toContain(body.slice(0, 20))
  })

  it('a private key in place of a public one', async () => {
    const text = pem('genpkey', '-algorithm', 'ED25519')
    const storage = pemKeys({ keys: [{ kid: 'a', publicKey: { load: () => text } }] })
    await expect(storage.read()).rejects.toThrow(/private key/)
  })

  it.each([
    [[]],
    [[{ kid: '../a', privateKey: { environment: 'A' } }]],
    [[{ kid: 'a' }]],
    [[{ kid: 'a', privateKey: { environment: 'A' }, publicKey: { environment: 'B' } }]],
    [[{ kid: 'a', privateKey: { environment: 'A' }, activatesAt: 'soon' }]],
    [['a', 'a'].map((kid) => ({ kid, privateKey: { environment: 'A' } }))],
  ])('a list that cannot be: %j', (keys) => {
    expect(() => pemKeys({ keys })).toThrow(TypeError)
  })
})
