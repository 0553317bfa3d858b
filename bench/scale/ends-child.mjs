/** @module A process of the part `ends`: one ends people through `suite.sessions`, another serves requests meanwhile. */
import { setTimeout as wait } from 'node:timers/promises'
import { createSuite, memoryStore } from 'citizen-session'
import { redisStore } from 'citizen-session/redis'
import { Redis } from 'ioredis'
import { cookieHeader, createIssuer, plainExchange } from '../issuer.mjs'
import { serveQuestions, spread } from './measure.mjs'
import { startSessions, subjectOf } from './records.mjs'

const { port, sessionsPerPerson, readers = 0 } = JSON.parse(process.argv[2])
// A machine that is busy with other work is no outage.
const store =
  port === undefined ? memoryStore() : redisStore(new Redis({ port }), { deadlineMilliseconds: 10_000 })
const issuer = createIssuer('ES256')
const options = issuer.options(store)
const suite = createSuite({ ...options, application: { ...options.application, sessionsPerPerson } }, {})
await suite.ready()

const cookies = []
for (let each = 0; each < readers; each += 1) {
  const cookie = cookieHeader(issuer.token(`reader-${each}`, `reading-${each}`))
  const exchange = plainExchange(cookie)
  await suite.authenticate(exchange)
  const [hint] = exchange.setCookies
  cookies.push(`${cookie}; ${hint.name}=${hint.value}`)
}

/** One person of so many sessions, ended at once; several such people, one after the other. */
async function crowdedPerson({ sessions, people }) {
  const milliseconds = []
  for (let each = 0; each < people; each += 1) {
    const person = `crowded-${sessions}-${each}`
    await startSessions(store, 0, sessions, { person, mostRecords: sessions })
    const before = performance.now()
    const { ended } = await suite.sessions.endAllOf({ subject: person })
    milliseconds.push(performance.now() - before)
    if (ended !== sessions) throw new Error(`${ended} of ${sessions} sessions ended`)
  }
  milliseconds.sort((one, other) => one - other)
  return { least: milliseconds[0], median: milliseconds[Math.floor(people / 2)], most: milliseconds.at(-1) }
}

async function signIn({ people }) {
  await startSessions(store, 0, people)
}

async function endEverybody({ people, atOnce }) {
  let next = 0
  const before = performance.now()
  const cpu = process.cpuUsage()
  const work = async () => {
    while (next < people) {
      const { ended } = await suite.sessions.endAllOf({ subject: subjectOf(next++) })
      if (ended !== 1) throw new Error(`${ended} sessions of a person ended`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - before) / 1000, cpuMicroseconds: (user + system) / people }
}

let isReading = false
let latencies = []

/** Requests at a steady rate, whether or not the ones before were answered: a queue counts as waiting. */
async function startReading({ perSecond }) {
  isReading = true
  latencies = []
  let due = performance.now()
  const run = async () => {
    while (isReading) {
      due += 1000 / perSecond
      const early = due - performance.now()
      if (early > 1) await wait(early)
      void serve(due)
    }
  }
  void run()
}

async function serve(due) {
  const citizen = await suite.authenticate(plainExchange(cookies[Math.floor(Math.random() * readers)]))
  if (citizen.state !== 'active') throw new Error(`the citizen is ${citizen.state}: ${citizen.reason}`)
  latencies.push(performance.now() - due)
}

async function stopReading() {
  isReading = false
  return { ...spread(latencies), requests: latencies.length }
}

serveQuestions({ crowdedPerson, signIn, endEverybody, startReading, stopReading })
