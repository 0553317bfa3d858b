/** @module The client of a page: follows the session by the server's clock, warns, and covers the page at the end. */
import type { ClientContext } from './context.js'
import { signOut, stop } from './end.js'
import { installSignInHandler } from './fetch.js'
import { check, extend, receiveMessage, tick, watch } from './follow.js'
import { createFrame } from './identity.js'
import { settleSignIn } from './login-window.js'
import type { CitizenClient, CitizenClientOptions } from './options.js'
import { createOverlay } from './overlay.js'
import { listenToPage } from './page-events.js'
import { requestSignIn } from './sign-in.js'
import { initialState } from './state.js'
import { endOf } from './status.js'
import { createTabs } from './tabs.js'
import { textsFor } from './texts.js'
import { createWakeUp } from './wake-up.js'

/**
 * Starts the client of this page. It asks the server how things stand, never touches, warns before the end, and at
 * the end covers the page and leads to the login.
 */
export function startCitizen(options: CitizenClientOptions = {}): CitizenClient {
  const { basePath = '/session' } = options
  const language = options.language ?? (document.documentElement.lang || navigator.language)
  const listeners = new Set<() => void>()
  const stopping = new AbortController()
  const { signal } = stopping
  const context: ClientContext = {
    ...initialState,
    options,
    basePath,
    signal,
    isOver: () => context.snapshot.state === 'ended' || signal.aborted,
    abort: () => stopping.abort(),
    publish(changes) {
      context.snapshot = { ...context.snapshot, ...changes }
      for (const listener of listeners) listener()
    },
    overlay: createOverlay({
      texts: textsFor(language, options.texts),
      language,
      name: () => context.reading?.status.application,
      async stay() {
        if ((await extend(context)).isOffline) throw new Error('no answer')
      },
      signOut: () => signOut(context),
      dismiss() {
        if (context.reading) context.dismissedEnd = endOf(context.reading.status)
        context.tabs.post({ end: context.dismissedEnd })
        tick(context)
      },
      decline: () => settleSignIn(context, false),
    }),
    tabs: createTabs({
      name: `citizen-session ${basePath}`,
      onMessage: (message) => receiveMessage(context, message),
      onLead(isLeader) {
        context.isLeader = isLeader
        watch(context)
      },
    }),
    showFrame: createFrame(),
    sleep: createWakeUp(() => tick(context), signal),
  }
  context.tabs.join()
  listenToPage(context)
  installSignInHandler((login) => requestSignIn(context, login))
  tick(context)
  return {
    get snapshot() {
      return context.snapshot
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    check: () => check(context),
    extend: () => extend(context),
    signOut: (request) => signOut(context, request),
    stop: () => stop(context),
  }
}
