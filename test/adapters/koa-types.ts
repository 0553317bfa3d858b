/** @module Compiled, never run: what the types of the Koa adapter must allow and must refuse. */
import Router from '@koa/router'
import Koa, { type Middleware, type ParameterizedContext } from 'koa'
import {
  citizenOf,
  citizenSession,
  logout,
  requireAssurance,
  requireCitizen,
  requireClaims,
  requireMfa,
  requireRecent,
} from '../../adapters/koa.js'
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
  const app = new Koa()
  app.use(citizenSession())
  app.use((ctx) => {
    same<typeof ctx.state.citizen, Citizen>(true)
    // @ts-expect-error: not narrowed without a guard
    const sub: string = ctx.state.citizen.claims.sub
    const { state, session, claims, reason } = ctx.state.citizen
    if (ctx.state.citizen.state === 'active') same<typeof ctx.state.citizen, ActiveCitizen>(true)
    ctx.state.whatever = 'an application may keep there what it likes'
    ctx.body = { state, reason, startedAt: session?.startedAt, name: claims?.name, sub }
  })
  app.use(requireCitizen()).use((ctx) => {
    const { sub } = ctx.state.citizen.claims
    ctx.body = { sub }
  })

  const router = new Router()
  router.get('/open', (ctx) => {
    same<typeof ctx.state.citizen, Citizen>(true)
    ctx.body = ctx.state.citizen.reason
  })
  router.get('/benefits/:id', requireCitizen(), (ctx) => {
    const { sub } = ctx.state.citizen.claims
    const id: string | undefined = ctx.params.id
    ctx.body = { sub, id }
  })
  router.post('/benefits', requireCitizen(), requireAssurance(2), async (ctx, next) => {
    const endsAt: number = ctx.state.citizen.session.endsAt
    ctx.body = { endsAt }
    await next()
  })
  router.get('/each', requireMfa(), requireRecent({ maxAgeSeconds: 300 }), (ctx) => {
    ctx.body = { method: ctx.state.citizen.assurance.method }
  })
  router.get('/async', requireCitizen(), async (ctx) => {
    const receipt = await ctx.state.citizen.logout({ scope: 'application', returnTo: '/' })
    ctx.redirect(receipt.continueAt ?? '/')
  })
  router.post('/goodbye', logout({ scope: 'application' }))
  // @ts-expect-error: no such scope
  router.post('/wrong', logout({ scope: 'nowhere' }))
  app.use(router.routes())
  return app
}

export function withClaimsOfOnesOwn() {
  const app = new Koa()
  const auth = citizenSession<MyClaims>()
  app.use(auth)
  const router = new Router()
  router.use(requireCitizen<MyClaims>())
  router.get('/mine', requireCitizen<MyClaims>(), (ctx) => {
    const department: string = ctx.state.citizen.claims.department
    ctx.body = { department }
  })
  router.get(
    '/staff',
    requireClaims<MyClaims>(({ department }) => department === 'permits'),
    (ctx) => {
      const department: string = ctx.state.citizen.claims.department
      ctx.body = { department }
    },
  )
  router.get('/behind', (ctx) => {
    const citizen = citizenOf<MyClaims>(ctx)
    same<typeof citizen, ActiveCitizen<MyClaims>>(true)
    ctx.body = citizen.claims.department
  })
  app.use(router.routes())
  return auth.suite.sessions
}

/** Guards fit where an application has a state and context of its own, and in lists. */
interface OwnState {
  locale: string
}

export function withStateOfOnesOwn(middleware: Middleware<OwnState>) {
  const app = new Koa<OwnState>()
  app.use(citizenSession())
  app.use(middleware)
  const router = new Router<OwnState>()
  router.get('/own', requireCitizen(), (ctx) => {
    const { sub } = ctx.state.citizen.claims
    const { locale } = ctx.state
    ctx.body = { sub, locale }
  })
  const guards: Middleware[] = [requireCitizen(), requireMfa(), logout()]
  for (const guard of guards) app.use(guard)
  return app
}

export function show(ctx: ParameterizedContext): string {
  return citizenOf(ctx).claims.sub
}

/** Forgotten parentheses: a function that makes a handler is none. */
export function withoutParentheses(app: Koa) {
  // @ts-expect-error: citizenSession()
  app.use(citizenSession)
  // @ts-expect-error: requireCitizen()
  app.use(requireCitizen)
  // @ts-expect-error: requireMfa()
  app.use(requireMfa)
  // @ts-expect-error: requireAssurance(2)
  app.use(requireAssurance)
  // @ts-expect-error: requireRecent({ maxAgeSeconds: 300 })
  app.use(requireRecent)
  // @ts-expect-error: requireClaims((claims) => …)
  app.use(requireClaims)
  // @ts-expect-error: logout()
  app.use(logout)
}
