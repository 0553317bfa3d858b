/** @module The part `flat-cost`: one request of one random person out of N who are active, for growing N. */
import { cpus } from 'node:os'
import { startChild } from '../child.mjs'
import { startRedisServer } from '../redis-server.mjs'
import { signPeople } from './people.mjs'

const plans = {
  full: {
    memory: [1000, 5000, 20_000, 100_000, 1_000_000],
    redis: [1000, 20_000],
    rounds: 7,
    requests: 64_000,
  },
  quick: { memory: [1000, 5000, 20_000], redis: [1000, 20_000], rounds: 3, requests: 32_000 },
}
/** What N may cost at most, as a multiple of the first row. */
const budgets = new Map([
  [100_000, 3],
  [1_000_000, 5],
])

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]

async function measureAll(rows, { rounds, requests, say }) {
  for (const row of rows) {
    say(`signing ${row.people} people in${row.redis === undefined ? '' : ' (Redis)'}`)
    row.child = await startChild('scale/flat-cost-child.mjs', row)
    // Everybody twice on average, so that what is remembered has come to rest.
    await row.child.ask('measure', { requests: Math.max(requests, 2 * row.people) })
  }
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`)
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) {
      const { own, heap, rss } = await row.child.ask('measure', { requests })
      row.costs.push(own)
      row.heap = heap
      row.rss = rss
    }
  }
  for (const row of rows) await row.child.close()
}

function table(rows) {
  const first = new Map()
  const lines = rows.map(({ people, store, costs, heap, rss }) => {
    const own = median(costs)
    if (!first.has(store)) first.set(store, own)
    const ratio = own / first.get(store)
    const budget = store === 'memory' ? budgets.get(people) : undefined
    const judged = budget === undefined ? '' : `${budget}: ${ratio <= budget ? 'met' : 'NOT met'}`
    const cells = [
      store,
      people.toLocaleString('en'),
      own.toFixed(1),
      Math.min(...costs).toFixed(1),
      ratio.toFixed(2),
      judged,
      (heap / 2 ** 20).toFixed(0),
      (rss / 2 ** 20).toFixed(0),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| store | N people | own CPU µs, median | lowest | times N = 1,000 | at most | heap MiB | resident MiB |',
    '| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |',
    ...lines,
  ].join('\n')
}

/** Runs the part. Returns its page. */
export async function flatCost({ isQuick, say }) {
  const plan = isQuick ? plans.quick : plans.full
  await signPeople(Math.max(...plan.memory), say)
  const redis = await startRedisServer()
  if (redis === undefined) say('no redis-server here: its rows are left out')
  const rows = plan.memory.map((people) => ({ people, store: 'memory', costs: [] }))
  const redisRows = (redis === undefined ? [] : plan.redis).map((people, database) => ({
    people,
    store: 'Redis',
    redis: `redis://127.0.0.1:${redis.port}/${database}`,
    costs: [],
  }))
  await measureAll(rows, { ...plan, say })
  await measureAll(redisRows, { ...plan, say })
  await redis?.close()
  const [cpu] = cpus()
  return `# One random person out of N

${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpu?.model.trim()}, Node ${process.versions.node}.
${plan.rounds} rounds of ${plan.requests.toLocaleString('en')} requests, the sizes of one store in turn. How to read it: ../../README.md.

${table([...rows, ...redisRows])}
`
}
