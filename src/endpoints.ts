/** @module The table of our own routes: method and path to handler. */
import type { Exchange, Handler, Reply } from './exchange.js'
import { problem } from './pages/problem.js'

/** Handlers of one path, by method. */
export type Endpoint = Readonly<Partial<Record<'GET' | 'POST', Handler>>>

/** Finds the handler of a request to one of our routes; `undefined`: the request is not ours. */
export type FindEndpoint = (exchange: Exchange) => Handler | undefined

/**
 * Makes the look-up. A path below `routesPath` that is in no row is answered with 404, a method that the row does
 * not have with 405: what lies there is never the application's.
 */
export function createEndpoints(routesPath: string, table: Readonly<Record<string, Endpoint>>): FindEndpoint {
  const prefix = `${routesPath}/`
  const rows = new Map(Object.entries(table))

  const notFound = (): Reply =>
    problem(404, {
      code: 'not-found',
      reason: 'no-such-route',
      detail: `there is no such route below ${routesPath}`,
    })

  const notAllowed = (endpoint: Endpoint): Handler => {
    const methods = Object.keys(endpoint)
    if (methods.includes('GET')) methods.push('HEAD')
    const headers = { allow: methods.join(', ') }
    return () =>
      problem(405, { code: 'method-not-allowed', reason: 'method', detail: 'use another method', headers })
  }

  return (exchange) => {
    if (!exchange.target.startsWith(prefix)) return undefined
    const end = exchange.target.search(/[?#]/)
    const name = exchange.target.slice(prefix.length, end === -1 ? undefined : end)
    const endpoint = rows.get(name)
    if (endpoint === undefined) return notFound
    // A HEAD must not begin or take anything: it is answered like a GET only where that changes nothing.
    const method = exchange.method === 'HEAD' && name === 'status' ? 'GET' : exchange.method
    const handler = method === 'GET' || method === 'POST' ? endpoint[method] : undefined
    return handler ?? notAllowed(endpoint)
  }
}
