/** @module Registry: an Express application that signs in by SAML and reads no shared cookie. */
import { readFileSync } from 'node:fs'
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import { saml } from 'citizen-session/saml'
import express from 'express'
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
  const { identityProvider, desk } = parts
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
  const answer = (name) => (req, res) => {
    const { headers, body } = show(name, req.citizen)
    res.set(headers).send(body)
  }

  const app = express()
  app.disable('x-powered-by')
  // In front of the session: what the page asks by itself is nobody's activity.
  app.use(desk.listener)
  app.use(session)
  app.get('/', answer('start'))
  app.get('/private', requireCitizen(), answer('private'))
  app.get('/strong', requireAssurance(2), answer('strong'))
  app.get('/recent', requireRecent({ maxAgeSeconds: parts.recentSeconds }), answer('recent'))
  app.post('/refresh', requireCitizen(), async (req, res) => {
    res.json({ refreshed: await req.citizen.refresh() })
  })
  return { listener: app, suite: session.suite }
}
