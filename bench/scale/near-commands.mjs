/** @module What Redis is asked for each request, where each session makes one a second: strict, and with near reads. */
import { createSuite } from 'citizen-session'
import { redisStore } from 'citizen-session/redis'
import { Redis } from 'ioredis'
import { cookieHeader, createIssuer, plainExchange } from '../issuer.mjs'
import { startRedisServer } from '../redis-server.mjs'
import { readPeople, signPeople } from './people.mjs'

/** Long enough for a dozen touches of each. */
const seconds = 120
const atMost = 0.12
/** Of what the store sends, all but the beats. */
const ofRequests = ['HGET', 'EVALSHA', 'EVAL']

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** An instance of an application that counts what its store sends. */
async function openInstance({ people, prefix, near, port, clock, sent }) {
  const client = new Redis({ port, enableAutoPipelining: true })
  const { call } = client
  client.call = (name, ...words) => {
    sent.set(name, (sent.get(name) ?? 0) + 1)
    return Reflect.apply(call, client, [name, ...words])
  }
  const store = redisStore(client, { prefix, near, deadlineMilliseconds: 5000, clock })
  const fetch = async () => new Response(people.jwks, { headers: { 'content-type': 'application/json' } })
  const suite = createSuite({ ...createIssuer().options(store), fetch, clock }, {})
  await suite.ready()
  while (near && !store.near.isProven) await wait(20)
  return {
    suite,
    async close() {
      await suite.close()
      await store.close()
      client.disconnect()
    },
  }
}

/** Commands for one request each second of each person, spread over so many instances, on a clock of its own. */
async function count({ people, number, instances, near, port }) {
  let { now } = people
  const sent = new Map()
  const prefix = `bench-${instances}-${near}:`
  const opened = []
  for (let index = 0; index < instances; index += 1) {
    opened.push(await openInstance({ people, prefix, near, port, clock: () => now, sent }))
  }
  const cookies = Array.from({ length: number }, (_, person) => cookieHeader(people.token(person)))
  const askAll = async (second) => {
    for (let from = 0; from < number; from += 100) {
      const asking = cookies.slice(from, from + 100).map(async (cookie, index) => {
        const { suite } = opened[(second + from + index) % instances]
        const citizen = await suite.authenticate(plainExchange(cookie))
        if (citizen.state !== 'active') throw new Error(`${citizen.state}: ${citizen.reason}`)
      })
      await Promise.all(asking)
    }
    now += 1000
  }
  // The first requests begin the sessions, and meet what each instance has not seen.
  for (let second = 0; second < instances; second += 1) await askAll(second)
  sent.clear()
  for (let second = 0; second < seconds; second += 1) await askAll(second)
  for (const instance of opened) await instance.close()
  const perRequest = (names) =>
    names.reduce((total, name) => total + (sent.get(name) ?? 0), 0) / (number * seconds)
  return {
    reads: perRequest(['HGET']),
    scripts: perRequest(['EVALSHA', 'EVAL']),
    all: perRequest(ofRequests),
  }
}

/** Prints commands a request for one instance and for four, strict and near. */
export async function nearCommands({ isQuick, say }) {
  const number = isQuick ? 100 : 1000
  await signPeople(number, say)
  const people = readPeople(number)
  const server = await startRedisServer()
  if (server === undefined) return 'no redis-server here: near reads were not measured\n'
  const rows = []
  for (const instances of [1, 4]) {
    for (const near of [false, true]) {
      say(`${number} sessions over ${instances} instances, ${near ? 'near' : 'strict'}`)
      const { reads, scripts, all } = await count({ people, number, instances, near, port: server.port })
      const limit = near && instances === 1 ? `${atMost}: ${all <= atMost ? 'met' : 'NOT met'}` : ''
      const counts = [reads, scripts, all].map((each) => each.toFixed(3))
      rows.push(`| ${[instances, near ? 'near' : 'strict', ...counts, limit].join(' | ')} |`)
    }
  }
  await server.close()
  return [
    '# Commands of Redis a request',
    '',
    `${number} sessions, each with one request a second for ${seconds} seconds of a clock of its own. Beside these an instance`,
    'with near reads sends a beat three times a second, of four commands, whatever is asked of it.',
    '',
    '| instances | reads | HGET | scripts | commands a request | at most |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
