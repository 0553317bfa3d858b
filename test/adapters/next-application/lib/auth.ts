import { memoryStore, type Store, StoreUnavailableError, type SuiteOptions } from 'citizen-session'
import { citizenSession } from 'citizen-session/next'

/** What the tests move from outside. Every bundle has its own copy of this module, and all share the process. */
const shared = globalThis as { testWorld?: { offset: number; isStoreDown: boolean } }
shared.testWorld ??= { offset: 0, isStoreDown: false }
export const world = shared.testWorld

const clock = () => Date.now() + world.offset

const store = new Proxy(memoryStore({ clock }), {
  get(target, name: keyof Store) {
    const isMethod = typeof target[name] === 'function'
    if (world.isStoreDown && isMethod && name !== 'ready' && name !== 'close') {
      return () => {
        throw new StoreUnavailableError('down for a test')
      }
    }
    return target[name]
  },
})

/** What both applications of the tests have in common. */
export const layer: SuiteOptions = {
  clock,
  store,
  // In production everything is https. The provider of the tests stands on loopback, without a certificate.
  fetch: (input, init) => {
    const { pathname, search } = new URL(String(input))
    return fetch(new URL(pathname + search, process.env.TEST_PROVIDER), init)
  },
}

export const auth = citizenSession(layer)
