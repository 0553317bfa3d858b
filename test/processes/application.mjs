/** @module A small application in a process of its own: the built package, settings from the environment. */

import { citizenSession, requireCitizen } from 'citizen-session/express'
import { openRedisStore } from 'citizen-session/redis'
import express from 'express'

let travelled = 0
const clock = () => Date.now() + travelled
// The tests are not about speed: five processes on a busy machine must not decide them.
const store = openRedisStore(process.env.CITIZEN_STORE_URL, { clock, deadlineMilliseconds: 5000 })
const auth = citizenSession({
  clock,
  store,
  onEvent: (event) => process.send?.({ event }),
})
const show = (request, response) => {
  const { state, reason, degraded, claims, session } = request.citizen
  response.json({ state, reason, degraded, sub: claims?.sub, session, pid: process.pid })
}

const app = express()
app.use(auth)
app.get('/open', show)
app.get('/private', requireCitizen(), show)

process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  travelled += message.travel * 1000
  process.send({ travelled })
})
await auth.suite.ready()
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
