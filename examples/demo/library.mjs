/** @module Library: an ordinary Koa application behind `citizenSession()`. */
import Router from '@koa/router'
import { citizenSession, requireAssurance, requireCitizen, requireRecent } from 'citizen-session/koa'
import Koa from 'koa'
import { createPages } from './pages.mjs'

/** @param {import('./pages.mjs').Parts} parts */
export function createLibrary(parts) {
  const { settings, show } = createPages(parts)
  const session = citizenSession(settings)
  const answer = (name) => (ctx) => {
    const { headers, body } = show(name, ctx.state.citizen)
    ctx.set(headers)
    ctx.body = body
  }

  const router = new Router()
  router.get('/', answer('start'))
  router.get('/private', requireCitizen(), answer('private'))
  router.get('/strong', requireAssurance(2), answer('strong'))
  router.get('/recent', requireRecent({ maxAgeSeconds: parts.recentSeconds }), answer('recent'))
  router.post('/refresh', requireCitizen(), async (ctx) => {
    ctx.body = { refreshed: await ctx.state.citizen.refresh() }
  })
  const app = new Koa()
  app.use(session)
  app.use(router.routes())
  // In front of the session: what the page asks by itself is nobody's activity.
  const koa = app.callback()
  return {
    listener: (req, res) => parts.desk.listener(req, res, () => koa(req, res)),
    suite: session.suite,
  }
}
