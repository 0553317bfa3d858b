/** @module What happens to the page: it is looked at, hidden, left, shown again, used. */
import type { ClientContext } from './context.js'
import { check, extend, tick } from './follow.js'
import type { IdentityEvent } from './identity.js'
import { often, seldom } from './schedule.js'

/** What browsers that prerender say besides: milliseconds at which the page was shown, 0 for one that was opened. */
type PrerenderedNavigation = PerformanceNavigationTiming & { readonly activationStart?: number }

/** Listens to the page until the client is stopped. */
export function listenToPage(context: ClientContext): void {
  const { options, overlay, tabs, signal } = context
  const listen = (types: string, listener: (event: Event) => unknown): void => {
    for (const type of types.split(' ')) addEventListener(type, listener, { signal, capture: true })
  }
  listen('focus online visibilitychange', () => {
    if (!document.hidden && Date.now() - context.askedAt > often) context.changedAt = Date.now()
    tick(context)
  })
  globalThis.cookieStore?.addEventListener('change', () => tick(context), { signal })
  listen('beforeunload', tabs.pause)
  listen('pagehide', (event) => {
    tabs.leave()
    if (!(event as PageTransitionEvent).persisted || context.snapshot.state === 'anonymous') return
    // So that the page is covered from its first moment when it comes back.
    context.answersFrom = Number.POSITIVE_INFINITY
    overlay.cover()
  })
  listen('pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    if (!context.reading || context.snapshot.state === 'ended') return location.reload()
    context.answersFrom = Date.now()
    tabs.join()
    void check(context)
  })
  listen('citizen-session:identity', (event) => {
    const { state } = (event as IdentityEvent).detail
    context.publish({ identity: state })
    if (state === 'changed') void check(context)
  })
  // Nobody had opened it when it was fetched; to show it is an act, and needs no request. It may be shown before us.
  listen('prerenderingchange', () => extend(context))
  const [page] = performance.getEntriesByType('navigation') as PrerenderedNavigation[]
  if (performance.now() - (page?.activationStart || Number.NaN) < seldom) void extend(context)
  if (options.extendOnActivity) {
    listen('keydown pointerdown', ({ isTrusted }) => {
      const { status, at = 0 } = context.reading ?? {}
      if (!isTrusted || overlay.isCovered || !status?.session) return
      const now = Date.now()
      const unseenFor = status.now - status.session.lastSeenAt + now - at
      if (unseenFor >= seldom && now - context.askedAt > 1000) void extend(context)
    })
  }
}
