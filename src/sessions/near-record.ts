/** @module The record of a session as the store remembers it: enough for a request that asks nothing of it but a touch. */
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { SessionContext } from './evaluate.js'
import { openDetails } from './record.js'
import { isFromAhead, timerOver, withIdleTime } from './timers.js'
import type { SteppedState } from './touch.js'

/**
 * The live record from memory, where the store proves it current, and no revocation elsewhere concerns it; `undefined`:
 * read strictly.
 */
export function nearRecord(
  context: Pick<SessionContext, 'store' | 'revocations' | 'sealer' | 'idleMilliseconds'>,
  { address }: Pick<SteppedState, 'address'>,
): LiveRecord | undefined {
  const { store, revocations, sealer, idleMilliseconds } = context
  const near = store.near?.read(address)
  if (near === undefined) return undefined
  if (revocations !== undefined) {
    const { person, session } = address
    const names = namesOf(sealer, address, near)
    if (revocations.near?.isUnrevoked(person, session, names) !== true) return undefined
  }
  return withIdleTime(near, idleMilliseconds)
}

/** Other values of sessions by their records, of which a store remembers one and the same for many requests. */
const knownNames = new WeakMap<LiveRecord, readonly string[] | undefined>()

function namesOf(sealer: Sealer, address: RecordAddress, record: LiveRecord): readonly string[] | undefined {
  if (record.sealed === '') return undefined
  if (knownNames.has(record)) return knownNames.get(record)
  const { names } = openDetails(sealer, address, record.sealed)
  knownNames.set(record, names)
  return names
}

/**
 * The record as it is once the request has touched it; `undefined` where a touch is not all: a timer seems over (another
 * instance may have touched it since), or a clock was put back.
 */
export function asIfTouched(record: LiveRecord, now: number): LiveRecord | undefined {
  const isSettled = timerOver(record, now) === undefined && !isFromAhead(record, now)
  return isSettled ? { ...record, lastSeenAt: now } : undefined
}
