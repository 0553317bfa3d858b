/** @module The keys of one issuer: found at once when known, fetched as seldom as possible, never older than allowed. */

import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { Report } from '../events.js'
import type { MaybePromise } from '../exchange.js'
import { isSecureAddress } from '../outbound.js'
import { excerpt } from '../printable.js'
import { createAllowance, createLoginAllowance, isAhead, isWaiting, noWait } from '../wait.js'
import { findAlgorithm } from './algorithms.js'
import { fetchKeySet, KeySetError } from './fetch-key-set.js'
import { fits, importVerificationKey, type VerificationKey } from './verification-keys.js'

/** With no usable set a fetch is tried again after that many seconds, or after the cool-down if that is shorter. */
const outageRetrySeconds = 5
/** So many keys of one name are tried at most (`JWT-12`). */
const maximumCandidates = 8
const none: readonly VerificationKey[] = Object.freeze([])

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

/** Ages are milliseconds since `fetchedAt`. */
interface KeySet {
  readonly keys: readonly VerificationKey[]
  readonly fetchedAt: number
  readonly refreshAge: number
  readonly staleAge: number
}

const noKeys: KeySet = { keys: [], fetchedAt: 0, refreshAge: 0, staleAge: 0 }

function keysUnavailable(cause: unknown): CitizenSessionError {
  return new CitizenSessionError('keys-unavailable', 'the keys of the identity provider cannot be fetched', {
    cause,
    status: 503,
    headers: { 'retry-after': String(outageRetrySeconds) },
    isTransient: true,
  })
}

/** What a set says of a token's key: the candidates, or that it is worth asking for a newer set. */
function select(
  keys: readonly VerificationKey[],
  kid: string | undefined,
  name: string,
): readonly VerificationKey[] | 'unknown' {
  const algorithm = findAlgorithm(name)
  if (algorithm === undefined) return none
  if (kid === undefined) {
    const fitting = keys.filter((key) => fits(key, algorithm))
    if (fitting.length === 0) return 'unknown'
    return fitting.length === 1 ? fitting : none
  }
  const named = keys.filter((key) => key.kid === kid)
  if (named.length === 0) return 'unknown'
  return named.filter((key) => fits(key, algorithm)).slice(0, maximumCandidates)
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
  const { url, algorithms, clock, report } = options
  if (
    !isSecureAddress(url) ||
    (options.origins !== undefined && !options.origins.includes(new URL(url).origin))
  ) {
    throw new CitizenSessionError('usage', 'keys are fetched over https from the identity provider only')
  }
  const coolDown = options.coolDownSeconds * 1000
  const outageRetry = Math.min(coolDown, outageRetrySeconds * 1000)
  let set = noKeys
  const allowances = {
    anybody: createAllowance(options.unknownFetches ?? 1, coolDown),
    login: createLoginAllowance(),
  }
  let pending: PendingFetch | undefined
  let epoch = 0
  let refreshWait = noWait
  let outageWait = noWait
  let lastFailure: unknown
  let hasFailed = false

  function install(keys: readonly unknown[], maxAgeSeconds: number | undefined, fetchedAt: number): void {
    const known = new Map(set.keys.map((key) => [key.identity, key]))
    const usable = new Set<VerificationKey>()
    for (const jwk of keys) {
      const key = importVerificationKey(jwk, algorithms, (identity) => known.get(identity))
      if (key !== undefined) usable.add(key)
    }
    if (usable.size === 0) throw new KeySetError('no-usable-key')
    if ([...usable].some((key) => !set.keys.includes(key))) allowances.login.reset()
    for (const key of set.keys) key.isRetired = !usable.has(key)
    const age = Math.min(
      Math.max(maxAgeSeconds ?? options.ceilingSeconds, options.floorSeconds),
      options.ceilingSeconds,
    )
    set = {
      keys: [...usable],
      fetchedAt,
      refreshAge: age * 1000,
      staleAge: Math.max(options.staleSeconds, age) * 1000,
    }
  }

  /**
   * Whether the set is too old to verify. One that was fetched "in the future" is of unknown age: the clock has been
   * put back. It counts as fetched now, and as due.
   */
  function isStale(now: number): boolean {
    if (isAhead(set.fetchedAt, now)) set = { ...set, fetchedAt: now, refreshAge: 0 }
    return now - set.fetchedAt >= set.staleAge
  }

  async function load(startedAt: number, startedIn: number): Promise<void> {
    try {
      const fetched = await fetchKeySet(options)
      // After a purge an answer that was under way may hold the very key that was purged.
      if (epoch !== startedIn) return
      install(fetched.keys, fetched.maxAgeSeconds, startedAt)
      hasFailed = false
    } catch (error) {
      if (epoch !== startedIn) return
      hasFailed = true
      lastFailure = error
      const problem = error instanceof KeySetError ? error.problem : 'network'
      report({ type: 'keys.unavailable', problem, url: excerpt(url) })
    } finally {
      if (epoch === startedIn) pending = undefined
    }
  }

  /** Starts a fetch, or joins the one under way. Never rejects. */
  function start(now: number, isCounted = false): PendingFetch {
    pending ??= { done: load(now, epoch), since: now, isCounted }
    return pending
  }

  function refreshIfDue(now: number): void {
    const isDue = now - set.fetchedAt >= set.refreshAge
    if (!isDue || isWaiting(refreshWait, now) || pending !== undefined) return
    refreshWait = { since: now, milliseconds: coolDown }
    void start(now)
  }

  /**
   * What the set says once a fetch has come to its end. A name that is still unknown counts once for it. `isEarlier`:
   * the fetch had begun before the token came, and may not hold its key whatever it brought: one more is asked for, where
   * the allowance has one left or a login comes.
   */
  async function findAfter(
    fetching: PendingFetch,
    wanted: { readonly kid: string | undefined; readonly algorithm: string; readonly bearer: TokenBearer },
    isEarlier: boolean,
  ): Promise<readonly VerificationKey[]> {
    const startedIn = epoch
    await fetching.done
    const now = clock()
    const { kid, algorithm, bearer } = wanted
    if (epoch !== startedIn) return find(kid, algorithm, now, bearer)
    if (isStale(now)) throw keysUnavailable(lastFailure)
    const selected = select(set.keys, kid, algorithm)
    if (selected !== 'unknown') return selected
    if (isEarlier && (pending !== undefined || allowances[bearer].take(now))) {
      return findAfter(start(now, true), wanted, false)
    }
    if (!fetching.isCounted) allowances.anybody.spend(fetching.since)
    fetching.isCounted = true
    return noneKnown()
  }

  function noneKnown(): readonly VerificationKey[] {
    if (hasFailed) throw keysUnavailable(lastFailure)
    return none
  }

  function find(
    kid: string | undefined,
    algorithm: string,
    now: number,
    bearer: TokenBearer = 'anybody',
  ): MaybePromise<readonly VerificationKey[]> {
    const isEarlier = pending !== undefined
    const wanted = { kid, algorithm, bearer }
    if (isStale(now)) {
      if (pending === undefined) {
        const mayTry = bearer === 'login' ? allowances.login.take(now) : !isWaiting(outageWait, now)
        if (!mayTry) throw keysUnavailable(lastFailure)
        outageWait = { since: now, milliseconds: outageRetry }
      }
      return findAfter(start(now), wanted, isEarlier)
    }
    refreshIfDue(now)
    const selected = select(set.keys, kid, algorithm)
    if (selected !== 'unknown') return selected
    if (pending === undefined && !allowances[bearer].take(now)) return noneKnown()
    return findAfter(start(now, true), wanted, isEarlier)
  }

  return {
    find,
    isCurrent(key, now) {
      if (key.isRetired || isStale(now)) return false
      refreshIfDue(now)
      return true
    },
    purge() {
      epoch += 1
      for (const key of set.keys) key.isRetired = true
      set = noKeys
      pending = undefined
      allowances.anybody.reset()
      allowances.login.reset()
      refreshWait = noWait
      outageWait = noWait
    },
    get size() {
      return set.keys.length
    },
    get fetchedAt() {
      return set.fetchedAt
    },
    get isFetching() {
      return pending !== undefined
    },
  }
}
