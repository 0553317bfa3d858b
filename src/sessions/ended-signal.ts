/** @module The watch over open sessions: sockets and streams learn that theirs has ended, wherever that happened. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import type { NearReads } from '../stores/near-reads.js'
import type { Store } from '../stores/store.js'
import { type Timer, timers } from '../timers.js'
import type { Lifecycle } from './lifecycle.js'
import { openDetails } from './record.js'
import { isFromAhead, timerOver, withIdleTime } from './timers.js'
import { lastingUntil } from './token-expiry.js'

/** Watches over sessions for as long as somebody wants to know. */
export interface EndedSignals {
  /**
   * A signal of its own for this request, aborted when the session that the record shows ends: at once if this instance
   * ends it, or its store hears of it (near reads), else within {@link watchMilliseconds}; within
   * {@link timerMilliseconds} where a timer ends it, or the time of its tokens. `tokenExpiresAt`: of the
   * request's own token, if it has one, which the record need not know. Its reason is a `CitizenSessionError` with the code `session-ended`. It is let go of
   * with the exchange; of an exchange that cannot tell its end, all share one, which is let go of with the session.
   */
  signalFor(
    address: RecordAddress,
    record: LiveRecord,
    exchange: Pick<Exchange, 'onClose'>,
    tokenExpiresAt?: number,
  ): AbortSignal
  /** Takes note of an end on this instance. */
  noteEnd(address: RecordAddress, reason: EndReason): void
  /** Has every session looked at within {@link watchMilliseconds}, for something that no store tells of. */
  lookAgain(): void
  close(): void
}

/** How often each session with an open signal is looked at, unless its store hears of every change. */
export const watchMilliseconds = 5000
/** The looks of one interval are spread over so many moments, so that many sessions do not ask the store at once. */
export const watchSlots = 50
/** How often the clock is looked at for each, which asks nobody. */
export const timerMilliseconds = 1000
/** So many slots are looked through at each moment for what the clock has ended. */
const slotsOfTimers = watchMilliseconds / timerMilliseconds

/** One session as it was when somebody began to listen, and everybody who listens. */
interface Watched {
  readonly address: RecordAddress
  record: LiveRecord
  /** One for each open request: of most sessions there is one, and a set takes more than all the rest. */
  first: AbortController | undefined
  others: Set<AbortController> | undefined
  /** The one of all exchanges that cannot tell their end. */
  shared: AbortController | undefined
  readonly slot: Set<Watched>
  /** `again`: something was said of its person while it was looked at. */
  look: 'none' | 'under way' | 'again'
  /** The latest expiry of a token of the shared cookie that was seen with a request; 0: none was. */
  tokenExpiresAt: number
  /** When its tokens are over, or worth another look. */
  tokensOverAt: number
  /** The hearing under which the record was seen: as long as that goes on, a change of it is heard of. */
  hearing: number
}

/** No hearing at all: the next look is at the store. */
const unheard = -1

/** What the watch of one application is made with. */
export interface EndedSignalsOptions {
  readonly store: Pick<Store, 'read' | 'near'>
  /** Where revocations are looked up besides, if they are kept elsewhere. */
  readonly revocations?: Pick<Store, 'near'> | undefined
  readonly clock: Clock
  readonly idleMilliseconds: number
  /** How long a token of the shared cookie is taken after its expiry. */
  readonly skewMilliseconds: number
  readonly sealer: Sealer
  readonly lifecycle: Pick<Lifecycle, 'applyRevocation' | 'countFromNow'>
  /** Ends a session whose provider was removed since it began, as far as that is known here. Default: none was. */
  readonly endIfRemoved?: ((address: RecordAddress, record: LiveRecord) => Promise<boolean>) | undefined
}

/** Everything that is watched, and the turn of the looks. */
interface Watch {
  readonly options: EndedSignalsOptions
  /** By person; most have one, and a list of it would take as much again. */
  readonly watched: Map<string, Watched | readonly Watched[]>
  readonly slots: readonly Set<Watched>[]
  nextSlot: number
  timer: Timer | undefined
  /** What tells of changes, of each store that is concerned; `undefined`: one of them tells of none. */
  readonly near: readonly NearReads[] | undefined
  /** Grows whenever something may have gone unheard. */
  hearing: number
}

/** Makes the watch of one application. Watching is no activity: no session lives longer by it. */
export function createEndedSignals(options: EndedSignalsOptions): EndedSignals {
  const slots = Array.from({ length: watchSlots }, () => new Set<Watched>())
  const near = nearReadsOf(options)
  const watch: Watch = {
    options,
    watched: new Map(),
    slots,
    nextSlot: 0,
    timer: undefined,
    near,
    hearing: 0,
  }
  const stopHearing = near?.map((each) => each.watch(hearerOf(watch))) ?? []
  return {
    signalFor: (address, record, exchange, tokenExpiresAt = 0) =>
      signalFor(watch, { address, record, exchange, tokenExpiresAt }),
    noteEnd(address, reason) {
      for (const entry of entriesAt(watch, address)) finish(watch, entry, reason)
    },
    lookAgain() {
      watch.hearing += 1
    },
    close() {
      for (const each of stopHearing) each()
      stop(watch)
      watch.watched.clear()
      for (const slot of slots) slot.clear()
    },
  }
}

/** What both stores hear; `undefined` where one of them hears nothing. */
function nearReadsOf({ store, revocations }: EndedSignalsOptions): readonly NearReads[] | undefined {
  if (store.near === undefined) return undefined
  if (revocations === undefined) return [store.near]
  return revocations.near === undefined ? undefined : [store.near, revocations.near]
}

function hearerOf(watch: Watch) {
  return {
    changed(person: string): void {
      for (const entry of entriesOf(watch, person)) lookSoon(watch, entry)
    },
    gap(): void {
      watch.hearing += 1
    },
  }
}

function isHearing({ near }: Watch): boolean {
  return near?.every(({ isProven }) => isProven) === true
}

function entriesOf({ watched }: Watch, person: string): readonly Watched[] {
  const known = watched.get(person)
  if (known === undefined) return []
  return 'slot' in known ? [known] : known
}

function entriesAt(watch: Watch, { person, session, application }: RecordAddress): readonly Watched[] {
  return entriesOf(watch, person).filter(
    ({ address }) => address.session === session && address.application === application,
  )
}

/** A request whose signal is asked for. */
interface SignalRequest {
  readonly address: RecordAddress
  readonly record: LiveRecord
  readonly exchange: Pick<Exchange, 'onClose'>
  readonly tokenExpiresAt: number
}

function signalFor(watch: Watch, { address, record, exchange, tokenExpiresAt }: SignalRequest): AbortSignal {
  const known = entriesAt(watch, address).find((each) => goesOn(each.record, record))
  const entry = known ?? begin(watch, address, record)
  // Whatever it was thought to be: the next look finds it anew, not before the record's own time.
  entry.tokenExpiresAt = Math.max(entry.tokenExpiresAt, tokenExpiresAt)
  const controller = new AbortController()
  const release = (): void => {
    // Whoever has finished has let go already.
    if (remove(entry, controller) && isUnheld(entry)) forget(watch, entry)
  }
  if (entry.first === undefined) entry.first = controller
  else entry.others = (entry.others ?? new Set()).add(controller)
  if (exchange.onClose?.(release) === true) return controller.signal
  remove(entry, controller)
  entry.shared ??= controller
  return entry.shared.signal
}

function remove(entry: Watched, controller: AbortController): boolean {
  if (entry.first !== controller) return entry.others?.delete(controller) === true
  entry.first = undefined
  return true
}

function isUnheld({ first, others, shared }: Watched): boolean {
  return first === undefined && shared === undefined && (others?.size ?? 0) === 0
}

function begin(watch: Watch, address: RecordAddress, record: LiveRecord): Watched {
  const slot = watch.slots.reduce((least, each) => (each.size < least.size ? each : least))
  // As long as the store proves this very record, nothing has happened since that was not heard.
  const isCurrent = watch.options.store.near?.read(address)?.generation === record.generation
  const entry: Watched = {
    address,
    record,
    first: undefined,
    others: undefined,
    shared: undefined,
    slot,
    look: 'none',
    tokenExpiresAt: 0,
    tokensOverAt: record.tokenExpiresAt === 0 ? Number.POSITIVE_INFINITY : record.tokenExpiresAt,
    hearing: isCurrent && watch.near?.length === 1 ? watch.hearing : unheard,
  }
  slot.add(entry)
  const others = entriesOf(watch, address.person)
  watch.watched.set(address.person, others.length === 0 ? entry : [...others, entry])
  watch.timer ??= timers.setInterval(() => lookAround(watch), watchMilliseconds / watchSlots).unref()
  return entry
}

function forget(watch: Watch, entry: Watched): void {
  const { person } = entry.address
  entry.slot.delete(entry)
  const others = entriesOf(watch, person).filter((each) => each !== entry)
  if (others.length > 0) watch.watched.set(person, others)
  else watch.watched.delete(person)
  if (watch.watched.size === 0) stop(watch)
}

function finish(watch: Watch, entry: Watched, reason: string): void {
  forget(watch, entry)
  const error = new CitizenSessionError('session-ended', `the session has ended: ${reason}`, {
    status: 401,
  })
  entry.shared?.abort(error)
  const { first, others } = entry
  entry.first = undefined
  entry.others = undefined
  first?.abort(error)
  for (const controller of others ?? []) controller.abort(error)
}

function stop(watch: Watch): void {
  timers.clearInterval(watch.timer)
  watch.timer = undefined
}

/**
 * Looks at the sessions of the next slot, where something of them may have gone unheard; and at those, of this slot and of
 * some others, whose time seems over.
 */
function lookAround(watch: Watch): void {
  const { slots, nextSlot } = watch
  watch.nextSlot = (nextSlot + 1) % watchSlots
  const isQuiet = isHearing(watch)
  const now = watch.options.clock()
  for (let count = 0; count < slotsOfTimers; count += 1) {
    const isTurn = count === 0
    for (const entry of slots[(nextSlot + (count * watchSlots) / slotsOfTimers) % watchSlots] ?? []) {
      const isStale = !isQuiet || entry.hearing !== watch.hearing || isFromAhead(entry.record, now)
      if ((isTurn && isStale) || seemsOver(watch, entry, now)) lookSoon(watch, entry)
    }
  }
}

/** Looks at a session now, or again after the look that is under way. */
function lookSoon(watch: Watch, entry: Watched): void {
  if (entry.look !== 'none') {
    entry.look = 'again'
    return
  }
  entry.look = 'under way'
  const { hearing } = watch
  const isHeard = isHearing(watch)
  look(watch, entry)
    .then(
      () => {
        entry.hearing = isHeard ? hearing : unheard
      },
      // An outage ends nobody's session: the next look tells.
      () => {
        entry.hearing = unheard
      },
    )
    .finally(() => {
      const isToLookAgain = entry.look === 'again' && entry.slot.has(entry)
      entry.look = 'none'
      if (isToLookAgain) lookSoon(watch, entry)
    })
}

/** Whether time may have ended a session, by what was last seen of it: touches are not heard of. */
function seemsOver({ options }: Watch, { record, tokensOverAt }: Watched, now: number): boolean {
  return timerOver(withIdleTime(record, options.idleMilliseconds), now) !== undefined || now >= tokensOverAt
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
  if ((await watch.options.endIfRemoved?.(address, record)) === true) {
    return finish(watch, entry, 'provider-removed')
  }
  entry.tokensOverAt = tokensOverAt(watch, { address, record, tokenExpiresAt: entry.tokenExpiresAt }, now)
  if (now >= entry.tokensOverAt) return finish(watch, entry, 'token-expired')
  if (await lifecycle.applyRevocation(address, record, now)) finish(watch, entry, 'revoked')
}

/**
 * From when on nobody is signed in by the session, although it has not ended; a time before which it is not worth to look
 * stands for it. Details are opened only where that can be.
 */
function tokensOverAt(
  { options }: Watch,
  { address, record, tokenExpiresAt }: Pick<Watched, 'address' | 'record' | 'tokenExpiresAt'>,
  now: number,
): number {
  const latest = Math.max(record.tokenExpiresAt, tokenExpiresAt)
  if (latest === 0) return Number.POSITIVE_INFINITY
  if (now < latest) return latest
  const details = openDetails(options.sealer, address, record.sealed).own
  // Of the shared cookie nobody here has seen a newer token: the browser may have one, and comes back with it.
  return details === undefined ? latest + options.skewMilliseconds : lastingUntil(record, details)
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
