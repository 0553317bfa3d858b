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
export type KeyUploadProblem = 'private-key' | 'unreadable' | 'not-rsa' | 'too-short' | 'kid'

/** The key of a PEM text under a name, or why there is none. */
export function readPublicKey(pem: string, kid: string): PartnerKey | KeyUploadProblem {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(kid)) return 'kid'
  if (pem.includes('PRIVATE KEY')) return 'private-key'
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    return 'unreadable'
  }
  if (key.asymmetricKeyType !== 'rsa') return 'not-rsa'
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return 'too-short'
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  return { kty: 'RSA', use: 'sig', kid, alg: 'RS256', n, e }
}
