/** @module Interleavings of starts and of ends that know a session only by a pointer. Source: `RACE-3`, `SLO-09`. */
import type { RevocationScope } from '../../src/stores/store.js'
import { addressOf, day, liveAt, type StoreHarness, unique } from './store-harness.js'
import { orders } from './store-races.js'

/** Starts and ends that are under way at once, and the order of their steps. */
interface PointerSchedule {
  /** How many persons start, each a session of their own under the one pointer. */
  readonly starters: number
  readonly enders: number
  /** Starters first, then enders, once for each step. */
  readonly order: readonly number[]
  /** What the ends revoke of a person. With `person` a start is refused by nothing: only the pointer tells it. */
  readonly kind: 'session' | 'person'
  /** Whether the pointer named the persons already. */
  readonly isKnown: boolean
}

/** How many starts the ends met in which way. */
interface Met {
  starts: number
  /** The record is not live, and the starter has seen no revocation. */
  ended: number
  /** The record is live, but its starter has seen the revocation. */
  seen: number
  both: number
}

const startSteps = 3

/** Every interleaving of one start with one or two ends and, unless a call is slow, of two starts with one end. */
export function* pointerSchedules(hasTwoStarts: boolean): Generator<PointerSchedule> {
  for (const [starters, enders] of [[1, 1], [1, 2], ...(hasTwoStarts ? [[2, 1] as const] : [])] as const) {
    // An end revokes the pointer, then each person that it may have found.
    const steps = Array.from({ length: starters + enders }, (_, index) =>
      index < starters ? startSteps : 1 + starters,
    )
    for (const order of orders(steps)) {
      for (const kind of ['session', 'person'] as const) {
        for (const isKnown of [true, false]) yield { starters, enders, order, kind, isKnown }
      }
    }
  }
}

async function runPointerSchedule(harness: StoreHarness, schedule: PointerSchedule, met: Met): Promise<void> {
  const { store } = harness
  const now = harness.now()
  const retainUntil = now + day
  const pointer = unique()
  const addresses = Array.from({ length: schedule.starters }, () => addressOf())
  const sessions = new Map(addresses.map(({ person, session }) => [person, session]))
  const seen = new Set<string>()
  if (schedule.isKnown)
    for (const { person } of addresses) await store.noteIndexKey(pointer, person, retainUntil)

  async function* start(address: (typeof addresses)[number]): AsyncGenerator<void, void> {
    await store.noteIndexKey(pointer, address.person, retainUntil)
    yield
    await store.start(address, { record: liveAt(now), issuedAt: now, now })
    yield
    if ((await store.indexKeyRevocation(pointer)) !== undefined) seen.add(address.person)
    yield
  }

  async function* end(): AsyncGenerator<void, void> {
    const revocation = { reason: 'signed-out', at: now, retainUntil } as const
    const { persons } = await store.revokeIndexKey(pointer, revocation)
    yield
    for (const person of persons) {
      const session = sessions.get(person)
      if (session === undefined) throw new Error('the pointer names a stranger')
      const scope: RevocationScope =
        schedule.kind === 'person' ? { kind: 'person' } : { kind: 'session', session }
      await store.revoke(person, scope, revocation)
      yield
    }
  }

  const underWay = [...addresses.map(start), ...Array.from({ length: schedule.enders }, end)]
  for (const index of schedule.order) await underWay[index]?.next()
  for (const address of addresses) {
    const isLive = (await store.read(address))?.state === 'live'
    const isSeen = seen.has(address.person)
    if (isLive && !isSeen) throw new Error('a session lives that nobody knows to be revoked')
    met.starts += 1
    met[isLive ? 'seen' : isSeen ? 'both' : 'ended'] += 1
  }
}

/** Runs them, some at once, each on a pointer and persons of its own. */
export async function runPointerSchedules(
  harness: StoreHarness,
  schedules: Iterable<PointerSchedule>,
): Promise<Met> {
  const met: Met = { starts: 0, ended: 0, seen: 0, both: 0 }
  const source = schedules[Symbol.iterator]()
  async function runNext(): Promise<void> {
    for (let next = source.next(); !next.done; next = source.next()) {
      const schedule = next.value
      await runPointerSchedule(harness, schedule, met).catch((error: unknown) => {
        throw new Error(`in ${JSON.stringify(schedule)}`, { cause: error })
      })
    }
  }
  await Promise.all(Array.from({ length: 32 }, runNext))
  return met
}
