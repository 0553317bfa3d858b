/**
 * @module An instance of the application in a process of its own, from the built package: it begins and ends sessions, or
 * serves them with near reads. Its settings come as JSON in the environment, its orders and its log as messages.
 */
import { createSuite } from 'citizen-session'
import { redisStore } from 'citizen-session/redis'
import { digest } from '../../../dist/src/digest.js'
import { openClient } from './clients.mjs'
import { observed } from './observed.mjs'
import { issuer, scripted } from './protocol.mjs'
import { createServing } from './serving.mjs'
import { createWriting } from './writing.mjs'

const settings = JSON.parse(process.env.CITIZEN_FAULT_INSTANCE ?? '{}')
const application = 'benefits'

if (settings.isFrozen) {
  // A process whose time stands still, for which nothing is ever too old: what the checker must find.
  const frozen = performance.now()
  performance.now = () => frozen
}

const say = (message) => process.send(message)
const indexKey = (person) => digest('sid', issuer, person)
const client = await openClient(settings)
const { staleMilliseconds, acknowledgement } = settings
const options = { deadlineMilliseconds: 1000, acknowledgement }
const near = staleMilliseconds === undefined ? undefined : { staleMilliseconds }
const decisions = new Map()
const store = observed(redisStore(client, { ...options, near }), decisions)
const { protocol, host } = scripted(indexKey)
const suite = createSuite(
  {
    application: {
      id: application,
      url: 'https://benefits.example',
      secrets: ['a secret of thirty-two bytes or more'],
      sensitivity: 'basic',
      idleSeconds: 3600,
    },
    protocols: [protocol],
    store,
    onEvent: () => undefined,
  },
  {},
)
const parts = { ...settings, suite, host, indexKey, say }
const orders =
  near === undefined
    ? createWriting(parts)
    : createServing({
        ...parts,
        store,
        decisions,
        control: redisStore(client, options),
        addressOf: (person) => ({
          person: digest('person', issuer, person),
          session: digest('session', issuer, person),
          application,
        }),
      })

process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  for (const [name, given] of Object.entries(message)) void orders[name](given)
})
process.on('unhandledRejection', (error) => say({ problem: `not handled: ${error?.stack}` }))
// A client that has only just connected may be refused once.
for (let time = 0; ; time += 1) {
  const failure = await suite.ready().then(
    () => undefined,
    (error) => error,
  )
  if (failure === undefined) break
  if (time === 20) throw failure
  await new Promise((resolve) => setTimeout(resolve, 100))
}
say({ isReady: true })
