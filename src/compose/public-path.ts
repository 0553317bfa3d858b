/** @module An application behind a proxy that takes a path prefix away: our addresses are those that browsers see. */
import type { Citizen, Claims } from '../citizen.js'
import type { Exchange } from '../exchange.js'
import { PublicExchange } from '../public-path.js'
import type { Suite } from '../suite.js'

/**
 * The same suite for requests from which a proxy has taken `application.path` away. Inside of it every target is the
 * one that browsers see, so that what is matched, compared with a cookie's path, and led back to is one and the same.
 */
export function withPublicPath<C extends Claims>(suite: Suite<C>): Suite<C> {
  const { path } = suite.options.application
  if (path === '') return suite
  // One for each exchange: what the suite notes of a request, it notes by its exchange.
  const seenAs = new WeakMap<Exchange, Exchange>()
  const publicly = (exchange: Exchange): Exchange => {
    const known = seenAs.get(exchange)
    if (known !== undefined) return known
    const seen = new PublicExchange(exchange, path)
    seenAs.set(exchange, seen)
    return seen
  }
  return {
    ...suite,
    endpoint(exchange) {
      const seen = publicly(exchange)
      const handler = suite.endpoint(seen)
      return handler && (() => handler(seen))
    },
    authenticate: (exchange) => suite.authenticate(publicly(exchange)),
    peek: (exchange) => suite.peek(publicly(exchange)),
    guard: (exchange, citizen: Citizen<C>, demand) => suite.guard(publicly(exchange), citizen, demand),
    logout: (exchange, request) => suite.logout(publicly(exchange), request),
  }
}
