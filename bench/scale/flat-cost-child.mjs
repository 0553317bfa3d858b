/** @module A process with so many people signed in: what one request of a random one of them costs. */
import { createSuite } from 'citizen-session'
import { cookieHeader, createIssuer, plainExchange } from '../issuer.mjs'
import { readPeople } from './people.mjs'

const { people: count, redis } = JSON.parse(process.argv[2])
/** Requests under way at once, as in the bench. */
const atOnce = 16

const people = readPeople(count)
const suite = createSuite(
  {
    ...createIssuer().options(redis),
    fetch: async () => new Response(people.jwks, { headers: { 'content-type': 'application/json' } }),
    // It stands still: a touch, which is due once in ten seconds, has nothing to do with how many people there are.
    clock: () => people.now,
  },
  {},
)
await suite.ready()

/** `Cookie` headers as bytes, all of one length: each request gets a text of its own, as from a socket. */
let headers
let size = 0

async function signIn(number) {
  const cookie = cookieHeader(people.token(number))
  const exchange = plainExchange(cookie)
  const citizen = await suite.authenticate(exchange)
  if (citizen.state !== 'active') throw new Error(`the citizen is ${citizen.state}: ${citizen.reason}`)
  const [hint] = exchange.setCookies
  const text = `${cookie}; ${hint.name}=${hint.value}`
  if (headers === undefined) {
    size = text.length
    headers = Buffer.alloc(count * size)
  }
  if (text.length !== size) throw new Error('a header is longer than another')
  headers.latin1Write(text, number * size)
}

for (let from = 0; from < count; from += atOnce) {
  const batch = Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => signIn(from + index))
  await Promise.all(batch)
}

/** The same order in every run: a generator of Lehmer's. */
let state = 20_261_130
function randomPerson() {
  state = (state * 48_271) % 2_147_483_647
  return state % count
}

function randomRequest() {
  const from = randomPerson() * size
  return plainExchange(headers.latin1Slice(from, from + size))
}

function check(exchange, citizen) {
  if (suite.guard(exchange, citizen) !== undefined) throw new Error(`refused: ${citizen.reason}`)
}

async function ask() {
  const waiting = []
  for (let each = 0; each < atOnce; each += 1) {
    const exchange = randomRequest()
    const citizen = suite.authenticate(exchange)
    if (citizen instanceof Promise) waiting.push(citizen.then((settled) => check(exchange, settled)))
    else check(exchange, citizen)
  }
  if (waiting.length > 0) await Promise.all(waiting)
}

let made = 0
/** The same without us: the number, the text, the exchange. */
async function makeOnly() {
  for (let each = 0; each < atOnce; each += 1) made += randomRequest().target.length
}

async function costOf(requests, batch) {
  const before = process.cpuUsage()
  for (let done = 0; done < requests; done += atOnce) await batch()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

async function measure({ requests }) {
  const bare = await costOf(requests, makeOnly)
  const whole = await costOf(requests, ask)
  return { own: whole - bare, heap: process.memoryUsage().heapUsed, rss: process.memoryUsage.rss(), made }
}

process.on('message', async ({ id, given }) => {
  try {
    process.send({ id, answer: await measure(given) })
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) })
  }
})
process.on('disconnect', () => process.exit())
process.send({ ready: true })
