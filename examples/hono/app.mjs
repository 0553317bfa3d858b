/** @module A Hono application: everybody sees the start page, who is signed in sees the benefits. */
import { serve } from '@hono/node-server'
import { citizenSession } from 'citizen-session/fetch'
import { Hono } from 'hono'

const signIn = '<a href="/session/login?returnTo=/benefits">Sign in</a>'
const signOut = '<form method="post" action="/session/logout"><button>Sign out</button></form>'

const auth = citizenSession()

/** Lets a guard stand in a route; what it lets through has its citizen in `c.var`. */
const only = (guard) => async (c, next) => {
  const refusal = await guard(c.req.raw)
  if (refusal !== undefined) return refusal
  c.set('citizen', await auth.citizenOf(c.req.raw))
  await next()
}

const app = new Hono()
app.get('/', async (c) => {
  const { citizen } = await auth.citizen(c.req.raw)
  return c.html(`<h1>Welcome</h1>${citizen.state === 'active' ? signOut : signIn}`)
})
app.get('/benefits', only(auth.requireCitizen()), (c) =>
  c.html(`<h1>Benefits</h1><p>Yours, ${c.var.citizen.claims.sub}.</p>${signOut}`),
)
serve({ fetch: auth.fetch(app.fetch), port: Number(process.env.PORT), hostname: '127.0.0.1' })
