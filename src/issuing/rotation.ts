/** @module The steps of a ring from one state to the next, as plain arithmetic over states. */
import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import { isKid, toPublicJwk } from './public-jwk.js'
import {
  assertPolicy,
  defaultPolicy,
  keepSeconds,
  nextKid,
  type RingKey,
  type RingPolicy,
  type RingState,
  standingsOf,
} from './ring-state.js'

/** A new state, with what was added to it. */
export interface RingPlan {
  readonly state: RingState
  /** The key that the step is about; none where keys only go. */
  readonly key: RingKey | undefined
  readonly added: ReadonlyMap<string, KeyObject>
}

interface NewKey {
  readonly privateKey: KeyObject
  /** A name of its own; else the next dated one. */
  readonly kid: string | undefined
  /** Times that are to change. */
  readonly policy: Partial<RingPolicy>
  /** How many names after the next one are taken. */
  readonly skip: number
  readonly now: number
}

/** The first key of a new ring: nobody can have kept a key set without it, so it signs at once. */
export function planFirst(given: NewKey & { readonly name: string }): RingPlan {
  const policy = { ...defaultPolicy, ...given.policy }
  assertPolicy(policy)
  return add({ revision: 0, name: given.name, policy, keys: [] }, given, given.now)
}

/** A next key. It signs when every partner can have met it, and not before `notBefore`. */
export function planRotated(state: RingState, given: NewKey & { readonly notBefore: number }): RingPlan {
  const policy = { ...state.policy, ...given.policy }
  assertPolicy(policy)
  // Answers under the old times are still in caches.
  const publish = Math.max(state.policy.publishSeconds, policy.publishSeconds) * 1000
  const keys = withoutGone(state, given.now).map((key) => ({
    ...key,
    keepSeconds: Math.max(key.keepSeconds, keepSeconds(policy)),
  }))
  return add({ ...state, policy, keys }, given, Math.max(given.now + publish, given.notBefore))
}

/** Lets a next key sign later than was written; `undefined` where it is no next key any more. */
export function planPostponed(state: RingState, kid: string, activatesAt: number): RingPlan | undefined {
  const found = state.keys.at(-1)
  if (found?.jwk.kid !== kid || found.activatesAt >= activatesAt) return undefined
  const key = { ...found, activatesAt }
  const keys = [...state.keys.slice(0, -1), key]
  return { state: { ...state, revision: state.revision + 1, keys }, key, added: new Map() }
}

/** Takes a key out at once. Where it signed, the next one takes over now, or a new one. */
export async function planRevoked(
  state: RingState,
  kid: string,
  given: { readonly makeKey: () => Promise<KeyObject>; readonly skip: number; readonly clock: Clock },
): Promise<RingPlan> {
  const standings = standingsOf(state, given.clock())
  const wasActive = standings.some(({ key, standing }) => key.jwk.kid === kid && standing === 'active')
  const next = standings.find(({ key, standing }) => standing === 'next' && key.jwk.kid !== kid)
  const keys = withoutGone(state, given.clock()).filter(({ jwk }) => jwk.kid !== kid)
  const revision = state.revision + 1
  if (!wasActive) return { state: { ...state, revision, keys }, key: undefined, added: new Map() }
  if (next === undefined) {
    const privateKey = await given.makeKey()
    const now = given.clock()
    return add({ ...state, keys }, { privateKey, kid: undefined, policy: {}, skip: given.skip, now }, now)
  }
  const key = { ...next.key, activatesAt: given.clock() }
  return {
    state: { ...state, revision, keys: keys.map((each) => (each.jwk.kid === key.jwk.kid ? key : each)) },
    key,
    added: new Map(),
  }
}

/** Removes keys that are published no more; `undefined` where there are none. */
export function planPruned(state: RingState, now: number): RingPlan | undefined {
  const keys = withoutGone(state, now)
  if (keys.length === state.keys.length) return undefined
  return { state: { ...state, revision: state.revision + 1, keys }, key: undefined, added: new Map() }
}

function withoutGone(state: RingState, now: number): readonly RingKey[] {
  return standingsOf(state, now)
    .filter(({ standing }) => standing !== 'gone')
    .map(({ key }) => key)
}

function add(
  state: Omit<RingState, 'last'> & { readonly last?: RingState['last'] },
  given: NewKey,
  activatesAt: number,
): RingPlan {
  const isTaken = (kid: string): boolean => state.keys.some(({ jwk }) => jwk.kid === kid)
  let dated = nextKid(state.name, state.last, given.now)
  for (let skipped = 0; skipped < given.skip || isTaken(dated.kid); skipped++)
    dated = nextKid(state.name, dated.last, given.now)
  const kid = given.kid ?? dated.kid
  if (!isKid(kid)) throw new CitizenSessionError('usage', 'a kid is letters, digits, -, _ and single dots')
  if (given.kid !== undefined && given.skip > 0) {
    throw new CitizenSessionError(
      'key-ring',
      `something that is not of this ring has the name "${kid}" already`,
    )
  }
  if (isTaken(kid)) throw new CitizenSessionError('usage', `there is a key "${kid}" in this ring already`)
  const key = {
    jwk: toPublicJwk(given.privateKey, kid),
    createdAt: given.now,
    activatesAt,
    keepSeconds: keepSeconds(state.policy),
  }
  return {
    state: { ...state, revision: state.revision + 1, keys: [...state.keys, key], last: dated.last },
    key,
    added: new Map([[kid, given.privateKey]]),
  }
}
