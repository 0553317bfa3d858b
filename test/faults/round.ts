/** @module One round: people at work, a fault, its end, and what of all that may not have been. */
import { setTimeout as pause } from 'node:timers/promises'
import { createPeople, createTally, type Tally, touchMilliseconds, ways } from './people.js'
import { createRandom } from './random.js'
import { type ClientName, type Fault, faultsOf, startServers, type Topology } from './servers.js'

/** What a round is made of. */
export interface Plan {
  readonly topology: Topology
  readonly client: ClientName
  readonly fault: Fault
}

/** What came of it. */
export interface Outcome extends Plan {
  readonly tally: Tally
  /** From the fault to the last request that was told "unavailable", in milliseconds. */
  readonly backAfter: number
  /**
   * Why the round says nothing of service that comes back: the servers did not start, had no master again in time, or
   * hardly anything was done. What may not have been counts all the same.
   */
  readonly void: string | undefined
}

const pairs: readonly (readonly [Topology, ClientName])[] = [
  ['sentinel', 'address'],
  ['cluster', 'node-redis'],
  ['single', 'address'],
  ['sentinel', 'ioredis'],
  ['cluster', 'address'],
  ['sentinel', 'node-redis'],
  ['single', 'node-redis'],
  ['cluster', 'ioredis'],
  ['single', 'ioredis'],
]

/** Milliseconds of a round's parts. */
const before = 800
const held = 3000
const alone = 1200
const after = 3500
/** Longest that the servers may need to have a master again, and the instances after that. */
const mostOutage = 60_000
const mostDelay = 30_000
/** How often servers and instances may fail to start on a machine that has other work. */
const mostStarts = 3
/** With fewer ends the machine was too slow for the round to say anything. */
const leastEnds = 5

/** Servers with two instances that are ready; nothing where the machine does not bring them about. */
async function startWorld(
  topology: Topology,
  client: ClientName,
  index: number,
  random: (below: number) => number,
) {
  for (let time = 0; time < mostStarts; time += 1) {
    const servers = await startServers(topology, client, index).catch(() => undefined)
    if (servers === undefined) continue
    try {
      const world = createPeople([await servers.open(), await servers.open()], random)
      await world.ready()
      return { servers, world }
    } catch {
      await servers.close()
    }
  }
  return undefined
}

/** Runs one round; the same seed and number make the same plan. */
export async function runRound(seed: number, round: number): Promise<Outcome> {
  const random = createRandom(seed * 10_007 + round)
  const [topology, client] = pairs[round % pairs.length] ?? ['single', 'address']
  const faults = faultsOf(topology, client)
  const fault = faults[random(faults.length)] ?? 'killed'
  const started = await startWorld(topology, client, random(3), random)
  if (started === undefined) {
    return { topology, client, fault, tally: createTally(), backAfter: 0, void: 'the servers did not start' }
  }
  const { servers, world } = started
  const { people, tally, begin, ask, end } = world
  /** Who began before that was known to the replicas when it happened. */
  let provenUntil = Number.POSITIVE_INFINITY
  let isOver = false

  const somebody = () => people[Math.max(0, people.length - 1 - random(40))]
  const mustLive = (beganAt: number) => beganAt < provenUntil

  /** Requests of anybody, anywhere, without a pause that could hide something. */
  async function visit(): Promise<void> {
    while (!isOver) {
      const person = somebody()
      if (person !== undefined) await ask(person, random(world.instances), mustLive(person.beganAt))
      await pause(4)
    }
  }
  async function leave(): Promise<void> {
    while (!isOver) {
      const live = people.filter(({ state }) => state === 'live')
      const person = live.length > 8 ? live[random(live.length)] : undefined
      const way = ways[random(ways.length)] ?? 'logout'
      if (person !== undefined) await end(person, way, random(world.instances))
      await pause(15 + random(20))
    }
  }
  /** When each instance began a session last. */
  const beganAt: number[] = []
  async function arrive(index: number): Promise<void> {
    while (!isOver) {
      if ((await begin(index)) !== undefined) beganAt[index] = performance.now()
      await pause(20)
    }
  }

  /** A process that starts in the middle of it knows the new master alone. */
  async function deploy(): Promise<void> {
    await pause(held - 1000)
    const opening = servers.open().then(
      (store) => world.join(store),
      () => undefined,
    )
    await Promise.all([pause(1000), Promise.race([opening, pause(3000)])])
  }

  try {
    const work = Promise.all([visit(), visit(), leave(), leave(), arrive(0), arrive(1)])
    await pause(before)
    const askedAt = performance.now()
    const areSettled = await servers.areSettled()
    const struckAt = performance.now()
    provenUntil = areSettled ? askedAt : Number.NEGATIVE_INFINITY
    await servers.strike(fault)
    // A single server comes back only by itself; others are replaced, and meet the one that comes back.
    if (topology === 'single') await pause(alone)
    else await deploy()
    await servers.mend()
    const isBack = () => [0, 1].every((at) => (beganAt[at] ?? 0) > struckAt + 300)
    // The servers themselves may need long, on a machine that has other work.
    const isServing = await servers.isServing(mostOutage)
    const servingAt = performance.now()
    while (isServing && !isBack() && performance.now() - servingAt < mostDelay) await pause(20)
    await pause(after)
    isOver = true
    await work
    if (isServing && !isBack()) {
      const seconds = mostDelay / 1000
      tally.errors.push(
        `service did not come back within ${seconds} s of the servers:\n${await servers.describe()}`,
      )
    }
    const backAfter = isServing ? Math.max(0, tally.unavailableAt - struckAt) : 0
    if (isServing) await settle(world, mustLive)
    const isIdle = tally.acknowledged + tally.unacknowledged <= leastEnds
    const reason = isServing
      ? isIdle
        ? 'hardly anything was done'
        : undefined
      : 'the servers had no master again'
    return { topology, client, fault, tally, backAfter, void: reason }
  } finally {
    isOver = true
    await world.close()
    await servers.close()
  }
}

/** Everybody once more, at every instance, after all is over: until the store answers for each. */
async function settle(
  { people, ask, instances }: Pick<ReturnType<typeof createPeople>, 'people' | 'ask' | 'instances'>,
  mustLive: (beganAt: number) => boolean,
): Promise<void> {
  await pause(touchMilliseconds)
  for (const person of people) {
    for (let index = 0; index < instances; index += 1) {
      for (let time = 0; time < 20; time += 1) {
        const answer = await ask(person, index, mustLive(person.beganAt))
        if (answer !== 'unavailable') break
        await pause(50)
      }
    }
  }
}
