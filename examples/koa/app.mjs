/** @module A Koa application: everybody sees the start page, who is signed in sees the benefits. */
import Router from '@koa/router'
import { citizenSession, requireCitizen } from 'citizen-session/koa'
import Koa from 'koa'

const signIn = '<a href="/session/login?returnTo=/benefits">Sign in</a>'
const signOut = '<form method="post" action="/session/logout"><button>Sign out</button></form>'

const router = new Router()
router.get('/', (ctx) => {
  const { state } = ctx.state.citizen
  ctx.body = `<h1>Welcome</h1>${state === 'active' ? signOut : signIn}`
})
router.get('/benefits', requireCitizen(), (ctx) => {
  ctx.body = `<h1>Benefits</h1><p>Yours, ${ctx.state.citizen.claims.sub}.</p>${signOut}`
})

const app = new Koa()
app.use(citizenSession())
app.use(router.routes())
app.listen(Number(process.env.PORT), '127.0.0.1')
