/** @module The key ring: which key signs now, which are published, and how one follows the other. */

import { maintainRing, type Rotation, revokeKey, rotateRing } from './key-succession.js'
import { createRingContext, readAnew } from './ring-context.js'
import { assertOptions, type KeyRingOptions, type RotateOptions } from './ring-options.js'
import { type RingState, type StandingKey, standingsOf } from './ring-state.js'
import { currentKeySet, currentSigner, type PublishedKeySet, type Signer } from './signer.js'

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

/**
 * Makes a ring over a place. Instances that share the place agree: the times of each key are written with it, long
 * before they come, so that nobody has to be told when a key begins to sign.
 * @throws TypeError for options that cannot be.
 * Source: `JWT-18`; RFC 7517.
 */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  assertOptions(options)
  const ring = createRingContext(options)
  return {
    signer: () => currentSigner(ring),
    published: () => currentKeySet(ring),
    async list() {
      const state = await readAnew(ring)
      return state === undefined ? [] : standingsOf(state, ring.clock())
    },
    state: () => readAnew(ring),
    rotate: (given) => rotateRing(ring, given),
    revoke: (kid) => revokeKey(ring, kid),
    maintain: () => maintainRing(ring),
  }
}
