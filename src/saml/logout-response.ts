/** @module The answer to a logout: read into one of three outcomes, or written. */
import { type MessageRules, readHead } from './message.js'
import { refuse } from './saml-error.js'
import { readStatus, type Status, writeStatus } from './status.js'
import type { XmlElement } from './xml/parse.js'
import { namespaces } from './xml/read.js'
import { element, writeInstant } from './xml/write.js'

/** What the identity provider says: everywhere, not everywhere, or not at all. Source: SAML Core, 3.7.3.2; SLO-15. */
export type LogoutOutcome = 'global' | 'partial' | 'failed'

/** A checked LogoutResponse. */
export interface LogoutResponse {
  readonly id: string
  readonly status: Status
  readonly outcome: LogoutOutcome
}

/**
 * Reads a LogoutResponse whose signature was verified. `requestId` is the ID of the request that is outstanding in this
 * browser. @throws SamlError `in-response-to` for the answer to another request, or to none. Source: SLO-14, SLO-15.
 */
export function readLogoutResponse(
  response: XmlElement,
  rules: MessageRules,
  requestId: string,
): LogoutResponse {
  const { id, inResponseTo } = readHead(response, 'LogoutResponse', rules)
  if (inResponseTo !== requestId) refuse('in-response-to')
  const status = readStatus(response)
  return { id, status, outcome: outcomeOf(status) }
}

function outcomeOf({ code, subcode }: Status): LogoutOutcome {
  if (code !== 'Success') return 'failed'
  // A second code that we do not know qualifies the success in a way that we cannot vouch for.
  return subcode === undefined ? 'global' : 'partial'
}

/** Writes a LogoutResponse of ours, still unsigned. Source: SAML Profiles, section 4.4.4.2; SLO-11, SLO-12. */
export function writeLogoutResponse(options: {
  readonly id: string
  readonly inResponseTo: string
  readonly issuer: string
  /** Absent on the SOAP binding, where the answer goes back as it is. */
  readonly destination: string | undefined
  readonly now: number
  readonly status: Status
}): string {
  const { id, inResponseTo, issuer, destination, now, status } = options
  return element(
    'samlp:LogoutResponse',
    {
      'xmlns:samlp': namespaces.protocol,
      ID: id,
      Version: '2.0',
      IssueInstant: writeInstant(now),
      Destination: destination,
      InResponseTo: inResponseTo,
    },
    element('saml:Issuer', { 'xmlns:saml': namespaces.assertion }, issuer),
    writeStatus(status),
  ).markup
}
