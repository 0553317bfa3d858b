import { createHash, sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseRedirect, verifyRedirect } from '../../src/saml/redirect-signature.js'
import { verifyLoginResponse } from '../../src/saml/response.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import {
  assertion,
  encrypted,
  loginRules,
  logoutRequest,
  problemOf,
  provider,
  response,
  signed,
  stranger,
} from '../saml/provider.js'

const good = signed(logoutRequest())
const verified = (xml: string) => {
  const document = parseXml(xml)
  return verifySignature(document, document.root, [provider.publicKey]).root
}
const onRoot = (attribute: string) => good.replace(/^(<[\w:]+)/, `$1 ${attribute}`)
const inside = (xml: string, content: string) =>
  xml.replace('</samlp:LogoutRequest>', `${content}</samlp:LogoutRequest>`)

describe('messages that cost more than they weigh', () => {
  it('SLO-26 refuses a long namespace, which canonicalization would write out thousands of times', () => {
    const long = `urn:${'x'.repeat(60_000)}`
    expect(problemOf(() => verified(inside(onRoot(`xmlns:a="${long}"`), '<a:b/>'.repeat(4000))))).toBe(
      'too-complex',
    )
    expect(problemOf(() => verified(inside(good, `<b xmlns="${long}"/>`)))).toBe('too-complex')
    expect(problemOf(() => parseXml(`<a xmlns="urn:${'x'.repeat(252)}"/>`))).toBeUndefined()
    expect(problemOf(() => parseXml(`<a xmlns="urn:${'x'.repeat(253)}"/>`))).toBe('too-complex')
  })
})

/** A request that is signed over a canonical form with a list of prefixes. */
function signedWithList(prefixes: string): string {
  const document = parseXml(good)
  const { text } = verifySignature(document, document.root, [provider.publicKey])
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
  const dsig = 'http://www.w3.org/2000/09/xmldsig#'
  const digest = createHash('sha256').update(text).digest('base64')
  const list = `<ec:InclusiveNamespaces xmlns:ec="${exclusive}" PrefixList="${prefixes}"></ec:InclusiveNamespaces>`
  const info =
    `<ds:SignedInfo xmlns:ds="${dsig}"><ds:CanonicalizationMethod Algorithm="${exclusive}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>` +
    `<ds:Reference URI="#_logout1"><ds:Transforms><ds:Transform Algorithm="${dsig}enveloped-signature"></ds:Transform>` +
    `<ds:Transform Algorithm="${exclusive}">${list}</ds:Transform></ds:Transforms>` +
    `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>` +
    `<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`
  const value = sign('sha256', Buffer.from(info), provider.privateKey).toString('base64')
  const signature = `<ds:Signature xmlns:ds="${dsig}">${info}<ds:SignatureValue>${value}</ds:SignatureValue></ds:Signature>`
  return text.replace('</saml:Issuer>', `</saml:Issuer>${signature}`)
}

describe('what canonicalization could be made to write', () => {
  it('SLO-25 refuses an attribute that a list of prefixes turns into a declaration', () => {
    const listed = signedWithList('xs samlp')
    expect(problemOf(() => verified(listed))).toBeUndefined()
    const rows = [
      'xmlns:p="urn:p" p:xs="urn:evil"',
      "xmlns:p='urn:p' p:xs='urn:evil\" ID=\"_evil'",
      'xmlns:xs="urn:evil"',
      'xmlns:p="urn:p" p:samlp="urn:evil"',
    ]
    for (const attribute of rows) {
      expect(problemOf(() => verified(listed.replace(/^(<[\w:]+)/, `$1 ${attribute}`)))).toBe('signature')
      expect(problemOf(() => verified(listed.replace('<saml:NameID', `<saml:NameID ${attribute}`)))).toBe(
        'signature',
      )
    }
  })

  it('SLO-22 refuses a second signature of the same value, wherever it hides something', () => {
    const signature = /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(good)?.[0] ?? ''
    const hiding = signature.replace('</ds:Signature>', '<saml:NameID>admin</saml:NameID></ds:Signature>')
    for (const place of [
      '</saml:NameID>',
      '</samlp:SessionIndex>',
      '</samlp:LogoutRequest>',
      '</saml:Issuer>',
    ]) {
      for (const more of [signature, hiding]) {
        const xml = good.replace(place, () =>
          place === '</samlp:LogoutRequest>' ? more + place : place + more,
        )
        expect(problemOf(() => verified(xml))).toMatch(/^(?:structure|signature|signature-form)$/)
      }
    }
  })
})

describe('encrypted assertions in the wrong place', () => {
  const sealed = encrypted('EncryptedAssertion', signed(assertion()))
  const evil = assertion({ id: '_evil', subject: '<saml:NameID>admin</saml:NameID>' })
  const rows: readonly (readonly [string, string])[] = [
    ['beside one in the clear', response(sealed + evil)],
    [
      'around one in the clear',
      response(sealed.replace('</saml:EncryptedAssertion>', `${evil}</saml:EncryptedAssertion>`)),
    ],
    ['twice', response(sealed + sealed)],
    [
      'with two pieces of data',
      response(sealed.replace(/<xenc:EncryptedData[\s\S]*<\/xenc:EncryptedData>/, (data) => data + data)),
    ],
    [
      'inside one in the clear',
      response(
        signed(assertion()).replace(
          '</saml:Assertion>',
          `<saml:Advice>${sealed}</saml:Advice></saml:Assertion>`,
        ),
      ),
    ],
    [
      'of one that a stranger signed',
      response(encrypted('EncryptedAssertion', signed(assertion(), { key: stranger.privateKey }))),
    ],
    [
      'of a whole response',
      response(encrypted('EncryptedAssertion', signed(response(assertion()), { element: 'Response' }))),
    ],
    ['of two roots', response(encrypted('EncryptedAssertion', signed(assertion()) + evil))],
    [
      'of one with a DOCTYPE',
      response(encrypted('EncryptedAssertion', `<!DOCTYPE a>${signed(assertion())}`)),
    ],
  ]
  it('SLO-22 is good where it belongs', () => {
    expect(problemOf(() => verifyLoginResponse(response(sealed), loginRules))).toBeUndefined()
  })
  it.each(rows)('SLO-22 is refused: %s', (_, xml) => {
    expect(problemOf(() => verifyLoginResponse(xml, loginRules))).toMatch(/^[a-z-]+$/)
  })
})

it('SLO-19 refuses what follows the end of a DEFLATE stream', () => {
  const packed = Buffer.concat([deflateRawSync(logoutRequest()), Buffer.from('<more/>')]).toString('base64')
  const rsa256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
  const query = `SAMLRequest=${encodeURIComponent(packed)}&SigAlg=${encodeURIComponent(rsa256)}`
  const signature = sign('sha256', Buffer.from(query), provider.privateKey).toString('base64')
  const whole = `${query}&Signature=${encodeURIComponent(signature)}`
  expect(problemOf(() => verifyRedirect(parseRedirect(whole), [provider.publicKey]))).toBe('encoding')
})
