/** @module An Express application that takes its people over to a partner: key set, button, one token a click. */
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { createKeyRing, createSsoIssuer, jwksPath, keyFolder } from 'citizen-session/sso'
import express from 'express'

const { CITIZEN_APPLICATION_URL, CITIZEN_SSO_KEYS, PORT, SSO_AUDIENCE, SSO_ISSUER, SSO_PARTNER_URL } =
  process.env

const keys = createKeyRing({
  storage: keyFolder(CITIZEN_SSO_KEYS),
  name: 'vivoldi-sso',
  // Makes the first key here; with `citizen-session keys generate` and `rotate` instead, leave it out.
  rotateEverySeconds: 90 * 24 * 60 * 60,
})
const sso = createSsoIssuer({
  keys,
  // Both from the partner's dashboard, letter by letter.
  issuer: SSO_ISSUER,
  audience: SSO_AUDIENCE,
  applicationUrl: CITIZEN_APPLICATION_URL,
  claims: ({ assurance }) => ({ level: assurance.level }),
})

const app = express()
app.get(jwksPath, sso.jwks().node)
app.use(citizenSession())
app.get('/', (req, res) => {
  const { state } = req.citizen
  const signIn = '<a href="/session/login?returnTo=/">Sign in</a>'
  const onward = '<form method="post" action="/partner"><button>To the partner</button></form>'
  res.send(`<h1>Welcome</h1>${state === 'active' ? onward : signIn}`)
})
app.all('/partner', requireCitizen(), sso.ssoRedirect({ url: SSO_PARTNER_URL }).node)
app.listen(Number(PORT), '127.0.0.1')
