/** @module Benefits: an ordinary Express application behind `citizenSession()`. */
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import express from 'express'
import { createPages } from './pages.mjs'

/** @param {import('./pages.mjs').Parts} parts */
export function createBenefits(parts) {
  const { settings, show } = createPages(parts)
  const session = citizenSession(settings)
  const answer = (name) => (req, res) => {
    const { headers, body } = show(name, req.citizen)
    res.set(headers).send(body)
  }

  const app = express()
  app.disable('x-powered-by')
  // In front of the session: what the page asks by itself is nobody's activity.
  app.use(parts.desk.listener)
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
