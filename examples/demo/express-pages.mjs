/** @module The pages of an Express application of the demo, behind its session: Museum and Registry differ in that alone. */
import { requireAssurance, requireCitizen, requireRecent } from 'citizen-session/express'
import express from 'express'

/**
 * @param {import('./pages.mjs').Parts} parts
 * @param {ReturnType<typeof import('./pages.mjs').createPages>['show']} show
 * @param {import('express').RequestHandler} session
 */
export function createExpressPages({ desk, recentSeconds }, show, session) {
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
  app.get('/recent', requireRecent({ maxAgeSeconds: recentSeconds }), answer('recent'))
  app.post('/refresh', requireCitizen(), async (req, res) => {
    res.json({ refreshed: await req.citizen.refresh() })
  })
  return app
}
