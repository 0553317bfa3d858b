/** @module Reads that are answered from memory, as far as they are proven current: what a store offers beside strict ones. */
import type { NearLossReason } from '../events.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'

/** Why nothing is answered from memory. */
export interface NearLoss {
  /** Stable, for programs. */
  readonly reason: NearLossReason
  /** For the operator: what is wrong, and what to do about it. */
  readonly message: string
}

/** Hears what the store is told. */
export interface NearWatcher {
  /** Something of this person has changed: read strictly what depends on it. */
  changed?(person: string): void
  /** What has happened until now may have gone unheard, whether or not it is heard from now on. */
  gap?(): void
  /** From now on changes may come unheard. */
  lost?(loss: NearLoss): void
  /** Changes are heard (again); what happened before was not. */
  restored?(): void
}

/**
 * What a store remembers of strict reads, and serves while it is proven that it has heard of every change until a
 * bound ago. The promise: what is answered here, a strict read at the same server would have answered at some moment
 * within the bound. A touch is no change: `lastSeenAt` may be older than what is stored.
 */
export interface NearReads {
  /** Whether changes are heard now. */
  readonly isProven: boolean
  /** The live record, at once; `undefined`: read strictly. */
  read(address: RecordAddress): LiveRecord | undefined
  /** Whether a strict look found no revocation of this session under these names, and none has come since. */
  isUnrevoked(person: string, session: string, names: readonly string[] | undefined): boolean
  /** Tells of changes from now on. Returns the way to stop. */
  watch(watcher: NearWatcher): () => void
}
