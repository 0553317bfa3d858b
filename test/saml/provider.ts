/** @module An identity provider in a few functions: it signs with xml-crypto, and can be told to do everything wrong. */
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import { selfSignedCertificate } from '../../src/emulator/saml/certificate.js'
import { type Certificate, readCertificate } from '../../src/saml/certificate.js'
import type { MessageRules, ResponseRules } from '../../src/saml/message.js'
import { forAllFiles } from '../support/rsa-keys.js'

/** A key with its certificate. */
export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly pem: string
  readonly certificate: Certificate
}

export const now = Date.UTC(2026, 0, 15, 12, 0, 0)
export const idp = 'https://id.citizen.example/saml'
export const sp = 'https://benefits.citizen.example/session/saml/metadata'
export const acs = 'https://benefits.citizen.example/session/saml/acs'
export const slo = 'https://benefits.citizen.example/session/saml/slo'
export const requestId = '_request1'

/** Makes a key with a certificate for ten years, or until the given time. */
export function createKeyPair(notAfter = now + 10 * 365 * 86_400_000, bits = 2048): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const pem = selfSignedCertificate({
    commonName: 'id.citizen.example',
    privateKey,
    publicKey,
    notBefore: now - 86_400_000,
    notAfter,
    random: (bytes: number) => randomBytes(bytes),
  })
  const certificate = readCertificate(pem) ?? {
    publicKey,
    base64: pem.replace(/-----[^-]+-----|\s/g, ''),
    fingerprint: '',
    expiresAt: notAfter,
  }
  return { privateKey, publicKey, pem, certificate }
}

export const provider = forAllFiles(() => createKeyPair())
export const stranger = forAllFiles(() => createKeyPair())
export const own = forAllFiles(() => createKeyPair())

export const instant = (offsetSeconds = 0) => new Date(now + offsetSeconds * 1000).toISOString()

/** Attributes and content of a message, each of which a test may change. */
export interface Parts {
  readonly id?: string
  readonly version?: string
  readonly issueInstant?: string
  readonly destination?: string | undefined
  readonly inResponseTo?: string | undefined
  readonly issuer?: string
  readonly [part: string]: string | undefined
}

const attribute = (name: string, value: string | undefined) =>
  value === undefined ? '' : ` ${name}="${value}"`
const given = (parts: Parts, name: string, fallback: string | undefined) =>
  name in parts ? parts[name] : fallback

function open(name: string, parts: Parts, defaults: Parts, more = ''): string {
  const attributes = [
    attribute('ID', given(parts, 'id', defaults.id)),
    attribute('Version', given(parts, 'version', '2.0')),
    attribute('IssueInstant', given(parts, 'issueInstant', instant())),
    attribute('Destination', given(parts, 'destination', defaults.destination)),
    attribute('InResponseTo', given(parts, 'inResponseTo', defaults.inResponseTo)),
  ]
  const issuer = given(parts, 'issuer', `<saml:Issuer>${idp}</saml:Issuer>`)
  return `<samlp:${name} xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"${attributes.join('')}${more}>${issuer}`
}

/** A LogoutRequest, unsigned. */
export function logoutRequest(parts: Parts = {}): string {
  const subject = given(parts, 'subject', '<saml:NameID>ana</saml:NameID>')
  const indexes = given(parts, 'indexes', '<samlp:SessionIndex>s1</samlp:SessionIndex>')
  const more =
    attribute('NotOnOrAfter', given(parts, 'notOnOrAfter', instant(300))) +
    attribute('Reason', given(parts, 'reason', undefined))
  return `${open('LogoutRequest', parts, { id: '_logout1', destination: slo }, more)}${subject}${indexes}</samlp:LogoutRequest>`
}

const status = 'urn:oasis:names:tc:SAML:2.0:status:'

/** A LogoutResponse, unsigned. */
export function logoutResponse(parts: Parts = {}): string {
  const second = parts.subcode === undefined ? '' : `<samlp:StatusCode Value="${status}${parts.subcode}"/>`
  const code = `<samlp:Status><samlp:StatusCode Value="${status}${parts.code ?? 'Success'}">${second}</samlp:StatusCode></samlp:Status>`
  const defaults = { id: '_answer1', destination: slo, inResponseTo: requestId }
  return `${open('LogoutResponse', parts, defaults)}${code}</samlp:LogoutResponse>`
}

/** An Assertion, unsigned. */
export function assertion(parts: Parts = {}): string {
  const confirmation = given(
    parts,
    'confirmation',
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData${attribute(
      'Recipient',
      given(parts, 'recipient', acs),
    )}${attribute('InResponseTo', given(parts, 'confirmedFor', requestId))}${attribute(
      'NotOnOrAfter',
      given(parts, 'confirmedUntil', instant(300)),
    )}${attribute('NotBefore', given(parts, 'confirmedFrom', undefined))}/></saml:SubjectConfirmation>`,
  )
  const audience = given(
    parts,
    'audience',
    `<saml:AudienceRestriction><saml:Audience>${sp}</saml:Audience></saml:AudienceRestriction>`,
  )
  const conditions = given(
    parts,
    'conditions',
    `<saml:Conditions NotBefore="${parts.notBefore ?? instant(-10)}" NotOnOrAfter="${parts.notOnOrAfter ?? instant(300)}">${audience}</saml:Conditions>`,
  )
  const statement = given(
    parts,
    'statement',
    `<saml:AuthnStatement AuthnInstant="${parts.authnInstant ?? instant(-20)}" SessionIndex="s1"${attribute(
      'SessionNotOnOrAfter',
      parts.sessionNotOnOrAfter,
    )}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
  )
  const attributes =
    parts.attributes ??
    '<saml:AttributeStatement><saml:Attribute Name="role"><saml:AttributeValue>citizen</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>'
  const subject = given(parts, 'subject', '<saml:NameID>ana</saml:NameID>')
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"${attribute('ID', parts.id ?? '_assertion1')}${attribute(
    'Version',
    given(parts, 'version', '2.0'),
  )}${attribute('IssueInstant', given(parts, 'issueInstant', instant()))}>${given(
    parts,
    'issuer',
    `<saml:Issuer>${idp}</saml:Issuer>`,
  )}<saml:Subject>${subject}${confirmation}</saml:Subject>${conditions}${statement}${attributes}</saml:Assertion>`
}

/** A Response around an assertion, unsigned. */
export function response(inner = assertion(), parts: Parts = {}): string {
  const code = parts.code ?? 'Success'
  const head = open('Response', parts, { id: '_response1', destination: acs, inResponseTo: requestId })
  return `${head}<samlp:Status><samlp:StatusCode Value="${status}${code}"/></samlp:Status>${inner}</samlp:Response>`
}

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'

/** How a signature is made, where a test wants it otherwise. */
export interface SignatureChoice {
  readonly key?: KeyObject
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly transforms?: readonly string[]
  readonly canonicalization?: string
  readonly inclusiveNamespaces?: readonly string[]
  /** Local name of the element that is signed. Default: the root. */
  readonly element?: string
}

/** Signs an element of a document with xml-crypto as it comes, without our module. */
export function signed(xml: string, choice: SignatureChoice = {}): string {
  const target = choice.element === undefined ? '/*' : `//*[local-name(.)='${choice.element}']`
  const signer = new SignedXml({
    privateKey: choice.key ?? provider.privateKey,
    signatureAlgorithm: choice.signatureAlgorithm ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: choice.canonicalization ?? exclusive,
  })
  signer.addReference({
    xpath: target,
    transforms: [...(choice.transforms ?? [enveloped, exclusive])],
    digestAlgorithm: choice.digestAlgorithm ?? 'http://www.w3.org/2001/04/xmlenc#sha256',
    ...(choice.inclusiveNamespaces && { inclusiveNamespacesPrefixList: [...choice.inclusiveNamespaces] }),
  })
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: `${target}/*[local-name(.)='Issuer']`, action: 'after' },
  })
  return signer.getSignedXml()
}

/** Encrypts an element's text for a key, as EncryptedData with its EncryptedKey inside. */
export function encrypted(
  name: 'EncryptedAssertion' | 'EncryptedID',
  xml: string,
  cipher: 'gcm' | 'cbc' = 'gcm',
  recipient: KeyObject = own.publicKey,
): string {
  const key = randomBytes(32)
  const iv = randomBytes(cipher === 'gcm' ? 12 : 16)
  let value: Buffer
  if (cipher === 'gcm') {
    const aes = createCipheriv('aes-256-gcm', key, iv)
    value = Buffer.concat([iv, aes.update(xml), aes.final(), aes.getAuthTag()])
  } else {
    const aes = createCipheriv('aes-256-cbc', key, iv)
    value = Buffer.concat([iv, aes.update(xml), aes.final()])
  }
  const wrapped = publicEncrypt(
    {
      key: createPublicKey(recipient.export({ type: 'spki', format: 'pem' })),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha1',
    },
    key,
  )
  const method =
    cipher === 'gcm'
      ? 'http://www.w3.org/2009/xmlenc11#aes256-gcm'
      : 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'
  const encryptedKey = `<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><xenc:CipherData><xenc:CipherValue>${wrapped.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>`
  return `<saml:${name} xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="${method}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${encryptedKey}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>${value.toString('base64')}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:${name}>`
}

/** Rules for messages of the logout. */
export const logoutRules: MessageRules = {
  identityProvider: idp,
  serviceProvider: sp,
  now,
  skew: 30_000,
  window: 300_000,
  destination: slo,
  isDestinationRequired: true,
}

/** Rules for the login. */
export const loginRules: ResponseRules = {
  ...logoutRules,
  destination: acs,
  requestId,
  keys: [provider.publicKey],
  decryptionKeys: [own.privateKey],
}

/** What a call throws, as the word for it; an untyped error is thrown on. */
export function problemOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    const { problem } = error as { problem?: unknown }
    if (typeof problem !== 'string') throw error
    return problem
  }
}
