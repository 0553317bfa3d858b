/** @module The script that watches the provider's session, and a clock of the browser that is put back or on. */
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { checkSessionScript } from '../../src/oidc/check-session-script.js'

const start = Date.UTC(2026, 0, 15, 12)
const minute = 60_000
const origin = 'https://id.example.gov'

/** One browser: what it remembers outlives its pages. */
function createPages() {
  const memory = new Map<string, string>()
  let now = start

  /** Opens a page with our frame in it; the answer is the frame's state, and what the provider's frame can say. */
  function open() {
    const listeners = new Map<string, ((event: object) => void)[]>()
    const listen = (type: string, listener: (event: object) => void) =>
      listeners.set(type, [...(listeners.get(type) ?? []), listener])
    const dispatch = (type: string, event: object) => {
      for (const listener of listeners.get(type) ?? []) listener(event)
    }
    const waiting: (() => void)[] = []
    const frames: { contentWindow: object; src?: string; loaded?: () => void }[] = []
    const values = {
      application: 'benefits',
      session: 's1',
      sessionState: 'x',
      clientId: 'benefits',
      origin,
      frame: `${origin}/check`,
      check: '/session/reauthenticate',
      confirm: '/session/login?returnTo=',
      pollMilliseconds: 10_000,
      backOffMilliseconds: 10_000,
      timeoutMilliseconds: 5000,
    }
    const dataset: { state?: string; step?: string } = {}
    const window: Record<string, unknown> = {
      document: {
        getElementById: () => ({ textContent: JSON.stringify(values) }),
        createElement() {
          const frame: (typeof frames)[number] & Record<string, unknown> = {
            contentWindow: { postMessage: () => undefined },
            addEventListener(_type: string, loaded: () => void) {
              frame.loaded = loaded
            },
            remove: () => undefined,
          }
          frames.push(frame)
          return frame
        },
        documentElement: { dataset },
        body: { append: (frame: (typeof frames)[number]) => frame.loaded?.() },
        addEventListener: () => undefined,
        visibilityState: 'visible',
      },
      location: { origin: 'https://benefits.example' },
      navigator: {},
      localStorage: {
        getItem: (key: string) => memory.get(key) ?? null,
        setItem: (key: string, value: string) => memory.set(key, value),
      },
      AbortController,
      Date: { now: () => now },
      addEventListener: listen,
      removeEventListener: (type: string, listener: (event: object) => void) =>
        listeners.set(
          type,
          (listeners.get(type) ?? []).filter((each) => each !== listener),
        ),
      setTimeout: (work: () => void) => waiting.push(work),
      clearTimeout: () => undefined,
    }
    window.window = window
    window.parent = window
    runInNewContext(checkSessionScript, window)
    const [provider] = frames
    return {
      get state() {
        return dataset.state
      },
      get isBlocked() {
        return dataset.state === 'blocked'
      },
      /** The provider's frame says that something changed; the silent check finds the same person. */
      change() {
        dispatch('message', { source: provider?.contentWindow, origin, data: 'changed' })
        const data = { type: 'citizen-session:check', step: 'renew' }
        const source = frames.at(-1)?.contentWindow
        dispatch('message', { source, origin: 'https://benefits.example', data })
      },
    }
  }
  return {
    open,
    travel(milliseconds: number) {
      now += milliseconds
    },
  }
}

describe('HLD-05 SES-15 the watch over the provider’s session', () => {
  it('is blocked for an hour, and no longer, when the clock goes on', () => {
    const pages = createPages()
    const page = pages.open()
    for (let count = 0; count < 3; count += 1) page.change()
    expect(page.state).toBe('unchanged')
    page.change()
    expect(page.isBlocked).toBe(true)
    pages.travel(59 * minute)
    expect(pages.open().isBlocked).toBe(true)
    pages.travel(minute)
    expect(pages.open().isBlocked).toBe(false)
  })

  it.each([-minute, -120 * minute, -365 * 24 * 60 * minute])(
    'is not blocked for longer by a clock that is put right by %i ms',
    (step) => {
      const pages = createPages()
      const page = pages.open()
      for (let count = 0; count < 4; count += 1) page.change()
      expect(page.isBlocked).toBe(true)
      pages.travel(step)
      expect(pages.open().isBlocked).toBe(false)
    },
  )

  it('counts no change that was noted in the future', () => {
    const pages = createPages()
    const page = pages.open()
    for (let count = 0; count < 3; count += 1) page.change()
    pages.travel(-120 * minute)
    for (let count = 0; count < 3; count += 1) page.change()
    expect(page.isBlocked).toBe(false)
    page.change()
    expect(page.isBlocked).toBe(true)
  })
})
