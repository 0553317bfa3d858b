/** @module Types only: the handlers stand in every framework as the documentation writes them, without a cast. */
import Router from '@koa/router'
import express from 'express'
import { Hono } from 'hono'
import Koa from 'koa'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { requireCitizen as requireKoaCitizen } from '../../adapters/koa.js'
import { citizenSession as nextSession } from '../../adapters/next.js'
import { createKeyRing, createSsoIssuer, jwksPath, memoryKeys } from '../../src/issuing/sso.js'
import { type AnyRedisClient, redisKeys } from '../../src/redis.js'

interface Mine {
  readonly iss: string
  readonly sub: string
  readonly exp: number
  readonly iat: number
  readonly email: string
  readonly [name: string]: unknown
}

export function onEveryFramework(client: AnyRedisClient) {
  const keys = createKeyRing({ storage: client ? redisKeys(client, { secrets: [] }) : memoryKeys() })
  const sso = createSsoIssuer<Mine>({
    keys,
    issuer: 'a',
    audience: 'b',
    applicationUrl: 'https://a.example',
    subject: ({ claims }) => claims.email,
    claims: async ({ claims, assurance }) => ({ email: claims.email, level: assurance.level }),
  })
  const redirect = sso.ssoRedirect({ url: 'https://b.example' })

  const app = express()
  app.get(jwksPath, sso.jwks().node)
  app.use(citizenSession())
  app.all('/to', requireCitizen(), redirect.node)

  const router = new Router()
  router.get(jwksPath, sso.jwks().koa)
  router.all('/to', requireKoaCitizen(), redirect.koa)
  new Koa().use(router.routes()).use(redirect.koa)

  new Hono().get(jwksPath, (context) => sso.jwks().web(context.req.raw))

  const auth = nextSession()
  const GET: (request: Request) => Promise<Response> = sso.jwks().web
  return { GET, POST: auth.withCitizen(redirect.web) }
}
