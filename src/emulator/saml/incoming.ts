/** @module Reads and judges what service providers send: head, signature, times, replay. */
import type { IncomingMessage } from './bindings.js'
import type { SamlNameId } from './drafts.js'
import { namespaces } from './names.js'
import type { ResolvedServiceProvider } from './options.js'
import { childOf, childrenOf, isElement, type XmlElement } from './parse.js'
import { SamlRefusal } from './refusal.js'
import type { Registry } from './registry.js'
import { verifyQuery, verifyXml } from './signature.js'

const { assertion: saml, protocol: samlp } = namespaces
/** How far a clock may be off, in milliseconds. */
const skew = 60_000
/** How old a message may be, in milliseconds. */
const window = 300_000

/** A message whose sender is known and, if it had to be, verified. */
export interface JudgedMessage {
  readonly provider: ResolvedServiceProvider
  readonly id: string
  /** What may be read: what was signed. */
  readonly element: XmlElement
  readonly isSigned: boolean
}

/** What is expected of a message. */
export interface Expected {
  readonly name: 'AuthnRequest' | 'LogoutRequest' | 'LogoutResponse'
  /** Addresses that it may be meant for. */
  readonly destinations: readonly string[]
  readonly mustBeSigned: (provider: ResolvedServiceProvider) => boolean
}

/** Makes the judge, which remembers ids. */
export function createJudge({ registry, now }: { registry: Registry; now: () => number }) {
  const seen = new Map<string, number>()

  function assertNew(issuer: string, id: string) {
    for (const [key, until] of seen) if (until <= now()) seen.delete(key)
    const key = `${issuer} ${id}`
    if (seen.has(key)) throw new SamlRefusal('replayed', 'a message of this ID was here before')
    seen.set(key, now() + window + 2 * skew)
  }

  /** @throws `emulator`, a `SamlRefusal` that says why. */
  async function judge(message: IncomingMessage, expected: Expected): Promise<JudgedMessage> {
    if (!isElement(message.element, samlp, expected.name)) {
      throw new SamlRefusal('malformed', `a ${expected.name} is expected, not ${message.element.name}`)
    }
    const issuer = childOf(message.element, saml, 'Issuer')?.text ?? ''
    const provider = await registry.find(issuer)
    const isSigned =
      message.query !== undefined || childOf(message.element, namespaces.signature, 'Signature')
    if (!isSigned && expected.mustBeSigned(provider)) {
      throw new SamlRefusal('unsigned', `the ${expected.name} of "${issuer}" must be signed`)
    }
    const element =
      isSigned && provider.certificates.length > 0 ? verified(message, provider) : message.element
    assertHead(element, issuer, { ...expected, isSoap: message.binding === 'soap' })
    const id = element.attributes.get('ID') ?? ''
    assertNew(issuer, id)
    return { provider, id, element, isSigned: Boolean(isSigned) }
  }

  function assertHead(
    element: XmlElement,
    issuer: string,
    { name, destinations, isSoap }: Expected & { readonly isSoap: boolean },
  ) {
    const { attributes } = element
    if (childOf(element, saml, 'Issuer')?.text !== issuer || !isElement(element, samlp, name)) {
      throw new SamlRefusal('signature', 'what is signed is another message')
    }
    const id = attributes.get('ID') ?? ''
    if (attributes.get('Version') !== '2.0' || !/^[A-Za-z_][\w.-]{0,255}$/.test(id)) {
      throw new SamlRefusal('malformed', 'Version must be 2.0, and ID an NCName')
    }
    const destination = attributes.get('Destination')
    // By SOAP an empty one names nothing, as pysaml2 writes it.
    const isNamed = destination !== undefined && !(isSoap && destination === '')
    if (isNamed && !destinations.includes(destination)) {
      throw new SamlRefusal('destination', `Destination must be ${destinations[0]}`)
    }
    const issued = Date.parse(attributes.get('IssueInstant') ?? '')
    if (!(issued <= now() + skew && issued > now() - window - skew)) {
      throw new SamlRefusal('time', 'IssueInstant is too old, in the future, or missing')
    }
    const until = attributes.get('NotOnOrAfter')
    if (until !== undefined && !(Date.parse(until) > now() - skew)) {
      throw new SamlRefusal('time', 'NotOnOrAfter is over')
    }
  }

  return { judge, clear: () => seen.clear() }
}

function verified(message: IncomingMessage, { certificates }: ResolvedServiceProvider): XmlElement {
  if (message.binding !== 'redirect') return verifyXml(message.text, message.element, certificates)
  if (!message.query) throw new SamlRefusal('unsigned', 'a redirect is signed over its query')
  verifyQuery(message.query, certificates)
  return message.element
}

/** What a LogoutRequest asks. @throws `emulator`, problem `malformed`, without a NameID. */
export function readLogoutRequest(element: XmlElement): {
  nameId: SamlNameId
  sessionIndexes: readonly string[]
} {
  const name = childOf(element, saml, 'NameID')
  if (!name || name.text === '') {
    throw new SamlRefusal(
      'malformed',
      'a LogoutRequest with a NameID is expected; encrypted ones are not read',
    )
  }
  return {
    nameId: {
      value: name.text,
      format: name.attributes.get('Format'),
      nameQualifier: name.attributes.get('NameQualifier'),
      spNameQualifier: name.attributes.get('SPNameQualifier'),
    },
    sessionIndexes: childrenOf(element, samlp, 'SessionIndex').map((one) => one.text),
  }
}

/** The status codes of an answer, from the top. */
export function readStatus(element: XmlElement): readonly string[] {
  const codes: string[] = []
  let code = childOf(childOf(element, samlp, 'Status'), samlp, 'StatusCode')
  while (code) {
    codes.push(code.attributes.get('Value') ?? '')
    code = childOf(code, samlp, 'StatusCode')
  }
  return codes
}

/** What a sign-in request asks. */
export interface AuthnWish {
  readonly forceAuthn: boolean
  readonly isPassive: boolean
  readonly acsUrl: string
  /** URI; `undefined`: the provider's own. */
  readonly nameIdFormat: string | undefined
  /** Classes that are asked for; none: any. */
  readonly contexts: readonly string[]
  readonly comparison: string
}

/** Reads an AuthnRequest. @throws `emulator`, problem `acs-url` or `malformed`. Source: SAML 2.0 Core, section 3.4.1. */
export function readAuthnRequest(element: XmlElement, provider: ResolvedServiceProvider): AuthnWish {
  const isTrue = (name: string) => ['true', '1'].includes(element.attributes.get(name) ?? '')
  const index = element.attributes.get('AssertionConsumerServiceIndex')
  const given = element.attributes.get('AssertionConsumerServiceURL')
  const acsUrl = given ?? provider.acsUrls[index === undefined ? 0 : Number(index)]
  if (acsUrl === undefined || !provider.acsUrls.includes(acsUrl)) {
    throw new SamlRefusal(
      'acs-url',
      `the AssertionConsumerService is not one of ${provider.acsUrls.join(', ')}`,
    )
  }
  const protocolBinding = element.attributes.get('ProtocolBinding')
  if (protocolBinding !== undefined && !protocolBinding.endsWith(':HTTP-POST')) {
    throw new SamlRefusal('malformed', 'a Response goes by POST only')
  }
  const requested = childOf(element, samlp, 'RequestedAuthnContext')
  return {
    forceAuthn: isTrue('ForceAuthn'),
    isPassive: isTrue('IsPassive'),
    acsUrl,
    nameIdFormat: childOf(element, samlp, 'NameIDPolicy')?.attributes.get('Format'),
    contexts: childrenOf(requested, saml, 'AuthnContextClassRef').map((one) => one.text),
    comparison: requested?.attributes.get('Comparison') ?? 'exact',
  }
}
