/** @module What a browser remembers of a logout while it visits the provider. */
import type { RecordAddress } from '../stores/store.js'
import type { LogoutVisit } from './participant.js'
import type { Leg } from './receipt.js'

/** What a logout in flight is for. */
export interface LogoutMarker {
  readonly person: string
  readonly legs: readonly Leg[]
  readonly began: number
  /** Name of the participant whose provider the browser visits. */
  readonly party: string
  /** Names of participants that are visited afterwards. */
  readonly remaining: readonly string[]
  /** The visit, where somebody else than our own answer must send the browser there. */
  readonly visit?: LogoutVisit | undefined
  /** The session that is not known to have ended; the return, and the next try, see to it. */
  readonly unfinished: RecordAddress | undefined
  /** Checked when it was set and when it is used; absent: the receipt is shown. */
  readonly returnTo: string | undefined
  /** Where a login that follows at once leads to; absent: none follows. */
  readonly thenLogin: string | undefined
}

/** Longest way back that a logout remembers: its marker shares an answer's header with the deletions. */
export const longestReturn = 512
/** Longest visit that a marker remembers, in characters of its form. */
export const longestVisit = 2_000
