/** @module A key set as it is kept: the keys that verify, how old it may become, and which of them a token may mean. */
import { isAhead } from '../wait.js'
import { findAlgorithm } from './algorithms.js'
import { KeySetError } from './fetch-key-set.js'
import { fits, importVerificationKey, type VerificationKey } from './verification-keys.js'

/** So many keys of one name are tried at most (`JWT-12`). */
const maximumCandidates = 8

/** No candidates for a token. */
export const noCandidates: readonly VerificationKey[] = Object.freeze([])

/** A key set in use. Ages are milliseconds since `fetchedAt`. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  readonly fetchedAt: number
  readonly refreshAge: number
  readonly staleAge: number
}

/** No key set: it is stale at any time. */
export const noKeys: KeySet = { keys: [], fetchedAt: 0, refreshAge: 0, staleAge: 0 }

/** How long a key set is kept, in seconds, and which of its keys are. */
export interface KeySetRules {
  readonly algorithms: readonly string[]
  readonly floorSeconds: number
  readonly ceilingSeconds: number
  readonly staleSeconds: number
}

/** What the issuer has published, and when it was asked for. */
export interface PublishedKeys {
  readonly keys: readonly unknown[]
  readonly maxAgeSeconds: number | undefined
  readonly fetchedAt: number
}

/**
 * The key set that follows another: a key that stands in both stays the same object.
 * @throws KeySetError `no-usable-key`
 */
export function createKeySet(
  { keys, maxAgeSeconds, fetchedAt }: PublishedKeys,
  before: KeySet,
  rules: KeySetRules,
): KeySet {
  const known = new Map(before.keys.map((key) => [key.identity, key]))
  const usable = new Set<VerificationKey>()
  for (const jwk of keys) {
    const key = importVerificationKey(jwk, rules.algorithms, (identity) => known.get(identity))
    if (key !== undefined) usable.add(key)
  }
  if (usable.size === 0) throw new KeySetError('no-usable-key')
  const { floorSeconds, ceilingSeconds, staleSeconds } = rules
  const age = Math.min(Math.max(maxAgeSeconds ?? ceilingSeconds, floorSeconds), ceilingSeconds)
  return {
    keys: [...usable],
    fetchedAt,
    refreshAge: age * 1000,
    staleAge: Math.max(staleSeconds, age) * 1000,
  }
}

/**
 * A key set as it is to be judged at `now`. One that was fetched "in the future" is of unknown age: the clock has been
 * put back. It counts as fetched now, and as due.
 */
export function datedAt(set: KeySet, now: number): KeySet {
  return isAhead(set.fetchedAt, now) ? { ...set, fetchedAt: now, refreshAge: 0 } : set
}

/** What a set says of a token's key: the candidates, or that it is worth asking for a newer set. */
export function selectKeys(
  keys: readonly VerificationKey[],
  kid: string | undefined,
  name: string,
): readonly VerificationKey[] | 'unknown' {
  const algorithm = findAlgorithm(name)
  if (algorithm === undefined) return noCandidates
  if (kid === undefined) {
    const fitting = keys.filter((key) => fits(key, algorithm))
    if (fitting.length === 0) return 'unknown'
    return fitting.length === 1 ? fitting : noCandidates
  }
  const named = keys.filter((key) => key.kid === kid)
  if (named.length === 0) return 'unknown'
  return named.filter((key) => fits(key, algorithm)).slice(0, maximumCandidates)
}
