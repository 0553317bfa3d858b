/** @module The part `ends`: a person of many sessions, and very many people, ended through `suite.sessions`. */
import { setTimeout as wait } from 'node:timers/promises'
import { startChild } from '../child.mjs'
import { startRedisServer } from '../redis-server.mjs'
import { judge, machineLine, table } from './measure.mjs'

const plans = {
  full: { crowded: 7, people: 100_000, baselineSeconds: 10 },
  quick: { crowded: 3, people: 5000, baselineSeconds: 2 },
}
/** Sessions of one person, and what their end may take. */
const crowds = [
  { sessions: 200, mostMilliseconds: 50 },
  { sessions: 1000, mostMilliseconds: 50 },
]
const mostSeconds = 30
/** Ends under way at once. */
const atOnce = 4
/** Requests of other people meanwhile. */
const perSecond = 400
const readers = 1000

async function crowdRows(child, store, { crowded, say }) {
  const rows = []
  for (const { sessions, mostMilliseconds } of crowds) {
    say(`one person of ${sessions} sessions in ${store}, ${crowded} times`)
    const { least, median, most } = await child.ask('crowdedPerson', { sessions, people: crowded })
    rows.push([
      store,
      sessions,
      least.toFixed(1),
      median.toFixed(1),
      most.toFixed(1),
      `${mostMilliseconds}: ${judge(median <= mostMilliseconds)}`,
    ])
  }
  return rows
}

async function readFor(reader, during) {
  await reader.ask('startReading', { perSecond })
  const result = await during()
  return { result, ...(await reader.ask('stopReading')) }
}

async function everybody(child, port, { people, baselineSeconds, say }) {
  say(`signing ${people.toLocaleString('en')} people in`)
  await child.ask('signIn', { people })
  const reader = await startChild('scale/ends-child.mjs', { port, readers, sessionsPerPerson: 200 })
  const baseline = () => readFor(reader, () => wait(baselineSeconds * 1000))
  // Code that has just been compiled is nobody's queue.
  await baseline()
  say('what other people wait, before')
  const before = await baseline()
  say(`ending ${people.toLocaleString('en')} people`)
  const during = await readFor(reader, () => child.ask('endEverybody', { people, atOnce }))
  say('what other people wait, after')
  const after = await baseline()
  await reader.close()
  return { before, during, after, ...during.result }
}

const milliseconds = ({ p50, p99 }) => `${p50.toFixed(2)} / ${p99.toFixed(2)}`

function everybodyTable({ before, during, after, seconds, cpuMicroseconds }, { people }) {
  const usual = Math.max(before.p99, after.p99)
  const limit = (mostSeconds * people) / 100_000
  return table(['what', 'measured', 'at most'], 'lrl', [
    [
      `${people.toLocaleString('en')} people ended, ${atOnce} at a time`,
      `${seconds.toFixed(1)} s`,
      `${limit} s: ${judge(seconds <= limit)}`,
    ],
    ['CPU of the process that ends, each', `${cpuMicroseconds.toFixed(0)} µs`, ''],
    ['requests of others before, p50 / p99', `${milliseconds(before)} ms`, ''],
    [
      'requests of others meanwhile, p50 / p99',
      `${milliseconds(during)} ms`,
      `p99 twice that before or after: ${judge(during.p99 <= 2 * usual)}`,
    ],
    ['requests of others after, p50 / p99', `${milliseconds(after)} ms`, ''],
  ])
}

/** Runs the part. Returns its page. */
export async function ends({ isQuick, say }) {
  const plan = { ...(isQuick ? plans.quick : plans.full), say }
  const machine = machineLine()
  const inMemory = await startChild('scale/ends-child.mjs', { sessionsPerPerson: 1000 })
  const rows = await crowdRows(inMemory, 'memory', plan)
  await inMemory.close()
  const redis = await startRedisServer()
  let others = 'There is no redis-server here: the rows of Redis are left out.'
  if (redis === undefined) say(others)
  else {
    const child = await startChild('scale/ends-child.mjs', { port: redis.port, sessionsPerPerson: 1000 })
    rows.push(...(await crowdRows(child, `Redis ${redis.version}`, plan)))
    others = everybodyTable(await everybody(child, redis.port, plan), plan)
    await child.close()
    await redis.close()
  }
  const heads = ['store', 'sessions', 'least ms', 'median ms', 'most ms', 'median at most, ms']
  return `# Ends

${machine}
How to read it: ../../README.md.

## One person of many sessions

\`suite.sessions.endAllOf\`, ${plan.crowded} people one after the other; 1,000 sessions with \`application.sessionsPerPerson\` raised.

${table(heads, 'lrrrrl', rows)}

## Very many people

In Redis; meanwhile another process serves ${perSecond} requests a second of ${readers.toLocaleString('en')} other people.

${others}
`
}
