/** @module Interleavings of what requests do to one session, as sequences of store calls. Source: `RACE-1`. */
import { expect } from 'vitest'
import type { RecordAddress } from '../../src/session-record.js'
import { addressOf, endedAt, liveAt, minute, type StoreHarness, startAt, unique } from './store-harness.js'

/** What the calls of one run share: the session, and whether it has been ended. */
interface Run {
  readonly harness: StoreHarness
  readonly address: RecordAddress
  /** How the session was ended; from then on nothing may bring it back. */
  over: 'revoked' | 'ended' | undefined
}

/** One request: each `next()` is one call of the store. */
type Work = (run: Run) => AsyncGenerator<void, void>

async function readLive({ harness, address, over }: Run) {
  const record = await harness.store.read(address)
  if (over !== undefined) expect(record?.state ?? 'gone', 'a read after the end').not.toBe('live')
  return record?.state === 'live' ? record : undefined
}

const works = {
  async *read(run) {
    await readLive(run)
    yield
  },
  async *touch(run) {
    const record = await readLive(run)
    yield
    if (record === undefined) return
    const lastSeenAt = run.harness.now() + minute
    const done = await run.harness.store.update(run.address, record.generation, { lastSeenAt })
    if (run.over !== undefined) expect(done, 'a touch after the end').toBe(false)
  },
  async *refreshSave(run) {
    const { store, now } = run.harness
    const record = await readLive(run)
    yield
    if (record === undefined) return
    const kept = { token: unique(), sealed: unique(), fence: 1, until: now() + minute }
    const done = await store.keepRefresh(run.address, record.generation, kept, now() + 10 * minute)
    if (run.over !== undefined) expect(done, 'a refresh saved after the end').toBe(false)
    yield
    const found = await store.keptRefresh(run.address)
    if (run.over !== undefined) expect(found, 'a refresh handed out after the end').toBeUndefined()
  },
  async *logout(run) {
    const { store, now } = run.harness
    const scope = { kind: 'session', session: run.address.session } as const
    await store.revoke(run.address.person, scope, {
      reason: 'signed-out',
      at: now(),
      retainUntil: now() + minute,
    })
    run.over = 'revoked'
    yield
  },
  async *end(run) {
    const { store, now } = run.harness
    const record = await readLive(run)
    yield
    if (record === undefined) return
    const ended = endedAt(record, now())
    const { record: after } = await store.end(run.address, { generation: record.generation }, ended)
    expect(after?.state).toBe('ended')
    run.over ??= 'ended'
  },
  async *start(run) {
    await readLive(run)
    yield
    const { outcome, record } = await startAt(run.harness, run.address)
    if (run.over !== undefined) {
      expect(outcome, 'a start after the end').toBe(run.over === 'revoked' ? 'revoked' : 'exists')
      expect(record.state).toBe('ended')
    }
  },
} satisfies Record<string, Work>

type WorkName = keyof typeof works

/** How many calls each makes at most. */
const lengths: Readonly<Record<WorkName, number>> = {
  read: 1,
  touch: 2,
  refreshSave: 3,
  logout: 1,
  end: 2,
  start: 2,
}
const workNames = Object.keys(lengths) as readonly WorkName[]

/** Three requests, the order of their calls, and whether there was a session before. */
export interface Schedule {
  readonly works: readonly WorkName[]
  /** Index into `works`, once for each call. */
  readonly order: readonly number[]
  readonly isStarted: boolean
}

/** Every order of so many steps of each. */
export function* orders(left: readonly number[]): Generator<number[]> {
  if (left.every((count) => count === 0)) yield []
  for (const [index, count] of left.entries()) {
    if (count === 0) continue
    for (const rest of orders(left.with(index, count - 1))) yield [index, ...rest]
  }
}

/** Every interleaving of every three of the requests, with and without a session before. */
export function* allSchedules(): Generator<Schedule> {
  for (const [first, one] of workNames.entries()) {
    for (const [second, other] of workNames.slice(first).entries()) {
      for (const third of workNames.slice(first + second)) {
        const chosen = [one, other, third]
        for (const order of orders(chosen.map((name) => lengths[name]))) {
          for (const isStarted of [true, false]) yield { works: chosen, order, isStarted }
        }
      }
    }
  }
}

/** `count` of them, always the same for one seed. */
export function seededSchedules(count: number, seed: number): Schedule[] {
  let state = seed
  const random = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
  return Array.from({ length: count }, () => {
    const chosen = Array.from({ length: 3 }, () => workNames[random(workNames.length)] ?? 'read')
    const order = chosen.flatMap((name, index) => Array.from({ length: lengths[name] }, () => index))
    for (let last = order.length - 1; last > 0; last--) {
      const swapped = random(last + 1)
      const kept = order[last] ?? 0
      order[last] = order[swapped] ?? 0
      order[swapped] = kept
    }
    return { works: chosen, order, isStarted: random(4) > 0 }
  })
}

/** Runs one schedule on a session of its own, and shows that nothing that was ended lives. */
export async function runSchedule(harness: StoreHarness, schedule: Schedule): Promise<void> {
  const run: Run = { harness, address: addressOf(), over: undefined }
  if (schedule.isStarted) {
    const record = liveAt(harness.now())
    await harness.store.start(run.address, { record, issuedAt: harness.now(), now: harness.now() })
  }
  const underWay = schedule.works.map((name) => works[name](run))
  for (const index of schedule.order) await underWay[index]?.next()
  if (run.over === undefined) return
  await readLive(run)
  const again = await startAt(harness, run.address)
  expect(again.record.state, 'the record after another start').toBe('ended')
}

/** Runs many, some at once, each on a session of its own. Returns how many. */
export async function runSchedules(harness: StoreHarness, schedules: Iterable<Schedule>): Promise<number> {
  const source = schedules[Symbol.iterator]()
  let count = 0
  async function runNext(): Promise<void> {
    for (let next = source.next(); !next.done; next = source.next()) {
      count += 1
      await runSchedule(harness, next.value).catch((error: unknown) => {
        throw new Error(`in ${JSON.stringify(next.value)}`, { cause: error })
      })
    }
  }
  await Promise.all(Array.from({ length: 32 }, runNext))
  return count
}
