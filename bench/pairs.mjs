/**
 * @module Pairs: ours and the bare framework in turn, so often that their ratio has an interval; and what the collector of V8
 * does with either.
 */
import { startChild } from './child.mjs'
import { openLoad, requestText } from './load.mjs'
import { isNextBuilt } from './next/set-up.mjs'
import { median, signIn } from './plan.mjs'

/** As many as a busy process has open: what survives a collection is what they hold. */
const connections = 32

/** What is compared, and how often the bare one's CPU time ours may take. `weight`: how many requests one of Next.js is worth. */
export const pairs = [
  { platform: 'node', title: 'node:http', against: 'bare', limit: 1.2 },
  { platform: 'chain', title: 'node:http, response.json', against: 'bare-layers', survives: 1.2 },
  { platform: 'express', title: 'Express 5', against: 'bare', limit: 1.12 },
  {
    platform: 'express',
    title: 'Express 5, as many layers',
    against: 'bare-layers',
    limit: 1.12,
    survives: 1.2,
  },
  { platform: 'koa', title: 'Koa 3', against: 'bare', limit: 1.15 },
  { platform: 'hono', title: 'Hono on Node', against: 'bare', limit: 1.5 },
  { platform: 'next', title: 'Next.js 16, route handler', against: 'bare', limit: 1.08, weight: 20 },
]

/** How much more may be allocated for a request than the bare one allocates. */
export const allocationLimit = 1.2

/** Student's t for 95 %, two-sided, by degrees of freedom. */
const quantiles = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13]

/** The geometric mean of the ratios of pairs, and its interval of 95 %. */
export function ratioOf(measured) {
  const logs = measured.map(([taken, bare]) => Math.log(taken / bare))
  const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length
  const squares = logs.reduce((sum, each) => sum + (each - mean) ** 2, 0)
  const margin = (quantiles[logs.length - 2] ?? 2.04) * Math.sqrt(squares / (logs.length - 1) / logs.length)
  return { ratio: Math.exp(mean), low: Math.exp(mean - margin), high: Math.exp(mean + margin) }
}

/** The process of one side of a pair. */
async function startSide(contender, platform, context) {
  const child = await startChild('server.mjs', { contender, platform, ...context.setting })
  const port = await child.ask('listen')
  const load = await openLoad(port, requestText('/benefits', await signIn(port, context)), connections)
  /** That many answers or some more, however long it takes: a machine that is busy meanwhile counts the same. */
  const serve = async (requests) => {
    let count = 0
    while (count < requests) count += (await load.run(50)).count
    return count
  }
  return {
    serve,
    /** CPU microseconds a request. */
    async cpu(requests) {
      const before = await child.ask('usage')
      const count = await serve(requests)
      return ((await child.ask('usage')) - before) / count
    },
    async collect(requests) {
      await child.ask('watchCollector')
      return child.ask('collected', { count: await serve(requests) })
    },
    async close() {
      load.close()
      await child.close()
    },
  }
}

export async function runPair({ platform, against, weight = 1 }, context, { rounds, requests, warmUp }) {
  const ours = await startSide('ours', platform, context)
  const bare = await startSide(against, platform, context)
  const each = Math.ceil(requests / weight)
  for (const side of [ours, bare]) await side.serve(warmUp / weight)
  const measured = []
  for (let round = 0; round < rounds; round += 1) {
    // Whoever comes second finds the machine as the first has left it.
    const isFirst = round % 2 === 0
    const before = isFirst ? await ours.cpu(each) : undefined
    const taken = await bare.cpu(each)
    measured.push([before ?? (await ours.cpu(each)), taken])
  }
  // Enough for some dozens of collections.
  const collected = { ours: await ours.collect(each * 20), bare: await bare.collect(each * 20) }
  await ours.close()
  await bare.close()
  return {
    ...ratioOf(measured),
    cpu: { ours: median(measured.map(([taken]) => taken)), bare: median(measured.map(([, taken]) => taken)) },
    collected,
  }
}

/** Runs every pair, one after the other. */
export async function runPairs(context, { say, ...length }) {
  const results = []
  for (const pair of pairs.filter(({ platform }) => platform !== 'next' || isNextBuilt())) {
    say(`pairs: ${pair.title}`)
    results.push({ ...pair, ...(await runPair(pair, context, length)) })
  }
  return results
}
