/** @module Lets the person sign in, or prove more, where a request was refused. */
import type { ClientContext } from './context.js'
import { check } from './follow.js'
import { openLogin } from './login-window.js'
import { loginFrom } from './session-api.js'

/** Asks the person to sign in; true once the session is another one, and the request worth repeating. */
export async function requestSignIn(context: ClientContext, login: string): Promise<boolean> {
  const before = context.snapshot.status?.session?.publicId
  const { state, status } = await check(context)
  const { waiting } = context
  if (state === 'ended' && !waiting) return false
  if (status?.session && status.session.publicId !== before) return true
  const address = loginFrom(login)
  if (context.options.headless) {
    location.assign(address)
    return false
  }
  context.refusedId = before
  if (state !== 'ended') context.overlay.ask(() => openLogin(context, address))
  return new Promise((resolve) => {
    context.waiting = (isBack) => {
      waiting?.(isBack)
      resolve(isBack)
    }
  })
}
