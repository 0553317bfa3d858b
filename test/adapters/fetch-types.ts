/** @module Compiled, never run: what the types of the fetch adapter must allow and must refuse. */
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { citizenSession, type Guard } from '../../adapters/fetch.js'
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

export function handlers() {
  const auth = citizenSession()
  const open = auth.withCitizen.optional((request, { citizen }) => {
    same<typeof citizen, Citizen>(true)
    // @ts-expect-error: not narrowed without a guard
    const sub: string = citizen.claims.sub
    const { state, session, claims, reason } = citizen
    if (citizen.state === 'active') same<typeof citizen, ActiveCitizen>(true)
    return Response.json({ state, reason, startedAt: session?.startedAt, name: claims?.name, sub, request })
  })
  const benefits = auth.withCitizen((_request, { citizen }) => {
    same<typeof citizen, ActiveCitizen>(true)
    return Response.json({ sub: citizen.claims.sub })
  })
  const letters = auth.withCitizen(
    async (_request, { citizen }) => {
      const receipt = await citizen.logout({ scope: 'application', returnTo: '/' })
      return Response.redirect(receipt.continueAt ?? 'https://benefits.example.gov/', 303)
    },
    { level: 2, maxAgeSeconds: 300 },
  )
  const routed = auth.withCitizen<Request, { readonly params: { readonly id: string } }>(
    (_request, { citizen, params }) => Response.json({ sub: citizen.claims.sub, id: params.id }),
  )
  // @ts-expect-error: no such demand
  auth.withCitizen(() => new Response(), { strong: true })
  // @ts-expect-error: no such scope
  auth.logout({ scope: 'nowhere' })
  return { open, benefits, letters, routed }
}

export function withClaimsOfOnesOwn() {
  const auth = citizenSession<MyClaims>()
  const mine = auth.withCitizen((_request, { citizen }) => {
    same<typeof citizen, ActiveCitizen<MyClaims>>(true)
    return Response.json(citizen.claims.department)
  })
  return { mine, staff: auth.requireClaims(({ department }) => department === 'permits') }
}

export function hono() {
  const auth = citizenSession()
  const only = (guard: Guard) =>
    createMiddleware<{ Variables: { citizen: ActiveCitizen } }>(async (c, next) => {
      const refusal = await guard(c.req.raw)
      if (refusal !== undefined) return refusal
      c.set('citizen', await auth.citizenOf(c.req.raw))
      await next()
    })
  const app = new Hono()
  app.get('/benefits', only(auth.requireCitizen()), (c) => c.json({ hello: c.var.citizen.claims.sub }))
  return auth.fetch(app.fetch)
}

/** What servers hand over besides the request reaches the application. */
export function environment() {
  const auth = citizenSession()
  const worker = auth.fetch((_request, env: { readonly region: string }) => new Response(env.region))
  // @ts-expect-error: the environment is missing
  void worker(new Request('https://benefits.example.gov/'))
  return worker(new Request('https://benefits.example.gov/'), { region: 'north' })
}
