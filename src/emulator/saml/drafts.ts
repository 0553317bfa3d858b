/** @module The messages of the identity provider before they are signed: what they say, and their XML. */
import { namespaces, statusUri } from './names.js'
import { attribute, instant, type Xml, xml } from './xml.js'

/** A name of a person at a service provider. Source: SAML 2.0 Core, section 2.2.2. */
export interface SamlNameId {
  readonly value: string
  /** URI of the format. */
  readonly format?: string | undefined
  readonly nameQualifier?: string | undefined
  readonly spNameQualifier?: string | undefined
}

/** What every message says. Times are milliseconds since the epoch. */
export interface MessageHead {
  readonly id: string
  readonly issueInstant: number
  readonly issuer: string
  readonly destination: string | undefined
}

/** A LogoutRequest. Source: SAML 2.0 Core, section 3.7.1. */
export interface LogoutRequestDraft extends MessageHead {
  readonly notOnOrAfter: number | undefined
  readonly reason: string | undefined
  readonly nameId: SamlNameId
  readonly sessionIndexes: readonly string[]
}

/** An answer: which request, and its status codes from the top. Source: SAML 2.0 Core, section 3.2.2. */
export interface AnswerDraft extends MessageHead {
  readonly inResponseTo: string | undefined
  readonly status: readonly string[]
}

/** An assertion. Source: SAML 2.0 Profiles, section 4.1.4.2. */
export interface AssertionDraft {
  readonly assertionId: string
  readonly issueInstant: number
  readonly issuer: string
  readonly nameId: SamlNameId
  readonly inResponseTo: string | undefined
  readonly recipient: string
  readonly audience: string
  readonly notBefore: number
  readonly notOnOrAfter: number
  readonly authnInstant: number
  readonly sessionIndex: string
  readonly sessionNotOnOrAfter: number | undefined
  readonly authnContext: string
  readonly attributes: Readonly<Record<string, string | boolean>>
}

const { assertion: saml, protocol: samlp } = namespaces

const head = (draft: MessageHead) =>
  xml` ID="${draft.id}" Version="2.0" IssueInstant="${instant(draft.issueInstant)}"${attribute('Destination', draft.destination)}`

const issuerOf = ({ issuer }: { readonly issuer: string }) => xml`<saml:Issuer>${issuer}</saml:Issuer>`

const nameIdXml = ({ value, format, nameQualifier, spNameQualifier }: SamlNameId) =>
  xml`<saml:NameID${attribute('NameQualifier', nameQualifier)}${attribute('SPNameQualifier', spNameQualifier)}${attribute('Format', format)}>${value}</saml:NameID>`

/** The XML of a LogoutRequest. */
export function logoutRequestXml(draft: LogoutRequestDraft): string {
  const until = draft.notOnOrAfter === undefined ? undefined : instant(draft.notOnOrAfter)
  return xml`<samlp:LogoutRequest xmlns:samlp="${samlp}" xmlns:saml="${saml}"${head(draft)}
${attribute('Reason', draft.reason)}${attribute('NotOnOrAfter', until)}>${issuerOf(draft)}${nameIdXml(draft.nameId)}
${draft.sessionIndexes.map((index) => xml`<samlp:SessionIndex>${index}</samlp:SessionIndex>`)}</samlp:LogoutRequest>`
    .xml
}

/** The codes of a status, each inside the one before it. */
function statusXml(status: readonly string[]): Xml {
  const nested = [...status]
    .reverse()
    .reduce<Xml | undefined>(
      (inner, word) => xml`<samlp:StatusCode Value="${statusUri(word)}">${inner}</samlp:StatusCode>`,
      undefined,
    )
  return xml`<samlp:Status>${nested}</samlp:Status>`
}

/** The XML of a LogoutResponse, or of a Response with what is in it. */
export const answerXml = (name: 'LogoutResponse' | 'Response', draft: AnswerDraft, content?: Xml): string => {
  const inResponseTo = attribute('InResponseTo', draft.inResponseTo)
  const rest = xml`${issuerOf(draft)}${statusXml(draft.status)}${content}`
  return name === 'Response'
    ? xml`<samlp:Response xmlns:samlp="${samlp}" xmlns:saml="${saml}"${head(draft)}${inResponseTo}>${rest}</samlp:Response>`
        .xml
    : xml`<samlp:LogoutResponse xmlns:samlp="${samlp}" xmlns:saml="${saml}"${head(draft)}${inResponseTo}>${rest}</samlp:LogoutResponse>`
        .xml
}

const attributeXml = ([name, value]: readonly [string, string | boolean]) =>
  xml`<saml:Attribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">
<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${typeof value === 'boolean' ? 'xs:boolean' : 'xs:string'}">${String(value)}</saml:AttributeValue>
</saml:Attribute>`

/** The XML of an assertion, which stands by itself: it declares its own namespaces. */
export function assertionXml(draft: AssertionDraft): string {
  const until = instant(draft.notOnOrAfter)
  const sessionUntil =
    draft.sessionNotOnOrAfter === undefined ? undefined : instant(draft.sessionNotOnOrAfter)
  return xml`<saml:Assertion xmlns:saml="${saml}" ID="${draft.assertionId}" Version="2.0" IssueInstant="${instant(draft.issueInstant)}">${issuerOf(draft)}
<saml:Subject>${nameIdXml(draft.nameId)}<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData${attribute('InResponseTo', draft.inResponseTo)} NotOnOrAfter="${until}" Recipient="${draft.recipient}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="${instant(draft.notBefore)}" NotOnOrAfter="${until}">
<saml:AudienceRestriction><saml:Audience>${draft.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="${instant(draft.authnInstant)}" SessionIndex="${draft.sessionIndex}"${attribute('SessionNotOnOrAfter', sessionUntil)}>
<saml:AuthnContext><saml:AuthnContextClassRef>${draft.authnContext}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>${Object.entries(draft.attributes).map(attributeXml)}</saml:AttributeStatement></saml:Assertion>`
    .xml
}
