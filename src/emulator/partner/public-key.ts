/** @module The uploaded public key: from PEM to the member of `jwks.json` that the dashboard makes of it. */
import { createPublicKey, type KeyObject } from 'node:crypto'

/** A key of the generated set, its members in the order of the partner's guide. Source: Vivoldi SSO, 3. */
export interface PartnerKey {
  readonly kty: 'RSA'
  readonly use: 'sig'
  readonly kid: string
  readonly alg: 'RS256'
  readonly n: string
  readonly e: string
}

/** Why an uploaded file makes no key. */
export type KeyUploadProblem =
  | 'private-key'
  | 'unreadable'
  | 'several-keys'
  | 'not-rsa'
  | 'too-short'
  | 'too-long'
  | 'exponent'
  | 'kid'

/** The key of a PEM text under a name, or why there is none. */
export function readPublicKey(pem: string, kid: string): PartnerKey | KeyUploadProblem {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(kid)) return 'kid'
  if (pem.includes('PRIVATE KEY')) return 'private-key'
  if (pem.split('-----BEGIN ').length > 2) return 'several-keys'
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    return 'unreadable'
  }
  if (key.asymmetricKeyType !== 'rsa') return 'not-rsa'
  const weakness = weaknessOf(key)
  if (weakness !== undefined) return weakness
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  return { kty: 'RSA', use: 'sig', kid, alg: 'RS256', n, e }
}

/** Why signatures of an RSA key mean nothing; with the exponent 1 anybody signs. Source: RFC 8017, section 3.1. */
export function weaknessOf(key: KeyObject): 'too-short' | 'too-long' | 'exponent' | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < 2048) return 'too-short'
  if (modulusLength > 8192) return 'too-long'
  const isExponent = publicExponent > 2n && publicExponent % 2n === 1n && publicExponent < 2n ** 64n
  return isExponent ? undefined : 'exponent'
}
