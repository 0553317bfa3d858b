/** @module Compiled, never run: what the types of the Express adapter must allow and must refuse. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express'
import {
  citizenOf,
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireMfa,
  requireRecent,
} from '../../adapters/express.js'
import type { ActiveCitizen, Citizen } from '../../src/index.js'

interface MyClaims {
  readonly [name: string]: unknown
  readonly iss: string
  readonly sub: string
  readonly exp: number
  readonly iat: number
  readonly department: string
}

/** Compiles only if the two are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => undefined

export function application() {
  const app = express()
  app.use(citizenSession())

  app.get('/open', (req, res) => {
    same<typeof req.citizen, Citizen>(true)
    // @ts-expect-error: not narrowed without a guard
    const sub: string = req.citizen.claims.sub
    const { state, session, claims, reason } = req.citizen
    if (req.citizen.state === 'active') same<typeof req.citizen, ActiveCitizen>(true)
    res.json({ state, reason, startedAt: session?.startedAt, name: claims?.name, sub })
  })
  app.get('/benefits/:id', requireCitizen(), (req, res) => {
    same<typeof req.citizen, ActiveCitizen>(true)
    const { sub } = req.citizen.claims
    const id: string = req.params.id
    res.json({ sub, id })
  })
  app.post('/benefits', express.json(), requireCitizen(), requireAssurance(2), (req, res) => {
    const endsAt: number = req.citizen.session.endsAt
    res.json({ endsAt, body: req.body })
  })
  app.post('/behind', requireCitizen(), express.json(), (req, res) => {
    res.json({ endsAt: req.citizen.session.endsAt })
  })
  app.get('/each', requireMfa(), requireRecent({ maxAgeSeconds: 300 }), (req, res) => {
    res.json({ method: req.citizen.assurance.method })
  })
  app.get('/async', requireCitizen(), async (req, res) => {
    const receipt = await req.citizen.logout({ scope: 'application', returnTo: '/' })
    res.redirect(receipt.continueAt ?? '/')
  })
  app.post('/goodbye', logout({ scope: 'application' }))
  // @ts-expect-error: no such scope
  app.post('/wrong', logout({ scope: 'nowhere' }))
  return app
}

export function withClaimsOfOnesOwn() {
  const app = express()
  const auth = citizenSession<MyClaims>()
  app.use(auth)
  app.use('/below', auth)
  app.get('/mine', requireCitizen<MyClaims>(), (req, res) => {
    same<typeof req.citizen, ActiveCitizen<MyClaims>>(true)
    const department: string = req.citizen.claims.department
    res.json({ department })
  })
  app.get(
    '/staff/:id',
    requireClaims<MyClaims>(({ department }) => department === 'permits'),
    (req, res) => {
      const department: string = req.citizen.claims.department
      res.json({ department, id: req.params.id })
    },
  )
  app.get('/both', requireCitizen<MyClaims>(), requireAssurance<MyClaims>(2), (req, res) => {
    res.json({ department: req.citizen.claims.department.toUpperCase() })
  })
  app.get(
    '/wrong',
    // @ts-expect-error: a predicate that must be waited for would let everybody through
    requireClaims(async () => true),
  )
  return app
}

export function routers(): Router {
  const router = express.Router()
  router.use(requireCitizen())
  router.use('/strong', requireAssurance(2))
  router.get('/x', (req, res) => {
    // @ts-expect-error: types cannot follow router.use()
    same<typeof req.citizen, ActiveCitizen>(true)
    const department: string = citizenOf<MyClaims>(req).claims.department
    res.json({ department })
  })
  // Nor router.route(), nor lists, nor handlers that are typed elsewhere.
  router.route('/y').get(requireCitizen(), (req, res) => {
    res.json({ sub: citizenOf(req).claims.sub })
  })
  const staff = [requireCitizen(), requireAssurance(2)]
  const handler: RequestHandler = (req, res) => void res.json({ sub: citizenOf(req).claims.sub })
  router.all('/list', staff, handler)
  router.all('/spread', ...staff, handler)
  router.all('/z', [requireCitizen(), express.json()], (req: Request, res: Response) => {
    res.json({ sub: citizenOf(req).claims.sub })
  })
  return router
}

/** Forgotten parentheses: a function that makes a handler is none. */
export function withoutParentheses(app: express.Express) {
  // @ts-expect-error: requireCitizen()
  app.get('/a', requireCitizen, (_req, res) => void res.end())
  // @ts-expect-error: requireMfa()
  app.get('/b', requireMfa, (_req, res) => void res.end())
  // @ts-expect-error: requireAssurance(2)
  app.get('/c', requireAssurance, (_req, res) => void res.end())
  // @ts-expect-error: requireRecent({ maxAgeSeconds: 300 })
  app.get('/d', requireRecent, (_req, res) => void res.end())
  // @ts-expect-error: requireClaims((claims) => …)
  app.get('/e', requireClaims, (_req, res) => void res.end())
  // @ts-expect-error: logout()
  app.post('/f', logout)
  // @ts-expect-error: citizenSession()
  app.use(citizenSession)
  // @ts-expect-error: a handler of Express 4, whose types let every answer pass
  const older: (req: Request, res: Response, next: () => void) => void = requireCitizen
  // @ts-expect-error: the same
  const olderSession: (req: Request, res: Response, next: () => void) => void = citizenSession
  return [older, olderSession]
}
