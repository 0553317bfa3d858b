import { describe, expect, it } from 'vitest'
import { readLogoutRequest } from '../../src/saml/logout-request.js'
import { readLogoutResponse } from '../../src/saml/logout-response.js'
import { verifyLoginResponse } from '../../src/saml/response.js'
import { parseXml } from '../../src/saml/xml/parse.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import { tamper } from '../vectors/saml/tampering.js'
import { type Attack, wrapAssertion, wrapMessage } from '../vectors/saml/wrapping.js'
import {
  assertion,
  loginRules,
  logoutRequest,
  logoutResponse,
  logoutRules,
  problemOf,
  provider,
  requestId,
  response,
  signed,
  stranger,
} from './provider.js'

const keys = [provider.publicKey]
const verified = (xml: string) => {
  const document = parseXml(xml)
  return verifySignature(document, document.root, keys).root
}

const asAdmin = (element: string) => element.replace('>ana<', '>admin<').replace('>citizen<', '>admin<')
const asFailure = (element: string) => element.replace('status:Success', 'status:Responder')

/** Each kind of message: a good one that is signed, how to forge it, and what reads it. */
const kinds: Readonly<
  Record<
    string,
    {
      readonly good: string
      readonly read: (xml: string) => unknown
      readonly wrap: (good: string) => readonly Attack[]
    }
  >
> = {
  Response: {
    good: signed(response(), { element: 'Response' }),
    read: (xml) => verifyLoginResponse(xml, loginRules),
    wrap: (good) => wrapMessage(good, asAdmin),
  },
  Assertion: {
    good: response(signed(assertion())),
    read: (xml) => verifyLoginResponse(xml, loginRules),
    wrap: (good) => wrapAssertion(good, asAdmin),
  },
  LogoutRequest: {
    good: signed(logoutRequest()),
    read: (xml) => readLogoutRequest(verified(xml), logoutRules, []),
    wrap: (good) => wrapMessage(good, asAdmin),
  },
  LogoutResponse: {
    good: signed(logoutResponse()),
    read: (xml) => readLogoutResponse(verified(xml), logoutRules, requestId),
    wrap: (good) => wrapMessage(good, asFailure),
  },
}

describe.each(Object.entries(kinds))('%s', (_name, { good, read, wrap }) => {
  it('is good as it is', () => {
    expect(problemOf(() => read(good))).toBeUndefined()
  })

  it.each(wrap(good).map(({ name, xml }) => [name, xml] as const))(
    'SLO-22 wrapped is refused: %s',
    (_, xml) => {
      expect(xml).not.toBe(good)
      expect(problemOf(() => read(xml))).toMatch(/^[a-z-]+$/)
    },
  )

  it.each(tamper(good).map(({ name, xml }) => [name, xml] as const))(
    'SLO-22 tampered is refused: %s',
    (_, xml) => {
      expect(xml).not.toBe(good)
      expect(problemOf(() => read(xml))).toMatch(/^[a-z-]+$/)
    },
  )

  it('SLO-02 is refused when another key signed, also with its certificate inside', () => {
    const inside = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${stranger.certificate.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`
    const unsigned = good.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, '')
    const element = _name === 'Assertion' ? 'Assertion' : undefined
    const theirs = signed(unsigned, { key: stranger.privateKey, ...(element && { element }) })
    expect(problemOf(() => read(theirs.replace('</ds:Signature>', inside)))).toBe('signature')
  })
})

describe('signatures that the right key made, in a wrong form', () => {
  const rows = [
    [
      'inclusive canonicalization of the reference',
      'signature-form',
      {
        transforms: [
          'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
          'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
        ],
      },
    ],
    [
      'canonicalization with comments',
      'signature-form',
      {
        transforms: [
          'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
          'http://www.w3.org/2001/10/xml-exc-c14n#WithComments',
        ],
      },
    ],
    [
      'inclusive canonicalization of SignedInfo',
      'signature-form',
      { canonicalization: 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315' },
    ],
    ['no enveloped transform', 'signature-form', { transforms: ['http://www.w3.org/2001/10/xml-exc-c14n#'] }],
    ['a signature for the issuer only', 'signature-form', { element: 'NameID' }],
    ['SHA-1', 'algorithm', { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }],
    ['a digest by SHA-1', 'algorithm', { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' }],
  ] as const
  it.each(rows.filter(([name]) => !name.includes('issuer')))('SLO-18 SLO-21 %s: %s', (_, problem, choice) => {
    expect(problemOf(() => verified(signed(logoutRequest(), choice)))).toBe(problem)
  })
})
