/** @module The identifiers of SAML 2.0 and XML security that the identity provider speaks. */
import type { Level } from '../sessions.js'

/** Namespaces. */
export const namespaces = {
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  encryption: 'http://www.w3.org/2001/04/xmlenc#',
  soap: 'http://schemas.xmlsoap.org/soap/envelope/',
} as const

/** Bindings, by the word that the options use. Source: SAML 2.0 Bindings, section 3. */
export const bindings = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
  soap: 'urn:oasis:names:tc:SAML:2.0:bindings:SOAP',
} as const

/** A way to send a message of single logout. */
export type SamlBinding = keyof typeof bindings

/** Formats of a NameID, by the word that the options use. Source: SAML 2.0 Core, section 8.3. */
export const nameIdFormats = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
} as const

/** Word for a format of a NameID. */
export type NameIdFormat = keyof typeof nameIdFormats

/** Status codes, by their last word. Source: SAML 2.0 Core, section 3.2.2.2. */
const statusPrefix = 'urn:oasis:names:tc:SAML:2.0:status:'
export const statusUri = (word: string): string => `${statusPrefix}${word}`
export const statusWord = (uri: string): string =>
  uri.startsWith(statusPrefix) ? uri.slice(statusPrefix.length) : uri

/** AuthnContextClassRef of each level unless the option `authnContexts` says otherwise. */
export const defaultAuthnContexts: Readonly<Record<Level, string>> = {
  password: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  mfa: 'https://refeds.org/profile/mfa',
  did: 'urn:oasis:names:tc:SAML:2.0:ac:classes:SoftwarePKI',
}

/** The class that every sign-in satisfies, and the one that a password satisfies besides its own. */
export const unspecifiedAuthnContext = 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified'
export const passwordAuthnContext = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password'

/** Algorithms of XML security. */
export const algorithms = {
  exclusive: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  enveloped: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  signature: {
    sha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    sha512: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    sha1: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  },
  digest: {
    sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
    sha512: 'http://www.w3.org/2001/04/xmlenc#sha512',
    sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
  },
} as const
