/** @module Sign-ins by OpenID Connect and SAML in a world: how an application and the provider are made for each other. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { EmulatorOptions } from '../../src/emulator/index.js'
import { selfSignedCertificate } from '../../src/emulator/saml/certificate.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { Protocol } from '../../src/protocols/protocol.js'
import { saml } from '../../src/saml/saml.js'

/** A protocol besides the shared cookie. */
export type ProtocolName = 'oidc' | 'saml'

/** The application that has no shared cookie, in a world with a protocol. */
export const protocolApplication = 'library'

const start = Date.UTC(2026, 0, 1)
let made: { readonly privateKey: string; readonly certificate: string } | undefined

/** The key of the application, which all worlds share: making one takes longer than a history. */
function ownKey(): { readonly privateKey: string; readonly certificate: string } {
  if (made !== undefined) return made
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = selfSignedCertificate({
    commonName: protocolApplication,
    privateKey,
    publicKey,
    notBefore: start,
    notAfter: start + 10 * 365 * 86_400_000,
    random: (bytes) => randomBytes(bytes),
  })
  made = { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
  return made
}

const secret = 'a secret of the library at the provider'

/** What the provider has registered of the application, for worlds of every kind. */
export function registrationOf(url: string): Pick<EmulatorOptions, 'openid' | 'saml'> {
  const at = (route: string): string => `${url}/session/${route}`
  const client = {
    client_id: protocolApplication,
    client_secret: secret,
    redirect_uris: [at('callback'), at('reauthenticate')],
    post_logout_redirect_uris: [at('return')],
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
  }
  const provider = {
    entityId: at('saml/metadata'),
    acsUrl: at('saml/acs'),
    logout: { soap: at('saml/soap'), redirect: at('saml/slo') },
    certificate: ownKey().certificate,
  }
  return { openid: { clients: [client] }, saml: { serviceProviders: [provider] } }
}

/** The protocol of the application. */
export function protocolOf(name: ProtocolName, providerUrl: string): Protocol {
  if (name === 'oidc') {
    return oidc({ issuer: providerUrl, clientId: protocolApplication, clientSecret: secret })
  }
  return saml({
    identityProvider: `${providerUrl}/saml/metadata`,
    metadataUrl: `${providerUrl}/saml/metadata`,
    ...ownKey(),
  })
}
