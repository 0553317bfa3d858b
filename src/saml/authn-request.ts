/** @module The request to sign a person in. */
import { namespaces } from './xml/read.js'
import { element, writeInstant } from './xml/write.js'

/** Bindings by the names of the specification. */
export const bindings = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
  soap: 'urn:oasis:names:tc:SAML:2.0:bindings:SOAP',
} as const

/** Writes an AuthnRequest, still unsigned. Source: SAML Core, section 3.4.1; Profiles, section 4.1.4.1. */
export function writeAuthnRequest(options: {
  readonly id: string
  readonly issuer: string
  readonly destination: string
  readonly assertionConsumer: string
  readonly now: number
  readonly forceAuthn: boolean
  readonly isPassive: boolean
  readonly nameIdFormat: string | undefined
  /** AuthnContext classes of which one is asked for; none: as the provider likes. */
  readonly contextClasses: readonly string[]
  readonly comparison: 'exact' | 'minimum' | 'better' | 'maximum'
}): string {
  const { id, issuer, destination, assertionConsumer, now, nameIdFormat, contextClasses } = options
  const wanted = contextClasses.map((name) =>
    element('saml:AuthnContextClassRef', { 'xmlns:saml': namespaces.assertion }, name),
  )
  return element(
    'samlp:AuthnRequest',
    {
      'xmlns:samlp': namespaces.protocol,
      ID: id,
      Version: '2.0',
      IssueInstant: writeInstant(now),
      Destination: destination,
      ForceAuthn: options.forceAuthn ? 'true' : undefined,
      IsPassive: options.isPassive ? 'true' : undefined,
      ProtocolBinding: bindings.post,
      AssertionConsumerServiceURL: assertionConsumer,
    },
    element('saml:Issuer', { 'xmlns:saml': namespaces.assertion }, issuer),
    element('samlp:NameIDPolicy', { Format: nameIdFormat, AllowCreate: 'true' }),
    wanted.length === 0
      ? undefined
      : element('samlp:RequestedAuthnContext', { Comparison: options.comparison }, ...wanted),
  ).markup
}
