/** @module What is kept of a session: where its record lies, and the record as it is live, ended, or another name of one. */

/** Why a session ended. The first four are application ends; the others are revocations or come from the IdP. */
export type EndReason =
  | 'idle-timeout'
  | 'absolute-timeout'
  | 'application-sign-out'
  | 'identity-ended'
  | 'identity-changed'
  | 'signed-out'
  | 'revoked'
  /** An application end: the person has begun more sessions than are kept, and this one was seen the longest ago. */
  | 'too-many-sessions'
  /** The application has removed the provider by which it began (`suite.protocols.remove`). */
  | 'provider-removed'

/**
 * Where a record lives. `person` and `session` are digests (22 characters of base64url): of (issuer, subject)
 * and of the session value. Every key of a person lies in one place, so that one script sees all of them.
 */
export interface RecordAddress {
  readonly person: string
  readonly session: string
  readonly application: string
}

/** What the newest token of a session has shown, so that an older one that is still good opens no more. */
export interface NewestToken {
  readonly method: 'password' | 'mfa' | 'did'
  /**
   * Tokens that were issued (`iat`) at this time or before are older. Milliseconds since the epoch. One less than its own
   * `iat`, which counts in seconds: two tokens of a second may have come either way. Its own where it has shown less than
   * the one before: then the strict reading counts.
   */
  readonly olderUntil: number
}

/** Of the shared cookie: the level of a session, and what its newest token has shown. */
export interface ShownByTokens {
  readonly level: number
  readonly newestToken: NewestToken
}

/** A running application session. Times are milliseconds since the epoch. */
export interface LiveRecord {
  readonly state: 'live'
  /** Random, new at each start and each rise in assurance; every write compares it. 22 characters. */
  readonly generation: string
  readonly startedAt: number
  readonly lastSeenAt: number
  /** The absolute limit. */
  readonly endsAt: number
  readonly idleMilliseconds: number
  /** `exp` of the newest token that was seen or fetched for this session. */
  readonly tokenExpiresAt: number
  /** Assurance level in force when the generation began. */
  readonly level: number
  /** When the person proved who they are; 0 when unknown. */
  readonly authenticatedAt: number
  /** The record is kept at least until then, whatever happens to it. */
  readonly retainUntil: number
  /** Details that only the application can open (a base64url text without blanks), or the empty string. */
  readonly sealed: string
  /** `due`: the application's work for this sign-in (`onSignIn`) has not succeeded yet; absent: nothing is left to do. */
  readonly signIn?: 'due' | undefined
  /** `protocol`: OpenID Connect or SAML began it; absent: the shared cookie, or a release that did not say. */
  readonly begunBy?: 'protocol' | undefined
  /** Of the shared cookie; absent: another cookie's, or no token was seen since a release that did not say. */
  readonly newestToken?: NewestToken | undefined
}

/** That a provider's session was extended by the browser. */
export interface Extension {
  /** When it was last. Milliseconds since the epoch. */
  readonly at: number
  /** Whether it ever was by a visit at top level. */
  readonly isAtTop: boolean
  /** Whether it ever was another session of the same person than that of the login: its names are ours too since. */
  readonly isOther: boolean
}

/** A session that has ended: the tombstone that refuses its token until nobody can have one any more. */
export interface EndedRecord {
  readonly state: 'ended'
  readonly reason: EndReason
  readonly at: number
  /** Generation of the session that ended; empty when a revocation met no session. */
  readonly generation: string
  readonly retainUntil: number
  readonly sealed: string
  /**
   * As the live record said in the moment of its end, whoever ended it: an older token resumes the session with no more. The
   * store writes it, also where an end gives way to others. Absent: nothing was known of the newest token.
   */
  readonly shown?: ShownByTokens | undefined
}

/** The session value is another name of an older one of the same person: look there. */
export interface AliasRecord {
  readonly state: 'alias'
  /** Digest of the session value that the record lies under. Never an alias itself. */
  readonly session: string
}

export type SessionRecord = LiveRecord | EndedRecord
