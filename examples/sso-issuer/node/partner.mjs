/** @module The other side: an application that takes the token, once, and begins a session of its own. */
import { memoryStore } from 'citizen-session'
import { remoteKeys, SsoTokenError, verifySsoToken } from 'citizen-session/sso'
import express from 'express'

/** @param {{ port: number, jwksUrl: string }} options */
export function startPartner({ port, jwksUrl }) {
  const options = {
    keys: remoteKeys(jwksUrl),
    issuer: process.env.SSO_ISSUER,
    audience: process.env.SSO_AUDIENCE,
    // Shared by all instances of the partner: a token is taken once.
    store: memoryStore(),
  }
  const app = express()
  app.post('/sso/login', express.urlencoded({ extended: false, limit: '16kb' }), async (req, res) => {
    try {
      const { sub, level } = await verifySsoToken(String(req.body?.token ?? ''), options)
      res
        .set('cache-control', 'no-store')
        .type('text')
        .send(`Welcome at the partner, ${sub}, level ${level}.`)
    } catch (error) {
      if (!(error instanceof SsoTokenError)) throw error
      res.status(error.status).type('text').send(`Not signed in: ${error.problem}.`)
    }
  })
  app.listen(port, '127.0.0.1')
}
