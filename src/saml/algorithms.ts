/** @module The signature algorithms that we accept and use: SHA-256 or better, by the kind of key that they name. */
import { constants, createHash, type KeyObject, sign, verify } from 'node:crypto'
import { isSoundExponent } from '../tokens/verification-keys.js'

/** One signature algorithm. */
export interface SignatureAlgorithm {
  readonly uri: string
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly keyType: 'rsa' | 'ec'
  readonly isPss: boolean
}

const row = (uri: string, hash: SignatureAlgorithm['hash'], keyType: 'rsa' | 'ec', isPss = false) =>
  [uri, { uri, hash, keyType, isPss }] as const

/** Every accepted algorithm by its address. Source: RFC 9231, section 2.3. */
export const signatureAlgorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  row('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'sha256', 'rsa'),
  row('http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', 'sha384', 'rsa'),
  row('http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', 'sha512', 'rsa'),
  row('http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', 'sha256', 'rsa', true),
  row('http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1', 'sha384', 'rsa', true),
  row('http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1', 'sha512', 'rsa', true),
  row('http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', 'sha256', 'ec'),
  row('http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384', 'sha384', 'ec'),
  row('http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512', 'sha512', 'ec'),
])

/** Digest algorithms by their address. Source: RFC 9231, section 2.1; XML Encryption 1.1, section 5.8. */
export const digestAlgorithms: ReadonlyMap<string, SignatureAlgorithm['hash']> = new Map([
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
])

const keyOptions = (algorithm: SignatureAlgorithm, key: KeyObject) =>
  algorithm.isPss
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key, dsaEncoding: 'ieee-p1363' as const }

/** Whether one of the keys made this signature; a key of another kind than the algorithm's never did. */
export function verifyBytes(
  algorithm: SignatureAlgorithm,
  keys: readonly KeyObject[],
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return keys.some((key) => {
    if (key.asymmetricKeyType !== algorithm.keyType) return false
    try {
      return verify(algorithm.hash, bytes, keyOptions(algorithm, key), signature)
    } catch {
      return false
    }
  })
}

/** Signs with the key; the algorithm must be {@link algorithmFor} it. */
export function signBytes(algorithm: SignatureAlgorithm, key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(algorithm.hash, bytes, keyOptions(algorithm, key))
}

/** What we sign with: SHA-256 with RSA or ECDSA, by the kind of the key. @throws TypeError for other kinds. */
export function algorithmFor(key: KeyObject): SignatureAlgorithm {
  const kind = key.asymmetricKeyType
  const uri = `http://www.w3.org/2001/04/xmldsig-more#${kind === 'ec' ? 'ecdsa' : 'rsa'}-sha256`
  const algorithm = signatureAlgorithms.get(uri)
  if ((kind !== 'rsa' && kind !== 'ec') || algorithm === undefined)
    throw new TypeError('a SAML key is an RSA or EC key')
  return algorithm
}

/** Whether a key is strong enough: RSA of 2048 bits with an exponent that proves something, or one of the NIST curves. */
export function isStrongKey(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && isSoundExponent(publicExponent)
  return key.asymmetricKeyType === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)
}

/** Digest of a text as base64. */
export function digestOf(hash: SignatureAlgorithm['hash'], text: string): string {
  return createHash(hash).update(text, 'utf8').digest('base64')
}
