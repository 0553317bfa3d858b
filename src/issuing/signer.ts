/** @module Which key of a ring signs now, and which are published: from a state that is not older than it may be. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import type { SigningAlgorithm } from './algorithms.js'
import { maintainRing } from './key-succession.js'
import { type PublicJwk, toPublicKey } from './public-jwk.js'
import { noRing, type RingContext, readAnew, ringUnavailable } from './ring-context.js'
import { publishedKeys, type RingState, staleSeconds, standingsOf } from './ring-state.js'

/** How soon a place that could not be read is asked again. */
const retryMilliseconds = 1_000

/** How soon the schedule tries again after a failure: each try may make a key. */
const failurePauseMilliseconds = 600_000

/** The key that signs now. */
export interface Signer {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
  /** The longest life that a token may have: the ring keeps its keys that much longer. */
  readonly tokenSeconds: number
}

/** What partners may see. */
export interface PublishedKeySet {
  readonly keys: readonly PublicJwk[]
  /** For how long they may keep it. */
  readonly cacheSeconds: number
}

/** The key that signs now. @throws CitizenSessionError `keys-unavailable`, `key-ring`, `key-file` */
export async function currentSigner(ring: RingContext): Promise<Signer> {
  const state = await currentState(ring)
  const standings = standingsOf(state, ring.clock())
  // In a ring of our own the first key waits for nothing: it was made by a clock that was ahead.
  const first = ring.storage.replace === undefined ? undefined : standings[0]
  const active = standings.find(({ standing }) => standing === 'active') ?? first
  if (active === undefined) throw ringUnavailable(undefined, 'no key of the ring is in use yet')
  const { jwk } = active.key
  const privateKey = await privateKeyOf(ring, jwk)
  return { kid: jwk.kid, algorithm: jwk.alg, privateKey, tokenSeconds: state.policy.tokenSeconds }
}

/** The key set that partners may see now. @throws CitizenSessionError `keys-unavailable`, `key-ring` */
export async function currentKeySet(ring: RingContext): Promise<PublishedKeySet> {
  const state = await currentState(ring)
  return { keys: publishedKeys(state, ring.clock()), cacheSeconds: state.policy.cacheSeconds }
}

/** The ring, not older than it may be. */
async function currentState(ring: RingContext): Promise<RingState> {
  const { clock } = ring
  const age = Math.abs(clock() - ring.readAt)
  if (ring.known === undefined || age >= ring.refreshSeconds * 1000) await refresh(ring)
  const { known, readAt } = ring
  if (known !== undefined && Math.abs(clock() - readAt) > staleSeconds(known.policy) * 1000)
    throw ringUnavailable()
  if (known === undefined) throw noRing()
  return known
}

/** Reads the place again; a failure is borne while the last state may be used. */
async function refresh(ring: RingContext): Promise<void> {
  const { clock } = ring
  try {
    if (ring.known === undefined || Math.abs(clock() - ring.triedAt) >= retryMilliseconds) {
      ring.triedAt = clock()
      await readAnew(ring)
    }
  } catch (error) {
    if (ring.known === undefined) throw ringUnavailable(error)
    ring.onProblem(error)
  }
  if (ring.rotateEverySeconds !== undefined) await keepUp(ring)
}

/** The first key is waited for; later ones come in the background, long before they are needed. */
async function keepUp(ring: RingContext): Promise<void> {
  if (ring.known === undefined) return maintainRing(ring)
  if (Math.abs(ring.clock() - ring.failedAt) < failurePauseMilliseconds) return
  void maintainRing(ring).catch((error: unknown) => {
    ring.failedAt = ring.clock()
    ring.onProblem(error)
  })
}

/** Looked up once for each key that is published; another key under the same name is looked up anew. */
async function privateKeyOf({ privateKeys, storage }: RingContext, jwk: PublicJwk): Promise<KeyObject> {
  const kept = privateKeys.get(jwk.kid)
  if (kept !== undefined && (kept.jwk === jwk || JSON.stringify(kept.jwk) === JSON.stringify(jwk)))
    return kept.key
  const key = await storage.privateKey(jwk.kid)
  if (!createPublicKey(key).equals(toPublicKey(jwk))) {
    throw new CitizenSessionError('key-ring', `the private key of ${jwk.kid} is not that of its public key`)
  }
  privateKeys.set(jwk.kid, { jwk, key })
  return key
}
