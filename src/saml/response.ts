/**
 * @module The answer to a login. Read by us and not by a library's login call: issuer, recipient and destination must be
 * looked at, and every value must come from bytes that a signature covers.
 */

import { type Assertion, readAssertion } from './assertion.js'
import { decryptElement } from './decrypt.js'
import { checkIssuer, isSameAddress, type ResponseRules, readHead } from './message.js'
import { refuse } from './saml-error.js'
import { readStatus, type Status } from './status.js'
import { parseXml, type XmlDocument, type XmlElement } from './xml/parse.js'
import { childOf, childrenOf, isElement, namespaces, requireAttribute } from './xml/read.js'
import { signatureOf, verifySignature } from './xml/signature.js'

/** What a login came to: an assertion, or the status with which the provider refused. */
export type LoginResponse =
  | {
      readonly kind: 'assertion'
      readonly assertion: Assertion
      /** Signed or not: a second response of one ID can only be refused. */
      readonly responseId: string
    }
  | {
      readonly kind: 'refused'
      readonly status: Status
      /** Whether the response is signed: else it proves nothing. */
      readonly isSigned: boolean
    }

/**
 * Verifies a Response: signed as a whole, or its one assertion, or both.
 * @throws SamlError. Source: SAML Profiles, sections 4.1.4.2 and 4.1.4.3; Core, section 5.4.
 */
export function verifyLoginResponse(xml: string, rules: ResponseRules): LoginResponse {
  const received = parseXml(xml)
  if (!isElement(received.root, namespaces.protocol, 'Response')) refuse('structure')
  const isSigned = signatureOf(received.root) !== undefined
  const document = isSigned ? verifySignature(received, received.root, rules.keys) : received
  checkEnvelope(document.root, rules, isSigned)
  const status = readStatus(document.root)
  if (status.code !== 'Success') return { kind: 'refused', status, isSigned }
  const assertion = findAssertion(document, rules, isSigned)
  const responseId = requireAttribute(document.root, 'ID')
  return { kind: 'assertion', assertion: readAssertion(assertion, rules), responseId }
}

/** Where the envelope is not signed it can only refuse; nothing is taken from it. */
function checkEnvelope(response: XmlElement, rules: ResponseRules, isSigned: boolean): void {
  if (isSigned) {
    const { inResponseTo } = readHead(response, 'Response', rules)
    if (inResponseTo !== rules.requestId) refuse('in-response-to')
    return
  }
  if (response.attributes.get('Version') !== '2.0') refuse('version')
  const issuer = childOf(response, namespaces.assertion, 'Issuer')
  if (issuer !== undefined) checkIssuer(issuer, rules.identityProvider)
  const destination = response.attributes.get('Destination')
  if (destination !== undefined && !isSameAddress(destination, rules.destination)) refuse('destination')
  const inResponseTo = response.attributes.get('InResponseTo')
  if (inResponseTo !== undefined && inResponseTo !== rules.requestId) refuse('in-response-to')
}

/** The one assertion, in the clear and covered by a signature: its own, the response's, or both. */
function findAssertion(document: XmlDocument, rules: ResponseRules, isCovered: boolean): XmlElement {
  if (countAssertions(document.root) !== 1) refuse('structure')
  const plain = childrenOf(document.root, namespaces.assertion, 'Assertion')
  const encrypted = childrenOf(document.root, namespaces.assertion, 'EncryptedAssertion')
  if (plain.length + encrypted.length !== 1) refuse('structure')
  const [sealed] = encrypted
  const home = sealed === undefined ? document : decryptElement(sealed, rules.decryptionKeys, isCovered)
  const [found = home.root] = plain
  if (!isElement(found, namespaces.assertion, 'Assertion')) refuse('structure')
  if (signatureOf(found) !== undefined) return verifySignature(home, found, rules.keys).root
  return isCovered ? found : refuse('unsigned')
}

/** A second assertion has no business anywhere, not even where nobody reads it. */
function countAssertions(element: XmlElement): number {
  const own = element.name === 'Assertion' || element.name === 'EncryptedAssertion' ? 1 : 0
  return element.children.reduce((sum, child) => sum + countAssertions(child), own)
}
