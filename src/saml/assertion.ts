/** @module The assertion of a login: who, how, since when, for whom and until when. */

import { checkIssuer, isSameAddress, type ResponseRules } from './message.js'
import { type NameId, openNameId, readNameId } from './name-id.js'
import { refuse } from './saml-error.js'
import type { XmlElement } from './xml/parse.js'
import {
  childOf,
  childrenOf,
  instantOf,
  isElement,
  namespaces,
  parseInstant,
  requireAttribute,
  requireChild,
  tokenOf,
} from './xml/read.js'

/** A verified assertion. Times are milliseconds since the epoch. */
export interface Assertion {
  readonly id: string
  readonly nameId: NameId
  /** The person's session at the provider; absent where the provider names none. */
  readonly sessionIndex: string | undefined
  readonly authenticatedAt: number
  readonly sessionNotOnOrAfter: number | undefined
  /** The AuthnContext class, as in `urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport`. */
  readonly contextClass: string | undefined
  /** Texts of each attribute by its name. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
  readonly issuedAt: number
  /** Until then a second use must be refused. */
  readonly expiresAt: number
}

const saml = namespaces.assertion
const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const conditionNames = new Set(['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'])

/**
 * Reads an assertion from verified bytes.
 * @throws SamlError. Source: SAML Core, section 2; Profiles, sections 4.1.4.2 and 4.1.4.3.
 */
export function readAssertion(assertion: XmlElement, rules: ResponseRules): Assertion {
  if (assertion.attributes.get('Version') !== '2.0') refuse('version')
  const issuedAt = parseInstant(requireAttribute(assertion, 'IssueInstant'))
  if (issuedAt > rules.now + rules.skew || issuedAt + rules.window + rules.skew <= rules.now) refuse('time')
  checkIssuer(requireChild(assertion, saml, 'Issuer'), rules.identityProvider)
  const subject = requireChild(assertion, saml, 'Subject')
  const confirmedUntil = checkConfirmation(subject, rules)
  checkConditions(requireChild(assertion, saml, 'Conditions'), rules)
  return {
    id: requireAttribute(assertion, 'ID'),
    nameId: readSubject(subject, rules),
    attributes: readAttributes(assertion),
    issuedAt,
    expiresAt: Math.min(confirmedUntil, rules.now + 86_400_000) + rules.skew,
    ...readAuthentication(assertion, rules),
  }
}

function readSubject(subject: XmlElement, rules: ResponseRules): NameId {
  const plain = childOf(subject, saml, 'NameID')
  const encrypted = childOf(subject, saml, 'EncryptedID')
  if (plain !== undefined && encrypted === undefined) return readNameId(plain)
  if (plain !== undefined || encrypted === undefined) return refuse('name-id')
  return openNameId(encrypted, rules.decryptionKeys)
}

/** One bearer confirmation must hold for us, this request and now. Source: SAML Profiles, section 4.1.4.3. */
function checkConfirmation(subject: XmlElement, rules: ResponseRules): number {
  const until = childrenOf(subject, saml, 'SubjectConfirmation').flatMap((confirmation) => {
    if (confirmation.attributes.get('Method') !== bearer) return []
    const data = childOf(confirmation, saml, 'SubjectConfirmationData')
    if (data === undefined || data.attributes.has('NotBefore')) return refuse('confirmation')
    if (!isSameAddress(requireAttribute(data, 'Recipient'), rules.destination)) return refuse('recipient')
    if (data.attributes.get('InResponseTo') !== rules.requestId) return refuse('in-response-to')
    const notOnOrAfter = parseInstant(requireAttribute(data, 'NotOnOrAfter'))
    return notOnOrAfter + rules.skew <= rules.now ? refuse('time') : [notOnOrAfter]
  })
  return until.length === 1 && until[0] !== undefined ? until[0] : refuse('confirmation')
}

/** Every condition must be understood and hold, and we must be an audience. Source: SAML Core, section 2.5.1. */
function checkConditions(conditions: XmlElement, rules: ResponseRules): void {
  const notBefore = instantOf(conditions, 'NotBefore')
  const notOnOrAfter = instantOf(conditions, 'NotOnOrAfter')
  if (notBefore !== undefined && notBefore - rules.skew > rules.now) refuse('time')
  if (notOnOrAfter !== undefined && notOnOrAfter + rules.skew <= rules.now) refuse('time')
  const isKnown = (child: XmlElement) => child.namespace === saml && conditionNames.has(child.name)
  if (!conditions.children.every(isKnown)) refuse('condition')
  const restrictions = childrenOf(conditions, saml, 'AudienceRestriction')
  const includesUs = (restriction: XmlElement) =>
    childrenOf(restriction, saml, 'Audience').some((audience) => tokenOf(audience) === rules.serviceProvider)
  if (restrictions.length === 0 || !restrictions.every(includesUs)) refuse('audience')
}

function readAuthentication(
  assertion: XmlElement,
  rules: ResponseRules,
): Pick<Assertion, 'sessionIndex' | 'authenticatedAt' | 'sessionNotOnOrAfter' | 'contextClass'> {
  const [statement, ...more] = childrenOf(assertion, saml, 'AuthnStatement')
  // Several statements are several sessions: we could not say which one is meant.
  if (statement === undefined || more.length > 0) return refuse('statement')
  const authenticatedAt = parseInstant(requireAttribute(statement, 'AuthnInstant'))
  if (authenticatedAt > rules.now + rules.skew) refuse('time')
  const sessionNotOnOrAfter = instantOf(statement, 'SessionNotOnOrAfter')
  if (sessionNotOnOrAfter !== undefined && sessionNotOnOrAfter <= rules.now) refuse('time')
  const context = requireChild(statement, saml, 'AuthnContext')
  const contextClass = childOf(context, saml, 'AuthnContextClassRef')
  return {
    sessionIndex: statement.attributes.get('SessionIndex') || undefined,
    authenticatedAt,
    sessionNotOnOrAfter,
    contextClass: contextClass === undefined ? undefined : tokenOf(contextClass),
  }
}

/** Texts of all attributes; a value that holds elements is left out, unless it is one name of a person. */
function readAttributes(assertion: XmlElement): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, string[]>()
  for (const statement of childrenOf(assertion, saml, 'AttributeStatement')) {
    for (const attribute of statement.children) {
      if (!isElement(attribute, saml, 'Attribute')) continue
      const name = requireAttribute(attribute, 'Name')
      const values = childrenOf(attribute, saml, 'AttributeValue').flatMap(textsOf)
      attributes.set(name, [...(attributes.get(name) ?? []), ...values])
    }
  }
  return attributes
}

/** As eduPersonTargetedID has it, a NameID may stand in the place of a text. */
function textsOf(element: XmlElement): readonly string[] {
  const [name, ...more] = element.children
  if (name === undefined) return [element.text]
  const isName = more.length === 0 && element.text.trim() === '' && isElement(name, saml, 'NameID')
  return isName ? [readNameId(name).value] : []
}
