/** @module The logins in flight of plug-ins: a browser forgets them with a logout. */
import type { Exchange } from '../exchange.js'

/** The ways to forget the logins in flight; each plug-in adds its own. */
export interface LoginsInFlight {
  /** Adds what forgets the logins of one purpose in the browser of a request, whichever plug-ins share it. */
  add(purpose: string, clear: (exchange: Exchange) => void): void
  /** Forgets the logins of every plug-in in the browser of a request. */
  clear(exchange: Exchange): void
}

/** Makes the list of one suite, empty. */
export function createLoginsInFlight(): LoginsInFlight {
  const clearings = new Map<string, (exchange: Exchange) => void>()
  return {
    add: (purpose, clear) => clearings.set(purpose, clear),
    clear(exchange) {
      for (const clear of clearings.values()) clear(exchange)
    },
  }
}
