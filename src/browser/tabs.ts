/** @module Tabs of one application in step: what one learns all know, and one of them leads. */

/** The tabs, as one of them sees them. */
export interface Tabs {
  /** Tells all others. */
  post(message: unknown): void
  /**
   * Does something that one tab at a time should do; `undefined` at once if another is at it. Without Web Locks every
   * tab does it.
   */
  lock<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Joins the others, or leaves them: a page in the back/forward cache holds no lock and hears nothing. */
  join(): void
  leave(): void
  /**
   * Lets another lead for a while, because this page may be about to be left: Firefox keeps none in its back/forward
   * cache that still holds a lock when it goes, and `pagehide` is too late to release it.
   */
  pause(): void
}

/** What the tabs need to know. */
export interface TabsOptions {
  /** The same in all tabs that belong together. */
  readonly name: string
  onMessage(message: unknown): void
  /** Whether this tab leads, from now on; may say the same twice. */
  onLead(isLeader: boolean): void
}

/** Milliseconds after which a page that was not left after all asks for the lead again: more than most pages take. */
const pauseFor = 5000

/** Makes this tab one of them, once it joins. */
export function createTabs({ name, onMessage, onLead }: TabsOptions): Tabs {
  // Only there in a secure context.
  const locks: LockManager | undefined = navigator.locks
  let channel: BroadcastChannel | undefined
  let leaving: AbortController
  let pause: ReturnType<typeof setTimeout>

  const requestLead = (): void => {
    leaving = new AbortController()
    const { signal } = leaving
    const untilLeaving = () =>
      new Promise((resolve) => {
        signal.onabort = resolve
        onLead(true)
      })
    if (locks) locks.request(`${name} leading`, { signal }, untilLeaving).catch(() => undefined)
    else onLead(true)
  }

  const tabs: Tabs = {
    post: (message) => channel?.postMessage(message),
    lock: (work) =>
      locks
        ? locks.request(`${name} asking`, { ifAvailable: true }, (lock) => (lock ? work() : undefined))
        : work(),
    join() {
      channel = new BroadcastChannel(name)
      channel.onmessage = ({ data }) => onMessage(data)
      requestLead()
    },
    leave() {
      tabs.pause()
      clearTimeout(pause)
      channel?.close()
      channel = undefined
    },
    pause() {
      clearTimeout(pause)
      onLead(false)
      leaving.abort()
      pause = setTimeout(requestLead, pauseFor)
    },
  }
  return tabs
}
