/** @module Upgrades to WebSocket: authenticated by the same rules, and refused before anything is upgraded. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type ActiveCitizen,
  CitizenSessionError,
  type Claims,
  type Exchange,
  type Suite,
} from '../src/index.js'

/**
 * The active citizen of an upgrade, or `undefined` after the socket has been answered and closed: 403 for a page of
 * another origin, 401 when nobody is signed in, 503 in an outage. A browser sends our cookies with the upgrades of
 * any page, and always says which by `Origin`. Opening a socket is no activity, and sets no cookie. Close the socket
 * when `citizen.ended` fires.
 * Source: RFC 6455, sections 4.2.2 and 10.2.
 */
export type Upgrade<C extends Claims = Claims> = (
  request: IncomingMessage,
  socket: Duplex,
) => Promise<ActiveCitizen<C> | undefined>

/** Makes the upgrade of one application. */
export function createUpgrade<C extends Claims>(suite: Suite<C>): Upgrade<C> {
  return async (request, socket) => {
    const { origin } = request.headers
    if (origin !== undefined && origin !== suite.options.application.url) {
      refuse(socket, '403 Forbidden')
      return undefined
    }
    const citizen = await suite.peek(exchangeOf(request))
    if (citizen.state === 'active') return citizen
    refuse(socket, citizen.state === 'unavailable' ? '503 Service Unavailable' : '401 Unauthorized')
    return undefined
  }
}

/** An upgrade has neither a body nor a response that could carry a cookie. */
function exchangeOf(request: IncomingMessage): Exchange {
  const nothing = new CitizenSessionError('usage', 'an upgrade has no body and takes no cookie')
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    remoteAddress: request.socket.remoteAddress,
    header(name) {
      const value = request.headers[name]
      return typeof value === 'string' ? value : value?.join(', ')
    },
    body: () => Promise.reject(nothing),
    form: () => Promise.reject(nothing),
    setCookie() {
      throw nothing
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  // The other side may be gone already.
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
