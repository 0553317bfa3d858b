import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeAuthnRequest } from '../../src/saml/authn-request.js'
import { decryptElement } from '../../src/saml/decrypt.js'
import { writeLogoutRequest } from '../../src/saml/logout-request.js'
import { writeLogoutResponse } from '../../src/saml/logout-response.js'
import { writeOwnMetadata } from '../../src/saml/own-metadata.js'
import { verifyLoginResponse } from '../../src/saml/response.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { signXml, verifySignature } from '../../src/saml/xml/signature.js'
import { findProgram, howToGet } from '../programs.mjs'
import { createCertificate } from '../support/certificate.js'
import {
  acs,
  assertion,
  idp,
  loginRules,
  logoutRequest,
  now,
  own,
  problemOf,
  provider,
  response,
  slo,
  sp,
} from './provider.js'

const program = findProgram('xmlsec') ?? ''
if (program === '') throw new Error(`there is no xmlsec1: ${howToGet('xmlsec')}`)

let folder: string
const pem = (pair: typeof own) => pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const write = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const ids = ['LogoutRequest', 'LogoutResponse', 'AuthnRequest', 'Response']
  .map((name) => `urn:oasis:names:tc:SAML:2.0:protocol:${name}`)
  .concat(
    'urn:oasis:names:tc:SAML:2.0:assertion:Assertion',
    'urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor',
  )
  .flatMap((name) => ['--id-attr:ID', name])

/** Runs the program; its words, or what it said when it failed. */
function run(...args: readonly string[]): { readonly isGood: boolean; readonly output: string } {
  try {
    return { isGood: true, output: execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }) }
  } catch (error) {
    return { isGood: false, output: String((error as { stderr?: unknown }).stderr) }
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citizen-xmlsec-'))
  write('own.pem', own.pem)
  write('own.key', pem(own))
  write('provider.key', pem(provider))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A message with the place where xmlsec1 puts its signature. */
function template(
  xml: string,
  id: string,
  options: { readonly hash?: string; readonly prefixes?: string } = {},
): string {
  const { hash = 'sha256', prefixes } = options
  const more = hash === 'sha256' || hash === 'sha512' ? 'xmlenc#' : 'xmldsig-more#'
  const list =
    prefixes === undefined
      ? ''
      : `<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="${prefixes}"/>`
  const signature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">${list}</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-${hash}"/><ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">${list}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/${more}${hash}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`
  return xml.replace('</saml:Issuer>', `</saml:Issuer>${signature}`)
}

function signedByXmlsec(xml: string): string {
  const { isGood, output } = run(
    '--sign',
    '--privkey-pem',
    join(folder, 'provider.key'),
    ...ids,
    write('in.xml', xml),
  )
  if (!isGood) throw new Error(output)
  return output
}

describe('xmlsec1 verifies what we sign', () => {
  const text = 'é & <"\'> \t\n 漢字'
  const messages: readonly (readonly [string, string])[] = [
    [
      'LogoutRequest',
      writeLogoutRequest({
        id: '_1',
        issuer: sp,
        destination: `${idp}/slo`,
        now,
        notOnOrAfter: now + 300_000,
        nameId: { value: text, format: 'urn:f', nameQualifier: text },
        sessionIndex: text,
      }),
    ],
    [
      'LogoutResponse',
      writeLogoutResponse({
        id: '_2',
        inResponseTo: '_1',
        issuer: sp,
        destination: `${idp}/slo?a=b&c=d`,
        now,
        status: { code: 'Success', subcode: 'PartialLogout' },
      }),
    ],
    [
      'AuthnRequest',
      writeAuthnRequest({
        id: '_3',
        issuer: sp,
        destination: `${idp}/sso`,
        assertionConsumer: acs,
        now,
        forceAuthn: true,
        isPassive: false,
        nameIdFormat: 'urn:f',
        contextClasses: ['urn:a', 'urn:b'],
        comparison: 'exact',
      }),
    ],
    [
      'EntityDescriptor',
      writeOwnMetadata({
        id: '_4',
        entityId: sp,
        certificates: [own.certificate, provider.certificate],
        invitesEncryption: true,
        assertionConsumer: acs,
        logout: slo,
        soap: `${slo}/soap`,
        nameIdFormats: [],
        validUntil: now + 86_400_000,
        cacheSeconds: 3600,
      }),
    ],
  ]
  it.each(messages)('%s', (_, xml) => {
    const signed = signXml({ xml, key: own.privateKey, certificate: own.certificate.base64 })
    const path = write('signed.xml', signed)
    const verify = (file: string) =>
      run('--verify', '--pubkey-cert-pem', join(folder, 'own.pem'), ...ids, file)
    expect(verify(path)).toMatchObject({ isGood: true })
    expect(verify(write('changed.xml', signed.replace('_', '_0'))).isGood).toBe(false)
    expect(verify(write('other.xml', signed.replace(/(SignatureValue>)../, '$1AA'))).isGood).toBe(false)
  })

  it('with an elliptic curve', () => {
    const pair = createCertificate(['benefits.example'])
    const [first] = messages
    const xml = first?.[1] ?? ''
    const key = createPrivateKey(pair.key)
    const certificate = pair.certificate.replace(/-----[^-]+-----|\s/g, '')
    const path = write('elliptic.xml', signXml({ xml, key, certificate }))
    expect(
      run('--verify', '--pubkey-cert-pem', write('ec.pem', pair.certificate), ...ids, path),
    ).toMatchObject({ isGood: true })
  })
})

describe('we verify what xmlsec1 signs', () => {
  const keys = [provider.publicKey]
  const verify = (xml: string) => {
    const document = parseXml(xml)
    return verifySignature(document, document.root, keys).root
  }

  it.each(['sha256', 'sha384', 'sha512'])('a request with %s', (hash) => {
    const signed = signedByXmlsec(template(logoutRequest(), '_logout1', { hash }))
    expect(verify(signed).attributes.get('ID')).toBe('_logout1')
    expect(problemOf(() => verify(signed.replace('>ana<', '>bob<')))).toBe('signature')
  })

  it('a Response with a signed Assertion that has prefixes in its values', () => {
    const value =
      '<saml:AttributeStatement><saml:Attribute Name="role"><saml:AttributeValue xsi:type="xs:string">citizen</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>'
    const xml = assertion({ attributes: value }).replace(
      '<saml:Assertion ',
      '<saml:Assertion xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ',
    )
    const signed = signedByXmlsec(response(template(xml, '_assertion1', { prefixes: 'xs' })))
    const login = verifyLoginResponse(signed, loginRules)
    expect(login).toMatchObject({ kind: 'assertion', assertion: { nameId: { value: 'ana' } } })
  })

  it('an element that it encrypts, and not with PKCS #1 version 1.5', () => {
    const encrypt = (transport: string, cipher: string) => {
      const xml = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="${cipher}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${transport}"/><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`
      const data = write('data.xml', assertion())
      const bits = /aes(\d{3})/.exec(cipher)?.[1] ?? ''
      const args = ['--encrypt', '--pubkey-cert-pem', join(folder, 'own.pem'), '--session-key', `aes-${bits}`]
      const { isGood, output } = run(...args, '--xml-data', data, write('encrypt.xml', xml))
      if (!isGood) throw new Error(output)
      return `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${output.replace(/^<\?xml[^>]*>\s*/, '')}</saml:EncryptedAssertion>`
    }
    const open = (xml: string, isVouchedFor: boolean) =>
      decryptElement(parseXml(xml).root, [own.privateKey], isVouchedFor).root.attributes.get('ID')
    const oaep = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'
    const gcm = (bits: number) => `http://www.w3.org/2009/xmlenc11#aes${bits}-gcm`
    const cbc = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'
    expect(open(encrypt(oaep, gcm(128)), false)).toBe('_assertion1')
    expect(open(encrypt(oaep, gcm(256)), false)).toBe('_assertion1')
    expect(open(encrypt(oaep, cbc), true)).toBe('_assertion1')
    expect(problemOf(() => open(encrypt(oaep, cbc), false))).toBe('decryption')
    const old = encrypt('http://www.w3.org/2001/04/xmlenc#rsa-1_5', gcm(256))
    expect(problemOf(() => open(old, true))).toBe('decryption')
  })
})
