/** @module Markers: sealed one-time cookies that remember, in this browser, what a visit to the provider is for. */

import { ownCookieName } from '../cookies/hint.js'
import { listCookies } from '../cookies/parse.js'
import { equalsInConstantTime, randomText } from '../digest.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type { Store } from '../stores/store.js'

/** A marker that came back with its `state`. */
export interface FoundMarker<T> {
  readonly content: T
  /** When it was set. */
  readonly since: number
  /** Removes it from the browser. */
  remove(): void
}

/** The markers of one purpose of one application. */
export interface Markers<T> {
  /** Sets a marker and returns the `state` that must come back with it. Drops the oldest beyond the cap. */
  set(exchange: Exchange, content: T, now: number, state?: string): string
  /** A new `state`, for whoever must know it before the marker is set. 192 random bits. */
  createState(): string
  /**
   * Takes the marker of a `state`: removed from the browser, and true for one caller only, on whichever instance.
   * @throws StoreUnavailableError
   */
  take(exchange: Exchange, state: string | undefined, now: number): Promise<FoundMarker<T> | undefined>
  /** The marker of a `state`, left where it is. */
  find(exchange: Exchange, state: string | undefined, now: number): FoundMarker<T> | undefined
  /** Every marker of this browser that nobody has taken yet. */
  pending(exchange: Exchange, now: number): readonly FoundMarker<T>[]
  /** Whether this browser has a marker that nobody has taken yet. */
  isPending(exchange: Exchange, now: number): boolean
  /** Removes every marker of this purpose from the browser. */
  clear(exchange: Exchange): void
}

interface Sealed<T> {
  readonly secret: string
  readonly since: number
  readonly content: T
}

/** Life of a marker: 15 minutes. */
export const markerSeconds = 900
/** Markers in one browser at a time, for one purpose: as many logins may be in flight. */
const mostMarkers = 5
/** Characters of all markers of one purpose: several long ones must not make a header that servers refuse. */
const mostCharacters = 4096
/** How far the clock of the instance that set a marker may be ahead of the one that takes it, in seconds. */
const clockToleranceSeconds = 60
const keyLength = 8

/**
 * Makes the markers of one purpose. Each is a cookie of its own, named by application and by the beginning of its
 * `state`, so that tabs and sibling applications never take each other's.
 * Source: RFC 6749 10.12; `RPI-06`, `CK-10`.
 */
export function createMarkers<T>(options: {
  /** Part of the cookie's name: lower-case letters. */
  readonly purpose: string
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
  readonly store: Store
  readonly random: (bytes: number) => Uint8Array
}): Markers<T> {
  const { purpose, sealer, store } = options
  const prefix = `${ownCookieName(options.application, purpose, options.isSecure)}.`
  const cookie = (name: string, value: string, maxAgeSeconds: number): SetCookie => ({
    name,
    value,
    path: '/',
    maxAgeSeconds,
    httpOnly: true,
    secure: options.isSecure,
    sameSite: 'lax',
  })

  const open = (name: string, value: string, now: number): Sealed<T> | undefined => {
    const text = sealer.open(purpose, name, value)
    if (text === undefined) return undefined
    const sealed = JSON.parse(text) as Sealed<T>
    const age = now - sealed.since
    return age >= -clockToleranceSeconds * 1000 && age < markerSeconds * 1000 ? sealed : undefined
  }

  const createState = (): string => randomText(options.random, 24)

  const received = (exchange: Exchange) => listCookies(exchange.header('cookie') ?? '', prefix)

  const toFound = (exchange: Exchange, name: string, { content, since }: Sealed<T>): FoundMarker<T> => ({
    content,
    since,
    remove: () => exchange.setCookie(cookie(name, '', 0)),
  })

  const find: Markers<T>['find'] = (exchange, state, now) => {
    if (state === undefined || !/^[\w-]{32}$/.test(state)) return undefined
    const name = prefix + state.slice(0, keyLength)
    const values = received(exchange).filter((candidate) => candidate.name === name)
    const [value] = values
    if (value === undefined || values.length > 1) return undefined
    const sealed = open(name, value.value, now)
    if (sealed === undefined || !equalsInConstantTime(sealed.secret, state)) return undefined
    return toFound(exchange, name, sealed)
  }

  const pending: Markers<T>['pending'] = (exchange, now) =>
    received(exchange).flatMap(({ name, value }) => {
      const sealed = open(name, value, now)
      return sealed === undefined ? [] : [toFound(exchange, name, sealed)]
    })

  /** Makes room for one more marker of that length. */
  const dropOldest = (exchange: Exchange, length: number, now: number): void => {
    const known = received(exchange).map(({ name, value }) => ({
      name,
      length: name.length + value.length,
      since: open(name, value, now)?.since ?? 0,
    }))
    known.sort((left, right) => right.since - left.since)
    let total = length
    for (const [index, marker] of known.entries()) {
      total += marker.length
      if (index >= mostMarkers - 1 || total > mostCharacters) exchange.setCookie(cookie(marker.name, '', 0))
    }
  }

  return {
    createState,

    set(exchange, content, now, secret = createState()) {
      const name = prefix + secret.slice(0, keyLength)
      const sealed: Sealed<T> = { secret, since: now, content }
      const value = sealer.seal(purpose, name, JSON.stringify(sealed))
      dropOldest(exchange, name.length + value.length, now)
      exchange.setCookie(cookie(name, value, markerSeconds))
      return secret
    },

    async take(exchange, state, now) {
      const found = find(exchange, state, now)
      if (found === undefined) return undefined
      const claim = `${purpose}:${options.application}:${state}`
      if (!(await store.claim(claim))) return undefined
      await store.settle(claim, markerSeconds + clockToleranceSeconds)
      found.remove()
      return found
    },

    find,
    pending,
    isPending: (exchange, now) => pending(exchange, now).length > 0,

    clear(exchange) {
      for (const { name } of received(exchange)) exchange.setCookie(cookie(name, '', 0))
    },
  }
}
