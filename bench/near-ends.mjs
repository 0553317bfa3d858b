/**
 * @module How soon an end is refused everywhere: eight processes with near reads under half of the load that saturates
 * them, and one that ends sessions. `npm run build`, then `node bench/near-ends.mjs [--ends N] [--each-second N]`.
 */
import { parseArgs } from 'node:util'
import { startChild } from './child.mjs'
import { startRedisServer } from './redis-server.mjs'

const processes = 8
/** People who are signed in at any time. */
const pool = 400
const calibrationMilliseconds = 3000

const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]

function line(name, milliseconds) {
  const sorted = milliseconds.toSorted((one, other) => one - other)
  const [p50, p99, most] = [0.5, 0.99, 1].map((part) => at(sorted, part).toFixed(2))
  return `${name}: p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms`
}

/** Begins as many as are ended, so that there are always as many to ask for. */
async function endAll({ writer, readers, ends, eachSecond }) {
  const batch = Math.max(1, Math.round(eachSecond / 4))
  const waiting = []
  const told = []
  const meet = async (count) => {
    const people = await writer.ask('begin', count)
    await Promise.all(readers.map((reader) => reader.ask('meet', people)))
    waiting.push(...people)
  }
  for (let met = 0; met < pool; met += 50) await meet(50)
  const rates = await Promise.all(readers.map((reader) => reader.ask('calibrate', calibrationMilliseconds)))
  await Promise.all(readers.map((reader, index) => reader.ask('pace', rates[index] / 2)))
  while (told.length < ends) {
    const startedAt = performance.now()
    const leaving = waiting.splice(0, Math.min(batch, ends - told.length))
    const [outcomes] = await Promise.all([
      writer.ask('end', { people: leaving, milliseconds: (1000 * leaving.length) / eachSecond }),
      meet(leaving.length),
    ])
    told.push(...outcomes)
    await Promise.all(readers.map((reader) => reader.ask('leave', leaving)))
    const left = (1000 * batch) / eachSecond - (performance.now() - startedAt)
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
  }
  return { told, saturating: rates.reduce((sum, rate) => sum + rate, 0) }
}

async function main() {
  const { values } = parseArgs({
    options: {
      ends: { type: 'string', default: '20000' },
      'each-second': { type: 'string', default: '200' },
    },
  })
  const [ends, eachSecond] = [Number(values.ends), Number(values['each-second'])]
  const redis = await startRedisServer()
  if (redis === undefined) throw new Error('there is no redis-server')
  const start = (role) => startChild('near-ends-process.mjs', { role, redisPort: redis.port })
  const writer = await start('writer')
  const readers = await Promise.all(Array.from({ length: processes }, () => start('reader')))
  try {
    const startedAt = performance.now()
    const { told, saturating } = await endAll({ writer, readers, ends, eachSecond })
    const seconds = (performance.now() - startedAt) / 1000
    const heard = await Promise.all(readers.map((reader) => reader.ask('heard')))
    const maps = heard.map(({ times }) => new Map(times))
    const unheard = told.filter(({ person }) => maps.some((map) => !map.has(person))).length
    const everywhere = told.flatMap(({ person, at: end }) => {
      const times = maps.map((map) => map.get(person))
      return times.includes(undefined) ? [] : [Math.max(0, Math.max(...times) - end)]
    })
    const sum = (name) => heard.reduce((total, each) => total + each[name], 0)
    console.log(`${told.length} ends over ${processes} processes in ${seconds.toFixed(0)} s`)
    console.log(
      `load: ${(sum('requests') / seconds).toFixed(0)} requests/s of ${saturating.toFixed(0)} that saturate`,
    )
    console.log(line('end acknowledged, then refused on all processes', everywhere))
    console.log(
      line(
        'end asked for, then acknowledged',
        told.map(({ asked, at: end }) => end - asked),
      ),
    )
    console.log(
      `${unheard} ends not heard everywhere; ${sum('lost')} times not proven; ${sum('late')} requests served when all of them were told as done`,
    )
  } finally {
    for (const child of [writer, ...readers]) await child.close()
    await redis.close()
  }
}

await main()
