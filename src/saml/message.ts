/** @module What all messages of the protocol have in common: ID, version, time, issuer, destination. */

import type { KeyObject } from 'node:crypto'
import { parseUrl } from '../parse-url.js'
import { refuse } from './saml-error.js'
import type { XmlElement } from './xml/parse.js'
import { childOf, isElement, namespaces, parseInstant, requireAttribute, tokenOf } from './xml/read.js'

/** What a message is judged by. Times are milliseconds. */
export interface MessageRules {
  /** Entity ID of the identity provider. */
  readonly identityProvider: string
  /** Our entity ID. */
  readonly serviceProvider: string
  readonly now: number
  readonly skew: number
  /** A message is not older than that. */
  readonly window: number
  /** The address at which it arrived, from configuration. */
  readonly destination: string
  /** Whether a message must name its destination; not so on the SOAP binding, which is no relay. */
  readonly isDestinationRequired: boolean
}

/** The attributes and the issuer of a message. */
export interface MessageHead {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly issueInstant: number
  readonly inResponseTo: string | undefined
}

const entityFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity'

/** Checks the issuer of a message or assertion. Source: SAML Profiles, section 4.4.4.1; SLO-02. */
export function checkIssuer(issuer: XmlElement, expected: string): void {
  const format = issuer.attributes.get('Format')
  if (format !== undefined && format !== entityFormat) refuse('issuer')
  if (issuer.attributes.has('NameQualifier') || issuer.attributes.has('SPNameQualifier')) refuse('issuer')
  if (tokenOf(issuer) !== expected) refuse('issuer')
}

/** Whether two addresses are the same: scheme, host, port, path and query, after the normal form of each. */
export function isSameAddress(left: string, right: string): boolean {
  const address = parseUrl(left)?.href
  return address !== undefined && address === parseUrl(right)?.href
}

/**
 * Checks what every message of the protocol has in common.
 * @throws SamlError `structure`, `version`, `id`, `time`, `issuer`, `destination`. Source: SAML Core, 3.2; SLO-02 to -05.
 */
export function readHead(message: XmlElement, name: string, rules: MessageRules): MessageHead {
  if (!isElement(message, namespaces.protocol, name)) refuse('structure')
  if (message.attributes.get('Version') !== '2.0') refuse('version')
  const id = requireAttribute(message, 'ID')
  if (id.length > 256) refuse('id')
  const issueInstant = parseInstant(requireAttribute(message, 'IssueInstant'))
  if (issueInstant > rules.now + rules.skew) refuse('time')
  if (issueInstant + rules.window + rules.skew <= rules.now) refuse('time')
  checkIssuer(childOf(message, namespaces.assertion, 'Issuer') ?? refuse('issuer'), rules.identityProvider)
  // An empty one names nothing, as pysaml2 writes it by SOAP.
  const destination = message.attributes.get('Destination') || undefined
  if (
    destination === undefined ? rules.isDestinationRequired : !isSameAddress(destination, rules.destination)
  )
    refuse('destination')
  return { id, issueInstant, inResponseTo: message.attributes.get('InResponseTo') }
}

/** What a login is judged by. */
export interface ResponseRules extends MessageRules {
  /** ID of the AuthnRequest that this browser sent. A response to none is refused. */
  readonly requestId: string
  /** Public keys from the metadata. */
  readonly keys: readonly KeyObject[]
  /** Private keys that assertions may be encrypted for. */
  readonly decryptionKeys: readonly KeyObject[]
}
