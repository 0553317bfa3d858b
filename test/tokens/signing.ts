/** @module Makes keys, tokens and key set endpoints for the tests of this folder. */
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { EventDescription } from '../../src/events.js'
import { createJwksCache, type JwksCache, type JwksCacheOptions } from '../../src/tokens/jwks-cache.js'
import { splitToken, type TokenParts } from '../../src/tokens/token-parts.js'
import { createTokenVerifier, type TokenVerifier } from '../../src/tokens/verify.js'

export const startOfTime = 1_750_000_000_000
export const issuer = 'https://id.example.gov'
export const keySetUrl = 'https://id.example.gov/api/v1/authentication/.well-known/jwks.json'

export interface SigningKey {
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: KeyObject
  readonly jwk: Record<string, unknown>
}

const generators: Record<string, () => { privateKey: KeyObject; publicKey: KeyObject }> = {
  RS: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  Ed25519: () => generateKeyPairSync('ed25519'),
}

export function createSigningKey(kid: string, algorithm = 'RS256'): SigningKey {
  const generate = generators[algorithm] ?? generators[algorithm.slice(0, 2)]
  if (generate === undefined) throw new Error(`no generator for ${algorithm}`)
  const { privateKey, publicKey } = generate()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, privateKey, jwk }
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

function signBytes(key: SigningKey, data: Buffer): Buffer {
  const { algorithm, privateKey } = key
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return sign(null, data, privateKey)
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  if (algorithm.startsWith('PS')) {
    const padding = constants.RSA_PKCS1_PSS_PADDING
    return sign(hash, data, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
  }
  return sign(hash, data, privateKey)
}

/** Signs an encoded header and payload as they are. */
export function signEncoded(key: SigningKey, header: string, payload: string): TokenParts {
  const signature = signBytes(key, Buffer.from(`${header}.${payload}`)).toString('base64url')
  return { header, payload, signature }
}

export function claimsAt(now: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const iat = Math.floor(now / 1000)
  return {
    iss: issuer,
    sub: 'person-1',
    jti: 'session-1',
    iat,
    exp: iat + 1200,
    mfaRequired: false,
    isMfa: true,
    isDidAuth: false,
    ...changes,
  }
}

/** A signed token. A change to `undefined` leaves the claim or header parameter out. */
export function createToken(
  key: SigningKey,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  now = startOfTime,
): TokenParts {
  const protectedHeader = { alg: key.algorithm, typ: 'JWT', kid: key.kid, ...header }
  return signEncoded(key, encode(protectedHeader), encode(claimsAt(now, claims)))
}

export function parts(jwt: string): TokenParts {
  const split = splitToken(jwt)
  if (split === undefined) throw new Error('not a token')
  return split
}

/** An endpoint in the process: `fetch` to inject, and what it was asked. */
export interface KeyEndpoint {
  readonly fetch: typeof globalThis.fetch
  readonly requests: { readonly url: string; readonly init: RequestInit | undefined }[]
  /** What the next requests are answered with. */
  answer: (init: RequestInit | undefined) => Response | Promise<Response>
}

export function keySet(keys: readonly SigningKey[], headers: Record<string, string> = {}): Response {
  return Response.json({ keys: keys.map((key) => key.jwk) }, { headers })
}

export function createKeyEndpoint(keys: readonly SigningKey[]): KeyEndpoint {
  const requests: KeyEndpoint['requests'] = []
  const endpoint: KeyEndpoint = {
    requests,
    answer: () => keySet(keys),
    fetch: async (input, init) => {
      requests.push({ url: String(input), init })
      return endpoint.answer(init)
    },
  }
  return endpoint
}

export interface TestClock {
  (): number
  advance(seconds: number): number
}

export function createTestClock(): TestClock {
  let now = startOfTime
  const advance = (seconds: number) => {
    now += seconds * 1000
    return now
  }
  return Object.assign(() => now, { advance })
}

export interface TestCache {
  readonly cache: JwksCache
  readonly events: EventDescription[]
  readonly clock: TestClock
  readonly endpoint: KeyEndpoint
}

export function createTestCache(
  keys: readonly SigningKey[],
  options: Partial<JwksCacheOptions> = {},
  clock: TestClock = createTestClock(),
): TestCache {
  const endpoint = createKeyEndpoint(keys)
  const events: EventDescription[] = []
  const cache = createJwksCache({
    url: keySetUrl,
    algorithms: ['RS256'],
    coolDownSeconds: 30,
    floorSeconds: 60,
    ceilingSeconds: 900,
    staleSeconds: 86_400,
    timeoutSeconds: 5,
    fetch: endpoint.fetch,
    clock,
    report: (event) => events.push(event),
    ...options,
  })
  return { cache, events, clock, endpoint }
}

export const rules = {
  audience: undefined,
  algorithms: ['RS256'],
  kindClaims: ['mfaRequired', 'isMfa', 'isDidAuth'],
  sessionClaim: 'jti',
  clockSkewSeconds: 30,
} as const

export function createTestVerifier(
  cache: JwksCache,
  options: Partial<Parameters<typeof createTokenVerifier>[0]> = {},
): TokenVerifier {
  return createTokenVerifier({ ...rules, issuers: new Map([[issuer, cache]]), ...options })
}
