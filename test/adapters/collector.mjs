/** @module A process that serves requests of people who are signed in, and looks at what the collector of V8 does meanwhile. */
import { createServer } from 'node:http'
import { citizenSession, requireCitizen } from 'citizen-session/express'
import { watchCollector } from '../../bench/collector.mjs'
import { browserHeaders, cookieHeader, createIssuer } from '../../bench/issuer.mjs'
import { openLoad, requestText } from '../../bench/load.mjs'

const connections = 32
const issuer = createIssuer('ES256')
const auth = citizenSession(issuer.options(undefined))
const guard = requireCitizen()

/** What the application holds of each of the last requests. */
const seen = []
let isSeeing = false

/** As frameworks do it: a function of its own on each response, which knows the response. */
function addJson(_request, response, next) {
  response.json = (value) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(value))
  }
  next()
}

function answer(request, response) {
  // The signal is the application's to keep, for as long as it likes.
  if (isSeeing) seen.push({ request: new WeakRef(request), ended: request.citizen.ended })
  setImmediate(() => response.json({ sub: request.citizen.claims.sub }))
}

const steps = [addJson, auth, guard, answer]
const server = createServer((request, response) => {
  const run = (at) => steps[at](request, response, () => run(at + 1))
  run(0)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const headers = { ...browserHeaders, cookie: cookieHeader(issuer.token('sub', 'jti')) }
const load = await openLoad(server.address().port, requestText('/', headers), connections)
const serve = async (requests) => {
  let count = 0
  while (count < requests) count += (await load.run(50)).count
  return count
}

// The collector decides within the first thousands where objects of one kind are allocated.
await serve(8000)
const watch = watchCollector()
const { survivingShare } = watch.stop(await serve(8000))
isSeeing = true
await serve(100)
load.close()
await new Promise((resolve) => server.close(resolve))
for (let round = 0; round < 5; round += 1) {
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
}
const held = seen.filter(({ request, ended }) => request.deref() !== undefined && !ended.aborted).length
await auth.suite.close()
console.log(JSON.stringify({ survivingShare, seen: seen.length, held }))
