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

/** Makes the watch of one application. Watching is no activity: no session lives longer by it. */
export function createEndedSignals(options: {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly idleMilliseconds: number
  readonly sealer: Sealer
  readonly lifecycle: Pick<Lifecycle, 'applyRevocation' | 'countFromNow'>
}): EndedSignals {
  const watched = new Map<string, Set<Watched>>()
  const slots = Array.from({ length: watchSlots }, () => new Set<Watched>())
  let nextSlot = 0
  let timer: NodeJS.Timeout | undefined

  const begin = (place: string, address: RecordAddress, record: LiveRecord): Watched => {
    const slot = slots.reduce((least, each) => (each.size < least.size ? each : least))
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
    const there = watched.get(place)
    if (there === undefined) watched.set(place, new Set([entry]))
    else there.add(entry)
    timer ??= setInterval(lookAround, watchMilliseconds / watchSlots).unref()
    return entry
  }

  const forget = (entry: Watched): void => {
    entry.slot.delete(entry)
    const there = watched.get(entry.place)
    there?.delete(entry)
    if (there?.size === 0) watched.delete(entry.place)
    if (watched.size === 0) stop()
  }

  const finish = (entry: Watched, reason: string): void => {
    forget(entry)
    const error = new CitizenSessionError('session-ended', `the session has ended: ${reason}`, {
      status: 401,
    })
    entry.shared?.abort(error)
    for (const controller of entry.own) controller.abort(error)
    entry.own.clear()
  }

  /** Whether nobody is signed in by the session, although it has not ended. Details are opened only where that can be. */
  const areOver = (address: RecordAddress, record: LiveRecord, now: number): boolean => {
    if (record.tokenExpiresAt === 0 || now < record.tokenExpiresAt) return false
    const details = openDetails(options.sealer, address, record.sealed).own
    return details !== undefined && areTokensOver(record, details, now)
  }

  const look = async (entry: Watched): Promise<void> => {
    let { address } = entry
    let record = await options.store.read(address)
    if (record?.state === 'alias') {
      address = { ...address, session: record.session }
      record = await options.store.read(address)
      // An alias of an alias is none of ours: the next look tells.
      if (record?.state === 'alias') return
    }
    if (record === undefined) return finish(entry, 'gone')
    if (record.state === 'ended') return finish(entry, record.reason)
    if (!goesOn(entry.record, record)) return finish(entry, 'begun-anew')
    const now = options.clock()
    const { lifecycle } = options
    // By a clock that was ahead: the next look finds it counted from now.
    if (isFromAhead(record, now)) await lifecycle.countFromNow(address, record, now)
    entry.record = record
    const over = timerOver(withIdleTime(record, options.idleMilliseconds), now)
    if (over !== undefined) return finish(entry, over)
    if (areOver(address, record, now)) return finish(entry, 'token-expired')
    if (await lifecycle.applyRevocation(address, record, now)) finish(entry, 'revoked')
  }

  const lookAround = (): void => {
    const slot = slots[nextSlot] ?? new Set()
    nextSlot = (nextSlot + 1) % watchSlots
    for (const entry of slot) {
      if (entry.isLookedAt) continue
      entry.isLookedAt = true
      look(entry)
        // An outage ends nobody's session: the next look tells.
        .catch(() => undefined)
        .finally(() => {
          entry.isLookedAt = false
        })
    }
  }

  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }

  return {
    signalFor(address, record, exchange) {
      const place = placeOf(address)
      const known = [...(watched.get(place) ?? [])].find((each) => goesOn(each.record, record))
      const entry = known ?? begin(place, address, record)
      const controller = new AbortController()
      const release = (): void => {
        // Whoever has finished has let go already.
        if (entry.own.delete(controller) && entry.own.size === 0 && entry.shared === undefined) forget(entry)
      }
      entry.own.add(controller)
      if (exchange.onClose?.(release) === true) return controller.signal
      entry.own.delete(controller)
      entry.shared ??= controller
      return entry.shared.signal
    },
    noteEnd(address, reason) {
      for (const entry of watched.get(placeOf(address)) ?? []) finish(entry, reason)
    },
    close() {
      stop()
      watched.clear()
      for (const slot of slots) slot.clear()
    },
  }
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
