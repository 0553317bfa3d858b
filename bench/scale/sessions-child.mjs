/** @module The process that keeps sessions in a store, as many as it is told, beside one of 10,000 to compare with. */
import { memoryStore } from 'citizen-session'
import { redisStore } from 'citizen-session/redis'
import { Redis } from 'ioredis'
import { serveQuestions, spread } from './measure.mjs'
import { addressOf, endOf, recordOf, startSessions, writeInBulk } from './records.mjs'

const { port, comparedPort, compared, byStart } = JSON.parse(process.argv[2])

function open(at) {
  if (at === undefined) return { store: memoryStore(), ended: 0 }
  const client = new Redis({ port: at })
  // A machine that is busy with other work is no outage.
  return { client, store: redisStore(client, { deadlineMilliseconds: 10_000 }), ended: 0 }
}

const large = { ...open(port), count: 0 }
const small = { ...open(comparedPort), count: compared }
await startSessions(small.store, 0, compared)
const emptyHeap = heapUsed()
const emptyRedis = await usedMemory(large)

function heapUsed() {
  for (let round = 0; round < 3; round += 1) globalThis.gc()
  return process.memoryUsage().heapUsed
}

async function usedMemory({ client }) {
  return client === undefined ? 0 : Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1])
}

async function grow({ to }) {
  const until = Math.max(large.count, Math.min(to, byStart))
  await startSessions(large.store, large.count, until)
  if (to > until) await assertSameText(until)
  if (to > until) await writeInBulk(port, until, to)
  large.count = to
  if (large.client === undefined) return { bytes: (heapUsed() - emptyHeap) / to }
  const keys = await large.client.dbsize()
  if (keys < to) throw new Error(`Redis has ${keys} keys of ${to}`)
  return { bytes: ((await usedMemory(large)) - emptyRedis) / to }
}

/** What is written in bulk is what a start has written, but for the number. */
async function assertSameText(number) {
  await writeInBulk(port, number, number + 1)
  const hashOf = (each) => large.client.hgetall(`citizen:{${addressOf(each).person}}`)
  const [started, written] = [await hashOf(number - 1), await hashOf(number)]
  const shape = (hash, each) =>
    JSON.stringify(hash)
      .replaceAll(addressOf(each).session, '')
      .replaceAll(recordOf(each).generation, '')
      .replaceAll(/\d{13}/g, '')
  if (shape(started, number - 1) !== shape(written, number)) throw new Error('the two ways write other texts')
}

async function timed(operation, number, into) {
  const before = process.hrtime.bigint()
  await operation(number)
  into.push(Number(process.hrtime.bigint() - before) / 1000)
}

/** In turn, so that whatever else the machine does meets both alike. */
async function inTurn(count, ofSide) {
  const [atLarge, atSmall] = [[], []]
  const [large_, small_] = [ofSide(large), ofSide(small)]
  for (let each = 0; each < count; each += 1) {
    await timed(large_.run, large_.number(), atLarge)
    await timed(small_.run, small_.number(), atSmall)
  }
  return { at: spread(atLarge), compared: spread(atSmall) }
}

const reading = ({ store, count }) => ({
  number: () => Math.floor(Math.random() * count),
  run: async (number) => {
    if ((await store.read(addressOf(number))) === undefined) throw new Error(`session ${number} is gone`)
  },
})

const ending = (side) => ({
  number: () => side.ended++,
  run: async (number) => {
    const { record } = await side.store.end(addressOf(number), recordOf(number), endOf(number))
    if (record?.state !== 'ended') throw new Error(`session ${number} did not end`)
  },
})

/** Microseconds that Redis itself took for a call of that command since the counters were set to zero. */
async function microsecondsOf(side, name) {
  if (side.client === undefined) return undefined
  const line = new RegExp(`cmdstat_${name}:.*usec_per_call=([\\d.]+)`).exec(
    await side.client.info('commandstats'),
  )
  return Number(line?.[1])
}

async function resetCounters() {
  for (const { client } of [large, small]) await client?.config('RESETSTAT')
}

const inRedis = async (name) => ({
  at: await microsecondsOf(large, name),
  compared: await microsecondsOf(small, name),
})

async function measure({ reads, ends }) {
  // What has just been written, and what is compiled first, is nobody's cost.
  await inTurn(Math.min(reads, 1000), reading)
  await resetCounters()
  const read = { ...(await inTurn(reads, reading)), redis: await inRedis('hget') }
  await resetCounters()
  const end = { ...(await inTurn(ends, ending)), redis: await inRedis('evalsha') }
  return { read, end }
}

/** What a session takes where Redis keeps short hashes in one piece up to that many bytes a value. */
async function compact({ sessions, bytes }) {
  await large.client.flushall()
  await large.client.config('SET', 'hash-max-listpack-value', String(bytes))
  const before = await usedMemory(large)
  await writeInBulk(port, 0, sessions)
  return { bytes: ((await usedMemory(large)) - before) / sessions }
}

serveQuestions({ grow, measure, compact })
