/** @module Turns a JSON Web Key Set into keys that verify, and leaves out everything else. */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { type Algorithm, findAlgorithm } from './algorithms.js'
import { maximumKidLength } from './claims.js'

/** More keys than this in one set, and the set is not used (`JWT-17`). */
export const maximumKeys = 64

/** A public key of one issuer. The same object for as long as the issuer publishes it unchanged. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly kty: string
  readonly crv: string | undefined
  /** The one algorithm it is meant for, if it says so. */
  readonly algorithm: string | undefined
  readonly key: KeyObject
  /** What makes it the same key in a later set. */
  readonly identity: string
  /** The issuer no longer publishes it. */
  isRetired: boolean
}

/** Members that only private and symmetric keys have. Source: RFC 7518, sections 6.2.2, 6.3.2, 6.4.1. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

function isForVerification(jwk: Readonly<Record<string, unknown>>): boolean {
  if (secretMembers.some((member) => Object.hasOwn(jwk, member))) return false
  if (jwk.use !== undefined && jwk.use !== 'sig') return false
  return jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))
}

/** What `node:crypto` says of an RSA key. */
export interface RsaDetails {
  readonly modulusLength?: number
  readonly publicExponent?: bigint
}

/** RFC 8725, section 3.5, and an exponent that makes an RSA signature mean something. */
export function isStrongRsa({ modulusLength = 0, publicExponent }: RsaDetails): boolean {
  return modulusLength >= 2048 && modulusLength <= 8192 && isSoundExponent(publicExponent)
}

/** Whether a key that is public is worth what it verifies. */
export function isStrong(key: KeyObject): boolean {
  return key.asymmetricKeyType !== 'rsa' || isStrongRsa(key.asymmetricKeyDetails ?? {})
}

/**
 * Whether the exponent of an RSA key is odd, 3 or more, and of at most 64 bits: with 1 anybody signs, and longer ones
 * OpenSSL does not take. Source: RFC 8017, section 3.1.
 */
export function isSoundExponent(exponent = 0n): boolean {
  return exponent >= 3n && exponent < 2n ** 64n && exponent % 2n === 1n
}

/** Whether a key may verify signatures of that algorithm. Source: RFC 8725, section 3.1. */
export function fits(key: VerificationKey, algorithm: Algorithm): boolean {
  if (key.kty !== algorithm.kty) return false
  if (algorithm.crv !== undefined && key.crv !== algorithm.crv) return false
  return key.algorithm === undefined || key.algorithm === algorithm.name
}

/**
 * A key of a set; `undefined` for one that cannot verify any of the algorithms, which is not an error (`JWT-11`).
 * Refused are private and symmetric keys, keys for encryption, RSA below 2,048 bits, points off their curve.
 */
export function importVerificationKey(
  jwk: unknown,
  algorithms: readonly string[],
  known: (identity: string) => VerificationKey | undefined,
): VerificationKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, crv, kid, alg, n, e, x, y } = jwk as Readonly<Record<string, unknown>>
  if (!isForVerification(jwk as Readonly<Record<string, unknown>>) || typeof kty !== 'string')
    return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maximumKidLength)) return undefined
  if (alg !== undefined && typeof alg !== 'string') return undefined
  if (crv !== undefined && typeof crv !== 'string') return undefined
  const identity = JSON.stringify([kty, crv, kid, alg, n, e, x, y])
  const same = known(identity)
  if (same !== undefined) return same
  const description = { kid, kty, crv, algorithm: alg, identity, isRetired: false }
  try {
    const key = createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' })
    const candidate: VerificationKey = { ...description, key }
    const isOfUse = algorithms.some((name) => {
      const algorithm = findAlgorithm(name)
      return algorithm !== undefined && fits(candidate, algorithm)
    })
    return isOfUse && isStrong(key) ? candidate : undefined
  } catch {
    return undefined
  }
}
