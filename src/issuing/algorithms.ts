/** @module The algorithms that we sign with: what key each needs, how one is made, and how strong it must be. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CitizenSessionError } from '../errors.js'

/** Algorithms that we sign with. Partners that take the person over usually know `RS256` only. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** Every {@link SigningAlgorithm}. */
export const signingAlgorithms: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

/** Size of a new RSA key in bits. The least is 2048. */
export const defaultModulusLength = 3072

/** The least size of an RSA key in bits. Source: RFC 7518, section 3.3. */
export const leastModulusLength = 2048

const mostModulusLength = 8192
const leastExponent = 65_537n

const generate = promisify(generateKeyPair)

/**
 * Makes a private key. `modulusLength` in bits, for RSA only; default 3072.
 * @throws TypeError for an algorithm or a size that is not supported.
 */
export async function generatePrivateKey(
  algorithm: SigningAlgorithm,
  modulusLength = defaultModulusLength,
): Promise<KeyObject> {
  switch (algorithm) {
    case 'RS256':
      assertModulusLength(modulusLength)
      return (await generate('rsa', { modulusLength, publicExponent: Number(leastExponent) })).privateKey
    case 'ES256':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'EdDSA':
      return (await generate('ed25519')).privateKey
  }
}

/** @throws TypeError for a size of an RSA key outside of 2048 to 8192 bits. */
export function assertModulusLength(modulusLength: number): void {
  const isSize = Number.isInteger(modulusLength) && modulusLength % 8 === 0
  if (isSize && modulusLength >= leastModulusLength && modulusLength <= mostModulusLength) return
  throw new TypeError(
    `an RSA key has ${leastModulusLength} to ${mostModulusLength} bits; 3072 are recommended`,
  )
}

/**
 * The algorithm that a key signs with: the key alone decides, so none is used with two.
 * @throws CitizenSessionError `key-ring` for a kind or strength that is not accepted. Source: RFC 8725, section 3.2.
 */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < leastModulusLength) {
        throw refused(
          `an RSA key of ${modulusLength} bits is too short: at least ${leastModulusLength}, ${defaultModulusLength} are recommended`,
        )
      }
      if (modulusLength > mostModulusLength) throw refused(`an RSA key has at most ${mostModulusLength} bits`)
      if (publicExponent < leastExponent) throw refused('the public exponent of an RSA key is at least 65537')
      if (publicExponent % 2n === 0n || publicExponent >= 2n ** 64n)
        throw refused('the public exponent of an RSA key is odd, and has at most 64 bits')
      return 'RS256'
    case 'ec':
      if (namedCurve !== 'prime256v1') throw refused('an EC key must be on the curve P-256')
      return 'ES256'
    case 'ed25519':
      return 'EdDSA'
    default:
      throw refused('a signing key is RSA, EC on P-256, or Ed25519')
  }
}

/**
 * Reads a private key from PEM: PKCS#8, PKCS#1 or SEC1. The key is never part of an error.
 * @throws CitizenSessionError `key-ring`. Source: RFC 5958, RFC 8017 appendix A.1.2, RFC 5915.
 */
export function privateKeyOf(pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw refused(
      'the private key is encrypted: decrypt it with `openssl pkey -in <file>`, or keep it elsewhere',
    )
  }
  const kinds = pem.match(/^-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\s*$/gm) ?? []
  if (kinds.length !== 1) throw refused('a text with exactly one private key in PEM is needed')
  try {
    return accepted(createPrivateKey(pem))
  } catch (error) {
    if (error instanceof CitizenSessionError) throw error
    throw refused('the private key cannot be read: PKCS#8 or PKCS#1 in PEM is needed')
  }
}

/**
 * Reads a public key from PEM: SPKI, PKCS#1, or the certificate of one. A private key is refused, so that none is handed
 * on by mistake, and so is a text with several keys. The text is never part of an error.
 * @throws CitizenSessionError `key-ring`. Source: RFC 7468, sections 5 and 13; RFC 8017, appendix A.1.1.
 */
export function publicKeyOf(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY'))
    throw refused(
      'this is a private key; the public one is needed: `openssl pkey -in <private key> -pubout -out <public key>`',
    )
  const found = pem.match(/^-----BEGIN (?:(?:RSA )?PUBLIC KEY|(?:X509 )?CERTIFICATE)-----\s*$/gm) ?? []
  if (found.length > 1)
    throw refused(
      `there are ${found.length} keys or certificates in this text: give the one that signs, alone`,
    )
  try {
    return accepted(createPublicKey(pem))
  } catch (error) {
    if (error instanceof CitizenSessionError) throw error
    throw refused(
      'the public key cannot be read: PEM is needed (BEGIN PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE); ' +
        '`openssl pkey -pubin -inform DER -in <file>` makes it of DER, `ssh-keygen -e -m PKCS8 -f <file>` of an SSH key',
    )
  }
}

function accepted(key: KeyObject): KeyObject {
  algorithmOf(key)
  return key
}

function refused(message: string): CitizenSessionError {
  return new CitizenSessionError('key-ring', message)
}
