/** @module The client of a page: follows the session by the server's clock, warns, and covers the page at the end. */

import { claimsIn, cookieValue } from './claims-cookie.js'
import { installSignInHandler } from './fetch.js'
import { watchIdentity } from './identity.js'
import type { CitizenClient, CitizenClientOptions, CitizenSnapshot } from './options.js'
import { createOverlay } from './overlay.js'
import { askSignOut, askStatus, loginFrom } from './session-api.js'
import { endOf, millisecondsLeft, parseStatus, type Reading, type Status, warningTime } from './status.js'
import { createTabs } from './tabs.js'
import { textsFor } from './texts.js'

/** Milliseconds between two questions while the end is near, or the last one had no answer. */
const often = 5000
/** Milliseconds for which the server may miss our session before that is its end: a sign-in takes one or two. */
const brief = 3000
/** Milliseconds between two extensions by activity. */
const seldom = 60_000

/** Uses the storage of this window; a browser may refuse it, and then a window of a sign-in stays open, no more. */
function withStorage<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(sessionStorage)
  } catch {
    return undefined
  }
}

/** Whether this window was opened for a sign-in; says so once. */
function takeMark(storage: Storage): boolean {
  const isMarked = storage.citizenLogin !== undefined
  delete storage.citizenLogin
  return isMarked
}

/**
 * Starts the client of this page. It asks the server how things stand, never touches, warns before the end, and at
 * the end covers the page and leads to the login.
 */
export function startCitizen(options: CitizenClientOptions = {}): CitizenClient {
  const { basePath = '/session', pollSeconds = 60, payloadCookie = 'c1_payload' } = options
  const language = options.language ?? (document.documentElement.lang || navigator.language)
  const texts = textsFor(language, options.texts)
  const stopping = new AbortController()
  const { signal } = stopping
  const listeners = new Set<() => void>()
  let snapshot: CitizenSnapshot = {
    state: 'unknown',
    reason: null,
    secondsLeft: null,
    status: null,
    isOffline: false,
    identity: 'unwatched',
  }
  let reading: Reading | undefined
  let timer: ReturnType<typeof setTimeout>
  /** When the server was asked last. */
  let askedAt = 0
  /** Something happened then: a question of before is not enough. */
  let wantedAt = 0
  /** Answers to questions of before this moment do not count. */
  let notBefore = 0
  /** Since when the server has missed the session in our cookies; 0: it does not. */
  let missedSince = 0
  /** The end whose last warning was read. */
  let dismissed = 0
  /** `null` before the first look. */
  let cookie: string | undefined | null = null
  /** Told when the person has signed in elsewhere, or will not: the page waits, covered or with a question. */
  let waiting: ((isBack: boolean) => void) | undefined
  /** The session that was not enough. */
  let lacking: string | undefined
  let opened: Window | null = null
  /** Whether this tab asks for all. */
  let isLeader = false
  let unwatch: (() => void) | undefined

  const update = (changes: Partial<CitizenSnapshot>): void => {
    snapshot = { ...snapshot, ...changes }
    for (const listener of listeners) listener()
  }
  const isStill = () => signal.aborted || snapshot.state === 'ended'

  const overlay = createOverlay({
    texts,
    language,
    stay: async () => {
      if ((await extend()).isOffline) throw new Error('no answer')
    },
    signOut: () => signOut(),
    dismiss() {
      if (reading) dismissed = endOf(reading.status)
      tabs.tell({ end: dismissed })
      tick()
    },
    decline: () => settle(false),
  })

  const tabs = createTabs({
    name: `citizen-session ${basePath}`,
    onMessage(message) {
      const { status, at, end } = message as Partial<Record<string, unknown>>
      const told = parseStatus(status)
      if (told && Number(at) > 0) adopt({ status: told, at: Number(at) })
      else if (end) dismissed = Number(end)
      else {
        wantedAt = Date.now()
        // A sign-out: what is missed is gone.
        missedSince = 1
      }
      tick()
    },
    onLead(value) {
      isLeader = value
      // More than once does no harm.
      unwatch?.()
      if (value && options.checkSession) {
        unwatch = watchIdentity(basePath, (identity) => {
          update({ identity })
          if (identity === 'changed') void check()
        })
      }
    },
  })

  const ask = async (method: 'GET' | 'POST', path: string): Promise<CitizenSnapshot> => {
    const at = Date.now()
    askedAt = at
    const status = await askStatus(method, basePath + path).catch(() => undefined)
    update({ isOffline: !status })
    if (status) {
      tabs.tell({ status, at })
      adopt({ status, at })
    }
    tick()
    return snapshot
  }
  const check = () => ask('GET', '/status')
  const extend = () => ask('POST', '/extend')

  /** Takes in what the server said, to this tab or to another. */
  const adopt = (next: Reading): void => {
    const { status } = next
    const known = reading?.status
    const isActive = status.state === 'active'
    // An older answer may come later; a clock that was set back does not make us deaf.
    const isOld = reading && next.at < reading.at && reading.at <= Date.now()
    if (isOld || next.at < notBefore || (isStill() && !(isActive && waiting))) return
    if (isActive && known?.person && known.person !== status.person) {
      reload()
      return
    }
    const reason = status.reason ?? status.state
    const isEnd = !isActive && (known ? known.state === 'active' : options.isPrivate)
    if (isEnd && /^not-s/.test(reason)) {
      // The cookies of a sign-in are on their way, or its session is about to start: only what lasts is an end.
      missedSince ||= next.at
      if (Math.abs(next.at - missedSince) < brief) {
        overlay.cover(texts.checking)
        return
      }
    }
    missedSince = 0
    // Whoever signs in after the end may be another.
    reading = { ...next, status: { ...status, person: status.person ?? known?.person ?? null } }
    askedAt = Math.max(askedAt, next.at)
    if (isEnd) {
      end(reason)
      return
    }
    if (isActive && lacking !== status.session?.publicId) settle(true)
    if (isActive && withStorage(takeMark)) close()
    overlay.uncover()
    update({
      status,
      reason: status.reason,
      secondsLeft: null,
      state: status.state as CitizenSnapshot['state'],
    })
  }

  const reload = (): void => {
    stop()
    overlay.cover(texts.checking)
    location.reload()
  }

  const openLogin = (address: string): void => {
    // It takes a copy along: under Cross-Origin-Opener-Policy nothing else tells what a window was opened for.
    withStorage((storage) => {
      storage.citizenLogin = 1
    })
    opened = open(address)
    withStorage(takeMark)
  }

  const settle = (isBack: boolean): void => {
    const tell = waiting
    waiting = undefined
    overlay.ask()
    if (isBack) opened?.close()
    tell?.(isBack)
  }

  const end = (reason: string, destination?: string): void => {
    const login = loginFrom(reading?.status.login ?? `${basePath}/login`)
    update({ state: 'ended', reason, secondsLeft: null, status: reading?.status ?? null })
    overlay.warn(undefined)
    // Time alone ended it: the person did not ask for it.
    const isKept = options.keepForms && /timeout|expired/.test(reason)
    const leave = (): void => location.replace(destination ?? login)
    // Before the application is told: its mistake must not leave the page open.
    overlay.cover(texts.ended, isKept ? () => openLogin(login) : leave)
    if (!isKept) settle(false)
    if (options.onEnd?.({ reason, login }) === false) {
      overlay.uncover()
      return
    }
    if (isKept) waiting ??= () => undefined
    // After a sign-out in this browser the login has nothing to say: it would go straight on to the provider.
    else if (reason !== 'not-signed-in') leave()
    else document.body.replaceChildren()
  }

  const signOut: CitizenClient['signOut'] = async (request = {}) => {
    // What is learned of it on the way is known here already.
    notBefore = Number.POSITIVE_INFINITY
    const destination = await askSignOut(basePath, request).finally(() => {
      notBefore = 0
    })
    // They ask, one for all.
    tabs.tell({})
    end('signed-out', destination)
  }

  const needSignIn = async (login: string): Promise<boolean> => {
    const before = snapshot.status?.session?.publicId
    const { state, status } = await check()
    if (state === 'ended' && !waiting) return false
    if (status?.session && status.session.publicId !== before) return true
    const address = loginFrom(login)
    if (options.headless) location.assign(address)
    else {
      const others = waiting
      lacking = before
      if (state !== 'ended') overlay.ask(() => openLogin(address))
      return new Promise((resolve) => {
        waiting = (isBack) => {
          others?.(isBack)
          resolve(isBack)
        }
      })
    }
    return false
  }

  /** Looks at the clock and does what is due; then sleeps until something can be due again. */
  const tick = (): void => {
    clearTimeout(timer)
    if (isStill()) return
    const now = Date.now()
    const value = cookieValue(document.cookie, payloadCookie)
    if (value !== cookie) {
      cookie = value
      options.show?.(claimsIn(value))
      wantedAt = now
    }
    // A clock that was set back does not make us wait.
    if (askedAt > now) askedAt = 0
    const left = reading && millisecondsLeft(reading, now)
    let patience = snapshot.isOffline || !reading ? often : Number.POSITIVE_INFINITY
    if (missedSince) patience = 1000
    let boundary = wantedAt
    if (reading && left !== undefined) {
      const warning = warningTime(reading.status, options.warnSeconds)
      const seconds = Math.ceil(left / 1000)
      patience = Math.min(patience, pollSeconds * (isLeader ? 1000 : 1500))
      if (left <= warning) {
        patience = Math.min(patience, often)
        // Nothing is shown before the server was asked: another page may have had a request since.
        boundary = Math.max(wantedAt, now + left - (left > 0 ? warning : 0))
        if (left <= 0) overlay.cover(texts.checking)
        else if (askedAt >= boundary) warn(seconds, reading.status)
      } else {
        overlay.warn(undefined)
        if (snapshot.state === 'warning') update({ state: 'active' })
        if (snapshot.secondsLeft === null) update({ secondsLeft: seconds })
      }
    }
    if (now - askedAt >= patience || askedAt <= boundary) void tabs.alone(check)
    wakeUp.port2.postMessage(document.hidden && (left ?? seldom) >= seldom ? often : 1000)
  }

  const warn = (secondsLeft: number, status: Status): void => {
    const end = endOf(status)
    const isLast = status.session?.endsAt === end
    const isNew = snapshot.state !== 'warning'
    update({ state: 'warning', secondsLeft })
    if (isNew) options.onWarning?.({ secondsLeft, isLast })
    if (!options.headless) overlay.warn(dismissed === end ? undefined : secondsLeft, isLast)
  }

  // Timers that set timers are held back for up to a minute in a hidden tab; a message in between begins anew.
  const wakeUp = new MessageChannel()
  wakeUp.port1.onmessage = ({ data }) => {
    clearTimeout(timer)
    timer = setTimeout(tick, data as number)
  }

  const listen = (types: string, listener: (event: Event) => unknown): void => {
    for (const type of types.split(' ')) addEventListener(type, listener, { signal, capture: true })
  }
  listen('focus online visibilitychange', () => {
    if (!document.hidden && Date.now() - askedAt > often) wantedAt = Date.now()
    tick()
  })
  globalThis.cookieStore?.addEventListener('change', tick, { signal })
  listen('beforeunload', tabs.rest)
  listen('pagehide', (event) => {
    tabs.leave()
    if (!(event as PageTransitionEvent).persisted || snapshot.state === 'anonymous') return
    // So that the page is covered from its first moment when it comes back.
    notBefore = Number.POSITIVE_INFINITY
    overlay.cover(texts.checking)
  })
  listen('pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    if (!reading || snapshot.state === 'ended') return location.reload()
    notBefore = Date.now()
    tabs.join()
    void check()
  })
  // Nobody had opened it when it was fetched; to show it is an act, and needs no request.
  listen('prerenderingchange', extend)
  if (options.extendOnActivity) {
    listen('keydown pointerdown', ({ isTrusted }) => {
      const { status, at = 0 } = reading ?? {}
      if (!isTrusted || overlay.isCovered || !status?.session) return
      const now = Date.now()
      const unseen = status.now - status.session.lastSeenAt + now - at
      if (unseen >= seldom && now - askedAt > 1000) void extend()
    })
  }

  const stop = (): void => {
    stopping.abort()
    clearTimeout(timer)
    wakeUp.port1.close()
    tabs.leave()
    installSignInHandler(undefined)
    overlay.warn(undefined)
    settle(false)
    overlay.uncover()
  }

  installSignInHandler(needSignIn)
  tick()

  return {
    get snapshot() {
      return snapshot
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    check,
    extend,
    signOut,
    stop,
  }
}
