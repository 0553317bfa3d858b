/**
 * @module An Express application that signs in by OpenID Connect: on a site of its own, so that no cookie of the
 * identity provider reaches it, and yet signed out when the person signs out anywhere.
 */
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { oidc } from 'citizen-session/oidc'
import express from 'express'

const { OPENID_ISSUER, OPENID_INTERNAL_URL, OPENID_CLIENT_ID, OPENID_CLIENT_SECRET, PORT } = process.env

const signIn = '<a href="/session/login?returnTo=/loans">Sign in</a>'
const signOut = '<form method="post" action="/session/logout"><button>Sign out</button></form>'
/** Watches the provider's session: a sign-out elsewhere is known here within seconds, where the browser lets it. */
const watch = '<iframe src="/session/check-session" title="Session status" hidden></iframe>'

const app = express()
app.use(
  citizenSession({
    protocols: [
      oidc({
        issuer: OPENID_ISSUER,
        internalUrl: OPENID_INTERNAL_URL,
        clientId: OPENID_CLIENT_ID,
        clientSecret: OPENID_CLIENT_SECRET,
        scope: 'openid offline_access',
      }),
    ],
  }),
)
app.get('/', (req, res) => {
  const { state } = req.citizen
  res.send(`<h1>Library</h1>${state === 'active' ? signOut : signIn}`)
})
app.get('/loans', requireCitizen(), (req, res) => {
  res.send(`<h1>Loans</h1><p>Yours, ${req.citizen.claims.sub}.</p>${signOut}${watch}`)
})
app.listen(Number(PORT), '127.0.0.1')
