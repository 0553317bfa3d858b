/** @module Opens what was encrypted for us: RSA-OAEP around AES, by node:crypto over values of the one parser. */
import { constants, createDecipheriv, type KeyObject, privateDecrypt } from 'node:crypto'
import { decodeBase64 } from './encoding.js'
import { refuse } from './saml-error.js'
import { parseXml, type XmlDocument, type XmlElement } from './xml/parse.js'
import { childOf, childrenOf, namespaces, requireAttribute, requireChild, textOf } from './xml/read.js'

interface BlockCipher {
  readonly cipher:
    | 'aes-128-gcm'
    | 'aes-192-gcm'
    | 'aes-256-gcm'
    | 'aes-128-cbc'
    | 'aes-192-cbc'
    | 'aes-256-cbc'
  readonly keyLength: number
  readonly isAuthenticated: boolean
}

const gcm = (bits: 128 | 192 | 256): readonly [string, BlockCipher] => [
  `${namespaces.encryption11}aes${bits}-gcm`,
  { cipher: `aes-${bits}-gcm`, keyLength: bits / 8, isAuthenticated: true },
]
const cbc = (bits: 128 | 192 | 256): readonly [string, BlockCipher] => [
  `${namespaces.encryption}aes${bits}-cbc`,
  { cipher: `aes-${bits}-cbc`, keyLength: bits / 8, isAuthenticated: false },
]
const ciphers: ReadonlyMap<string, BlockCipher> = new Map([
  gcm(128),
  gcm(192),
  gcm(256),
  cbc(128),
  cbc(192),
  cbc(256),
])

/** Digests of RSA-OAEP. SHA-1 stands here because it is the default of the scheme, where its weakness does not count. */
const oaepDigests: ReadonlyMap<string, string> = new Map([
  ['http://www.w3.org/2000/09/xmldsig#sha1', 'sha1'],
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
])

/**
 * Opens the EncryptedData inside an element (EncryptedAssertion, EncryptedID). AES-CBC only from bytes that a
 * signature already vouches for: on others, anybody could ask us byte by byte what they mean.
 * @throws SamlError `decryption` for whatever is wrong, and nothing more precise. Source: XML Encryption 1.1, 5.2 to 5.5.
 */
export function decryptElement(
  element: XmlElement,
  keys: readonly KeyObject[],
  isVouchedFor: boolean,
): XmlDocument {
  let text: string
  try {
    text = decryptText(element, keys, isVouchedFor)
  } catch {
    return refuse('decryption')
  }
  return parseXml(text)
}

function decryptText(element: XmlElement, keys: readonly KeyObject[], isVouchedFor: boolean): string {
  const data = requireChild(element, namespaces.encryption, 'EncryptedData')
  const method = requireAttribute(requireChild(data, namespaces.encryption, 'EncryptionMethod'), 'Algorithm')
  const cipher = ciphers.get(method) ?? refuse('decryption')
  if (!cipher.isAuthenticated && !isVouchedFor) refuse('decryption')
  const encryptedKey = findKey(element, data)
  const bytes = cipherValue(data)
  for (const key of keys) {
    const contentKey = unwrapKey(encryptedKey, key)
    if (contentKey?.length !== cipher.keyLength) continue
    return new TextDecoder('utf-8', { fatal: true }).decode(open(cipher, contentKey, bytes))
  }
  return refuse('decryption')
}

/** The key lies in the data's KeyInfo, or beside the data. Source: SAML Core, section 6.2. */
function findKey(element: XmlElement, data: XmlElement): XmlElement {
  const keyInfo = childOf(data, namespaces.signature, 'KeyInfo')
  const inside = keyInfo === undefined ? [] : childrenOf(keyInfo, namespaces.encryption, 'EncryptedKey')
  const found = [...inside, ...childrenOf(element, namespaces.encryption, 'EncryptedKey')]
  return found.length === 1 && found[0] !== undefined ? found[0] : refuse('decryption')
}

function cipherValue(element: XmlElement): Buffer {
  const data = requireChild(element, namespaces.encryption, 'CipherData')
  const value = textOf(requireChild(data, namespaces.encryption, 'CipherValue'))
  return decodeBase64(value.replace(/[ \t\r\n]/g, ''))
}

function unwrapKey(encryptedKey: XmlElement, key: KeyObject): Buffer | undefined {
  const method = requireChild(encryptedKey, namespaces.encryption, 'EncryptionMethod')
  const algorithm = requireAttribute(method, 'Algorithm')
  const digestMethod = childOf(method, namespaces.signature, 'DigestMethod')?.attributes.get('Algorithm')
  const digest =
    oaepDigests.get(digestMethod ?? 'http://www.w3.org/2000/09/xmldsig#sha1') ?? refuse('decryption')
  if (childOf(method, namespaces.encryption, 'OAEPparams') !== undefined) refuse('decryption')
  if (maskDigestOf(algorithm, method) !== digest || key.asymmetricKeyType !== 'rsa') return undefined
  try {
    return privateDecrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: digest },
      cipherValue(encryptedKey),
    )
  } catch {
    return undefined
  }
}

/** The digest of the mask, which node:crypto knows only where it is the digest of the padding as well. */
function maskDigestOf(algorithm: string, method: XmlElement): string {
  if (algorithm === `${namespaces.encryption}rsa-oaep-mgf1p`) return 'sha1'
  if (algorithm !== `${namespaces.encryption11}rsa-oaep`) return refuse('decryption')
  const mask = childOf(method, namespaces.encryption11, 'MGF')?.attributes.get('Algorithm')
  return mask === undefined
    ? 'sha1'
    : (/#mgf1(sha1|sha256|sha384|sha512)$/.exec(mask)?.[1] ?? refuse('decryption'))
}

function open(cipher: BlockCipher, key: Buffer, bytes: Buffer): Buffer {
  if (!cipher.isAuthenticated) {
    const decipher = createDecipheriv(cipher.cipher, key, bytes.subarray(0, 16)).setAutoPadding(false)
    const padded = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()])
    const length = padded.at(-1) ?? 0
    return length < 1 || length > 16 ? refuse('decryption') : padded.subarray(0, padded.length - length)
  }
  const decipher = createDecipheriv(cipher.cipher as 'aes-256-gcm', key, bytes.subarray(0, 12), {
    authTagLength: 16,
  })
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
}
