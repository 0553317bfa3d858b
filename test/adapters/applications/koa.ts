/** @module The application of the adapter contract on Koa. */
import type { RequestListener } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import type Koa from 'koa'
import type { Middleware } from 'koa'
import {
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireMfa,
  requireRecent,
} from '../../../adapters/koa.js'
import type { Suites } from './in-process.js'

const ok: Middleware = (ctx) => {
  ctx.body = 'ok'
}
const echo: Middleware = (ctx) => {
  ctx.body = { name: (ctx.request.body as { name?: string } | undefined)?.name }
}

export function koaApplication(framework: typeof Koa, { main, mounted }: Suites): RequestListener {
  const app = new framework({ proxy: true })
  app.silent = true

  const inner = new Router({ prefix: '/mounted' })
  inner.get('/private', requireCitizen(), (ctx) => {
    ctx.body = { sub: ctx.state.citizen.claims.sub }
  })
  inner.post('/form', bodyParser(), echo)
  const layer = citizenSession(mounted)
  app.use((ctx, next) =>
    ctx.path.startsWith('/mounted/') ? layer(ctx, () => inner.routes()(ctx as never, next)) : next(),
  )

  app.use(bodyParser())
  const outer = citizenSession(main)
  app.use((ctx, next) => (ctx.path.startsWith('/mounted/') ? next() : outer(ctx, next)))
  const router = new Router()
  router.get('/open', (ctx) => {
    const { state, reason, claims, session } = ctx.state.citizen
    ctx.body = { state, reason, sub: claims?.sub, publicId: session?.publicId }
  })
  router.all('/private', requireCitizen(), (ctx) => {
    ctx.body = { sub: ctx.state.citizen.claims.sub }
  })
  router.get('/own-cache', requireCitizen(), (ctx) => {
    ctx.set('Cache-Control', 'private, max-age=60')
    ctx.body = 'ok'
  })
  router.get('/mfa', requireMfa(), ok)
  router.get('/level2', requireAssurance(2), ok)
  router.get('/recent', requireRecent({ maxAgeSeconds: 300 }), ok)
  router.get(
    '/claims',
    requireClaims(({ isMfa }) => isMfa === true),
    ok,
  )
  router.get('/cookies', (ctx) => {
    ctx.append('Set-Cookie', ['first=1; Path=/', 'second=2; Path=/'])
    ctx.set({ 'Cache-Control': 'public, max-age=60', 'CDN-Cache-Control': 'max-age=60' })
    ctx.body = 'ok'
  })
  router.get('/redirect', (ctx) => ctx.redirect('/open'))
  router.get('/empty', (ctx) => {
    ctx.status = 204
  })
  router.get('/stream', (ctx) => {
    ctx.type = 'text'
    ctx.body = Readable.from(['one\n', 'two\n'])
  })
  router.get('/events', requireCitizen(), (ctx) => {
    const events = new PassThrough()
    events.write('data: open\n\n')
    ctx.state.citizen.ended.addEventListener('abort', () => events.end())
    ctx.type = 'text/event-stream'
    ctx.body = events
  })
  router.get('/throw', () => {
    throw new Error('thrown by the application')
  })
  router.post('/form', echo)
  router.post('/goodbye', logout())
  router.post('/leave', requireCitizen(), async (ctx) => {
    ctx.body = await ctx.state.citizen.logout()
  })
  router.post('/leave-and-throw', requireCitizen(), async (ctx) => {
    await ctx.state.citizen.logout()
    ctx.throw(500, 'thrown by the application')
  })
  router.post('/refresh', requireCitizen(), async (ctx) => {
    ctx.body = JSON.stringify(await ctx.state.citizen.refresh())
  })
  app.use(router.routes())
  const callback = app.callback()
  return (request, response) => void callback(request, response)
}
