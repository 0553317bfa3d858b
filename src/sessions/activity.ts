/** @module Activity: which requests count as the person being there. */
import type { Exchange } from '../exchange.js'

/**
 * Whether a request counts as the person's activity: a document navigation, or a same-origin request that a person's
 * act can have caused. Prefetches and prerendering, frames, images and other sub-resources, what browsers send by
 * themselves (see {@link isSentByItself}), requests marked `Citizen-Activity: none`, and cross-site requests that are no
 * navigation never do. A client that sends no `Sec-Fetch-Site` is no browser of today: it counts unless its `Origin` is
 * another.
 * Source: Fetch Metadata Request Headers; NIST SP 800-63B-4 5.1.2.
 */
export function isActivity(exchange: Exchange, applicationOrigin: string): boolean {
  if (exchange.header('citizen-activity') === 'none' || isPrefetch(exchange)) return false
  const destination = exchange.header('sec-fetch-dest')
  if (destination !== undefined && destination !== 'document' && destination !== 'empty') return false
  if (isSentByItself(exchange)) return false
  const site = exchange.header('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return true
  if (site !== undefined)
    return exchange.header('sec-fetch-mode') === 'navigate' && destination === 'document'
  const origin = exchange.header('origin')
  return origin === undefined || origin === applicationOrigin
}

/** Headers of requests for what nobody has asked to see yet, today's names and those of older browsers. */
const prefetchHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz', 'next-router-prefetch']

/** Whether the browser fetches something that nobody has asked to see yet: a prefetch, a page that it prerenders. */
export function isPrefetch(exchange: Exchange): boolean {
  return prefetchHeaders.some((name) => exchange.header(name) !== undefined)
}

/** Types of the bodies that browsers send without a script of the page: pings and reports. */
const bodiesOfBrowsers = /^(?:text\/ping|application\/(?:reports\+json|csp-report|expect-ct-report\+json))\b/i

/**
 * Whether a browser sends a request of its own accord, or a page to measure itself: an event stream, which connects
 * again whenever it breaks; a beacon or a ping (`no-cors` with nothing to show; `fetch` of a page says `cors` or
 * `same-origin`); a report; the handshake of a socket.
 * Source: HTML, Server-sent events and Hyperlink auditing; Beacon; Reporting API; CSP 3; RFC 6455.
 */
function isSentByItself(exchange: Exchange): boolean {
  const mode = exchange.header('sec-fetch-mode')
  if (mode === 'no-cors' || mode === 'websocket') return true
  if (exchange.header('accept')?.includes('text/event-stream')) return true
  if (/\bwebsocket\b/i.test(exchange.header('upgrade') ?? '')) return true
  return exchange.method === 'POST' && bodiesOfBrowsers.test(exchange.header('content-type') ?? '')
}

/**
 * Whether the request comes from our own pages, or from the person directly (address bar, bookmark). Where the
 * browser does not say, a foreign `Origin` decides.
 */
export function isOwnOrDirect(exchange: Exchange, applicationOrigin: string): boolean {
  const site = exchange.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const origin = exchange.header('origin')
  return origin === undefined || origin === applicationOrigin
}

/**
 * Whether a POST was sent by one of our own pages: `Sec-Fetch-Site: same-origin`, or without that header an
 * `Origin` equal to ours. A sibling application is not us.
 * Source: ASVS 5.0 3.5.1.
 */
export function isSameOriginPost(exchange: Exchange, applicationOrigin: string): boolean {
  const site = exchange.header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  return exchange.header('origin') === applicationOrigin
}

/** Whether the browser will show the answer as a page: GET or HEAD, by `Sec-Fetch-Mode`, else by `Accept`. */
export function isNavigation(exchange: Exchange): boolean {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return false
  return asksForPage(exchange)
}

/** Whether the person themselves goes to a page: not a frame in one, and nothing that is fetched ahead. */
export function isTopLevelNavigation(exchange: Exchange): boolean {
  const destination = exchange.header('sec-fetch-dest')
  const isDocument = destination === undefined || destination === 'document'
  return isDocument && isNavigation(exchange) && !isPrefetch(exchange)
}

/** Whether the answer will be shown in a frame of a page. */
export function isFramed(exchange: Exchange): boolean {
  return /^i?frame$/.test(exchange.header('sec-fetch-dest') ?? '')
}

/** Whether the answer will be shown as a page, whatever the method. */
export function asksForPage(exchange: Exchange): boolean {
  const mode = exchange.header('sec-fetch-mode')
  if (mode !== undefined) return mode === 'navigate'
  return exchange.header('accept')?.includes('text/html') ?? false
}
