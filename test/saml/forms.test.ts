/** @module Signatures that the right key made over a SignedInfo of another form: it is the form that is refused. */
import { createHash, createHmac, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/saml/xml/parse.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import { logoutRequest, problemOf, provider, signed } from './provider.js'

const ds = 'http://www.w3.org/2000/09/xmldsig#'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const xmldsig = 'http://www.w3.org/2001/04/xmldsig-more#'
const message = logoutRequest()
const digest = /<ds:DigestValue>([^<]*)</.exec(signed(message))?.[1] ?? ''

interface Form {
  readonly canonicalization?: string
  readonly method?: string
  readonly reference?: string
  readonly more?: string
  readonly after?: string
  readonly value?: (material: string) => string
}

const algorithm = (name: string, uri: string, content = '') =>
  `<ds:${name} Algorithm="${uri}">${content}</ds:${name}>`
const transforms = [algorithm('Transform', `${ds}enveloped-signature`), algorithm('Transform', exclusive)]

/** A reference, in its canonical form. */
function reference(
  parts: { uri?: string; list?: readonly string[]; hash?: string; value?: string } = {},
): string {
  const { uri = ' URI="#_logout1"', list = transforms, value = digest } = parts
  const hash = parts.hash ?? 'http://www.w3.org/2001/04/xmlenc#sha256'
  return `<ds:Reference${uri}><ds:Transforms>${list.join('')}</ds:Transforms>${algorithm('DigestMethod', hash)}<ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`
}

/** The message with a signature over exactly this SignedInfo, by the provider's own key. */
function crafted(form: Form = {}): string {
  const content = [
    form.canonicalization ?? algorithm('CanonicalizationMethod', exclusive),
    form.method ?? algorithm('SignatureMethod', `${xmldsig}rsa-sha256`),
    form.reference ?? reference(),
    form.more ?? '',
  ].join('')
  const material = `<ds:SignedInfo xmlns:ds="${ds}">${content}</ds:SignedInfo>`
  const byKey = (text: string) => sign('sha256', Buffer.from(text), provider.privateKey).toString('base64')
  const value = (form.value ?? byKey)(material)
  const signature = `<ds:Signature xmlns:ds="${ds}"><ds:SignedInfo>${content}</ds:SignedInfo><ds:SignatureValue>${value}</ds:SignatureValue>${form.after ?? ''}</ds:Signature>`
  return message.replace('</saml:Issuer>', () => `</saml:Issuer>${signature}`)
}

const verify = (xml: string) => {
  const document = parseXml(xml)
  return verifySignature(document, document.root, [provider.publicKey]).root
}

it('takes the form that it should have, with a list of prefixes in both places too', () => {
  expect(verify(crafted()).attributes.get('ID')).toBe('_logout1')
  const list = `<ec:InclusiveNamespaces xmlns:ec="${exclusive}" PrefixList="xs"></ec:InclusiveNamespaces>`
  const canonicalization = algorithm('CanonicalizationMethod', exclusive, list)
  const [first = ''] = transforms
  const inside = reference({ list: [first, algorithm('Transform', exclusive, list)] })
  expect(verify(crafted({ canonicalization, reference: inside })).attributes.get('ID')).toBe('_logout1')
})

describe('FLD-03 a list of prefixes', () => {
  const listed = (attribute: string) =>
    `<ec:InclusiveNamespaces xmlns:ec="${exclusive}"${attribute}></ec:InclusiveNamespaces>`
  const withList = (attribute: string) => {
    const [first = ''] = transforms
    return crafted({
      reference: reference({ list: [first, algorithm('Transform', exclusive, listed(attribute))] }),
    })
  }
  const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`).join(' ')

  it.each(['', ' ', 'xs', ' xs', 'xs ', 'xs  xsi', '#default xs', names(32)])('%j is taken', (list) => {
    expect(verify(withList(` PrefixList="${list}"`)).attributes.get('ID')).toBe('_logout1')
  })

  it.each(['xs\n xsi', '\txs', 'xs\r\nxsi'])('%j is the same with blanks, as XML reads it', (list) => {
    // What was signed has the blanks: reading an attribute makes them of everything else.
    const blanks = list.replace(/\r\n|[\t\n]/g, ' ')
    const xml = withList(` PrefixList="${blanks}"`)
    expect(verify(xml.replace(`"${blanks}"`, `"${list}"`)).attributes.get('ID')).toBe('_logout1')
  })

  it.each(['xs,xsi', 'x:s', '1', names(33)])('%j is refused', (list) => {
    expect(problemOf(() => verify(withList(` PrefixList="${list}"`)))).toBe('signature-form')
  })

  it('is refused where it is none', () => {
    expect(problemOf(() => verify(withList('')))).toBe('signature-form')
  })
})

describe('SLO-20 SLO-21 SLO-22 SLO-25 a form of somebody who has the key', () => {
  const [enveloped = '', exc = ''] = transforms
  const inclusive = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
  const empty = createHash('sha256').update('').digest('base64')
  const rows: readonly (readonly [string, string, Form])[] = [
    ['two references', 'signature-form', { reference: reference() + reference() }],
    ['a reference to the whole document', 'signature-form', { reference: reference({ uri: ' URI=""' }) }],
    ['a reference to another element', 'signature-form', { reference: reference({ uri: ' URI="#_other"' }) }],
    [
      'a reference to an address',
      'signature-form',
      { reference: reference({ uri: ' URI="https://other.example/"' }) },
    ],
    ['no address in the reference', 'signature-form', { reference: reference({ uri: '' }) }],
    ['no transform', 'signature-form', { reference: reference({ list: [] }) }],
    ['only the canonicalization', 'signature-form', { reference: reference({ list: [exc] }) }],
    [
      'the transforms the other way round',
      'signature-form',
      { reference: reference({ list: [exc, enveloped] }) },
    ],
    ['a transform more', 'signature-form', { reference: reference({ list: [enveloped, exc, exc] }) }],
    [
      'inclusive canonicalization',
      'signature-form',
      { reference: reference({ list: [enveloped, algorithm('Transform', inclusive)] }) },
    ],
    [
      'comments in the canonical form',
      'signature-form',
      { reference: reference({ list: [enveloped, algorithm('Transform', `${exclusive}WithComments`)] }) },
    ],
    [
      'XPath',
      'signature-form',
      {
        reference: reference({
          list: [
            enveloped,
            algorithm('Transform', 'http://www.w3.org/TR/1999/REC-xpath-19991116', '<ds:XPath>1</ds:XPath>'),
          ],
        }),
      },
    ],
    [
      'XSLT',
      'signature-form',
      {
        reference: reference({
          list: [enveloped, algorithm('Transform', 'http://www.w3.org/TR/1999/REC-xslt-19991116')],
        }),
      },
    ],
    [
      'a transform with something in it',
      'signature-form',
      {
        reference: reference({
          list: [algorithm('Transform', `${ds}enveloped-signature`, '<ds:X></ds:X>'), exc],
        }),
      },
    ],
    [
      'another parameter of the canonicalization',
      'signature-form',
      { reference: reference({ list: [enveloped, algorithm('Transform', exclusive, '<ds:X></ds:X>')] }) },
    ],
    [
      'inclusive canonicalization of SignedInfo',
      'signature-form',
      { canonicalization: algorithm('CanonicalizationMethod', inclusive) },
    ],
    [
      'a length of the signature',
      'signature-form',
      {
        method: algorithm(
          'SignatureMethod',
          `${xmldsig}rsa-sha256`,
          '<ds:HMACOutputLength>8</ds:HMACOutputLength>',
        ),
      },
    ],
    ['an element more in SignedInfo', 'signature-form', { more: '<ds:X></ds:X>' }],
    ['text in SignedInfo', 'signature-form', { more: 'x' }],
    ['an Object', 'signature-form', { after: '<ds:Object></ds:Object>' }],
    [
      'an Object behind KeyInfo',
      'signature-form',
      { after: '<ds:KeyInfo></ds:KeyInfo><ds:Object></ds:Object>' },
    ],
    ['KeyInfo twice', 'signature-form', { after: '<ds:KeyInfo></ds:KeyInfo><ds:KeyInfo></ds:KeyInfo>' }],
    ['a digest that is cut', 'signature-form', { reference: reference({ value: digest.slice(0, 20) }) }],
    ['the digest of nothing', 'signature', { reference: reference({ value: empty }) }],
    ['a digest by SHA-1', 'algorithm', { reference: reference({ hash: `${ds}sha1` }) }],
    ['a digest by MD5', 'algorithm', { reference: reference({ hash: `${xmldsig}md5` }) }],
    ['SHA-1', 'algorithm', { method: algorithm('SignatureMethod', `${ds}rsa-sha1`) }],
    [
      'HMAC with the public certificate',
      'algorithm',
      {
        method: algorithm('SignatureMethod', `${xmldsig}hmac-sha256`),
        value: (text) => createHmac('sha256', provider.pem).update(text).digest('base64'),
      },
    ],
    [
      'another algorithm than the key’s',
      'signature',
      { method: algorithm('SignatureMethod', `${xmldsig}ecdsa-sha256`) },
    ],
    [
      'another hash than the signature’s',
      'signature',
      { method: algorithm('SignatureMethod', `${xmldsig}rsa-sha512`) },
    ],
  ]
  it.each(rows)('%s: %s', (_, problem, form) => {
    expect(problemOf(() => verify(crafted(form)))).toBe(problem)
  })
})
