/** @module Activity: which requests count as the person being there. */
import type { Exchange } from '../exchange.js'

/**
 * Whether a request counts as the person's activity: a document navigation, or a same-origin request that is not
 * marked otherwise. Prefetches, frames, images and other sub-resources, requests marked `Citizen-Activity: none`,
 * and cross-site requests that are no navigation never do. A client that sends no `Sec-Fetch-Site` is no browser of
 * today: it counts unless its `Origin` is another.
 * Source: Fetch Metadata Request Headers; NIST SP 800-63B-4 5.1.2.
 */
export function isActivity(exchange: Exchange, applicationOrigin: string): boolean {
  if (exchange.header('citizen-activity') === 'none' || isPrefetch(exchange)) return false
  const destination = exchange.header('sec-fetch-dest')
  if (destination !== undefined && destination !== 'document' && destination !== 'empty') return false
  const site = exchange.header('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return true
  if (site !== undefined)
    return exchange.header('sec-fetch-mode') === 'navigate' && destination === 'document'
  const origin = exchange.header('origin')
  return origin === undefined || origin === applicationOrigin
}

/** Whether the browser fetches something that nobody has asked to see yet. */
export function isPrefetch(exchange: Exchange): boolean {
  return (
    exchange.header('sec-purpose') !== undefined ||
    exchange.header('purpose') !== undefined ||
    exchange.header('next-router-prefetch') !== undefined
  )
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

/** Whether the answer will be shown as a page, whatever the method. */
export function asksForPage(exchange: Exchange): boolean {
  const mode = exchange.header('sec-fetch-mode')
  if (mode !== undefined) return mode === 'navigate'
  return exchange.header('accept')?.includes('text/html') ?? false
}
