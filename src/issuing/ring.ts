/** @module The key ring: which key signs now, which are published, and how one follows the other. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { systemClock } from '../clock.js'
import { CitizenSessionError, outage } from '../errors.js'
import { callListener, printThrown } from '../events.js'
import { createSingleFlight } from '../single-flight.js'
import { generatePrivateKey, type SigningAlgorithm } from './algorithms.js'
import { type PublicJwk, toPublicKey } from './public-jwk.js'
import {
  assertOptions,
  assertSame,
  type KeyRingOptions,
  pickPolicy,
  type RotateOptions,
} from './ring-options.js'
import {
  publishedKeys,
  type RingState,
  type StandingKey,
  staleSeconds,
  standingsOf,
  writingSeconds,
} from './ring-state.js'
import { planFirst, planPostponed, planPruned, planRevoked, planRotated, type RingPlan } from './rotation.js'

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

/** The outcome of a rotation. */
export interface Rotation {
  readonly kid: string
  /** When it begins to sign, in milliseconds since the epoch. */
  readonly activatesAt: number
  /** Whether this call made it; `false`: a next key was there already. */
  readonly isNew: boolean
}

/** A key ring. */
export interface KeyRing {
  /** @throws CitizenSessionError `keys-unavailable`, `key-ring`, `key-file` */
  signer(): Promise<Signer>
  /** @throws CitizenSessionError `keys-unavailable`, `key-ring` */
  published(): Promise<PublishedKeySet>
  /** Every key and where it stands; reads the place anew. */
  list(): Promise<readonly StandingKey[]>
  /** The state as it is kept, read anew; `undefined`: no ring was made yet. */
  state(): Promise<RingState | undefined>
  /**
   * Publishes a next key, which signs as soon as every partner can know it; the first key of a ring signs at once.
   * Where a next key waits already, nothing changes. @throws CitizenSessionError `usage` where keys change elsewhere.
   */
  rotate(options?: RotateOptions): Promise<Rotation>
  /**
   * Takes a key that others may know out of the key set at once, for good. Was it the active one, the next one signs
   * from now on, or a new one: partners that keep the key set meet it only with their next look.
   */
  revoke(kid: string): Promise<Rotation | undefined>
  /** What the schedule does by itself: makes a next key when one is due, removes what nobody needs any more. */
  maintain(): Promise<void>
}

const attempts = 10

/** How soon a place that could not be read is asked again. */
const retryMilliseconds = 1_000

/** How soon the schedule tries again after a failure: each try may make a key. */
const failurePauseMilliseconds = 600_000

const noRing = 'there is no key ring yet: make one with `citizen-session keys generate`, or call rotate()'

/**
 * Makes a ring over a place. Instances that share the place agree: the times of each key are written with it, long
 * before they come, so that nobody has to be told when a key begins to sign.
 * @throws TypeError for options that cannot be.
 * Source: `JWT-18`; RFC 7517.
 */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  const { storage, clock = systemClock, refreshSeconds = 30, rotateEverySeconds } = options
  const settings = {
    name: options.name ?? 'sso',
    algorithm: options.algorithm ?? 'RS256',
    modulusLength: options.modulusLength,
    policy: pickPolicy(options),
  }
  assertOptions(options)
  const listener = options.onProblem
  const onProblem = listener === undefined ? printThrown : (error: unknown) => callListener(listener, error)

  const reading = createSingleFlight<RingState | undefined>()
  const maintaining = createSingleFlight<void>()
  const privateKeys = new Map<string, { readonly jwk: PublicJwk; readonly key: KeyObject }>()
  let known: RingState | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let failedAt = Number.NEGATIVE_INFINITY

  function note(state: RingState | undefined, at: number): RingState | undefined {
    // An answer that was under way while we changed the ring is older than what we know.
    if (state !== undefined && known !== undefined && state.revision < known.revision) return known
    if (state === undefined && known !== undefined)
      throw new CitizenSessionError('key-ring', 'the key ring is no longer where it was')
    if (state !== undefined) assertSame(state.policy, settings.policy)
    known = state
    readAt = at
    const kids = new Set(state?.keys.map(({ jwk }) => jwk.kid))
    for (const kid of privateKeys.keys()) if (!kids.has(kid)) privateKeys.delete(kid)
    return state
  }

  const readAnew = (): Promise<RingState | undefined> =>
    reading.run('', async () => {
      const at = clock()
      return note(await storage.read(), at)
    })

  /** The ring, not older than it may be. */
  async function current(): Promise<RingState> {
    const age = Math.abs(clock() - readAt)
    if (known === undefined || age >= refreshSeconds * 1000) {
      try {
        if (known === undefined || Math.abs(clock() - triedAt) >= retryMilliseconds) {
          triedAt = clock()
          await readAnew()
        }
      } catch (error) {
        if (known === undefined) throw unavailable(error)
        onProblem(error)
      }
      if (rotateEverySeconds !== undefined) await keepUp()
    }
    if (known !== undefined && Math.abs(clock() - readAt) > staleSeconds(known.policy) * 1000)
      throw unavailable()
    if (known === undefined) throw new CitizenSessionError('key-ring', noRing)
    return known
  }

  /** The first key is waited for; later ones come in the background, long before they are needed. */
  async function keepUp(): Promise<void> {
    if (known === undefined) return maintain()
    if (Math.abs(clock() - failedAt) < failurePauseMilliseconds) return
    void maintain().catch((error: unknown) => {
      failedAt = clock()
      onProblem(error)
    })
  }

  /** Reads, plans, writes; again where somebody else was first. `undefined` from the plan: nothing to do. */
  async function change(plan: (state: RingState | undefined, skip: number) => Promise<RingPlan | undefined>) {
    const replace = storage.replace?.bind(storage)
    if (replace === undefined) {
      throw new CitizenSessionError('usage', 'these keys are changed where they are kept, not by rotate()')
    }
    let skip = 0
    for (let attempt = 0; attempt < attempts; attempt++) {
      const at = clock()
      const before = await storage.read()
      note(before, at)
      const made = await plan(before, skip)
      if (made === undefined) return undefined
      const outcome = await replace({
        state: made.state,
        added: made.added,
        needed: neededOf(made.state, clock()),
      })
      if (outcome === 'taken') skip += 1
      if (outcome === 'done') {
        note(made.state, at)
        return made
      }
    }
    throw new CitizenSessionError('key-ring', 'the key ring changes all the time: try again', {
      isTransient: true,
    })
  }

  /** One key for all attempts: making one takes a second. */
  function keyMaker(given: RotateOptions): () => Promise<KeyObject> {
    let made: Promise<KeyObject> | undefined
    return () => {
      made ??=
        given.privateKey === undefined
          ? generatePrivateKey(
              given.algorithm ?? settings.algorithm,
              given.modulusLength ?? settings.modulusLength,
            )
          : Promise.resolve(given.privateKey)
      return made
    }
  }

  async function rotate(given: RotateOptions = {}, notBefore = 0): Promise<Rotation> {
    const policy = { ...settings.policy, ...pickPolicy(given) }
    const makeKey = keyMaker(given)
    let waiting: Rotation | undefined
    let wasEmpty = false
    const made = await change(async (state, skip) => {
      wasEmpty ||= state === undefined
      // Whoever wanted a first key takes that of the instance that was faster.
      const wanted = wasEmpty ? 'active' : 'next'
      const there = state && standingsOf(state, clock()).find(({ standing }) => standing === wanted)
      waiting = there && { kid: there.key.jwk.kid, activatesAt: there.key.activatesAt, isNew: false }
      if (waiting !== undefined) return undefined
      const key = { privateKey: await makeKey(), kid: given.kid, policy, skip, now: clock() }
      return state === undefined
        ? planFirst({ ...key, name: settings.name })
        : planRotated(state, { ...key, notBefore })
    })
    const inTime = made === undefined || wasEmpty ? made : await postponeIfLate(made)
    const rotation = inTime === undefined ? waiting : rotationOf(inTime)
    if (rotation === undefined) throw new CitizenSessionError('key-ring', noRing)
    return rotation
  }

  /** A machine that stood still between the plan and the writing has published later than it planned. */
  async function postponeIfLate(made: RingPlan): Promise<RingPlan> {
    const { key } = made
    const late = clock() - (key?.createdAt ?? Number.POSITIVE_INFINITY)
    if (key === undefined || late <= writingSeconds * 1000) return made
    const plan = async (state: RingState | undefined) =>
      state && planPostponed(state, key.jwk.kid, key.activatesAt + late)
    return (await change(plan)) ?? made
  }

  async function revoke(kid: string): Promise<Rotation | undefined> {
    const makeKey = keyMaker({})
    const made = await change(async (state, skip) => {
      if (state === undefined || !state.keys.some(({ jwk }) => jwk.kid === kid)) {
        throw new CitizenSessionError('usage', `there is no key "${kid}" in this ring`)
      }
      return planRevoked(state, kid, { makeKey, skip, clock })
    })
    privateKeys.delete(kid)
    return made?.key === undefined ? undefined : rotationOf({ ...made, key: made.key })
  }

  function maintain(): Promise<void> {
    return maintaining.run('', async () => {
      if (storage.replace === undefined) return
      const state = known ?? (await readAnew())
      const now = clock()
      if (state === undefined) {
        if (rotateEverySeconds !== undefined) await rotate()
        return
      }
      const standings = standingsOf(state, now)
      const active = standings.find(({ standing }) => standing === 'active')
      const hasNext = standings.some(({ standing }) => standing === 'next')
      if (rotateEverySeconds !== undefined && active !== undefined && !hasNext) {
        const wanted = active.key.activatesAt + rotateEverySeconds * 1000
        if (wanted - state.policy.publishSeconds * 1000 <= now) await rotate({}, wanted)
      }
      if (planPruned(known ?? state, now) !== undefined)
        await change(async (latest) => (latest === undefined ? undefined : planPruned(latest, clock())))
    })
  }

  /** Looked up once for each key that is published; another key under the same name is looked up anew. */
  async function privateKeyOf(jwk: PublicJwk): Promise<KeyObject> {
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

  async function signer(): Promise<Signer> {
    const state = await current()
    const standings = standingsOf(state, clock())
    // In a ring of our own the first key waits for nothing: it was made by a clock that was ahead.
    const first = storage.replace === undefined ? undefined : standings[0]
    const active = standings.find(({ standing }) => standing === 'active') ?? first
    if (active === undefined) throw unavailable(undefined, 'no key of the ring is in use yet')
    const { jwk } = active.key
    const privateKey = await privateKeyOf(jwk)
    return { kid: jwk.kid, algorithm: jwk.alg, privateKey, tokenSeconds: state.policy.tokenSeconds }
  }

  return {
    signer,
    async published() {
      const state = await current()
      return { keys: publishedKeys(state, clock()), cacheSeconds: state.policy.cacheSeconds }
    },
    async list() {
      const state = await readAnew()
      return state === undefined ? [] : standingsOf(state, clock())
    },
    state: readAnew,
    rotate: (given) => rotate(given),
    revoke,
    maintain,
  }
}

function rotationOf({ key }: { readonly key?: RingPlan['key'] }): Rotation | undefined {
  return key === undefined ? undefined : { kid: key.jwk.kid, activatesAt: key.activatesAt, isNew: true }
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

function unavailable(cause?: unknown, message = 'the key ring cannot be read'): CitizenSessionError {
  if (cause instanceof CitizenSessionError && !cause.isTransient) return cause
  return outage('keys-unavailable', message, cause)
}
