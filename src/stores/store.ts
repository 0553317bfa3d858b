/** @module The store contract: what a session needs of the place that remembers it. */

import type { MaybePromise } from '../exchange.js'
import type {
  AliasRecord,
  EndedRecord,
  EndReason,
  LiveRecord,
  NewestToken,
  RecordAddress,
  SessionRecord,
} from '../session-record.js'
import type { NearReads } from './near-reads.js'

/** A revocation of one session value, or of everything of a person up to a time. */
export interface Revocation {
  readonly reason: EndReason
  readonly at: number
  readonly retainUntil: number
  /**
   * Of a person: where it stands for ends and revocations that are no longer kept one by one, it refuses tokens that
   * were issued before `at`, and ends sessions that began at this time or before. Absent: at `at` or before.
   */
  readonly endsBefore?: number | undefined
}

export interface StartRequest {
  readonly record: LiveRecord
  /** The token's time of issue: a revocation of the whole person refuses what was issued before it. */
  readonly issuedAt: number
  /** Now: what is no longer retained is dropped. */
  readonly now: number
  /**
   * An application end that this start may resume. It is resumed only if the stored record still is the very same
   * end (reason and time). A revocation never is.
   */
  readonly resumes?: EndedRecord | undefined
  /**
   * When the login began that brought a new authentication which had been asked for; absent or 0: none. A revocation
   * of the session value, or of the person, before it does not refuse this start, and a record that had ended before
   * it is begun anew. The revocation stays, for every start without such a proof.
   */
  readonly provenAt?: number | undefined
  /**
   * How many records of this person and application are kept, live or whole ends. First go ends that are no longer
   * retained, then ends shrink to marks (reason and times), then the live session that was seen the longest ago ends
   * as `too-many-sessions`. Beyond a bound of marks one time refuses all older tokens of the person. Default 200.
   */
  readonly mostRecords?: number | undefined
}

export type StartOutcome =
  /** The record was written: this call began the session. `displaced`: live records that it ended, as they were. */
  | {
      readonly outcome: 'started'
      readonly record: LiveRecord
      readonly displaced?: readonly ListedRecord[] | undefined
    }
  /** Another call was first, or the session has ended: this is what is there. */
  | { readonly outcome: 'exists'; readonly record: SessionRecord }
  | { readonly outcome: 'alias'; readonly record: AliasRecord }
  /** Revoked for this session value or this person; a tombstone with the reason was written for this record. */
  | { readonly outcome: 'revoked'; readonly record: EndedRecord }

/** What a write of a live record may change. Everything else stays. */
export interface RecordChange {
  /** Never moves backwards: the later of the two is kept. */
  readonly lastSeenAt?: number | undefined
  /**
   * A `startedAt` or `lastSeenAt` that is later is moved back to this: a clock that was ahead has written it. So is an
   * `olderUntil` that is later by more than the tolerance of clocks, to that: a token may be issued that far ahead.
   */
  readonly notAfter?: number | undefined
  /** Never moves backwards. */
  readonly tokenExpiresAt?: number | undefined
  /** The absolute limit, set as given: a new authentication may move it either way. */
  readonly endsAt?: number | undefined
  readonly generation?: string | undefined
  readonly level?: number | undefined
  /** Where the record knows of a newer one already (a later `olderUntil`), nothing is changed. */
  readonly newestToken?: NewestToken | undefined
  readonly authenticatedAt?: number | undefined
  readonly retainUntil?: number | undefined
  readonly sealed?: string | undefined
  /** `due` or `done`, as the record then says. */
  readonly signIn?: 'due' | 'done' | undefined
  /**
   * The `sealed` that the new one was made from: if another one is there now, nothing is changed, so that a write of
   * one concern never undoes that of another.
   */
  readonly replaces?: string | undefined
}

/** A revocation as it is found: of the session value itself, or of the whole person. */
export interface FoundRevocation extends Revocation {
  readonly kind: 'session' | 'person'
}

/** What a store that can be used does not promise. */
export interface StoreCaution {
  /** Stable, for programs. */
  readonly code: string
  /** For the operator: what may happen, and what to do about it. */
  readonly message: string
}

/** What is there after an end. */
export interface EndOutcome {
  /** The new end, an older end, or the live record that did not match; `undefined`: nothing is there. */
  readonly record: SessionRecord | undefined
  /**
   * As for `revoke`, also where nothing is there: that is confirmed then. `true` for an end that time alone would bring
   * about again, and for a live record that did not match.
   */
  readonly acknowledged: boolean
}

/** Which of a person's sessions a revocation ends. */
export type RevocationScope =
  /** One session value, in every application. */
  | { readonly kind: 'session'; readonly session: string }
  /** Everything of the person, and every token issued until now. */
  | { readonly kind: 'person' }
  /** Every session value of the person that the store knows, but this one. */
  | { readonly kind: 'others'; readonly session: string }

/** What a revocation did. */
export interface RevocationOutcome {
  /** Records that were live, as they were. */
  readonly ended: readonly ListedRecord[]
  /** Session values that are revoked now, under all their names; with `person`, those that the store knows. */
  readonly sessions: readonly string[]
  /** `false`: replicas exist, and none has confirmed in time. */
  readonly acknowledged: boolean
}

/** A record as a list shows it. */
export interface ListedRecord {
  readonly address: RecordAddress
  readonly record: SessionRecord
}

/** The settled answer of an identity refresh, kept for the requests that still carry the old token. */
export interface KeptRefresh {
  /** Digest of the token that was exchanged. */
  readonly token: string
  /** The new token, sealed by the application. */
  readonly sealed: string
  /** Fencing number of the lease under which it was fetched. */
  readonly fence: number
  /** Until then it is handed out. */
  readonly until: number
}

/** Who has an id. */
export interface IdOwner {
  readonly fingerprint: string
  /** In how many seconds it is free, unless one of its instances goes on. */
  readonly seconds: number
}

/**
 * A store. Every method that can wait returns a value or a promise; a store in the same process returns values.
 * Every method throws (or rejects with) `StoreUnavailableError` when the store cannot answer within its deadline.
 * A write compares `generation` and is refused on a record that has ended or is gone: delete wins.
 * Source: `RACE-1`, `RACE-2`, ASVS 5.0 7.4.1.
 */
export interface Store {
  /** Whether other processes see the same records. */
  readonly isShared: boolean

  /** What it can answer from memory; absent: every read is strict. */
  readonly near?: NearReads | undefined

  /** One command, from the master. */
  read(address: RecordAddress): MaybePromise<SessionRecord | AliasRecord | undefined>

  /** One atomic step: revocations, alias and record are looked at, then the record is written. */
  start(address: RecordAddress, request: StartRequest): MaybePromise<StartOutcome>

  /**
   * Changes a live record of this generation. `false`: ended, gone, of another generation, its `sealed` is not the
   * one that the change replaces, or a newer token is known; nothing changed. Only a read tells which.
   */
  update(address: RecordAddress, generation: string, change: RecordChange): MaybePromise<boolean>

  /**
   * Ends a live record of this generation (with `lastSeenAt`, only if nobody touched it since; with `replaces`, only if
   * that still is its `sealed`). Returns the record that is there afterwards: the new end, an older end, or the live record
   * that did not match. An end that was there already is confirmed anew. The end says what the newest token had shown
   * (`shown`) as the record said in that step, whatever `ended` says; so does one by `revoke` or by a start that makes room.
   */
  end(
    address: RecordAddress,
    expected: {
      readonly generation: string
      readonly lastSeenAt?: number | undefined
      readonly replaces?: string | undefined
    },
    ended: EndedRecord,
  ): MaybePromise<EndOutcome>

  /**
   * Keeps an ended record at least until `retainUntil` (an ended session's token was seen again). Never shortens,
   * never touches a live record.
   */
  retain(address: RecordAddress, retainUntil: number): MaybePromise<void>

  /**
   * One atomic step: writes the revocation and ends every live record in its scope, of all applications. Records
   * that had ended already keep their reason; a later start meets the revocation first, so nothing lifts them.
   * `person` and `others` also write a revocation for each session value that the store knows of the person, so
   * that a token renewed later under an old session value stays refused; an alias is revoked with its root. Marks
   * beyond their bound that this call has not written give way to one time, as at a start (`HLD-18`).
   * Of two revocations of one the later time counts, and the reason `revoked` stays, whichever came first.
   * Returns the records that were live, and every session value (each of its names) that is revoked now.
   * `acknowledged` is false when replicas exist and none confirmed in time.
   */
  revoke(person: string, scope: RevocationScope, revocation: Revocation): MaybePromise<RevocationOutcome>

  /**
   * The revocation that concerns this session value of this person: its own, else the person's. With `names`, other
   * values of the session that this store does not know as such: of those that were revoked the latest, else the person's.
   */
  revocation(
    person: string,
    session: string,
    names?: readonly string[],
  ): MaybePromise<FoundRevocation | undefined>

  /**
   * Notes that the sessions which `indexKey` names (a digest: of issuer and `sid`; of identity provider, NameID and
   * SessionIndex) are `person`'s, kept at least until `retainUntil`, never shortened. Returns the index key's
   * revocation, if there is one. One atomic step in the index key's own place, which is not the person's: a start notes
   * the index key, starts, then reads `indexKeyRevocation`; an end calls `revokeIndexKey`, then revokes each person. One
   * of the two always meets the other. Source: `RACE-3`, `SLO-09`.
   */
  noteIndexKey(indexKey: string, person: string, retainUntil: number): MaybePromise<Revocation | undefined>

  /** The index key's revocation, read from the master. */
  indexKeyRevocation(indexKey: string): MaybePromise<Revocation | undefined>

  /** The persons that an index key names, read from the master; nothing is written, whoever asks. Source: HLD-14. */
  indexKeyPersons(indexKey: string): MaybePromise<readonly string[]>

  /**
   * One atomic step: writes the index key's revocation (the later one wins, kept as long as the longer) and returns the
   * persons that it names. An index key that names nobody yet keeps its revocation: a start that is under way meets it.
   * `acknowledged` as for `revoke`.
   */
  revokeIndexKey(
    indexKey: string,
    revocation: Revocation,
  ): MaybePromise<{ readonly persons: readonly string[]; readonly acknowledged: boolean }>

  /**
   * Every record of a person, of all applications, that is there from the beginning of the call to its end; one that
   * begins or ends meanwhile is shown as it was at some moment of it. Nothing is written: who asks changes nothing of who
   * may get in. A store may answer a person of very many records in several steps, each within the deadline.
   */
  list(person: string): MaybePromise<readonly ListedRecord[]>

  /** Makes `session` another name of `address.session`. Refused (`false`) if the record is not live. */
  alias(address: RecordAddress, generation: string, session: string): MaybePromise<boolean>

  /**
   * Keeps a refresh's result with the record and moves `tokenExpiresAt`, if the record is live, of this generation,
   * and no result with a higher fence is there.
   */
  keepRefresh(
    address: RecordAddress,
    generation: string,
    kept: KeptRefresh,
    tokenExpiresAt: number,
  ): MaybePromise<boolean>

  /** The kept result, if the record is live. */
  keptRefresh(address: RecordAddress): MaybePromise<KeptRefresh | undefined>

  /** Forgets the kept result if it still is the one with this fence. */
  dropRefresh(address: RecordAddress, fence: number): MaybePromise<void>

  /**
   * True for exactly one caller, for 30 s, until `confirmClaim` makes it final or `abandonClaim` gives it back. `owner`, random, says
   * whose claim it is: the same owner who asks again, because no answer came, is told `true` again, for another 30 s. A
   * store that knows no owners tells that one `false`, until 30 s are over.
   */
  claimOnce(key: string, owner?: string): MaybePromise<boolean>
  confirmClaim(key: string, seconds: number): MaybePromise<void>
  /** Gives a claim back that has not been settled: that of `owner`, and nobody else's; absent: one without an owner. */
  abandonClaim(key: string, owner?: string): MaybePromise<void>

  /** Keeps a sealed text for one reader: whoever withdraws it first, within `seconds`. */
  deposit(key: string, text: string, seconds: number): MaybePromise<void>
  /** The text of {@link deposit}, once; then, and after its time, `undefined`. */
  withdraw(key: string): MaybePromise<string | undefined>

  /** A lease on `key`, or `undefined` if somebody has it. The number grows with every lease of the key. */
  lease(key: string, seconds: number): MaybePromise<number | undefined>
  /** Extends (or shortens) a lease; `false` if it is no longer this one. */
  renewLease(key: string, fence: number, seconds: number): MaybePromise<boolean>
  releaseLease(key: string, fence: number): MaybePromise<void>

  /**
   * Notes that an instance of an application uses the store under this id, for `seconds`; each has a name of its own, those
   * of 0.1.0 had none. Otherwise than `true`: an application with another fingerprint has the id.
   */
  register(
    application: string,
    fingerprint: string,
    seconds: number,
    instance?: string,
  ): MaybePromise<boolean | IdOwner>
  /** Gives the id back for an instance that stops in order. It is free once no other instance has it. */
  deregister(application: string, fingerprint: string, instance: string): MaybePromise<void>

  /** Resolves when the store can be used; rejects with what to mend (unreachable, eviction policy). */
  ready(): Promise<void>
  /** The same, before the first request is served; answers what the store does not promise. Absent: nothing to say. */
  inspect?(): Promise<readonly StoreCaution[]>
  /** Releases what the store itself opened. */
  close(): Promise<void>
}
