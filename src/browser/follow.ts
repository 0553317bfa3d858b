/** @module Follows the session: asks the server when that is due, and shows what it says. */
import { claimsIn, cookieValue } from './claims-cookie.js'
import type { ClientContext } from './context.js'
import { endSession, stop } from './end.js'
import { closeLogin, settleSignIn } from './login-window.js'
import type { CitizenSnapshot } from './options.js'
import { again, schedule } from './schedule.js'
import { askStatus } from './session-api.js'
import { reduceStatus } from './state.js'
import { endOf, parseStatus, type Reading } from './status.js'

/** Asks how things stand; answers with the snapshot after that. */
export function check(context: ClientContext): Promise<CitizenSnapshot> {
  return ask(context, '/status')
}

/** Says that the person is there; answers with the snapshot after that. */
export function extend(context: ClientContext): Promise<CitizenSnapshot> {
  return ask(context, '/extend', 'POST')
}

async function ask(context: ClientContext, path: string, method?: 'POST'): Promise<CitizenSnapshot> {
  const at = Date.now()
  context.askedAt = at
  const status = await askStatus(context.basePath + path, method).catch(() => undefined)
  context.publish({ isOffline: !status })
  if (status) {
    const reading = { status, at }
    context.tabs.post(reading)
    receiveStatus(context, reading)
  }
  tick(context)
  return context.snapshot
}

/** Takes in what another tab says: an answer of the server, a warning that was read, or that somebody signed out. */
export function receiveMessage(context: ClientContext, message: unknown): void {
  const { status, at = 0, end } = message as { readonly [name: string]: unknown; readonly at?: number }
  const told = parseStatus(status)
  if (told && at > 0) receiveStatus(context, { status: told, at })
  else if (end) context.dismissedEnd = Number(end)
  else {
    context.changedAt = Date.now()
    // A sign-out: what is missed is gone.
    context.missedAt = 1
  }
  tick(context)
}

/** Takes in what the server said, to this tab or to another. */
function receiveStatus(context: ClientContext, reading: Reading): void {
  const { status } = reading
  const isActive = status.state === 'active'
  if (context.isOver() && !(isActive && context.waiting)) return
  const [effect, changes] = reduceStatus(context, reading, Date.now())
  Object.assign(context, changes)
  if (effect === 'reload') {
    stop(context)
    context.overlay.cover()
    location.reload()
  } else if (effect === 'cover') context.overlay.cover()
  else if (effect === 'end') endSession(context, status.reason ?? status.state)
  else if (effect) {
    if (isActive && context.refusedId !== status.session?.publicId) settleSignIn(context, true)
    if (isActive) closeLogin()
    context.overlay.uncover()
    context.publish({
      state: status.state as CitizenSnapshot['state'],
      reason: status.reason,
      secondsLeft: null,
      status,
    })
  }
}

/** One tab watches the provider's session, where the server names a frame for that, or the application asks for it. */
export function watch({ options, basePath, isLeader, reading, showFrame }: ClientContext): void {
  const frame = reading?.status.frame ?? (options.checkSession && `${basePath}/check-session`)
  showFrame(isLeader && frame)
}

/** Looks at the clock and does what is due; then sleeps until something can be due again. */
export function tick(context: ClientContext): void {
  const { options, overlay } = context
  watch(context)
  if (context.isOver()) return
  const now = Date.now()
  const cookie = cookieValue(document.cookie, options.payloadCookie ?? 'c1_payload')
  if (cookie !== context.cookie) {
    context.cookie = cookie
    context.changedAt = now
    options.show?.(claimsIn(cookie))
  }
  const { ask, show, secondsLeft, sleepFor } = schedule(context, now, document.hidden)
  const { snapshot, reading } = context
  const isWarned = snapshot.state === 'warning'
  if (show === 'cover') overlay.cover()
  if (show === 'active') {
    overlay.warn()
    if (isWarned || snapshot.secondsLeft === null) context.publish({ state: show, secondsLeft })
  }
  if (show === 'warning' && reading) {
    const end = endOf(reading.status)
    const isLast = reading.status.session?.endsAt === end
    context.publish({ state: show, secondsLeft })
    if (!isWarned) options.onWarning?.({ secondsLeft, isLast })
    if (!options.headless) overlay.warn(context.dismissedEnd !== end && secondsLeft, isLast)
  }
  context.sleep(sleepFor)
  // Another is asking: it tells us, or leaves before it can.
  if (ask) void context.tabs.lock(() => check(context)).then((done) => done ?? context.sleep(again))
}
