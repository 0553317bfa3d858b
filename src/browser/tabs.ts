/** @module Tabs of one application in step: what one learns all know, and one of them leads. */

/** The tabs, as one of them sees them. */
export interface Tabs {
  /** Tells all others. */
  tell(message: unknown): void
  readonly isLeader: boolean
  /**
   * Does something that one tab at a time should do; `undefined` at once if another is at it. Without Web Locks every
   * tab does it.
   */
  alone<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Joins the others, or leaves them: a page in the back/forward cache holds no lock and hears nothing. */
  join(): void
  leave(): void
}

/** What the tabs need to know. */
export interface TabsOptions {
  /** The same in all tabs that belong together. */
  readonly name: string
  onMessage(message: unknown): void
  onLead(isLeader: boolean): void
}

/** Makes this tab one of them; it has joined when this returns. */
export function createTabs({ name, onMessage, onLead }: TabsOptions): Tabs {
  // Only there in a secure context.
  const locks: LockManager | undefined = navigator.locks
  let channel: BroadcastChannel | undefined
  let leaving: AbortController | undefined
  let isLeader = false

  const lead = (value: boolean): void => {
    if (isLeader === value) return
    isLeader = value
    onLead(value)
  }

  const tabs: Tabs = {
    get isLeader() {
      return isLeader
    },
    tell: (message) => channel?.postMessage(message),
    alone: async (work) =>
      locks
        ? locks.request(`${name} asking`, { ifAvailable: true }, (lock) => (lock ? work() : undefined))
        : work(),
    join() {
      leaving = new AbortController()
      const { signal } = leaving
      channel = new BroadcastChannel(name)
      channel.onmessage = ({ data }) => onMessage(data)
      const untilLeaving = () =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve())
          lead(true)
        })
      if (locks) locks.request(`${name} leading`, { signal }, untilLeaving).catch(() => undefined)
      else lead(true)
    },
    leave() {
      lead(false)
      leaving?.abort()
      channel?.close()
      channel = undefined
    },
  }
  tabs.join()
  return tabs
}
