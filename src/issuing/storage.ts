/** @module The contract of the places that keep a key ring: one state that changes as a whole, and private keys. */
import type { KeyObject } from 'node:crypto'
import type { RingState } from './ring-state.js'

/** A change of a ring. */
export interface RingChange {
  /** The whole new state; its `revision` is one above that of the state it replaces. */
  readonly state: RingState
  /** Private keys that come with it, by `kid`. */
  readonly added: ReadonlyMap<string, KeyObject>
  /** Every `kid` whose private key is still needed; the others' are removed for good. */
  readonly needed: ReadonlySet<string>
}

/**
 * `done`; or `changed`: somebody else was first, read again; or `taken`: something that is not of the ring is under
 * the new name, take another.
 */
export type RingChangeOutcome = 'done' | 'changed' | 'taken'

/** Where a ring is kept. Several instances may use one place: of two changes of one state exactly one is done. */
export interface KeyStorage {
  /** The state; `undefined` where no ring was made yet. */
  read(): Promise<RingState | undefined>
  /** Changes the state in one step. Absent where the keys are changed elsewhere. */
  replace?(change: RingChange): Promise<RingChangeOutcome>
  /** A private key of the ring. @throws CitizenSessionError `key-file`, `key-ring` */
  privateKey(kid: string): Promise<KeyObject>
}
