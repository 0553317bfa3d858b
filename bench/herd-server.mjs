/** @module One of the processes of the herd: an Express application over the common Redis, with a clock that can be moved. */
import { createServer } from 'node:http'
import { citizenSession, requireCitizen } from 'citizen-session/express'
import express from 'express'

const { identityProvider, redisPort } = JSON.parse(process.argv[2])
let travelled = 0

const app = express()
const session = citizenSession({
  identityProvider: { url: identityProvider.url, internalUrl: identityProvider.internalUrl },
  sharedCookie: { domain: 'citizen.localhost' },
  application: {
    id: 'herd',
    url: 'https://herd.citizen.localhost',
    secrets: ['a secret of thirty-two bytes or more'],
    sensitivity: 'basic',
  },
  store: `redis://127.0.0.1:${redisPort}`,
  clock: () => Date.now() + travelled,
  onEvent: () => undefined,
})
app.use(session)
app.get('/benefits', requireCitizen(), (request, response) =>
  response.json({ hello: request.citizen.claims.sub }),
)
await session.suite.ready()

const questions = {
  async listen() {
    const server = createServer(app)
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return server.address().port
  },
  travel(seconds) {
    travelled += seconds * 1000
  },
}

process.on('message', async ({ id, question, given }) => {
  process.send({ id, answer: await questions[question](given) })
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
