/** @module Encrypts an assertion for its service provider. */
import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'
import { certificateBody } from './certificate.js'
import { namespaces } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import { type Xml, xml } from './xml.js'

const contentAlgorithms = {
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'aes256-cbc': 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
} as const

/** An EncryptedAssertion with its key inside, by RSA-OAEP. Source: XML Encryption 1.1, sections 5.2.2, 5.2.4, 5.5.2. */
export function encryptAssertion(
  text: string,
  { algorithm, certificate }: NonNullable<ResolvedServiceProvider['encryption']>,
): Xml {
  const key = randomBytes(32)
  const content = algorithm === 'aes256-gcm' ? encryptGcm(text, key) : encryptCbc(text, key)
  const sealedKey = publicEncrypt(
    { key: certificate, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    key,
  )
  const { encryption: xenc, signature: ds, assertion: saml } = namespaces
  return xml`<saml:EncryptedAssertion xmlns:saml="${saml}"><xenc:EncryptedData xmlns:xenc="${xenc}" Type="${xenc}Element">
<xenc:EncryptionMethod Algorithm="${contentAlgorithms[algorithm]}"/>
<ds:KeyInfo xmlns:ds="${ds}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${xenc}rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="${ds}sha1"/></xenc:EncryptionMethod>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificateBody(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
<xenc:CipherData><xenc:CipherValue>${sealedKey.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>
<xenc:CipherData><xenc:CipherValue>${content.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>`
}

function encryptGcm(text: string, key: Buffer) {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** With the block padding of PKCS#7, which is one that XML Encryption allows. */
function encryptCbc(text: string, key: Buffer) {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()])
}
