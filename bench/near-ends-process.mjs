/** @module A process of `near-ends.mjs`: one that begins and ends sessions, or one that serves them with near reads. */
import { Redis } from 'ioredis'
import { digest } from '../dist/src/digest.js'
import { createSuite } from '../dist/src/index.js'
import { redisStore } from '../dist/src/redis.js'
import { createExchange, issuer, scripted } from '../test/faults/near/protocol.mjs'

const { role, redisPort } = JSON.parse(process.argv[2])
const now = () => Number(process.hrtime.bigint()) / 1e6
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const client = new Redis({ port: redisPort, enableAutoPipelining: true })
const store = redisStore(client, { near: role === 'reader', deadlineMilliseconds: 5000 })
const suite = createSuite(
  {
    application: {
      id: 'benefits',
      url: 'https://benefits.example',
      secrets: ['a secret of thirty-two bytes or more'],
      sensitivity: 'basic',
    },
    protocols: [scripted((person) => digest('sid', issuer, person)).protocol],
    store,
    onEvent: () => undefined,
  },
  {},
)
const personOf = (name) => digest('person', issuer, name)

let serial = 0
async function beginOne() {
  serial += 1
  const name = `person-${serial}`
  const exchange = createExchange('GET', `/session/scripted/begin?person=${name}`)
  await suite.endpoint(exchange)(exchange)
  return { name, cookie: exchange.cookies.map((each) => `${each.name}=${each.value}`).join('; ') }
}

async function endOne({ name }) {
  const asked = now()
  const { acknowledged, ended } = await suite.sessions.endAllOf({ issuer, subject: name })
  if (!acknowledged || ended !== 1) throw new Error('an end was not told as done')
  return { person: personOf(name), asked, at: now() }
}

/** One after the other at even distances. */
async function endEvenly({ people, milliseconds }) {
  const startedAt = now()
  const outcomes = []
  for (const [index, person] of people.entries()) {
    const left = startedAt + (milliseconds * index) / people.length - now()
    if (left > 1) await pause(left)
    outcomes.push(endOne(person))
  }
  return Promise.all(outcomes)
}

let people = []
const heard = new Map()
const counts = { requests: 0, lost: 0, late: 0 }
let rotation = 0

async function serveOne() {
  const person = people[rotation++ % people.length]
  await suite.authenticate(createExchange('GET', '/open', person.cookie))
  counts.requests += 1
}

async function calibrate(milliseconds) {
  // Whoever is met for the first time is read strictly.
  for (const _ of people) await serveOne()
  const startedAt = now()
  let served = 0
  while (now() - startedAt < milliseconds) {
    for (let each = 0; each < 50; each += 1) await serveOne()
    served += 50
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (1000 * served) / (now() - startedAt)
}

function pace(rate) {
  let servedUntil = now()
  counts.requests = 0
  setInterval(async () => {
    const due = Math.min(((now() - servedUntil) * rate) / 1000, rate / 10)
    servedUntil = now()
    for (let each = 0; each < due; each += 1) await serveOne()
  }, 5)
}

const answers = {
  begin: async (count) => {
    const begun = []
    for (let each = 0; each < count; each += 1) begun.push(await beginOne())
    return begun
  },
  end: endEvenly,
  meet: async (more) => {
    const met = more.map((person) => ({ ...person, digest: personOf(person.name) }))
    // That they begin was told as well; from now on only their end is.
    for (const person of met) heard.delete(person.digest)
    people.push(...met)
  },
  leave: async (gone) => {
    const names = new Set(gone.map(({ name }) => name))
    people = people.filter(({ name }) => !names.has(name))
    for (const { cookie } of gone) {
      const { state } = await suite.authenticate(createExchange('GET', '/open', cookie))
      if (state === 'active') counts.late += 1
    }
  },
  calibrate,
  pace,
  heard: async () => ({ times: [...heard], ...counts }),
}

process.on('disconnect', () => process.exit())
process.on('message', async ({ id, question, given }) => {
  try {
    process.send({ id, answer: await answers[question](given) })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
await suite.ready()
if (role === 'reader') {
  store.near.watch({
    changed(person) {
      heard.set(person, now())
    },
    lost() {
      counts.lost += 1
    },
  })
  while (!store.near.isProven) await pause(10)
}
process.send({ ready: true })
