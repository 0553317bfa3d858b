/**
 * @module An Express application that signs in by SAML 2.0: on a site of its own, signed out when the person signs out
 * anywhere.
 */
import { readFileSync } from 'node:fs'
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { saml } from 'citizen-session/saml'
import express from 'express'

const { SAML_IDENTITY_PROVIDER, SAML_METADATA_URL, SAML_ORIGIN, PORT } = process.env
// A key that everybody knows: make your own.
const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')

const signIn = '<a href="/session/login?returnTo=/applications">Sign in</a>'
const signOut = '<form method="post" action="/session/logout"><button>Sign out</button></form>'
// They know the provider's shared cookie and nothing of SAML: one sign-out here ends them too.
const others = ['Service dashboard', 'Business connect'].map(
  (name) => `<a href="${SAML_ORIGIN}/${name.toLowerCase().replace(' ', '-')}">${name}</a>`,
)

const app = express()
app.use(
  citizenSession({
    protocols: [
      saml({
        identityProvider: SAML_IDENTITY_PROVIDER,
        metadataUrl: SAML_METADATA_URL,
        endpointOrigins: [SAML_ORIGIN],
        privateKey: read('example.key'),
        certificate: read('example.crt'),
        // CitizenOne's own claims, which no other provider is believed.
        trustedClaims: ['isMfa', 'isDidAuth'],
      }),
    ],
  }),
)
app.get('/', (req, res) => {
  const { state } = req.citizen
  res.send(`<h1>Permits</h1>${state === 'active' ? signOut : signIn}`)
})
app.get('/applications', requireCitizen(), (req, res) => {
  res.send(
    `<h1>Applications</h1><p>Yours, ${req.citizen.claims.sub}.</p><p>${others.join(', ')}</p>${signOut}`,
  )
})
app.listen(Number(PORT), '127.0.0.1')
