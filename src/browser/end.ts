/** @module The end: of the session, with the page covered and left, and of the client. */
import type { ClientContext } from './context.js'
import { installSignInHandler } from './fetch.js'
import { openLogin, settleSignIn } from './login-window.js'
import type { SignOutWish } from './options.js'
import { askSignOut, loginFrom } from './session-api.js'

/** Ends the session for this page: covers it, tells the application, and leads to the login or to `destination`. */
export function endSession(context: ClientContext, reason: string, destination?: string): void {
  const { options, overlay } = context
  const status = context.reading?.status ?? null
  const login = loginFrom(status?.login ?? `${context.basePath}/login`)
  context.publish({ state: 'ended', reason, secondsLeft: null, status })
  overlay.warn()
  // Time alone ended it: the person did not ask for it.
  const isKept = options.keepForms && /timeout|expired/.test(reason)
  const leave = (): void => location.replace(destination ?? login)
  // Before the application is told: its mistake must not leave the page open.
  overlay.cover(isKept ? () => openLogin(context, login) : leave)
  if (!isKept) settleSignIn(context, false)
  if (options.onEnd?.({ reason, login }) === false) overlay.uncover()
  else if (isKept) context.waiting ??= () => undefined
  // After a sign-out in this browser the login has nothing to say: it would go straight on to the provider.
  else if (reason !== 'not-signed-in') leave()
  else document.body.replaceChildren()
}

/** Signs out, and ends the session here and in all tabs. */
export async function signOut(context: ClientContext, request: SignOutWish = {}): Promise<void> {
  // What is learned of it on the way is known here already.
  context.answersFrom = Number.POSITIVE_INFINITY
  const destination = await askSignOut(context.basePath, request).finally(() => {
    context.answersFrom = 0
  })
  // They ask, one for all.
  context.tabs.post({})
  endSession(context, 'signed-out', destination)
}

/** Ends timers and listeners, and removes what is shown. */
export function stop(context: ClientContext): void {
  const { overlay } = context
  context.abort()
  context.tabs.leave()
  installSignInHandler()
  overlay.warn()
  settleSignIn(context, false)
  overlay.uncover()
}
