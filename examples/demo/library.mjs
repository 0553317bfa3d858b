/** @module Library: an ordinary Koa application behind `citizenSession()`. */
import Router from '@koa/router'
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/koa'
import Koa from 'koa'
import { createPages } from './pages.mjs'

/** @param {import('./pages.mjs').Parts} parts */
export function createLibrary(parts) {
  const { settings, show } = createPages(parts)
  const session = citizenSession(settings)
  const { suite } = session
  const answer = (name) => (ctx) => {
    const { citizen } = ctx.state
    const { headers, body } = show(name, { citizen, cookieHeader: ctx.get('cookie'), options: suite.options })
    ctx.set(headers)
    ctx.body = body
  }

  const router = new Router()
  router.get('/', answer('start'))
  router.get('/private', requireCitizen(), answer('private'))
  router.get('/strong', requireAssurance(2), answer('strong'))
  router.get('/recent', requireRecent({ maxAgeSeconds: parts.recentSeconds }), answer('recent'))
  const app = new Koa()
  app.use(session)
  app.use(router.routes())
  return { listener: app.callback(), suite }
}
