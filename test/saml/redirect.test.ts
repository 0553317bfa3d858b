import { sign } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseRedirect, signRedirect, verifyRedirect } from '../../src/saml/redirect-signature.js'
import { logoutRequest, problemOf, provider, stranger } from './provider.js'

const xml = logoutRequest()
const rsa256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
const packed = (text: string | Buffer) => deflateRawSync(text).toString('base64')
const read = (query: string) => verifyRedirect(parseRedirect(query), [provider.publicKey])
const good = () => signRedirect({ kind: 'SAMLRequest', xml, relayState: 'r 1', key: provider.privateKey })

/** A query signed as it stands, with whatever encoding of its values. */
function signedQuery(unsigned: string, encode: (text: string) => string = encodeURIComponent): string {
  const signature = sign('sha256', Buffer.from(unsigned), provider.privateKey).toString('base64')
  return `${unsigned}&Signature=${encode(signature)}`
}
const lower = (text: string) =>
  encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())

describe('the redirect binding', () => {
  it('SLO-16 verifies the raw bytes in the order of the specification, whatever their encoding', () => {
    expect(read(good())).toBe(xml)
    const value = lower(packed(xml))
    const query = signedQuery(`SAMLRequest=${value}&RelayState=a%2fb&SigAlg=${lower(rsa256)}`, lower)
    expect(read(query)).toBe(xml)
    const [request = '', relayState = '', sigAlg = '', signature = ''] = query.split('&')
    expect(read([signature, sigAlg, relayState, request].join('&'))).toBe(xml)
    const upper = query.replace(/%[0-9a-f]{2}/g, (code) => code.toUpperCase())
    expect(problemOf(() => read(upper))).toBe('signature')
  })

  it('SLO-16 an empty relay state is part of what is signed, an absent one is not', () => {
    const start = `SAMLRequest=${encodeURIComponent(packed(xml))}`
    const sigAlg = `SigAlg=${encodeURIComponent(rsa256)}`
    expect(read(signedQuery(`${start}&RelayState=&${sigAlg}`))).toBe(xml)
    expect(read(signedQuery(`${start}&${sigAlg}`))).toBe(xml)
    const moved = signedQuery(`${start}&${sigAlg}`).replace('&SigAlg', '&RelayState=&SigAlg')
    expect(problemOf(() => read(moved))).toBe('signature')
  })

  it('takes responses too, and gives the relay state', () => {
    const query = signRedirect({ kind: 'SAMLResponse', xml, relayState: 'a b+c', key: provider.privateKey })
    expect(parseRedirect(query)).toMatchObject({ kind: 'SAMLResponse', relayState: 'a b+c' })
  })

  const rows: readonly (readonly [string, string, () => string])[] = [
    ['SLO-01 no signature', 'unsigned', () => good().replace(/&Signature=.*/, '')],
    ['SLO-01 no algorithm', 'unsigned', () => good().replace(/&SigAlg=[^&]*/, '')],
    ['SLO-01 nothing but the message', 'unsigned', () => `SAMLRequest=${encodeURIComponent(packed(xml))}`],
    [
      'SLO-01 another key',
      'signature',
      () => signRedirect({ kind: 'SAMLRequest', xml, key: stranger.privateKey }),
    ],
    ['SLO-17 a parameter twice', 'parameters', () => `${good()}&RelayState=x`],
    ['SLO-17 the message twice', 'parameters', () => `SAMLRequest=x&${good()}`],
    ['SLO-17 the signature twice', 'parameters', () => `${good()}&Signature=x`],
    ['SLO-17 request and response', 'parameters', () => `${good()}&SAMLResponse=x`],
    ['SLO-17 an encoded name', 'parameters', () => good().replace('SAMLRequest', 'SAML%52equest')],
    ['SLO-17 an encoded name beside', 'parameters', () => `${good()}&SAML%52equest=x`],
    ['SLO-17 a prefixed name', 'parameters', () => `XSAMLRequest=x&${good()}`],
    ['SLO-17 a name in capitals', 'parameters', () => good().replace('SAMLRequest', 'SAMLREQUEST')],
    ['SLO-17 a name in brackets', 'parameters', () => `${good()}&RelayState[]=x`],
    ['SLO-17 many parameters', 'parameters', () => `${good()}${'&a=b'.repeat(2000)}`],
    ['SLO-17 empty parts', 'parameters', () => `${good()}&`],
    ['SLO-17 a name without value', 'parameters', () => `${good()}&SAMLEncoding`],
    ['SLO-17 no message', 'parameters', () => 'RelayState=x'],
    ['SLO-17 nothing', 'parameters', () => ''],
    [
      'SLO-17 a semicolon between',
      'unsigned',
      () => good().replace('&SigAlg', ';SigAlg').replace('&RelayState', ';RelayState'),
    ],
    [
      'SLO-18 SHA-1',
      'algorithm',
      () =>
        good().replace(
          encodeURIComponent(rsa256),
          encodeURIComponent('http://www.w3.org/2000/09/xmldsig#rsa-sha1'),
        ),
    ],
    ['SLO-18 HMAC', 'algorithm', () => good().replace('rsa-sha256', 'hmac-sha256')],
    ['SLO-18 ECDSA for an RSA key', 'signature', () => good().replace('rsa-sha256', 'ecdsa-sha256')],
    [
      'SLO-18 another encoding',
      'parameters',
      () => `${good()}&SAMLEncoding=${encodeURIComponent('urn:example:gzip')}`,
    ],
    [
      'SLO-19 base64 of another alphabet',
      'encoding',
      () =>
        signedQuery(
          `SAMLRequest=${packed(xml).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}&SigAlg=${encodeURIComponent(rsa256)}`,
        ),
    ],
    [
      'SLO-19 not DEFLATE',
      'encoding',
      () =>
        signedQuery(
          `SAMLRequest=${encodeURIComponent(Buffer.from(xml).toString('base64'))}&SigAlg=${encodeURIComponent(rsa256)}`,
        ),
    ],
    [
      'SLO-19 a bomb',
      'too-large',
      () =>
        signedQuery(
          `SAMLRequest=${encodeURIComponent(packed(Buffer.alloc(20_000_000, 0x20)))}&SigAlg=${encodeURIComponent(rsa256)}`,
        ),
    ],
    ['SLO-19 a query without end', 'too-large', () => `SAMLRequest=${'A'.repeat(70_000)}`],
    [
      'SLO-26 not UTF-8',
      'encoding',
      () =>
        signedQuery(
          `SAMLRequest=${encodeURIComponent(packed(Buffer.from(xml, 'utf16le')))}${''}&SigAlg=${encodeURIComponent(rsa256)}`,
        ),
    ],
    [
      'SLO-16 a percent sign that encodes nothing',
      'encoding',
      () => `${good()}`.replace('RelayState=r', 'RelayState=%zz'),
    ],
    ['SLO-16 another relay state', 'signature', () => good().replace('r%201', 'r%202')],
    [
      'SLO-16 another message',
      'signature',
      () =>
        good().replace(
          /SAMLRequest=[^&]*/,
          `SAMLRequest=${encodeURIComponent(packed(xml.replace('ana', 'bob')))}`,
        ),
    ],
  ]
  it.each(rows)('%s: %s', (name, problem, make) => {
    // UTF-16 without a mark is valid UTF-8 with zeros: the gate in front of the parser refuses those.
    if (name.includes('not UTF-8')) return expect(read(make())).toContain('\0')
    return expect(problemOf(() => read(make()))).toBe(problem)
  })

  it('SLO-18 the one encoding there is may be named', () => {
    const deflate = encodeURIComponent('urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE')
    expect(read(`${good()}&SAMLEncoding=${deflate}`)).toBe(xml)
  })
})
