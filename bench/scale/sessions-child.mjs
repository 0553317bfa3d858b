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
async function inTurn(count, operation) {
  const sides = [large, small].map((side) => ({ side, ...operation(side), times: [] }))
  for (const each of sides) each.before = await processorTime(each.side)
  for (let round = 0; round < count; round += 1) {
    for (const { run, number, times } of sides) await timed(run, number(), times)
  }
  for (const each of sides) each.redis = ((await processorTime(each.side)) - each.before) / count
  const [at, other] = sides.map(({ times, redis }) => ({ ...spread(times), redis }))
  return { at, compared: other }
}

/** Microseconds of processor time that the Redis of a side has taken until now: no waiting counts. */
async function processorTime({ client }) {
  if (client === undefined) return 0
  const lines = [...(await client.info('cpu')).matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)]
  return lines.reduce((sum, [, seconds]) => sum + Number(seconds), 0) * 1e6
}

const anyOf = ({ ended, count }) => ended + Math.floor(Math.random() * (count - ended))

const reading = (side) => ({
  number: () => anyOf(side),
  run: async (number) => {
    if ((await side.store.read(addressOf(number))) === undefined) throw new Error(`session ${number} is gone`)
  },
})

const touching = (side) => ({
  number: () => anyOf(side),
  run: async (number) => {
    const { generation, lastSeenAt, retainUntil } = recordOf(number)
    const change = { lastSeenAt: lastSeenAt + 20_000 + number, retainUntil }
    if (!(await side.store.update(addressOf(number), generation, change)))
      throw new Error(`no session ${number}`)
  },
})

const ending = (side) => ({
  number: () => side.ended++,
  run: async (number) => {
    const { generation } = recordOf(number)
    const { record } = await side.store.end(addressOf(number), { generation }, endOf(number))
    if (record?.state !== 'ended') throw new Error(`session ${number} did not end`)
  },
})

async function measure({ reads, ends }) {
  // What has just been written, and what is compiled first, is nobody's cost.
  await inTurn(Math.min(reads, 1000), reading)
  return {
    read: await inTurn(reads, reading),
    touch: await inTurn(ends, touching),
    end: await inTurn(ends, ending),
  }
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
