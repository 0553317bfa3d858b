/** @module The host at which a login begins: cookies are set there, and the answer comes to that of `application.url`. */

import type { Exchange } from '../exchange.js'
import { domainMatches, isLoopbackHost, isPlainHost } from '../host-names.js'
import { parseUrl } from '../parse-url.js'
import { createRecent } from '../recent.js'

/** Two hosts that differ, with their ports, in the words of an event. */
export interface HostsOfLogin {
  /** Where the login began. */
  readonly given: string
  /** Where its answer came. */
  readonly expected: string
}

/** Remembers where logins began, so that an answer without its cookie can be explained. */
export interface LoginHosts {
  /** Takes note of the host of a login that begins. */
  note(exchange: Exchange, state: string): void
  /**
   * The host where the login of a `state` began and the one that its answer came to; `undefined`: the same, or this
   * process has not seen it begin. A proxy that puts a host of its own into every request makes them the same.
   */
  compare(exchange: Exchange, state: string | undefined): HostsOfLogin | undefined
}

/** Only logins that begin at another host than ours are remembered: with the right host there are none. */
const mostRemembered = 1000
const longestHost = 100

/** The host that a request names, with its port, in lower case. It is the client's word: for comparisons only. */
export function hostOf(exchange: Exchange): URL | undefined {
  const host = exchange.header('host')
  const isShort = host !== undefined && host.length <= longestHost && !/[\s/?#@\\]/.test(host)
  const url = isShort ? parseUrl(`http://${host}`) : undefined
  return url !== undefined && isPlainHost(url.hostname) ? url : undefined
}

/** Whether a request names another host of this machine than the application is at, as `localhost` does. */
export function isOtherLoopback(exchange: Exchange, applicationUrl: string): boolean {
  const host = hostOf(exchange)
  return host !== undefined && isLoopbackHost(host.hostname) && !isAt(host, applicationUrl)
}

/**
 * Whether a page may name the host where a login began: the client has chosen it, so it must be one of this machine, or
 * above or below our own.
 */
export function isRelated({ given, expected }: HostsOfLogin): boolean {
  const [began, came] = [new URL(`http://${given}`).hostname, new URL(`http://${expected}`).hostname]
  return isLoopbackHost(began) || domainMatches(began, came) || domainMatches(came, began)
}

/** Makes the memory of one application. */
export function createLoginHosts(applicationUrl: string): LoginHosts {
  const hosts = createRecent<string>({ maximumEntries: mostRemembered })
  return {
    note(exchange, state) {
      const host = hostOf(exchange)
      if (host !== undefined && !isAt(host, applicationUrl)) hosts.set(state, host.host, host.host.length)
    },
    compare(exchange, state) {
      const given = state === undefined ? undefined : hosts.get(state)
      const expected = hostOf(exchange)?.host
      if (given === undefined || expected === undefined || given === expected) return undefined
      return { given, expected }
    },
  }
}

/** Whether a host is that of an address; a port that the scheme has by itself need not be there. */
function isAt(host: URL, address: string): boolean {
  const url = new URL(address)
  const port = url.protocol === 'https:' ? '443' : '80'
  return host.hostname === url.hostname && (host.port || port) === (url.port || port)
}
