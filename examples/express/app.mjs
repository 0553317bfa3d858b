/** @module An Express application: everybody sees the start page, who is signed in sees the benefits. */
import { citizenSession, requireCitizen } from 'citizen-session/express'
import express from 'express'

const signIn = '<a href="/session/login?returnTo=/benefits">Sign in</a>'
const signOut = '<form method="post" action="/session/logout"><button>Sign out</button></form>'

const app = express()
app.use(citizenSession())
app.get('/', (req, res) => {
  const { state } = req.citizen
  res.send(`<h1>Welcome</h1>${state === 'active' ? signOut : signIn}`)
})
app.get('/benefits', requireCitizen(), (req, res) => {
  res.send(`<h1>Benefits</h1><p>Yours, ${req.citizen.claims.sub}.</p>${signOut}`)
})
app.listen(Number(process.env.PORT), '127.0.0.1')
