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
import { targetOfLine } from './node.js'

/**
 * The active citizen of an upgrade, or `undefined` after the socket has been answered and closed: 403 for a page of
 * another origin, 401 when nobody is signed in, 503 in an outage; and `undefined` where the client has gone meanwhile.
 * A browser sends our cookies with the upgrades of any page, and always says which by `Origin`. Opening a socket is no
 * activity, and sets no cookie. Close the socket when `citizen.ended` fires.
 *
 * Never rejects, and takes the socket's errors from the first moment: Node has taken its own listener away by then,
 * and an error that nobody listens to ends the process.
 * Source: RFC 6455, sections 4.2.2 and 10.2.
 */
export type Upgrade<C extends Claims = Claims> = (
  request: IncomingMessage,
  socket: Duplex,
) => Promise<ActiveCitizen<C> | undefined>

/** A refused client has so long to take its answer. Milliseconds. */
export const refusalMilliseconds = 2000

/** Makes the upgrade of one application. */
export function createUpgrade<C extends Claims>(suite: Suite<C>): Upgrade<C> {
  return async (request, socket) => {
    // It stays: between us and whoever opens the socket there may be more to wait for.
    socket.on('error', () => socket.destroy())
    const { origin } = request.headers
    if (origin !== undefined && origin !== suite.options.application.url) {
      refuse(socket, '403 Forbidden')
      return undefined
    }
    try {
      const citizen = await suite.peek(exchangeOf(request, socket))
      if (socket.destroyed) return undefined
      if (citizen.state === 'active') return citizen
      refuse(socket, citizen.state === 'unavailable' ? '503 Service Unavailable' : '401 Unauthorized')
    } catch (error) {
      refuse(socket, '500 Internal Server Error')
      // Whoever calls this from a listener would let a rejection end the process.
      const code = error instanceof CitizenSessionError ? ` (${error.code})` : ''
      process.emitWarning(`an upgrade was refused, for it could not be judged${code}`, {
        type: 'CitizenSessionWarning',
        code: 'upgrade-failed',
      })
    }
    return undefined
  }
}

/** An upgrade has neither a body nor a response that could carry a cookie. */
function exchangeOf(request: IncomingMessage, socket: Duplex): Exchange {
  const nothing = new CitizenSessionError('usage', 'an upgrade has no body and takes no cookie')
  return {
    method: request.method ?? 'GET',
    target: targetOfLine(request.url ?? '/'),
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
    onClose(listener) {
      if (socket.destroyed) listener()
      else socket.once('close', listener)
      return true
    },
  }
}

/** Answers and closes. An upgraded socket has none of the server's limits any more, and may be half open for ever. */
function refuse(socket: Duplex, status: string): void {
  if (socket.destroyed) return
  const destroy = (): void => {
    socket.destroy()
  }
  const limit = setTimeout(destroy, refusalMilliseconds).unref()
  socket.once('close', () => clearTimeout(limit))
  socket.once('finish', destroy)
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
