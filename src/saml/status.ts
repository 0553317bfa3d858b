/** @module The status of a response: two levels of codes. */
import type { XmlElement } from './xml/parse.js'
import { childOf, namespaces, requireAttribute, requireChild } from './xml/read.js'
import { element, type Markup } from './xml/write.js'

const prefix = 'urn:oasis:names:tc:SAML:2.0:status:'

/** The codes that we read or write, without their common beginning. Source: SAML Core, section 3.2.2.2. */
export type StatusCode =
  | 'Success'
  | 'Requester'
  | 'Responder'
  | 'VersionMismatch'
  | 'PartialLogout'
  | 'UnknownPrincipal'
  | 'RequestDenied'
  | 'AuthnFailed'
  | 'NoPassive'
  | 'NoAuthnContext'
  | 'Other'

/** A status; whatever we do not know is `Other`. */
export interface Status {
  readonly code: StatusCode
  readonly subcode: StatusCode | undefined
}

const known: readonly StatusCode[] = [
  'Success',
  'Requester',
  'Responder',
  'VersionMismatch',
  'PartialLogout',
  'UnknownPrincipal',
  'RequestDenied',
  'AuthnFailed',
  'NoPassive',
  'NoAuthnContext',
]

function codeOf(element: XmlElement): StatusCode {
  const value = requireAttribute(element, 'Value')
  return known.find((code) => value === prefix + code) ?? 'Other'
}

/** Reads the status of a response. @throws SamlError `structure`. */
export function readStatus(response: XmlElement): Status {
  const status = requireChild(response, namespaces.protocol, 'Status')
  const top = requireChild(status, namespaces.protocol, 'StatusCode')
  const second = childOf(top, namespaces.protocol, 'StatusCode')
  return { code: codeOf(top), subcode: second === undefined ? undefined : codeOf(second) }
}

/** Writes a status. PartialLogout, UnknownPrincipal and RequestDenied are codes of the second level. */
export function writeStatus({ code, subcode }: Status): Markup {
  const second = subcode === undefined ? [] : [element('samlp:StatusCode', { Value: `${prefix}${subcode}` })]
  return element('samlp:Status', {}, element('samlp:StatusCode', { Value: `${prefix}${code}` }, ...second))
}
