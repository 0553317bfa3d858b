/** @module Compiled, never run: what the types of the Express adapter must allow and must refuse. */
import express from 'express'
import {
  citizenOf,
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
} from '../../adapters/express.js'

interface Claims {
  readonly [name: string]: unknown
  readonly iss: string
  readonly sub: string
  readonly exp: number
  readonly iat: number
  readonly department: string
}

export function application() {
  const app = express()
  app.use(citizenSession())
  app.get('/open', (req, res) => {
    // @ts-expect-error: not narrowed without a guard
    const sub: string = req.citizen.claims.sub
    const { state, session } = req.citizen
    res.json({ state, startedAt: session?.startedAt, sub })
  })
  app.get('/benefits/:id', requireCitizen(), (req, res) => {
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
  app.post('/goodbye', logout({ scope: 'application' }))
  const router = express.Router()
  router.use(requireCitizen())
  router.get('/x', (req, res) => {
    const department: string = citizenOf<Claims>(req).claims.department
    res.json({ department })
  })
  app.use(router)
  return app
}
