/** @module Watches the provider's session by our check-session frame (OpenID Connect Session Management 1.0). */

/** What the frame said last. */
export type IdentityState = 'unchanged' | 'changed' | 'blocked' | 'error'

/** Loads the frame and listens to it; returns how to end that. */
export function watchIdentity(basePath: string, onState: (state: IdentityState) => void): () => void {
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.src = `${basePath}/check-session`
  const listening = new AbortController()
  addEventListener(
    'message',
    ({ origin, source, data }) => {
      const isOurs = origin === location.origin && source === frame.contentWindow
      if (isOurs && data?.type === 'citizen-session') onState(data.state)
    },
    { signal: listening.signal },
  )
  document.documentElement.append(frame)
  return () => {
    listening.abort()
    frame.remove()
  }
}
