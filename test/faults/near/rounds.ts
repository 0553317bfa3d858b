/** @module One fault in a near world: what of it is measured, and what may not have been. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/redis.js'
import { createRandom, type Random } from '../random.js'
import type { Topology } from '../servers.js'
import { check, type Findings, type Served, servedBetween } from './checker.js'
import { type Fault, faults } from './faults.js'
import type { ReaderLog } from './instances.js'
import { bound, type NearWorld } from './worlds.js'

/** One fault that is to be. */
export interface Planned {
  readonly index: number
  readonly topology: Topology
  readonly fault: Fault
  /** Befalls the world as well, in the course of the first; then only the promise itself is looked at. */
  readonly second: Fault | undefined
  readonly random: Random
}

/** What came of it. */
export interface NearOutcome extends Findings {
  readonly planned: Planned
  readonly served: number
  readonly servedNear: number
  readonly ends: number
  readonly unacknowledged: number
  /** Milliseconds from the mending until every reader answered from memory again. */
  readonly restoredAfter: number
  /** What else was not as it must be. */
  readonly problems: readonly string[]
  /** Why the fault says nothing: the machine, or the servers, were not what it takes. */
  readonly void: string | undefined
}

const now = () => Number(process.hrtime.bigint()) / 1e6

/** Of twenty faults, how many are of which kind of server. */
const shares: readonly (readonly [Topology, number])[] = [
  ['single', 10],
  ['cluster', 6],
  ['sentinel', 4],
]
const block = shares.reduce((sum, [, count]) => sum + count, 0)

function shuffled<T>(list: readonly T[], random: Random): readonly T[] {
  return list
    .map((item) => [random(1_000_000), item] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, item]) => item)
}

/**
 * The fault of a number. Each kind comes once before any comes again; then every second time there are two of them.
 * `only`: kinds whose name has this text.
 */
export function planOf(seed: number, index: number, only = ''): Planned {
  let within = index % block
  for (const [share, count] of shares) {
    if (within >= count) {
      within -= count
      continue
    }
    const named = faults.filter(({ name }) => name.includes(only))
    const isThere = named.some(({ topologies }) => topologies.includes(share))
    const topology = isThere ? share : named[0]?.topologies[0]
    if (topology === undefined) break
    const kinds = named.filter(({ topologies }) => topologies.includes(topology))
    const turn = Math.floor(index / block) * count + within
    const pass = Math.floor(turn / kinds.length)
    const fault = shuffled(kinds, createRandom(seed * 7919 + pass))[turn % kinds.length]
    if (fault === undefined) break
    const random = createRandom(seed * 10_007 + index)
    const second = pass % 2 === 1 && only === '' ? kinds[random(kinds.length)] : undefined
    return { index, topology, fault, second: second === fault ? undefined : second, random }
  }
  throw new Error('no kind of fault has this name')
}

const allProven = ({ readers }: NearWorld, milliseconds: number) =>
  until(async () => readers.every(({ isProven }) => isProven), 'near reads', milliseconds).then(
    () => true,
    () => false,
  )

/** The logs since they were asked for last; strict reads beside the requests once more, for those that were in between. */
async function logsOf({ readers, controls }: NearWorld): Promise<readonly ReaderLog[]> {
  return Promise.all(
    readers.map(async (reader, at) => {
      const log = await reader.ask({ log: true }, 'log')
      if (log === undefined) throw new Error('a reader has a log')
      const served = [...(controls.get(at) ?? []), ...log.served]
      controls.set(
        at,
        log.served.filter(([, , how]) => how === 'control'),
      )
      return { ...log, served }
    }),
  )
}

/** Longest that near reads may need to come back; servers that fail over need most of it themselves. */
const mostRestore = 30_000
const noticeMilliseconds = 1000

/** What a reader's log says against what the fault must come to. */
function judgeNotice(
  { expects }: Fault,
  log: ReaderLog,
  struckAt: number,
  mendedAt: number,
): string | undefined {
  const noticedBy = struckAt + noticeMilliseconds
  if (expects === 'gap') {
    const isNoticed = (at: number) => at > struckAt && at <= noticedBy
    const wasProven = log.proofs.filter(([at]) => at <= struckAt).at(-1)?.[1] === true
    const wasLost = log.losses.some(([at]) => isNoticed(at))
    const wasUnproven = log.proofs.some(([at, isProven]) => !isProven && isNoticed(at))
    return !wasProven || wasLost || wasUnproven ? undefined : 'a reader noticed nothing within a second'
  }
  if (expects === 'nothing') return undefined
  const late = servedBetween(log.served, noticedBy, mendedAt)
  if (late > 0) return `${late} requests were answered from memory later than a second after it`
  const last = log.proofs.filter(([at]) => at <= noticedBy).at(-1)
  const lostAt = log.proofs.find(([at, isProven]) => !isProven && at > noticedBy)?.[0]
  const isStill = last?.[1] === true && (lostAt ?? mendedAt) >= mendedAt
  const isAgain = log.proofs.some(([at, isProven]) => isProven && at > noticedBy && at < mendedAt)
  return isStill || isAgain ? 'a reader says that near reads are proven' : undefined
}

/** Servers that are stopped answer nothing: what waits for them must not wait for ever. */
const mostWork = 40_000

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = pause(mostWork, undefined, { ref: false }).then(() => {
    throw new Error('no answer came')
  })
  return Promise.race([work, late])
}

/** Strikes, holds and mends. `reason`: why it says nothing, if it does not. */
async function befall(world: NearWorld, { fault, second, random }: Planned) {
  const mends: (() => Promise<void>)[] = []
  let struckAt = now()
  let mendedAt = struckAt
  let reason: string | undefined
  try {
    mends.push(await inTime(fault.strike(world, random)))
    struckAt = now()
    if (second !== undefined) {
      await pause(random(500))
      mends.push(await inTime(second.strike(world, random)))
    }
    const [least, most] = fault.holds
    await pause(least + random(most - least))
    mendedAt = now()
  } catch (error) {
    reason = `it could not be done: ${String(error)}`
  }
  for (const mend of mends.reverse()) {
    await inTime(mend()).catch((error: unknown) => {
      reason ??= `it could not be mended: ${String(error)}`
    })
  }
  return { struckAt, mendedAt, reason }
}

/** Carries one fault out. */
export async function runFault(world: NearWorld, planned: Planned): Promise<NearOutcome> {
  const { fault, second, random } = planned
  const problems: string[] = []
  const wereReady = await allProven(world, mostRestore)
  await until(async () => world.ends.size > 5, 'people who come and go').catch(() => undefined)
  await logsOf(world)
  const endsBefore = world.ends.size
  const unacknowledgedBefore = world.unacknowledged
  await pause(100 + random(250))
  const befallen = await befall(world, planned)
  const { struckAt, mendedAt } = befallen
  const reason = wereReady ? befallen.reason : 'near reads were not there before'
  const isBack = await allProven(world, mostRestore)
  const restoredAfter = now() - mendedAt
  // Whatever was ended in the course of it is asked for beyond the bound.
  await pause(bound + 150)
  const logs = await logsOf(world)
  if (reason === undefined) {
    if (!isBack) problems.push(`near reads did not come back within ${mostRestore / 1000} s`)
    for (const log of second === undefined ? logs : []) {
      const problem = judgeNotice(fault, log, struckAt, mendedAt)
      if (problem !== undefined) problems.push(problem)
    }
  }
  const findings = logs.map(({ served }) => check(world.ends, served, bound))
  const served: readonly Served[] = logs.flatMap((log) => log.served)
  const sum = (of: (finding: Findings) => number) => findings.reduce((total, each) => total + of(each), 0)
  return {
    planned,
    beyond: findings.flatMap(({ beyond }) => beyond),
    longest: Math.max(...findings.map(({ longest }) => longest)),
    within: sum((finding) => finding.within),
    replaced: sum((finding) => finding.replaced),
    served: served.filter(([, , how]) => how !== 'control').length,
    servedNear: served.filter(([, , how]) => how === 'near').length,
    ends: world.ends.size - endsBefore,
    unacknowledged: world.unacknowledged - unacknowledgedBefore,
    restoredAfter,
    problems: [...problems, ...world.problems.splice(0)],
    void: reason,
  }
}

/** One line for a person. */
export function lineOf(seed: number, outcome: NearOutcome): string {
  const { planned, served, servedNear, ends, unacknowledged, beyond, longest, within, restoredAfter } =
    outcome
  const names = [planned.fault, ...(planned.second === undefined ? [] : [planned.second])].map(
    ({ name }) => name,
  )
  return [
    `near fault ${planned.index}${outcome.void === undefined ? '' : `, void (${outcome.void})`} (seed ${seed}): ${planned.topology}, ${names.join(' and ')}`,
    `${served} served, ${servedNear} from memory`,
    `${ends} ends done, ${unacknowledged} not told as done`,
    `${within} served from memory after an end within the bound, the longest after ${longest.toFixed(0)} ms, ${beyond.length} beyond`,
    `restored after ${(restoredAfter / 1000).toFixed(1)} s`,
  ].join('; ')
}
