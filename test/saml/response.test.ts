import { describe, expect, it } from 'vitest'
import { verifyLoginResponse } from '../../src/saml/response.js'
import {
  assertion,
  encrypted,
  idp,
  instant,
  loginRules,
  type Parts,
  problemOf,
  provider,
  response,
  type SignatureChoice,
  signed,
  sp,
  stranger,
} from './provider.js'

const assertionSigned = (parts: Parts = {}, outer: Parts = {}, choice: SignatureChoice = {}) =>
  response(signed(assertion(parts), choice), outer)
const responseSigned = (parts: Parts = {}, outer: Parts = {}, choice: SignatureChoice = {}) =>
  signed(response(assertion(parts), outer), { element: 'Response', ...choice })

const read = (xml: string) => {
  const login = verifyLoginResponse(xml, loginRules)
  if (login.kind !== 'assertion') throw new Error('refused')
  return login.assertion
}

describe('a login that is good', () => {
  const rows: readonly (readonly [string, () => string])[] = [
    ['the assertion signed', () => assertionSigned()],
    ['the response signed', () => responseSigned()],
    ['both signed', () => signed(response(signed(assertion())), { element: 'Response' })],
    [
      'an encrypted assertion, signed inside',
      () => response(encrypted('EncryptedAssertion', signed(assertion()))),
    ],
    [
      'an encrypted assertion in a signed response',
      () => signed(response(encrypted('EncryptedAssertion', assertion(), 'cbc'))),
    ],
    [
      'an encrypted name',
      () =>
        assertionSigned({
          subject: encrypted(
            'EncryptedID',
            '<saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">ana</saml:NameID>',
          ),
        }),
    ],
    [
      'SHA-512',
      () =>
        assertionSigned(
          {},
          {},
          {
            signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
            digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512',
          },
        ),
    ],
  ]
  it.each(rows)('%s', (_, make) => {
    expect(read(make())).toMatchObject({
      id: '_assertion1',
      nameId: { value: 'ana' },
      sessionIndex: 's1',
      contextClass: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      attributes: new Map([['role', ['citizen']]]),
    })
  })

  it('FLD-03 gives the text of an attribute that holds one NameID, and of no other element', () => {
    const persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
    const value = (inner: string) => `<saml:AttributeValue>${inner}</saml:AttributeValue>`
    const attributes = `<saml:AttributeStatement><saml:Attribute Name="targeted">${value(
      `<saml:NameID Format="${persistent}" NameQualifier="${idp}">x1</saml:NameID>`,
    )}${value('<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>')}${value('c<saml:NameID>d</saml:NameID>')}${value('<e xmlns="urn:e">f</e>')}${value('g')}</saml:Attribute></saml:AttributeStatement>`
    const xml = signed(response(assertion({ attributes })))
    expect(verifyLoginResponse(xml, loginRules)).toMatchObject({
      assertion: { attributes: new Map([['targeted', ['x1', 'g']]]) },
    })
  })

  it('says when the session must end', () => {
    const { sessionNotOnOrAfter } = read(assertionSigned({ sessionNotOnOrAfter: instant(3600) }))
    expect(sessionNotOnOrAfter).toBe(loginRules.now + 3_600_000)
  })

  it('tells the status with which the provider refused', () => {
    const status = { code: 'Responder', subcode: undefined }
    const refusal = response('', { code: 'Responder' })
    expect(verifyLoginResponse(signed(refusal), loginRules)).toEqual({
      kind: 'refused',
      status,
      isSigned: true,
    })
    expect(verifyLoginResponse(refusal, loginRules)).toEqual({ kind: 'refused', status, isSigned: false })
  })
})

describe('a login that is refused', () => {
  const rows: readonly (readonly [string, string, () => string])[] = [
    ['no signature at all', 'unsigned', () => response()],
    ['the key of another', 'signature', () => assertionSigned({}, {}, { key: stranger.privateKey })],
    [
      'a response by another key around a good assertion',
      'signature',
      () => signed(response(signed(assertion())), { element: 'Response', key: stranger.privateKey }),
    ],
    [
      'SHA-1 as signature',
      'algorithm',
      () => assertionSigned({}, {}, { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
    ],
    [
      'SHA-1 as digest',
      'algorithm',
      () => assertionSigned({}, {}, { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' }),
    ],
    [
      'another issuer',
      'issuer',
      () => assertionSigned({ issuer: '<saml:Issuer>https://other.example</saml:Issuer>' }),
    ],
    [
      'another issuer of the response',
      'issuer',
      () => assertionSigned({}, { issuer: '<saml:Issuer>https://other.example</saml:Issuer>' }),
    ],
    ['another recipient', 'recipient', () => assertionSigned({ recipient: 'https://other.example/acs' })],
    ['no recipient', 'structure', () => assertionSigned({ recipient: undefined })],
    [
      'another destination',
      'destination',
      () => assertionSigned({}, { destination: 'https://other.example/acs' }),
    ],
    [
      'a signed response without destination',
      'destination',
      () => responseSigned({}, { destination: undefined }),
    ],
    ['the answer to another request', 'in-response-to', () => assertionSigned({ confirmedFor: '_other' })],
    ['the answer to no request', 'in-response-to', () => assertionSigned({ confirmedFor: undefined })],
    ['a response to another request', 'in-response-to', () => responseSigned({}, { inResponseTo: '_other' })],
    [
      'a signed response to no request',
      'in-response-to',
      () => responseSigned({}, { inResponseTo: undefined }),
    ],
    [
      'another audience',
      'audience',
      () =>
        assertionSigned({
          audience:
            '<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>',
        }),
    ],
    ['no audience', 'audience', () => assertionSigned({ audience: '' })],
    [
      'two restrictions of which one is another',
      'audience',
      () =>
        assertionSigned({
          audience: [sp, 'https://other.example']
            .map(
              (one) =>
                `<saml:AudienceRestriction><saml:Audience>${one}</saml:Audience></saml:AudienceRestriction>`,
            )
            .join(''),
        }),
    ],
    ['conditions from the future', 'time', () => assertionSigned({ notBefore: instant(31) })],
    ['conditions of the past', 'time', () => assertionSigned({ notOnOrAfter: instant(-30) })],
    ['a confirmation of the past', 'time', () => assertionSigned({ confirmedUntil: instant(-30) })],
    [
      'a confirmation with a beginning',
      'confirmation',
      () => assertionSigned({ confirmedFrom: instant(-60) }),
    ],
    ['no confirmation', 'confirmation', () => assertionSigned({ confirmation: '' })],
    [
      'a condition that we do not know',
      'condition',
      () => assertionSigned({ audience: '<x:Wish xmlns:x="urn:example:x"/>' }),
    ],
    ['no conditions', 'structure', () => assertionSigned({ conditions: '' })],
    ['an assertion from the future', 'time', () => assertionSigned({ issueInstant: instant(31) })],
    ['an old assertion', 'time', () => assertionSigned({ issueInstant: instant(-330) })],
    ['an authentication in the future', 'time', () => assertionSigned({ authnInstant: instant(31) })],
    ['a session that is over', 'time', () => assertionSigned({ sessionNotOnOrAfter: instant(0) })],
    ['no statement of authentication', 'statement', () => assertionSigned({ statement: '' })],
    ['an assertion of version 1', 'version', () => assertionSigned({ version: '1.1' })],
    ['no name', 'name-id', () => assertionSigned({ subject: '' })],
    ['an empty name', 'name-id', () => assertionSigned({ subject: '<saml:NameID> </saml:NameID>' })],
    ['no assertion', 'structure', () => signed(response(''))],
    [
      'two assertions',
      'structure',
      () => signed(response(assertion() + assertion({ id: '_assertion2' })), { element: 'Response' }),
    ],
    [
      'AES-CBC that no signature vouches for',
      'decryption',
      () => response(encrypted('EncryptedAssertion', signed(assertion()), 'cbc')),
    ],
    [
      'an assertion encrypted for another',
      'decryption',
      () => response(encrypted('EncryptedAssertion', signed(assertion()), 'gcm', stranger.publicKey)),
    ],
    [
      'an encrypted assertion without any signature',
      'unsigned',
      () => response(encrypted('EncryptedAssertion', assertion())),
    ],
  ]
  it.each(rows)('refuses a response with %s: %s', (_, problem, make) => {
    expect(problemOf(() => read(make()))).toBe(problem)
  })

  it('says nothing of the message in the error', () => {
    const xml = assertionSigned({ issuer: '<saml:Issuer>https://secret.example</saml:Issuer>' })
    try {
      read(xml)
    } catch (error) {
      expect(JSON.stringify([String(error), error])).not.toContain('secret')
      expect(error).toMatchObject({ code: 'saml-message', status: 400, problem: 'issuer' })
    }
  })

  it('knows its own provider', () => {
    expect(loginRules.identityProvider).toBe(idp)
    expect(loginRules.keys).toEqual([provider.publicKey])
  })
})
