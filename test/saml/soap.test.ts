/** @module The envelope of the SOAP binding: which text is the message, whatever prefixes the envelope has for itself. */
import { describe, expect, it } from 'vitest'
import { readEnvelope } from '../../src/saml/soap.js'
import { verifySignature } from '../../src/saml/xml/signature.js'
import { logoutRequest, problemOf, provider, signed, stranger } from './provider.js'

const soap = 'http://schemas.xmlsoap.org/soap/envelope/'
const read = (text: string) => readEnvelope(Buffer.from(text))
const request = signed(logoutRequest())
/** Prefixes by number, as Python's ElementTree writes them: the first is each time another namespace. */
const numbered = (text: string) =>
  text.replaceAll('samlp', 'ns0').replaceAll('saml:', 'ns1:').replaceAll(':saml', ':ns1')
const wrap = (inner: string, more = '', prefix = 'ns0') =>
  `<${prefix}:Envelope xmlns:${prefix}="${soap}"${more}><${prefix}:Body>${inner}</${prefix}:Body></${prefix}:Envelope>`

describe('a message in an envelope', () => {
  const own = signed(numbered(logoutRequest()))

  it.each([
    ['prefixes of its own', wrap(request, '', 'soap')],
    ['a prefix that means another thing in the envelope', wrap(own)],
    [
      'a prefix that means another thing in a header',
      wrap(own).replace(
        '<ns0:Body>',
        `<ns0:Header><a:b xmlns:a="urn:c" xmlns:ns1="urn:d"/></ns0:Header><ns0:Body>`,
      ),
    ],
    [
      'prefixes of the envelope',
      wrap(
        request.replace(/ xmlns:saml="[^"]*"/, ''),
        ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
        'soap',
      ),
    ],
  ])('with %s is read, and its signature holds', (_, text) => {
    const { document, message } = read(text)
    expect(message).toMatchObject({
      namespace: 'urn:oasis:names:tc:SAML:2.0:protocol',
      name: 'LogoutRequest',
    })
    const { root } = verifySignature(document, message, [provider.publicKey])
    expect(root.attributes.get('ID')).toBe('_logout1')
    expect(problemOf(() => verifySignature(document, message, [stranger.publicKey]))).toBe('signature')
  })

  it.each([
    ['in the message', wrap(own.replace('<ns0:SessionIndex>', '<ns0:SessionIndex xmlns:ns1="urn:a">'))],
    ['between envelope and body', wrap(own).replace('<ns0:Body>', '<ns0:Body xmlns:ns0="urn:a">')],
    [
      'in the body, which the message leans on',
      wrap(own.replace(/ xmlns:ns1="[^"]*"/, ''), ' xmlns:ns1="urn:oasis:names:tc:SAML:2.0:assertion"'),
    ],
  ])('SLO-25 is refused where a prefix changes its meaning %s', (_, text) => {
    expect(problemOf(() => read(text))).toBe('namespace')
  })

  it.each([
    ['duplicate-id', wrap(own, ' ID="_logout1"')],
    ['structure', wrap(own + own.replaceAll('_logout1', '_logout2'))],
    ['structure', wrap('')],
    ['structure', wrap(own).replaceAll('Body', 'Rest')],
    ['structure', wrap(own).replaceAll(soap, `${soap}2`)],
  ])('is refused as ever: %s', (problem, text) => {
    expect(problemOf(() => read(text))).toBe(problem)
  })
})
