/** @module The application of the adapter contract on Express. */
import type { RequestListener } from 'node:http'
import type express from 'express'
import type { Request } from 'express'
import {
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireMfa,
  requireRecent,
} from '../../../adapters/express.js'
import type { Suites } from './in-process.js'

export function expressApplication(framework: typeof express, { main, mounted }: Suites): RequestListener {
  const app = framework()
  app.set('trust proxy', true).set('env', 'test')
  const form = framework.urlencoded({ extended: true })
  const echo = (req: Request, res: express.Response) => void res.json({ name: req.body.name })

  const inner = framework.Router()
  inner.use(citizenSession(mounted), form)
  inner.get('/private', requireCitizen(), (req, res) => void res.json({ sub: req.citizen.claims.sub }))
  inner.post('/form', echo)
  app.use('/mounted', inner)

  app.use(form, citizenSession(main))
  app.get('/open', (req, res) => {
    const { state, reason, claims, session } = req.citizen
    res.json({ state, reason, sub: claims?.sub, publicId: session?.publicId })
  })
  app.all('/private', requireCitizen(), (req, res) => void res.json({ sub: req.citizen.claims.sub }))
  app.get('/own-cache', requireCitizen(), (_req, res) => {
    res.set('cache-control', 'private, max-age=60').send('ok')
  })
  app.get('/mfa', requireMfa(), (_req, res) => void res.send('ok'))
  app.get('/level2', requireAssurance(2), (_req, res) => void res.send('ok'))
  app.get('/recent', requireRecent({ maxAgeSeconds: 300 }), (_req, res) => void res.send('ok'))
  app.get(
    '/claims',
    requireClaims(({ isMfa }) => isMfa === true),
    (_req, res) => void res.send('ok'),
  )
  app.get('/cookies', (_req, res) => {
    res.cookie('first', '1').cookie('second', '2')
    res.set({ 'cache-control': 'public, max-age=60', 'cdn-cache-control': 'max-age=60' }).send('ok')
  })
  app.get('/redirect', (_req, res) => res.redirect('/open'))
  app.get('/empty', (_req, res) => void res.status(204).end())
  app.get('/stream', (_req, res) => {
    res.type('text').write('one\n')
    setImmediate(() => res.end('two\n'))
  })
  app.get('/events', requireCitizen(), (req, res) => {
    res.type('text/event-stream').write('data: open\n\n')
    req.citizen.ended.addEventListener('abort', () => res.end())
  })
  app.get('/throw', () => {
    throw new Error('thrown by the application')
  })
  app.post('/form', echo)
  app.post('/goodbye', logout())
  app.post('/leave', requireCitizen(), (req, res, next) => {
    req.citizen.logout().then((receipt) => res.json(receipt), next)
  })
  app.post('/leave-and-throw', requireCitizen(), (req, _res, next) => {
    req.citizen.logout().then(() => next(new Error('thrown by the application')), next)
  })
  app.post('/refresh', requireCitizen(), (req, res, next) => {
    req.citizen.refresh().then((isRefreshed) => res.json(isRefreshed), next)
  })
  return app
}
