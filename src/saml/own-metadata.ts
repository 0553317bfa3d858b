/** @module Our own metadata: what the identity provider must know of us. */
import { bindings } from './authn-request.js'
import type { Certificate } from './certificate.js'
import { namespaces } from './xml/read.js'
import { element, type Markup, writeInstant } from './xml/write.js'

/** What our metadata says. */
export interface OwnMetadata {
  readonly id: string
  readonly entityId: string
  /** The certificates: the one in use and, during a roll-over, the other. */
  readonly certificates: readonly Certificate[]
  /** Whether RSA keys are named for encryption too: some providers encrypt as soon as there is one. */
  readonly invitesEncryption: boolean
  readonly assertionConsumer: string
  /** Takes logout messages by redirect and by POST. */
  readonly logout: string
  /** Takes logout requests by SOAP. */
  readonly soap: string
  readonly nameIdFormats: readonly string[]
  /** Milliseconds since the epoch. */
  readonly validUntil: number
  readonly cacheSeconds: number
}

/** Writes our metadata, still unsigned. Source: SAML Metadata, sections 2.3.2 and 2.4.4. */
export function writeOwnMetadata(own: OwnMetadata): string {
  const keys = own.certificates.flatMap((certificate) =>
    own.invitesEncryption && certificate.publicKey.asymmetricKeyType === 'rsa'
      ? [writeKey(certificate, 'signing'), writeKey(certificate, 'encryption')]
      : [writeKey(certificate, 'signing')],
  )
  const logout = (
    [
      ['redirect', own.logout],
      ['post', own.logout],
      ['soap', own.soap],
    ] as const
  ).map(([binding, location]) =>
    element('md:SingleLogoutService', { Binding: bindings[binding], Location: location }),
  )
  return element(
    'md:EntityDescriptor',
    {
      'xmlns:md': namespaces.metadata,
      ID: own.id,
      entityID: own.entityId,
      validUntil: writeInstant(own.validUntil),
      cacheDuration: `PT${own.cacheSeconds}S`,
    },
    element(
      'md:SPSSODescriptor',
      {
        AuthnRequestsSigned: 'true',
        WantAssertionsSigned: 'true',
        protocolSupportEnumeration: namespaces.protocol,
      },
      ...keys,
      ...logout,
      ...own.nameIdFormats.map((format) => element('md:NameIDFormat', {}, format)),
      element('md:AssertionConsumerService', {
        Binding: bindings.post,
        Location: own.assertionConsumer,
        index: '0',
        isDefault: 'true',
      }),
    ),
  ).markup
}

/** The ciphers that we open, the best first; CBC is left to what a signature vouches for and is not asked for. */
const encryptionMethods = [
  `${namespaces.encryption11}aes256-gcm`,
  `${namespaces.encryption11}aes128-gcm`,
  `${namespaces.encryption}rsa-oaep-mgf1p`,
].map((algorithm) => element('md:EncryptionMethod', { Algorithm: algorithm }))

function writeKey({ base64 }: Certificate, use: 'signing' | 'encryption'): Markup {
  const data = element('ds:X509Data', {}, element('ds:X509Certificate', {}, base64))
  const info = element('ds:KeyInfo', { 'xmlns:ds': namespaces.signature }, data)
  return element('md:KeyDescriptor', { use }, info, ...(use === 'encryption' ? encryptionMethods : []))
}
