/** @module Benefits: an ordinary Express application behind `citizenSession()`. */
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import { createKeyRing, createSsoIssuer, jwksPath, memoryKeys } from 'citizen-session/sso'
import express from 'express'
import { html } from './html.mjs'
import { createPages } from './pages.mjs'

const onward = html`<form method="post" action="/partner"><button class="plain">Go on to the partner</button></form>`

/** @param {import('./pages.mjs').Parts & { partner: import('citizen-session/emulator').Partner }} parts */
export function createBenefits(parts) {
  const { settings, show } = createPages({ ...parts, onward })
  const session = citizenSession(settings)
  const answer = (name) => (req, res) => {
    const { headers, body } = show(name, req.citizen)
    res.set(headers).send(body)
  }

  const { application, clock, partner } = parts
  const sso = createSsoIssuer({
    keys: createKeyRing({
      storage: memoryKeys(),
      name: 'benefits-sso',
      rotateEverySeconds: 7_776_000,
      clock,
    }),
    // Both from the partner's dashboard.
    issuer: partner.issuer,
    audience: partner.audience,
    applicationUrl: application.url,
    applicationName: application.name,
    claims: ({ assurance }) => ({ level: assurance.level }),
    clock,
  })

  const app = express()
  app.disable('x-powered-by')
  // In front of the session: what the page asks by itself is nobody's activity.
  app.use(parts.desk.listener)
  app.get(jwksPath, sso.jwks().node)
  app.use(session)
  app.get('/', answer('start'))
  app.get('/private', requireCitizen(), answer('private'))
  app.get('/strong', requireAssurance(2), answer('strong'))
  app.get('/recent', requireRecent({ maxAgeSeconds: parts.recentSeconds }), answer('recent'))
  app.all('/partner', requireCitizen(), sso.ssoRedirect({ url: partner.ssoUrl }).node)
  app.post('/refresh', requireCitizen(), async (req, res) => {
    res.json({ refreshed: await req.citizen.refresh() })
  })
  return { listener: app, suite: session.suite }
}
