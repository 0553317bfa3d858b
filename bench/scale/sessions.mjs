/** @module The part `sessions`: what N sessions take in memory and in Redis, and what a read and an end cost then. */
import { startChild } from '../child.mjs'
import { startRedisServer } from '../redis-server.mjs'
import { machineLine, table } from './measure.mjs'

const plans = {
  full: {
    memory: [1000, 10_000, 100_000, 1_000_000],
    redis: [1000, 10_000, 100_000, 1_000_000, 5_000_000],
    byStart: 100_000,
    reads: 10_000,
    ends: 2000,
  },
  quick: { memory: [1000, 10_000], redis: [1000, 10_000, 50_000], byStart: 10_000, reads: 2000, ends: 200 },
}
const compared = 10_000
/** The largest value of a hash that Redis then keeps in one piece. */
const compactBytes = 256

async function grow(child, sizes, { reads, ends, say }, store) {
  const rows = []
  for (const size of sizes) {
    say(`${size.toLocaleString('en')} sessions in ${store}`)
    const { bytes } = await child.ask('grow', { to: size })
    const costs = await child.ask('measure', { reads, ends: Math.min(ends, Math.floor(size / 5)) })
    rows.push({ store, size, bytes, ...costs })
  }
  return rows
}

async function inMemory(plan) {
  const child = await startChild('scale/sessions-child.mjs', { compared, byStart: 1e9 }, ['--expose-gc'])
  const rows = await grow(child, plan.memory, plan, 'memory')
  await child.close()
  return rows
}

async function inRedis(plan) {
  const [large, small] = [await startRedisServer(), await startRedisServer()]
  if (large === undefined || small === undefined) {
    plan.say('no redis-server here: its rows are left out')
    return { rows: [], compact: undefined }
  }
  const setting = { port: large.port, comparedPort: small.port, compared, byStart: plan.byStart }
  const child = await startChild('scale/sessions-child.mjs', setting, ['--expose-gc'])
  const rows = await grow(child, plan.redis, plan, `Redis ${large.version}`)
  const sessions = plan.byStart
  const { bytes } = await child.ask('compact', { sessions, bytes: compactBytes })
  await child.close()
  await large.close()
  await small.close()
  return { rows, compact: { sessions, bytes } }
}

const beside = (here, there) => `${here.toFixed(1)} / ${there.toFixed(1)}`

function lineOf({ store, size, bytes, read, touch, end }) {
  const cells = [read, touch, end].flatMap(({ at, compared: other }) => [
    beside(at.p50, other.p50),
    beside(at.p99, other.p99),
    at.redis === 0 ? '' : beside(at.redis, other.redis),
  ])
  const ratios = [read, end].map(({ at, compared: other }) => (at.p99 / other.p99).toFixed(2))
  return [store, size.toLocaleString('en'), bytes.toFixed(0), ...cells, ratios.join(' / ')]
}

/** Runs the part. Returns its page. */
export async function sessions({ isQuick, say }) {
  const plan = { ...(isQuick ? plans.quick : plans.full), say }
  const machine = machineLine()
  const memoryRows = await inMemory(plan)
  const { rows, compact } = await inRedis(plan)
  const heads = [
    'store',
    'N sessions',
    'bytes each',
    ...['read', 'touch', 'end'].flatMap((what) => [
      `${what} p50 µs`,
      `${what} p99 µs`,
      `${what}: CPU of Redis µs`,
    ]),
    'p99 times that of 10,000, read / end',
  ]
  return `# N sessions

${machine}
One operation at a time; each beside the same on a store of ${compared.toLocaleString('en')} sessions, in turn: "here / there". More than
${plan.byStart.toLocaleString('en')} in Redis were written by HSET as the text that the store writes, not by its start. How to read it: ../../README.md.

${table(heads, 'lrrrrrrrrrrrl', [...memoryRows, ...rows].map(lineOf))}
${
  compact === undefined
    ? ''
    : `
With \`hash-max-listpack-value ${compactBytes}\` in the configuration of Redis a session takes ${compact.bytes.toFixed(0)} bytes (${compact.sessions.toLocaleString('en')} sessions).
`
}`
}
