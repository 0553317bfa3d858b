/** @module The watch over open sessions: sockets and streams learn that theirs has ended, wherever that happened. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import type { Store } from '../stores/store.js'
import type { Lifecycle } from './lifecycle.js'
import { openDetails, placeOf } from './record.js'
import { isFromAhead, timerOver, withIdleTime } from './timers.js'
import { areTokensOver } from './token-expiry.js'

/** Watches over sessions for as long as somebody wants to know. */
export interface EndedSignals {
  /**
   * A signal of its own for this request, aborted when the session that the record shows ends: at once if this instance
   * ends it, else within {@link watchMilliseconds}. Its reason is a `CitizenSessionError` with the code
   * `session-ended`. It is let go of with the exchange; of an exchange that cannot tell its end, all share one, which
   * is let go of with the session.
   */
  signalFor(address: RecordAddress, record: LiveRecord, exchange: Pick<Exchange, 'onClose'>): AbortSignal
  /** Takes note of an end on this instance. */
  noteEnd(address: RecordAddress, reason: EndReason): void
  close(): void
}

/** How often each session with an open signal is looked at. */
export const watchMilliseconds = 5000
/** The looks of one interval are spread over so many moments, so that many sessions do not ask the store at once. */
export const watchSlots = 50

/** One session as it was when somebody began to listen, and everybody who listens. */
interface Watched {
  readonly place: string
  readonly address: RecordAddress
  record: LiveRecord
  /** One for each open request. */
  readonly own: Set<AbortController>
  /** The one of all exchanges that cannot tell their end. */
  shared: AbortController | undefined
  readonly slot: Set<Watched>
  isLookedAt: boolean
}

/** What the watch of one application is made with. */
export interface EndedSignalsOptions {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly idleMilliseconds: number
  readonly sealer: Sealer
  readonly lifecycle: Pick<Lifecycle, 'applyRevocation' | 'countFromNow'>
}

/** Everything that is watched, and the turn of the looks. */
interface Watch {
  readonly options: EndedSignalsOptions
  readonly watched: Map<string, Set<Watched>>
  readonly slots: readonly Set<Watched>[]
  nextSlot: number
  timer: NodeJS.Timeout | undefined
}

/** Makes the watch of one application. Watching is no activity: no session lives longer by it. */
export function createEndedSignals(options: EndedSignalsOptions): EndedSignals {
  const slots = Array.from({ length: watchSlots }, () => new Set<Watched>())
  const watch: Watch = { options, watched: new Map(), slots, nextSlot: 0, timer: undefined }
  return {
    signalFor: (address, record, exchange) => signalFor(watch, address, record, exchange),
    noteEnd(address, reason) {
      for (const entry of watch.watched.get(placeOf(address)) ?? []) finish(watch, entry, reason)
    },
    close() {
      stop(watch)
      watch.watched.clear()
      for (const slot of slots) slot.clear()
    },
  }
}

function signalFor(
  watch: Watch,
  address: RecordAddress,
  record: LiveRecord,
  exchange: Pick<Exchange, 'onClose'>,
): AbortSignal {
  const place = placeOf(address)
  const known = [...(watch.watched.get(place) ?? [])].find((each) => goesOn(each.record, record))
  const entry = known ?? begin(watch, place, address, record)
  const controller = new AbortController()
  const release = (): void => {
    // Whoever has finished has let go already.
    const isLast = entry.own.delete(controller) && entry.own.size === 0 && entry.shared === undefined
    if (isLast) forget(watch, entry)
  }
  entry.own.add(controller)
  if (exchange.onClose?.(release) === true) return controller.signal
  entry.own.delete(controller)
  entry.shared ??= controller
  return entry.shared.signal
}

function begin(watch: Watch, place: string, address: RecordAddress, record: LiveRecord): Watched {
  const slot = watch.slots.reduce((least, each) => (each.size < least.size ? each : least))
  const entry: Watched = {
    place,
    address,
    record,
    own: new Set(),
    shared: undefined,
    slot,
    isLookedAt: false,
  }
  slot.add(entry)
  const there = watch.watched.get(place)
  if (there === undefined) watch.watched.set(place, new Set([entry]))
  else there.add(entry)
  watch.timer ??= setInterval(lookAround, watchMilliseconds / watchSlots, watch).unref()
  return entry
}

function forget(watch: Watch, entry: Watched): void {
  entry.slot.delete(entry)
  const there = watch.watched.get(entry.place)
  there?.delete(entry)
  if (there?.size === 0) watch.watched.delete(entry.place)
  if (watch.watched.size === 0) stop(watch)
}

function finish(watch: Watch, entry: Watched, reason: string): void {
  forget(watch, entry)
  const error = new CitizenSessionError('session-ended', `the session has ended: ${reason}`, {
    status: 401,
  })
  entry.shared?.abort(error)
  for (const controller of entry.own) controller.abort(error)
  entry.own.clear()
}

function stop(watch: Watch): void {
  clearInterval(watch.timer)
  watch.timer = undefined
}

/** Looks at the sessions of the next slot. */
function lookAround(watch: Watch): void {
  const slot = watch.slots[watch.nextSlot] ?? new Set()
  watch.nextSlot = (watch.nextSlot + 1) % watchSlots
  for (const entry of slot) {
    if (entry.isLookedAt) continue
    entry.isLookedAt = true
    look(watch, entry)
      // An outage ends nobody's session: the next look tells.
      .catch(() => undefined)
      .finally(() => {
        entry.isLookedAt = false
      })
  }
}

async function look(watch: Watch, entry: Watched): Promise<void> {
  const { store, clock, idleMilliseconds, lifecycle } = watch.options
  let { address } = entry
  let record = await store.read(address)
  if (record?.state === 'alias') {
    address = { ...address, session: record.session }
    record = await store.read(address)
    // An alias of an alias is none of ours: the next look tells.
    if (record?.state === 'alias') return
  }
  if (record === undefined) return finish(watch, entry, 'gone')
  if (record.state === 'ended') return finish(watch, entry, record.reason)
  if (!goesOn(entry.record, record)) return finish(watch, entry, 'begun-anew')
  const now = clock()
  // By a clock that was ahead: the next look finds it counted from now.
  if (isFromAhead(record, now)) await lifecycle.countFromNow(address, record, now)
  entry.record = record
  const over = timerOver(withIdleTime(record, idleMilliseconds), now)
  if (over !== undefined) return finish(watch, entry, over)
  if (areOver(watch, address, record, now)) return finish(watch, entry, 'token-expired')
  if (await lifecycle.applyRevocation(address, record, now)) finish(watch, entry, 'revoked')
}

/** Whether nobody is signed in by the session, although it has not ended. Details are opened only where that can be. */
function areOver(watch: Watch, address: RecordAddress, record: LiveRecord, now: number): boolean {
  if (record.tokenExpiresAt === 0 || now < record.tokenExpiresAt) return false
  const details = openDetails(watch.options.sealer, address, record.sealed).own
  return details !== undefined && areTokensOver(record, details, now)
}

/**
 * Whether a record is the one of before, or the same session risen in assurance. A session that ended and began anew
 * at the same place is another one: it has another generation, and rose from nothing.
 */
function goesOn(before: LiveRecord, now: LiveRecord): boolean {
  if (before.generation === now.generation) return true
  const isSameBeginning = before.startedAt === now.startedAt
  const isNoLower = now.level >= before.level && now.authenticatedAt >= before.authenticatedAt
  const hasRisen = now.level > before.level || now.authenticatedAt > before.authenticatedAt
  return isSameBeginning && isNoLower && hasRisen
}
