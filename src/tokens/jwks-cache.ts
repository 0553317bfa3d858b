/** @module The keys of one issuer: found at once when known, fetched as seldom as possible, never older than allowed. */

import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import { isSecureAddress } from '../outbound.js'
import { excerpt } from '../printable.js'
import {
  type Allowance,
  createAllowance,
  createLoginAllowance,
  isWaiting,
  noWait,
  type Wait,
} from '../wait.js'
import { fetchKeySet, KeySetError } from './fetch-key-set.js'
import { createKeySet, datedAt, type KeySet, noCandidates, noKeys, selectKeys } from './key-set.js'
import type { VerificationKey } from './verification-keys.js'

/** With no usable set a fetch is tried again after that many seconds, or after the cool-down if that is shorter. */
const outageRetrySeconds = 5

export interface JwksCacheOptions {
  /** Where the keys are; fixed for the life of the cache, and never taken from a token. */
  readonly url: string
  /** Origins that `url` may lie on. Default: its own. */
  readonly origins?: readonly string[] | undefined
  /** Names of `alg`; a key that fits none of them is left out. */
  readonly algorithms: readonly string[]
  /** Least time between two fetches for keys that are not known, once `unknownFetches` are used up. */
  readonly coolDownSeconds: number
  /** So many fetches for keys that are not known may come one right after the other. Default 1. */
  readonly unknownFetches?: number | undefined
  /** A set is kept at least that long, whatever its headers say. */
  readonly floorSeconds: number
  /** A set is fetched anew after that long at the latest, and without `max-age`. */
  readonly ceilingSeconds: number
  /** How long the last good set verifies while no new one can be had. */
  readonly staleSeconds: number
  readonly timeoutSeconds: number
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly report: Report
}

/**
 * Who brings a token. `login`: a login in flight, or the provider's own answer to a call of ours. What strangers bring
 * (cookies, logout messages) never makes these wait.
 */
export type TokenBearer = 'anybody' | 'login'

/** The keys of one issuer. Times are milliseconds since the epoch. */
export interface JwksCache {
  /**
   * The keys that may have signed a token: at once if they are known, else after at most one fetch that all callers
   * share. None: the issuer has no such key, as far as the cool-down lets us know. A `login` (default: `anybody`) knows
   * no cool-down: the answer is of a set that was asked for after it came, by at most one fetch at a time; but logins
   * that fetch in vain, one after the other, have an allowance of their own.
   * @throws CitizenSessionError `keys-unavailable` (503, transient), at once or later, when no usable set can be had,
   * or when the key is in no set that we have and the newest could not be fetched: it may be in that one.
   */
  find(
    kid: string | undefined,
    algorithm: string,
    now: number,
    bearer?: TokenBearer,
  ): MaybePromise<readonly VerificationKey[]>
  /** Whether the issuer still publishes the key, as far as is known and fresh enough. Starts a refresh that is due. */
  isCurrent(key: VerificationKey, now: number): boolean
  /** Forgets every key at once, for an emergency; the next token fetches anew, whatever the cool-down says. */
  purge(): void
  /** Number of keys that verify. */
  readonly size: number
  /** When the set in use was asked for; 0 without one. */
  readonly fetchedAt: number
  readonly isFetching: boolean
}

/** A fetch under way. */
interface PendingFetch {
  readonly done: Promise<void>
  readonly since: number
  /** Whether it counts as one for a key that is not known, or needs not to. */
  isCounted: boolean
}

/** A cache: its settings, its key set, and the fetches that it may make. */
interface CacheContext {
  readonly options: JwksCacheOptions
  /** Milliseconds. */
  readonly coolDown: number
  readonly allowances: Readonly<Record<TokenBearer, Allowance>>
  set: KeySet
  pending: PendingFetch | undefined
  /** Grows with each purge: what began before says nothing any more. */
  epoch: number
  refreshWait: Wait
  outageWait: Wait
  lastFailure: unknown
  hasFailed: boolean
}

/** The key that a token names, and who brings the token. */
interface WantedKey {
  readonly kid: string | undefined
  readonly algorithm: string
  readonly bearer: TokenBearer
}

function keysUnavailable(cause: unknown): CitizenSessionError {
  return new CitizenSessionError('keys-unavailable', 'the keys of the identity provider cannot be fetched', {
    cause,
    status: 503,
    headers: { 'retry-after': String(outageRetrySeconds) },
    isTransient: true,
  })
}

/**
 * Makes the cache of one issuer's keys; nothing is fetched before the first token.
 *
 * Three waits run apart from each other: unknown names cause one fetch a cool-down, whatever it brings; a set past
 * its age is refreshed behind the requests, so that junk names cannot hold up a rotation; with no usable set a fetch
 * is tried every few seconds. A failed fetch leaves the last good set in use until `staleSeconds`. A login waits for
 * none of them, only for other logins that have fetched in vain.
 * @throws CitizenSessionError `usage` when `url` is not https (or http on loopback) or on none of the origins.
 * Source: `JWT-11` to `JWT-17`.
 */
export function createJwksCache(options: JwksCacheOptions): JwksCache {
  const { url, origins } = options
  if (!isSecureAddress(url) || (origins !== undefined && !origins.includes(new URL(url).origin))) {
    throw new CitizenSessionError('usage', 'keys are fetched over https from the identity provider only')
  }
  const coolDown = options.coolDownSeconds * 1000
  const cache: CacheContext = {
    options,
    coolDown,
    allowances: {
      anybody: createAllowance(options.unknownFetches ?? 1, coolDown),
      login: createLoginAllowance(),
    },
    set: noKeys,
    pending: undefined,
    epoch: 0,
    refreshWait: noWait,
    outageWait: noWait,
    lastFailure: undefined,
    hasFailed: false,
  }
  return {
    find: (kid, algorithm, now, bearer = 'anybody') => findKeys(cache, { kid, algorithm, bearer }, now),
    isCurrent(key, now) {
      if (key.isRetired || isStale(cache, now)) return false
      refreshIfDue(cache, now)
      return true
    },
    purge: () => purge(cache),
    get size() {
      return cache.set.keys.length
    },
    get fetchedAt() {
      return cache.set.fetchedAt
    },
    get isFetching() {
      return cache.pending !== undefined
    },
  }
}

function purge(cache: CacheContext): void {
  cache.epoch += 1
  for (const key of cache.set.keys) key.isRetired = true
  cache.set = noKeys
  cache.pending = undefined
  cache.allowances.anybody.reset()
  cache.allowances.login.reset()
  cache.refreshWait = noWait
  cache.outageWait = noWait
}

/** Puts a new set in the place of the one in use, whose other keys are retired. */
function install(cache: CacheContext, set: KeySet): void {
  const before = cache.set.keys
  if (set.keys.some((key) => !before.includes(key))) cache.allowances.login.reset()
  for (const key of before) key.isRetired = !set.keys.includes(key)
  cache.set = set
}

/** Whether the set is too old to verify. */
function isStale(cache: CacheContext, now: number): boolean {
  cache.set = datedAt(cache.set, now)
  return now - cache.set.fetchedAt >= cache.set.staleAge
}

async function load(cache: CacheContext, fetchedAt: number): Promise<void> {
  const { options, epoch } = cache
  try {
    const { keys, maxAgeSeconds } = await fetchKeySet(options)
    // After a purge an answer that was under way may hold the very key that was purged.
    if (cache.epoch !== epoch) return
    install(cache, createKeySet({ keys, maxAgeSeconds, fetchedAt }, cache.set, options))
    cache.hasFailed = false
  } catch (error) {
    if (cache.epoch !== epoch) return
    cache.hasFailed = true
    cache.lastFailure = error
    const problem = error instanceof KeySetError ? error.problem : 'network'
    options.report({ type: 'keys.unavailable', problem, url: excerpt(options.url) })
  } finally {
    if (cache.epoch === epoch) cache.pending = undefined
  }
}

/** Starts a fetch, or joins the one under way. Never rejects. */
function startFetch(cache: CacheContext, now: number, isCounted = false): PendingFetch {
  cache.pending ??= { done: load(cache, now), since: now, isCounted }
  return cache.pending
}

function refreshIfDue(cache: CacheContext, now: number): void {
  const isDue = now - cache.set.fetchedAt >= cache.set.refreshAge
  if (!isDue || isWaiting(cache.refreshWait, now) || cache.pending !== undefined) return
  cache.refreshWait = { since: now, milliseconds: cache.coolDown }
  void startFetch(cache, now)
}

function findKeys(
  cache: CacheContext,
  wanted: WantedKey,
  now: number,
): MaybePromise<readonly VerificationKey[]> {
  const { kid, algorithm, bearer } = wanted
  const isEarlier = cache.pending !== undefined
  if (isStale(cache, now)) {
    if (cache.pending === undefined) assertMayRetry(cache, bearer, now)
    return findAfter(cache, startFetch(cache, now), wanted, isEarlier)
  }
  refreshIfDue(cache, now)
  const selected = selectKeys(cache.set.keys, kid, algorithm)
  if (selected !== 'unknown') return selected
  if (cache.pending === undefined && !cache.allowances[bearer].take(now)) return noneKnown(cache)
  return findAfter(cache, startFetch(cache, now, true), wanted, isEarlier)
}

/** With no usable set a fetch is tried only now and then; a login has an allowance of its own. */
function assertMayRetry(cache: CacheContext, bearer: TokenBearer, now: number): void {
  const mayTry = bearer === 'login' ? cache.allowances.login.take(now) : !isWaiting(cache.outageWait, now)
  if (!mayTry) throw keysUnavailable(cache.lastFailure)
  cache.outageWait = { since: now, milliseconds: Math.min(cache.coolDown, outageRetrySeconds * 1000) }
}

/**
 * What the set says once a fetch has come to its end. A name that is still unknown counts once for it. `isEarlier`:
 * the fetch had begun before the token came, and may not hold its key whatever it brought: one more is asked for, where
 * the allowance has one left or a login comes.
 */
async function findAfter(
  cache: CacheContext,
  fetching: PendingFetch,
  wanted: WantedKey,
  isEarlier: boolean,
): Promise<readonly VerificationKey[]> {
  const { epoch, options } = cache
  await fetching.done
  const now = options.clock()
  if (cache.epoch !== epoch) return findKeys(cache, wanted, now)
  if (isStale(cache, now)) throw keysUnavailable(cache.lastFailure)
  const selected = selectKeys(cache.set.keys, wanted.kid, wanted.algorithm)
  if (selected !== 'unknown') return selected
  if (isEarlier && (cache.pending !== undefined || cache.allowances[wanted.bearer].take(now))) {
    return findAfter(cache, startFetch(cache, now, true), wanted, false)
  }
  if (!fetching.isCounted) cache.allowances.anybody.spend(fetching.since)
  fetching.isCounted = true
  return noneKnown(cache)
}

function noneKnown(cache: CacheContext): readonly VerificationKey[] {
  if (cache.hasFailed) throw keysUnavailable(cache.lastFailure)
  return noCandidates
}
