/** @module What a logout may leave open: a session at a provider, or one of our own. */
import type { RecordAddress } from '../session-record.js'

/** A participant that is to be visited once more. */
export interface PendingParty {
  readonly name: string
  /** What it needs for another attempt, where it is short; see `ProviderLogoutResult.retry`. */
  readonly retry?: string | undefined
  /** The provider that the session is of; absent: not known, or noted by 0.1.0. */
  readonly issuer?: string | undefined
}

/** A session that is not known to have ended. */
export interface UnfinishedSession extends RecordAddress {
  /** Of what generation it must be, where a cookie of ours named it. */
  readonly generation?: string | undefined
}
