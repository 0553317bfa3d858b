/** @module The watch over open sessions: sockets and streams learn that theirs has ended, wherever that happened. */
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { EndReason, LiveRecord, RecordAddress, Store } from '../stores/store.js'
import { placeOf } from './record.js'
import { timerOver } from './timers.js'

/** Watches over sessions for as long as somebody wants to know. */
export interface SessionWatch {
  /**
   * A signal that is aborted when the session ends: at once if this instance ends it, else within
   * {@link watchMilliseconds}. Its reason is a `CitizenSessionError` with the code `session-ended`.
   */
  signalFor(address: RecordAddress): AbortSignal
  /** Takes note of an end on this instance. */
  noteEnd(address: RecordAddress, reason: EndReason): void
  close(): void
}

/** How often sessions with an open signal are looked at. */
export const watchMilliseconds = 5000

/** Makes the watch of one application. Watching is no activity: no session lives longer by it. */
export function createSessionWatch(options: {
  readonly store: Pick<Store, 'read'>
  readonly clock: Clock
  readonly idleMilliseconds: number
  /** Looks whether the session was revoked in another store. */
  readonly meetRevocation: (address: RecordAddress, record: LiveRecord, now: number) => Promise<boolean>
}): SessionWatch {
  const watched = new Map<string, { readonly address: RecordAddress; readonly controller: AbortController }>()
  let timer: NodeJS.Timeout | undefined

  const finish = (key: string, reason: string): void => {
    const entry = watched.get(key)
    if (entry === undefined) return
    watched.delete(key)
    if (watched.size === 0) stop()
    entry.controller.abort(
      new CitizenSessionError('session-ended', `the session has ended: ${reason}`, { status: 401 }),
    )
  }

  const look = async (key: string, address: RecordAddress): Promise<void> => {
    const record = await options.store.read(address)
    if (record?.state === 'alias') return
    if (record === undefined) return finish(key, 'gone')
    if (record.state === 'ended') return finish(key, record.reason)
    const idleMilliseconds = Math.min(record.idleMilliseconds, options.idleMilliseconds)
    const over = timerOver({ ...record, idleMilliseconds }, options.clock())
    if (over !== undefined) return finish(key, over)
    if (await options.meetRevocation(address, record, options.clock())) finish(key, 'revoked')
  }

  const lookAround = (): void => {
    for (const [key, { address }] of watched) {
      // An outage ends nobody's session: the next look tells.
      look(key, address).catch(() => undefined)
    }
  }

  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }

  return {
    signalFor(address) {
      const key = placeOf(address)
      const known = watched.get(key)
      if (known !== undefined) return known.controller.signal
      const controller = new AbortController()
      watched.set(key, { address, controller })
      timer ??= setInterval(lookAround, watchMilliseconds).unref()
      return controller.signal
    },
    noteEnd: (address, reason) => finish(placeOf(address), reason),
    close() {
      stop()
      watched.clear()
    },
  }
}
