/** @module Stores that are opened for something that may still fail to be made. */
import type { Store } from './store.js'

/**
 * What `make` returns. It notes in the list each store that it opens; if it throws, they are closed, for nobody has what
 * would close them.
 */
export function closeIfUnmade<T>(make: (opened: Store[]) => T): T {
  const opened: Store[] = []
  try {
    return make(opened)
  } catch (error) {
    for (const store of opened) void Promise.resolve(store.close()).catch(() => undefined)
    throw error
  }
}
