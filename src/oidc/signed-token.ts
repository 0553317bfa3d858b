/** @module A token that the provider signed: decoded strictly, decrypted where that is configured, and verified. */
import type { JsonWebKeyInput } from 'node:crypto'
import { compactDecrypt, importJWK } from 'jose'
import { CitizenSessionError } from '../errors.js'
import { findAlgorithm, isSignedBy } from '../tokens/algorithms.js'
import { maximumKidLength, maximumTokenHeaderLength } from '../tokens/claims.js'
import type { JwksCache, TokenBearer } from '../tokens/jwks-cache.js'
import { decodeBase64url, parseStrictObject } from '../tokens/strict-json.js'

/** Why a token is not the provider's. */
export type SignatureProblem =
  | 'too-large'
  | 'malformed'
  /** Plain although encryption was agreed, or encrypted although it was not, or not for our key. */
  | 'encryption'
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  /** The provider's keys cannot be had. */
  | 'keys-unavailable'

/** A token that the provider signed; what it says is not judged yet. */
export interface SignedToken {
  readonly type: string | undefined
  /** By which it was signed. */
  readonly algorithm: string
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * A private JSON Web Key, as `node:crypto` takes it: the name `JsonWebKey` is gone from the types of Node 26.
 */
export type PrivateJsonWebKey = JsonWebKeyInput['key'] & { readonly kid?: string; readonly alg?: string }

/** What tokens are verified with. */
export interface SignatureRules {
  readonly keys: Pick<JwksCache, 'find'>
  /** For whom a key that is not known is asked for; default: anybody. */
  readonly bearer?: TokenBearer | undefined
  readonly algorithms: readonly string[]
  /** With at least one, plain tokens are refused. */
  readonly decryptionKeys: readonly PrivateJsonWebKey[]
  /** Characters of the whole token. */
  readonly maximumLength: number
}

/** Never RSA1_5, never a password. Source: RFC 7518, section 4.1; `JWT-20`, `JWT-10`. */
/** How the key of an encrypted token may be made known; `RSA1_5` is not among them (`JWT-20`). */
export const keyManagement = ['RSA-OAEP-256', 'RSA-OAEP', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW']
const contentEncryption = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A256CBC-HS512']

/**
 * Verifies who signed a token: size first, then shape, algorithm, key and signature. Never throws.
 * Source: RFC 7515, RFC 7516, RFC 8725; `BCL-04` to `BCL-07`, `JWT-01`, `JWT-04`, `JWT-06`, `JWT-09`.
 */
export async function verifySignature(
  jwt: unknown,
  rules: SignatureRules,
  now: number,
): Promise<SignedToken | SignatureProblem> {
  if (typeof jwt !== 'string') return 'malformed'
  if (jwt.length > rules.maximumLength) return 'too-large'
  if (rules.decryptionKeys.length === 0) {
    return jwt.split('.').length === 5 ? 'encryption' : verifyPlain(jwt, rules, now)
  }
  const plain = await decryptToken(jwt, rules.decryptionKeys)
  if (plain === undefined || plain.length > rules.maximumLength) return 'encryption'
  return verifyPlain(plain, rules, now)
}

/** What was encrypted for one of the keys; `undefined`: nothing, or in a way that is not taken. */
export async function decryptToken(
  jwt: string,
  keys: readonly PrivateJsonWebKey[],
): Promise<string | undefined> {
  const [head = '', ...rest] = jwt.split('.')
  if (rest.length !== 4 || head.length > maximumTokenHeaderLength) return undefined
  const header = parseStrictObject(head)
  // A compressed token is refused: what it expands to is not bounded.
  if (header === undefined || Object.hasOwn(header, 'zip') || Object.hasOwn(header, 'crit')) return undefined
  const { alg, kid } = header
  if (typeof alg !== 'string' || !keyManagement.includes(alg)) return undefined
  for (const jwk of keys) {
    if (kid !== undefined && jwk.kid !== undefined && jwk.kid !== kid) continue
    if (jwk.alg !== undefined && jwk.alg !== alg) continue
    try {
      const { plaintext } = await compactDecrypt(jwt, await importJWK(jwk, alg), {
        keyManagementAlgorithms: keyManagement,
        contentEncryptionAlgorithms: contentEncryption,
      })
      return new TextDecoder('utf-8', { fatal: true }).decode(plaintext)
    } catch {
      // Not for this key: try the next one.
    }
  }
  return undefined
}

async function verifyPlain(
  jwt: string,
  rules: SignatureRules,
  now: number,
): Promise<SignedToken | SignatureProblem> {
  const parts = jwt.split('.')
  const [head = '', payload = '', tail = ''] = parts
  if (parts.length !== 3 || head.length > maximumTokenHeaderLength) return 'malformed'
  const header = parseStrictObject(head)
  if (header === undefined) return 'malformed'
  const { alg, kid, typ } = header
  if (typeof alg !== 'string' || findAlgorithm(alg) === undefined || !rules.algorithms.includes(alg)) {
    return 'algorithm'
  }
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64') || Object.hasOwn(header, 'zip')) {
    return 'malformed'
  }
  if (typ !== undefined && typeof typ !== 'string') return 'malformed'
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maximumKidLength)) {
    return 'malformed'
  }
  const claims = parseStrictObject(payload)
  const signature = decodeBase64url(tail)
  if (claims === undefined || signature === undefined || signature.length === 0) return 'malformed'
  let candidates: Awaited<ReturnType<JwksCache['find']>>
  try {
    candidates = await rules.keys.find(kid, alg, now, rules.bearer)
  } catch (error) {
    if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return 'keys-unavailable'
    throw error
  }
  if (candidates.length === 0) return 'unknown-key'
  const data = Buffer.from(`${head}.${payload}`, 'latin1')
  const isOurs = candidates.some(({ key }) => isSignedBy(key, alg, data, signature))
  return isOurs ? { type: typ, algorithm: alg, claims } : 'signature'
}
