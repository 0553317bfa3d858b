/** @module The interleaved run: every contender and probe in each round, in random order from a fixed seed. */
import { startChild } from './child.mjs'
import { contenders } from './contenders.mjs'
import { browserHeaders, cookieHeader } from './issuer.mjs'
import { openLoad, requestText } from './load.mjs'
import { isNextBuilt } from './next/set-up.mjs'

/** Numbers between 0 and 1, the same in each run. Source: mulberry32. */
function createRandom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function shuffled(list, random) {
  const order = [...list]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other], order[last]]
  }
  return order
}

export function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The request of somebody who is signed in: the shared cookie, and what the contender set at its sign-in. */
export async function signIn(port, { person, parts }) {
  const answer = await fetch(`http://127.0.0.1:${port}/sign-in`, {
    headers: { ...browserHeaders, 'x-person': person, cookie: cookieHeader(parts) },
  })
  if (answer.status !== 200)
    throw new Error(`the sign-in was answered ${answer.status}: ${await answer.text()}`)
  await answer.text()
  // Of several cookies with one name the last counts, as in a browser.
  const pairs = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0].split(/=(.*)/s, 2))
  const own = [...new Map(pairs)].map(([name, value]) => `; ${name}=${value}`)
  return { ...browserHeaders, cookie: cookieHeader(parts, own.join('')) }
}

/** One contender on one platform: its loopback server, and where wanted its requests in process. */
async function startContender(contender, platform, context) {
  const setting = { contender: contender.name, platform, ...context.setting }
  const open = async () => {
    const child = await startChild('server.mjs', setting)
    const port = await child.ask('listen')
    return { child, port, headers: await signIn(port, context) }
  }
  const { child, port, headers } = await open()
  // A process of its own: objects of two shapes in one would slow both measurements down.
  const isInProcess = (contender.inProcess ?? ['node']).includes(platform)
  const injected = isInProcess ? await open() : undefined
  const load = await openLoad(port, requestText('/benefits', headers))
  const samples = { cpu: [], perSecond: [], inProcess: [] }
  const calls = new Map()
  let requests = 0

  return {
    key: `${contender.name} ${platform}`,
    samples,
    /** Redis commands a request, by name. */
    commands: () => new Map([...calls].map(([name, count]) => [name, count / requests])),
    async run(milliseconds, keep) {
      if (injected !== undefined) {
        const given = { headers: injected.headers, milliseconds: milliseconds / 2 }
        const own = await injected.child.ask('inject', given)
        if (keep) samples.inProcess.push(own)
      }
      // A process that was idle has given back memory, and has to find its pace again.
      if (keep) await load.run(milliseconds / 2)
      const redisBefore = contender.needsRedis ? await context.redis.calls() : undefined
      const before = await child.ask('usage')
      const { count, seconds } = await load.run(milliseconds)
      const cpu = ((await child.ask('usage')) - before) / count
      if (!keep) return
      samples.cpu.push(cpu)
      samples.perSecond.push(count / seconds)
      if (redisBefore === undefined) return
      for (const [name, total] of await context.redis.calls()) {
        const added = total - (redisBefore.get(name) ?? 0)
        if (added > 0) calls.set(name, (calls.get(name) ?? 0) + added)
      }
      requests += count
    },
    async close() {
      load.close()
      await child.close()
      await injected?.child.close()
    },
  }
}

async function startProbe(probe, { setting }) {
  const { redisPort } = setting
  const withRedis = probe === 'seen-redis'
  const child = await startChild('probe.mjs', {
    probe: probe.replace('-redis', ''),
    redisPort: withRedis ? redisPort : undefined,
  })
  const samples = { inProcess: [] }
  return {
    key: probe,
    samples,
    async run(milliseconds, keep) {
      const own = await child.ask('run', { milliseconds: milliseconds / 2 })
      if (keep) samples.inProcess.push(own)
    },
    close: () => child.close(),
  }
}

/** Runs everything; the result by key: medians, and Redis commands a request. */
export async function runInterleaved(context, { rounds, milliseconds, warmUpMilliseconds, only, seed, say }) {
  const hasRedis = context.redis !== undefined
  const wanted = contenders.filter(({ name, needsRedis }) => (hasRedis || !needsRedis) && only(name))
  const probes = ['verification', 'seen', 'seen-redis', 'verifier', 'new-token', 'first-request'].filter(
    (name) => hasRedis || name !== 'seen-redis',
  )
  const parts = []
  for (const contender of wanted) {
    const platforms = contender.platforms.filter((platform) => platform !== 'next' || isNextBuilt())
    for (const platform of platforms) parts.push(await startContender(contender, platform, context))
  }
  for (const probe of probes) parts.push(await startProbe(probe, context))
  say(`warming up ${parts.length} processes`)
  for (const part of parts) await part.run(warmUpMilliseconds, false)
  const random = createRandom(seed)
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`)
    for (const part of shuffled(parts, random)) await part.run(milliseconds, true)
  }
  for (const part of parts) await part.close()
  return new Map(
    parts.map(({ key, samples, commands }) => [
      key,
      {
        ...Object.fromEntries(
          Object.entries(samples)
            .filter(([, values]) => values.length > 0)
            .map(([name, values]) => [name, median(values)]),
        ),
        commands: commands?.() ?? new Map(),
      },
    ]),
  )
}
