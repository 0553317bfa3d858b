/** @module What a key ring knows of its place: how it is read, how it is changed, and how old it may become. */
import type { KeyObject } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import { CitizenSessionError, outage } from '../errors.js'
import { callListener, printThrown } from '../events.js'
import { createSingleFlight, type SingleFlight } from '../single-flight.js'
import type { SigningAlgorithm } from './algorithms.js'
import { type PublicJwk, parsePublicJwk } from './public-jwk.js'
import { assertSame, type KeyRingOptions, pickPolicy } from './ring-options.js'
import { type RingPolicy, type RingState, type StandingKey, standingsOf } from './ring-state.js'
import type { RingPlan } from './rotation.js'
import type { KeyStorage } from './storage.js'

const attempts = 10

/** A ring: its place, how new keys are made, and what was read of it. Times are milliseconds since the epoch. */
export interface RingContext {
  readonly storage: KeyStorage
  readonly clock: Clock
  readonly name: string
  readonly algorithm: SigningAlgorithm
  readonly modulusLength: number | undefined
  readonly policy: Partial<RingPolicy>
  readonly refreshSeconds: number
  readonly rotateEverySeconds: number | undefined
  readonly onProblem: (error: unknown) => void
  readonly reading: SingleFlight<RingState | undefined>
  readonly maintaining: SingleFlight<void>
  /** Private keys by `kid`, each with the public key that it belongs to. */
  readonly privateKeys: Map<string, { readonly jwk: PublicJwk; readonly key: KeyObject }>
  known: RingState | undefined
  readAt: number
  triedAt: number
  /** When the schedule failed. */
  failedAt: number
}

/** Of a ring that nothing was read of yet. */
export function createRingContext(options: KeyRingOptions): RingContext {
  const listener = options.onProblem
  return {
    storage: options.storage,
    clock: options.clock ?? systemClock,
    name: options.name ?? 'sso',
    algorithm: options.algorithm ?? 'RS256',
    modulusLength: options.modulusLength,
    policy: pickPolicy(options),
    refreshSeconds: options.refreshSeconds ?? 30,
    rotateEverySeconds: options.rotateEverySeconds,
    onProblem: listener === undefined ? printThrown : (error) => callListener(listener, error),
    reading: createSingleFlight(),
    maintaining: createSingleFlight(),
    privateKeys: new Map(),
    known: undefined,
    readAt: Number.NEGATIVE_INFINITY,
    triedAt: Number.NEGATIVE_INFINITY,
    failedAt: Number.NEGATIVE_INFINITY,
  }
}

/** Takes note of a state that was asked for at `at`. @throws CitizenSessionError `key-ring` */
function note(ring: RingContext, state: RingState | undefined, at: number): RingState | undefined {
  const { known, privateKeys } = ring
  // An answer that was under way while we changed the ring is older than what we know.
  if (state !== undefined && known !== undefined && state.revision < known.revision) return known
  if (state === undefined && known !== undefined)
    throw new CitizenSessionError('key-ring', 'the key ring is no longer where it was')
  if (state !== undefined) assertSame(state.policy, ring.policy)
  // Whatever place it was kept in, nothing but what we write is published.
  for (const { jwk } of state?.keys ?? []) parsePublicJwk(jwk)
  ring.known = state
  ring.readAt = at
  const kids = new Set(state?.keys.map(({ jwk }) => jwk.kid))
  for (const kid of privateKeys.keys()) if (!kids.has(kid)) privateKeys.delete(kid)
  return state
}

/** Reads the place anew, once for all who ask at the same time. */
export function readAnew(ring: RingContext): Promise<RingState | undefined> {
  return ring.reading.run('', async () => {
    const at = ring.clock()
    return note(ring, await ring.storage.read(), at)
  })
}

/** Reads, plans, writes; again where somebody else was first. `undefined` from the plan: nothing to do. */
export async function changeRing(
  ring: RingContext,
  plan: (state: RingState | undefined, skip: number) => Promise<RingPlan | undefined>,
): Promise<RingPlan | undefined> {
  const { storage, clock } = ring
  const replace = storage.replace?.bind(storage)
  if (replace === undefined) {
    throw new CitizenSessionError('usage', 'these keys are changed where they are kept, not by rotate()')
  }
  let skip = 0
  for (let attempt = 0; attempt < attempts; attempt++) {
    const at = clock()
    const before = await storage.read()
    note(ring, before, at)
    const made = await plan(before, skip)
    if (made === undefined) return undefined
    const { state, added } = made
    const outcome = await replace({ state, added, needed: neededOf(state, clock()) })
    if (outcome === 'taken') skip += 1
    if (outcome === 'done') {
      note(ring, state, at)
      return made
    }
  }
  throw new CitizenSessionError('key-ring', 'the key ring changes all the time: try again', {
    isTransient: true,
  })
}

/** Private keys of keys that sign no more are not kept: what is not there cannot be taken. */
function neededOf(state: RingState, now: number): ReadonlySet<string> {
  const isNeeded = ({ standing, retiresAt = now }: StandingKey): boolean =>
    standing === 'next' || standing === 'active' || now < retiresAt + state.policy.clockSkewSeconds * 1000
  return new Set(
    standingsOf(state, now)
      .filter(isNeeded)
      .map(({ key }) => key.jwk.kid),
  )
}

/** A place where no ring was made yet. */
export function noRing(): CitizenSessionError {
  return new CitizenSessionError(
    'key-ring',
    'there is no key ring yet: make one with `citizen-session keys generate`, or call rotate()',
  )
}

/** What is thrown where a ring cannot be used for now. An error that waiting does not mend is thrown as it is. */
export function ringUnavailable(
  cause?: unknown,
  message = 'the key ring cannot be read',
): CitizenSessionError {
  if (cause instanceof CitizenSessionError && !cause.isTransient) return cause
  return outage('keys-unavailable', message, cause)
}
