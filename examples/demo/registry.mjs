/** @module Registry: an Express application that signs in by SAML and reads no shared cookie. */
import { readFileSync } from 'node:fs'
import { citizenSession } from 'citizen-session/express'
import { saml } from 'citizen-session/saml'
import { createExpressPages } from './express-pages.mjs'
import { createPages } from './pages.mjs'

// A key that everybody knows: make your own.
const read = (name) => readFileSync(new URL(`../saml/${name}`, import.meta.url), 'utf8')

/** What is registered at the provider: `citizen-session registration --saml` prints the same. */
export function registryServiceProvider(url) {
  const at = (route) => `${url}/session/saml/${route}`
  return {
    entityId: at('metadata'),
    acsUrl: at('acs'),
    // The first is how the provider tells of an end: a call that needs nobody's browser.
    logout: { soap: at('soap'), redirect: at('slo') },
    certificate: read('example.crt'),
    // The name that the shared cookie has for the person too.
    nameIdFormat: 'unspecified',
  }
}

/** @param {import('./pages.mjs').Parts} parts */
export function createRegistry(parts) {
  const { settings, show } = createPages(parts)
  const { identityProvider } = parts
  const { application, header, profile, store, clock, onEvent } = settings
  const session = citizenSession({
    application,
    header: { ...header, domain: 'citizen.localhost' },
    profile,
    store,
    clock,
    onEvent,
    protocols: [
      saml({
        identityProvider: identityProvider.url,
        metadataUrl: `${identityProvider.internalUrl}/saml/metadata`,
        endpointOrigins: [identityProvider.url],
        clockSkewSeconds: identityProvider.clockSkewSeconds,
        privateKey: read('example.key'),
        certificate: read('example.crt'),
        nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
        // CitizenOne's own claims, which no other provider is believed.
        trustedClaims: ['isMfa', 'isDidAuth'],
        contextLevels: {
          'https://refeds.org/profile/mfa': 2,
          // Eeze.
          'urn:oasis:names:tc:SAML:2.0:ac:classes:SoftwarePKI': 2,
        },
      }),
    ],
  })
  return { listener: createExpressPages(parts, show, session), suite: session.suite }
}
