/** @module The signature algorithms that can be allowed, what key each needs, and the verification itself. */
import { constants, type KeyObject, verify } from 'node:crypto'

/** What an algorithm asks of its key and of `node:crypto`. Source: RFC 7518, section 3.1; RFC 8037; RFC 9864. */
export interface Algorithm {
  readonly name: string
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv: string | undefined
  readonly hash: string | null
  readonly isProbabilistic: boolean
}

function algorithm(
  name: string,
  kty: Algorithm['kty'],
  crv: string | undefined,
  hash: string | null,
  isProbabilistic = false,
): [string, Algorithm] {
  return [name, Object.freeze({ name, kty, crv, hash, isProbabilistic })]
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  algorithm('RS256', 'RSA', undefined, 'sha256'),
  algorithm('RS384', 'RSA', undefined, 'sha384'),
  algorithm('RS512', 'RSA', undefined, 'sha512'),
  algorithm('PS256', 'RSA', undefined, 'sha256', true),
  algorithm('PS384', 'RSA', undefined, 'sha384', true),
  algorithm('PS512', 'RSA', undefined, 'sha512', true),
  algorithm('ES256', 'EC', 'P-256', 'sha256'),
  algorithm('ES384', 'EC', 'P-384', 'sha384'),
  algorithm('EdDSA', 'OKP', 'Ed25519', null),
  algorithm('Ed25519', 'OKP', 'Ed25519', null),
])

/** Names of all algorithms that an allow list may hold: asymmetric ones only. */
export const supportedAlgorithms: readonly string[] = [...algorithms.keys()]

/** The algorithm of that exact name; `undefined` for anything else, `none` and HMAC in any letter case included. */
export function findAlgorithm(name: unknown): Algorithm | undefined {
  return typeof name === 'string' ? algorithms.get(name) : undefined
}

/** Whether the signature over `data` is this key's. Anything that goes wrong is a no. Source: RFC 8725, section 3.3. */
export function isSignedBy(key: KeyObject, name: string, data: Uint8Array, signature: Uint8Array): boolean {
  const found = algorithms.get(name)
  if (found === undefined) return false
  try {
    if (found.kty === 'EC') return verify(found.hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
    if (found.isProbabilistic) {
      const padding = constants.RSA_PKCS1_PSS_PADDING
      return verify(
        found.hash,
        data,
        { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
        signature,
      )
    }
    return verify(found.hash, data, key, signature)
  } catch {
    return false
  }
}
