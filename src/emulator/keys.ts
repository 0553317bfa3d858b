/** @module The signing keys of the emulator: rotation, the published set, signing, verification. */
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import * as jose from 'jose'

/** Options of {@link KeyRing.rotate}. */
export interface RotateKeysOptions {
  /** Publishes the next key without signing with it yet; the next rotation takes it into use. Default no. */
  readonly publishOnly?: boolean | undefined
  /** Takes all older keys out of the published set at once: their tokens are dead. Default no. */
  readonly dropOld?: boolean | undefined
  /** `kid` of the new key. Default: its thumbprint (RFC 7638). */
  readonly kid?: string | undefined
}

/** Options of a token that is signed as the test wants it. */
export interface SignTokenOptions {
  /** Default: the current key's; `null` leaves it out. */
  readonly kid?: string | null | undefined
  /**
   * Default `RS256`. `none` leaves the signature empty; `HS256` takes the published public key (SPKI, PEM) as its
   * secret, unless `key` is given: the classic confusion.
   */
  readonly alg?: string | undefined
  /** Default: the current key. `stranger`: a fresh RSA key that is published nowhere. */
  readonly key?: KeyObject | Uint8Array | 'stranger' | undefined
  /** More header parameters, or others (`typ`, `crit`, `jku`); a value `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>> | undefined
}

/** The keys of an emulator. */
export interface KeyRing {
  /** `kid` of the key that signs. */
  readonly kid: string
  /** The published set, oldest last. Source: RFC 7517, section 5. */
  jwks(): { readonly keys: readonly jose.JWK[] }
  rotate(options?: RotateKeysOptions): Promise<string>
  sign(claims: Readonly<Record<string, unknown>>, options?: SignTokenOptions): Promise<string>
  /** The claims of a token of ours; `undefined` when signature, issuer, type or time are wrong. */
  verify(token: string, expected: { issuer: string; now: number }): Promise<jose.JWTPayload | undefined>
}

interface Key {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: jose.JWK
}

const generate = promisify(generateKeyPair)
const newPair = () => generate('rsa', { modulusLength: 2048 })

async function createKey(kid: string | undefined): Promise<Key> {
  const { publicKey, privateKey } = await newPair()
  const bare = await jose.exportJWK(publicKey)
  const name = kid ?? (await jose.calculateJwkThumbprint(bare))
  return { kid: name, privateKey, publicKey, jwk: { ...bare, kid: name, alg: 'RS256', use: 'sig' } }
}

const encoder = new TextEncoder()

/** Makes a ring with one key. */
export async function createKeyRing(): Promise<KeyRing> {
  let current = await createKey(undefined)
  let next: Key | undefined
  let old: readonly Key[] = []
  const published = () => [...(next ? [next] : []), current, ...old]

  async function sign(claims: Readonly<Record<string, unknown>>, options: SignTokenOptions = {}) {
    const { alg = 'RS256', kid = current.kid } = options
    const header: Record<string, unknown> = {
      alg,
      typ: 'JWT',
      ...(kid === null ? {} : { kid }),
      ...options.header,
    }
    const payload = JSON.stringify(claims)
    if (alg === 'none') {
      const part = (text: string) => Buffer.from(text).toString('base64url')
      return `${part(JSON.stringify(header))}.${part(payload)}.`
    }
    const key = await signingKey(alg, options.key)
    const crit = Array.isArray(header.crit) ? Object.fromEntries(header.crit.map((name) => [name, true])) : {}
    return new jose.CompactSign(encoder.encode(payload))
      .setProtectedHeader({ ...header, alg })
      .sign(key, { crit })
  }

  async function signingKey(alg: string, given: SignTokenOptions['key']) {
    if (given === 'stranger') return (await newPair()).privateKey
    if (given !== undefined) return given
    if (alg.startsWith('HS')) return encoder.encode(await jose.exportSPKI(current.publicKey))
    return current.privateKey
  }

  return {
    get kid() {
      return current.kid
    },
    jwks: () => ({ keys: published().map((key) => key.jwk) }),
    async rotate({ publishOnly = false, dropOld = false, kid } = {}) {
      if (publishOnly) {
        next = await createKey(kid)
        return next.kid
      }
      const taken = next && kid === undefined ? next : await createKey(kid)
      old = [current, ...old].slice(0, 8)
      current = taken
      next = undefined
      if (dropOld) old = []
      return current.kid
    },
    sign,
    async verify(token, { issuer, now }) {
      try {
        const { payload } = await jose.jwtVerify(
          token,
          (header) => {
            const key = published().find(({ kid }) => kid === header.kid)
            if (!key) throw new jose.errors.JWKSNoMatchingKey()
            return key.publicKey
          },
          {
            algorithms: ['RS256'],
            issuer,
            currentDate: new Date(now),
            requiredClaims: ['exp', 'jti', 'sub'],
          },
        )
        return payload
      } catch {
        return undefined
      }
    },
  }
}
