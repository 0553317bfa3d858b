import { describe, expect, it } from 'vitest'
import { parseXml } from '../../src/saml/xml.js'
import { verifySignature } from '../../src/saml/xml-signature.js'
import { logoutRequest, problemOf, provider, signed } from '../saml/provider.js'

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
