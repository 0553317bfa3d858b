/** @module The window of a sign-in: opened beside the page, which waits, and closed once the person is back. */
import type { ClientContext } from './context.js'

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
  const { citizenLogin } = storage
  delete storage.citizenLogin
  return citizenLogin
}

/** Opens the login in a window of its own. */
export function openLogin(context: ClientContext, address: string): void {
  // It takes a copy along: under Cross-Origin-Opener-Policy nothing else tells what a window was opened for.
  withStorage((storage) => {
    storage.citizenLogin = 1
  })
  context.opened = open(address)
  withStorage(takeMark)
}

/** Closes this window if it was opened for a sign-in. */
export function closeLogin(): void {
  if (withStorage(takeMark)) close()
}

/** Tells who waits for a sign-in that the person is back, or will not sign in; takes the question away. */
export function settleSignIn(context: ClientContext, isBack: boolean): void {
  const { waiting } = context
  context.waiting = undefined
  context.overlay.ask()
  if (isBack) context.opened?.close()
  waiting?.(isBack)
}
