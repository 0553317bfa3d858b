/**
 * @module A process that serves requests of people who are signed in, and looks where V8 puts what we make for each. It makes
 * objects of a literal old at once whose likes have outlived a small collection. So that this depends neither on the machine nor
 * on what else it does, requests come in rounds: all of a round are under way during a small collection, and answered after it.
 */
import { createServer } from 'node:http'
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { browserHeaders, cookieHeader, createIssuer } from '../../bench/issuer.mjs'
import { openLoad, requestText } from '../../bench/load.mjs'
import { createWitness } from './young-objects.mjs'

/** More than V8 counts before it decides. */
const connections = 200
const issuer = createIssuer('ES256')
const auth = citizenSession(issuer.options(undefined))
const guard = requireCitizen()

/** What the application holds of each of the last requests. */
const seen = []
let isSeeing = false

/** What answers the requests of this round. */
let waiting = []
let witness

/** As frameworks do it: a function of its own on each response, which knows the response. */
function addJson(_request, response, next) {
  response.json = (value) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }
  next()
}

function answer(request, response) {
  witness?.look(request)
  // The signal is the application's to keep, for as long as it likes.
  if (isSeeing) seen.push({ request: new WeakRef(request), ended: request.citizen.ended })
  waiting.push(() => response.json({ sub: request.citizen.claims.sub }))
  if (waiting.length < connections) return
  const answers = waiting
  waiting = []
  setImmediate(() => {
    globalThis.gc({ type: 'minor' })
    for (const each of answers) each()
  })
}

function begin(request, _response, next) {
  witness?.begin(request)
  next()
}

const steps = [addJson, begin, auth, guard, answer]
const server = createServer((request, response) => {
  const run = (at) => steps[at](request, response, () => run(at + 1))
  run(0)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const headers = { ...browserHeaders, cookie: cookieHeader(issuer.token('sub', 'jti')) }
const load = await openLoad(server.address().port, requestText('/', headers), connections)
const serve = async (rounds) => {
  for (let round = 0; round < rounds; round += 1) await load.once(connections)
}

// Compiled, decided, and compiled again.
await serve(60)
witness = createWitness()
await serve(3)
const { counts } = witness
witness = undefined
isSeeing = true
await serve(1)
load.close()
await new Promise((resolve) => server.close(resolve))
for (let round = 0; round < 5; round += 1) {
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
}
const held = seen.filter(({ request, ended }) => request.deref() !== undefined && !ended.aborted).length
await auth.suite.close()
console.log(JSON.stringify({ counts, seen: seen.length, held }))
