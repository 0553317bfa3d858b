/** @module Benefits: an ordinary Express application behind `citizenSession()`. */
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import express from 'express'
import { createPages } from './pages.mjs'

/** @param {import('./pages.mjs').Parts} parts */
export function createBenefits(parts) {
  const { settings, show } = createPages(parts)
  const session = citizenSession(settings)
  const { suite } = session
  const answer = (name) => (req, res) => {
    const { citizen } = req
    const { headers, body } = show(name, {
      citizen,
      cookieHeader: req.headers.cookie,
      options: suite.options,
    })
    res.set(headers).send(body)
  }

  const app = express()
  app.disable('x-powered-by')
  app.use(session)
  app.get('/', answer('start'))
  app.get('/private', requireCitizen(), answer('private'))
  app.get('/strong', requireAssurance(2), answer('strong'))
  app.get('/recent', requireRecent({ maxAgeSeconds: parts.recentSeconds }), answer('recent'))
  return { listener: app, suite }
}
