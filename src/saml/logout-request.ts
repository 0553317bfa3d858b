/** @module The request to end a person's sessions: read and checked, or written. */
import type { KeyObject } from 'node:crypto'
import { type MessageRules, readHead } from './message.js'
import { type NameId, openNameId, readNameId, writeNameId } from './name-id.js'
import { refuse } from './saml-error.js'
import type { XmlElement } from './xml/parse.js'
import { childOf, childrenOf, instantOf, namespaces, tokenOf } from './xml/read.js'
import { element, writeInstant } from './xml/write.js'

/** A checked LogoutRequest. Times are milliseconds since the epoch. */
export interface LogoutRequest {
  readonly id: string
  readonly nameId: NameId
  /** All of them; none means every session of the person. */
  readonly sessionIndexes: readonly string[]
  /** Until then it must be remembered: against a second time, and against assertions that arrive late. */
  readonly expiresAt: number
  /** Whether the administrator of the identity provider asks, and not the person in the browser. */
  readonly isByAdministrator: boolean
}

const byAdministrator = 'urn:oasis:names:tc:SAML:2.0:logout:admin'
const mostSessionIndexes = 256

/**
 * Reads a LogoutRequest whose signature was verified; `request` comes from the verified bytes.
 * @throws SamlError for whatever SLO-02 to SLO-08 refuse. Source: SAML Core, section 3.7.1.
 */
export function readLogoutRequest(
  request: XmlElement,
  rules: MessageRules,
  decryptionKeys: readonly KeyObject[],
): LogoutRequest {
  const { id, issueInstant } = readHead(request, 'LogoutRequest', rules)
  const notOnOrAfter = instantOf(request, 'NotOnOrAfter')
  if (notOnOrAfter !== undefined && notOnOrAfter + rules.skew <= rules.now) refuse('time')
  const indexes = childrenOf(request, namespaces.protocol, 'SessionIndex')
  if (indexes.length > mostSessionIndexes) refuse('too-complex')
  const until = Math.max(notOnOrAfter ?? 0, issueInstant + rules.window)
  return {
    id,
    nameId: readSubject(request, decryptionKeys),
    sessionIndexes: Array.from(new Set(indexes.map(tokenOf))),
    // A request that names a time far away is remembered for a day: its issue instant refuses it long before.
    expiresAt: Math.min(until, rules.now + 86_400_000) + rules.skew,
    isByAdministrator: request.attributes.get('Reason') === byAdministrator,
  }
}

/** BaseID is an extension point that nobody could match: refused. */
function readSubject(request: XmlElement, decryptionKeys: readonly KeyObject[]): NameId {
  if (childrenOf(request, namespaces.assertion, 'BaseID').length > 0) refuse('name-id')
  const plain = childOf(request, namespaces.assertion, 'NameID')
  const encrypted = childOf(request, namespaces.assertion, 'EncryptedID')
  if ((plain === undefined) === (encrypted === undefined)) refuse('name-id')
  return plain === undefined ? openNameId(encrypted ?? refuse('name-id'), decryptionKeys) : readNameId(plain)
}

/** Writes a LogoutRequest of ours, still unsigned. Source: SAML Profiles, section 4.4.4.1; SLO-13. */
export function writeLogoutRequest(options: {
  readonly id: string
  readonly issuer: string
  readonly destination: string
  readonly now: number
  readonly notOnOrAfter: number
  readonly nameId: NameId
  readonly sessionIndex: string | undefined
}): string {
  const { id, issuer, destination, now, notOnOrAfter, nameId, sessionIndex } = options
  return element(
    'samlp:LogoutRequest',
    {
      'xmlns:samlp': namespaces.protocol,
      ID: id,
      Version: '2.0',
      IssueInstant: writeInstant(now),
      Destination: destination,
      NotOnOrAfter: writeInstant(notOnOrAfter),
    },
    element('saml:Issuer', { 'xmlns:saml': namespaces.assertion }, issuer),
    writeNameId(nameId),
    sessionIndex === undefined ? undefined : element('samlp:SessionIndex', {}, sessionIndex),
  ).markup
}
