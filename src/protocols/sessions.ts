/** @module The contract of sessions that a plug-in starts, renews and ends. */
import type { Assurance, Citizen, Claims } from '../citizen.js'
import type { Exchange } from '../exchange.js'
import type { EndReason, Extension, LiveRecord, RecordAddress } from '../session-record.js'

/** What a message of the provider may name a session by: a digest made with `digest(…)`. */
export interface SessionIndexKey {
  readonly key: string
  /**
   * `session`: names one session at the provider; once revoked, only a new authentication begins one of it again.
   * `person`: names everything of a person; once revoked, a login begun afterwards is good.
   */
  readonly kind: 'session' | 'person'
}

/** The answer of a provider to a login, fully verified, as a session begins with it. Times are milliseconds since the epoch. */
export interface VerifiedLogin {
  /** With `subject` it names the person. */
  readonly issuer: string
  readonly subject: string
  /** Names the provider's session (`sid`, SessionIndex); absent: this login is a session of its own. */
  readonly sessionValue?: string | undefined
  readonly indexKeys: readonly SessionIndexKey[]
  readonly claims: Claims
  /**
   * What was said of the person besides, by somebody who may add to the claims and change none of them; absent: nobody was
   * asked.
   */
  readonly userInfo?: Readonly<Record<string, unknown>> | undefined
  readonly level: number
  readonly method: Assurance['method']
  /** 0 when the provider does not say. */
  readonly authenticatedAt: number
  /**
   * A time by our own clock that the authentication was certainly after, whatever the provider's clock says: how old
   * it was when the provider issued its answer tells. Absent: nobody knows.
   */
  readonly authenticatedAfter?: number | undefined
  /** Whether a name that the provider has ended begins only again by a new authentication that was asked for. */
  readonly endedNamesStay?: boolean | undefined
  /** What the plug-in needs again: tokens, NameID. Sealed, and kept apart from the record. */
  readonly tokens: string
  /** When the tokens were issued and when they expire; 0: nothing can be renewed. */
  readonly tokensIssuedAt: number
  readonly tokensExpireAt: number
  /** The session ends then at the latest (SessionNotOnOrAfter, `session_expiry`); none begins that is over by then. */
  readonly endsAt?: number | undefined
  /** When the login began, by our clock. */
  readonly since: number
  /** Whether the provider had been asked for a new authentication. */
  readonly askedReauthentication: boolean
  /**
   * Whether that counts as one where the provider says no time of it: only where it never does, an option says so, and
   * the person has pressed our button. Never after an administrator's end.
   */
  readonly acceptsAsked?: boolean | undefined
  /** Whether the person pressed our button, which may resume a session after an application end. */
  readonly mayResume: boolean
}

/** A live session begun by the plug-in, as a request names it. */
export interface ProtocolSession {
  readonly address: RecordAddress
  readonly record: LiveRecord
  readonly issuer: string
  readonly subject: string
  readonly claims: Claims
  /** `undefined` where they are no longer kept. */
  readonly tokens: string | undefined
  /** When the provider was asked for its session last, and knew it: at a login, or when it was extended. */
  readonly extendedAt: number
  /** How it was extended since that login; absent: it was not. */
  readonly extended: Extension | undefined
}

/** What ending sessions from outside came to. */
export interface EndedSessions {
  /** Persons that were meant, whether or not they had live sessions; 0: the store knows nobody of that name. */
  readonly persons: number
  /** Sessions that were live, of all applications. */
  readonly ended: number
  /** `false`: replicas exist, and none has confirmed in time: do not say that it is done. */
  readonly acknowledged: boolean
  /** Tokens of this application's own sessions among them, for their revocation at the provider. */
  readonly tokens: readonly string[]
}

/** The sessions of one plug-in. Every method throws `StoreUnavailableError` in an outage. */
export interface ProtocolSessions {
  /**
   * Begins a session (or takes up a live one of the same provider session anew), and sets its cookie. The citizen is
   * active, or says why not: revoked meanwhile, ended and not resumed. A session of another login that this browser had
   * ends, `identity-changed` where it was another person's.
   */
  start(exchange: Exchange, login: VerifiedLogin): Promise<Citizen>
  /** The person (as `personOf` names them) of the request's cookie, whatever became of the session; not of an older cookie. */
  person(exchange: Exchange): Promise<string | undefined>
  /** Whether the request's cookie is of that session at the provider, whatever became of it; not an older cookie. */
  isOf(exchange: Exchange, session: Exclude<ProviderSessionScope, 'all'>): Promise<boolean>
  /** The live session that the request's cookie names, if this plug-in began it. Touches nothing. */
  current(exchange: Exchange): Promise<ProtocolSession | undefined>
  /**
   * Replaces tokens and claims of a live session, without a new beginning. `gone`: it is no longer there, or goes on
   * under a name that has been revoked. `busy`: its tokens are just being renewed, or another tab has begun a
   * generation of it; its tokens are that one's.
   */
  renew(
    session: ProtocolSession,
    change: {
      /** Another name that the provider's session has from now on; both name this session. */
      readonly sessionValue?: string | undefined
      readonly indexKeys?: readonly SessionIndexKey[] | undefined
      readonly tokens: string
      readonly tokensIssuedAt: number
      readonly tokensExpireAt: number
      /** When the provider wants the session to end at the latest; absent: as it was. */
      readonly endsAt?: number | undefined
      readonly claims?: Claims | undefined
      /** That the provider's session has just been extended, and how. */
      readonly extended?: Extension | undefined
      /** What the new claims amount to; absent: what the session had. */
      readonly level?: number | undefined
      readonly method?: Assurance['method'] | undefined
    },
  ): Promise<'renewed' | 'busy' | 'gone'>
  /** Ends one session, of this application only; its cookie stays, so that the reason can be told. */
  end(session: ProtocolSession, reason: EndReason): Promise<void>
  /** Ends a session in every application of the store, as a message of the provider does that was verified. */
  revokeThis(session: ProtocolSession, reason: EndReason): Promise<EndedSessions>
  /** Ends sessions of a person in every application of the store. */
  revoke(
    person: { readonly issuer: string; readonly subject: string },
    scope: ProviderSessionScope,
    reason: EndReason,
  ): Promise<EndedSessions>
  /** Whether an index key names anybody's session. Writes nothing: what a stranger may ask. */
  isIndexed(indexKey: SessionIndexKey): Promise<boolean>
  /**
   * Ends what index keys name, known or not yet begun, in every application of the store. `keptMilliseconds`: how long a
   * login of such a name is refused; default: as long as any token could live.
   */
  revokeByIndex(
    indexKeys: readonly SessionIndexKey[],
    scope: ProviderSessionScope,
    reason: EndReason,
    keptMilliseconds?: number,
  ): Promise<EndedSessions>
  /** Deletes the session's cookie. */
  dropCookie(exchange: Exchange): void
}

/** Which sessions of a person: one by the provider's session value, or all. */
export type ProviderSessionScope = { readonly sessionValue: string; readonly issuer: string } | 'all'
