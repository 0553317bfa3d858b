/** @module How the keys of a ring follow one another: by request, in an emergency, and by schedule. */
import type { KeyObject } from 'node:crypto'
import { CitizenSessionError } from '../errors.js'
import { generatePrivateKey } from './algorithms.js'
import { changeRing, noRing, type RingContext, readAnew } from './ring-context.js'
import { pickPolicy, type RotateOptions } from './ring-options.js'
import { type RingState, standingsOf, writingSeconds } from './ring-state.js'
import { planFirst, planPostponed, planPruned, planRevoked, planRotated, type RingPlan } from './rotation.js'

/** The outcome of a rotation. */
export interface Rotation {
  readonly kid: string
  /** When it begins to sign, in milliseconds since the epoch. */
  readonly activatesAt: number
  /** Whether this call made it; `false`: a next key was there already. */
  readonly isNew: boolean
}

/** Publishes a next key, which signs at `notBefore` at the earliest; the first key of a ring signs at once. */
export async function rotateRing(
  ring: RingContext,
  given: RotateOptions = {},
  notBefore = 0,
): Promise<Rotation> {
  const { clock, name } = ring
  const policy = { ...ring.policy, ...pickPolicy(given) }
  const makeKey = keyMaker(ring, given)
  let waiting: Rotation | undefined
  let wasEmpty = false
  const made = await changeRing(ring, async (state, skip) => {
    wasEmpty ||= state === undefined
    // Whoever wanted a first key takes that of the instance that was faster.
    const wanted = wasEmpty ? 'active' : 'next'
    const there = state && standingsOf(state, clock()).find(({ standing }) => standing === wanted)
    waiting = there && { kid: there.key.jwk.kid, activatesAt: there.key.activatesAt, isNew: false }
    if (waiting !== undefined) return undefined
    const key = { privateKey: await makeKey(), kid: given.kid, policy, skip, now: clock() }
    return state === undefined ? planFirst({ ...key, name }) : planRotated(state, { ...key, notBefore })
  })
  const inTime = made === undefined || wasEmpty ? made : await postponeIfLate(ring, made)
  const rotation = inTime === undefined ? waiting : rotationOf(inTime)
  if (rotation === undefined) throw noRing()
  return rotation
}

/** One key for all attempts: making one takes a second. */
function keyMaker(ring: RingContext, given: RotateOptions): () => Promise<KeyObject> {
  const { algorithm = ring.algorithm, modulusLength = ring.modulusLength, privateKey } = given
  let made: Promise<KeyObject> | undefined
  return () => {
    made ??=
      privateKey === undefined ? generatePrivateKey(algorithm, modulusLength) : Promise.resolve(privateKey)
    return made
  }
}

/** A machine that stood still between the plan and the writing has published later than it planned. */
async function postponeIfLate(ring: RingContext, made: RingPlan): Promise<RingPlan> {
  const { key } = made
  const late = ring.clock() - (key?.createdAt ?? Number.POSITIVE_INFINITY)
  if (key === undefined || late <= writingSeconds * 1000) return made
  const plan = async (state: RingState | undefined) =>
    state && planPostponed(state, key.jwk.kid, key.activatesAt + late)
  return (await changeRing(ring, plan)) ?? made
}

/** Takes a key out of the key set at once, for good; was it the active one, another one signs from now on. */
export async function revokeKey(ring: RingContext, kid: string): Promise<Rotation | undefined> {
  const { clock } = ring
  const makeKey = keyMaker(ring, {})
  const made = await changeRing(ring, async (state, skip) => {
    if (state === undefined || !state.keys.some(({ jwk }) => jwk.kid === kid)) {
      throw new CitizenSessionError('usage', `there is no key "${kid}" in this ring`)
    }
    return planRevoked(state, kid, { makeKey, skip, clock })
  })
  ring.privateKeys.delete(kid)
  return made?.key === undefined ? undefined : rotationOf({ ...made, key: made.key })
}

/** Does what the schedule does by itself, once for all who ask at the same time. */
export function maintainRing(ring: RingContext): Promise<void> {
  return ring.maintaining.run('', async () => {
    const { clock, rotateEverySeconds } = ring
    if (ring.storage.replace === undefined) return
    const state = ring.known ?? (await readAnew(ring))
    const now = clock()
    if (state === undefined) {
      if (rotateEverySeconds !== undefined) await rotateRing(ring)
      return
    }
    if (rotateEverySeconds !== undefined) await rotateIfDue(ring, state, { now, rotateEverySeconds })
    if (planPruned(ring.known ?? state, now) !== undefined)
      await changeRing(ring, async (latest) =>
        latest === undefined ? undefined : planPruned(latest, clock()),
      )
  })
}

/** Makes a next key as long before it is to sign as partners need to know it. */
async function rotateIfDue(
  ring: RingContext,
  state: RingState,
  { now, rotateEverySeconds }: { readonly now: number; readonly rotateEverySeconds: number },
): Promise<void> {
  const standings = standingsOf(state, now)
  const active = standings.find(({ standing }) => standing === 'active')
  const hasNext = standings.some(({ standing }) => standing === 'next')
  if (active === undefined || hasNext) return
  const wanted = active.key.activatesAt + rotateEverySeconds * 1000
  if (wanted - state.policy.publishSeconds * 1000 <= now) await rotateRing(ring, {}, wanted)
}

function rotationOf({ key }: { readonly key?: RingPlan['key'] }): Rotation | undefined {
  return key === undefined ? undefined : { kid: key.jwk.kid, activatesAt: key.activatesAt, isNew: true }
}
