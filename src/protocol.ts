/** @module The interface of protocol plug-ins: what OpenID Connect and SAML get from the core, and give it. */
import type { Assurance, Citizen, Claims } from './citizen.js'
import type { ResolvedOptions } from './config/options.js'
import type { Report } from './events.js'
import type { Exchange, MaybePromise, Reply } from './exchange.js'
import type { Entrance } from './login/entrance.js'
import type { Markers } from './login/marker.js'
import type { LoginWish } from './login/wish.js'
import type { Participant } from './logout/participant.js'
import type { Leg } from './logout/receipt.js'
import type { Pages } from './pages/pages.js'
import type { EndReason, LiveRecord, RecordAddress, Store } from './stores/store.js'

/** A plug-in for `protocols`, as `oidc({ … })` and `saml({ … })` make it. Its own options are checked when it is made. */
export interface Protocol {
  /** Part of addresses and of what is stored: `oidc`, `saml`. Two of one name do not go together. */
  readonly name: string
  /**
   * How far the provider's clock and ours may be apart, in seconds: whatever the core judges of the provider's times
   * tolerates it. Default: `identityProvider.clockSkewSeconds`, else 30.
   */
  readonly clockSkewSeconds?: number | undefined
  /** What its options allow but somebody should know: said once at the start, with a stable code. */
  readonly warnings?: readonly { readonly code: string; readonly message: string }[] | undefined
  /** Called once by `createSuite`. */
  install(host: ProtocolHost): InstalledProtocol
}

/** A plug-in at work in one suite: a way in, a participant of the logout, routes, and the care of its tokens. */
export interface InstalledProtocol extends Entrance, Participant {
  /** The issuer under which its persons are known, unless a call names another. */
  readonly issuer: string
  /** Handlers by path below `routes.path` (as in `callback`, `saml/acs`) and method. */
  readonly endpoints: Readonly<Record<string, ProtocolEndpoint>>
  /** How sessions are kept alive at the provider; absent: they are not. */
  readonly refresh?: TokenRefresh | undefined
  /** Rejects while the provider's set-up cannot be had. Asked by `suite.ready()`. */
  ready?(): Promise<void>
  /** Forgets the provider's keys at once, for an emergency. Called by `suite.purgeKeys()`. */
  purgeKeys?(): void
  close?(): Promise<void> | void
}

/** The handlers of one path. What they throw becomes 4xx or 503 as with every route of ours. */
export interface ProtocolEndpoint {
  readonly GET?: ((exchange: Exchange) => MaybePromise<Reply>) | undefined
  readonly POST?: ((exchange: Exchange) => MaybePromise<Reply>) | undefined
  /** Whether its GET only shows something, so that a HEAD is answered in the same way. Default: no; a HEAD gets 405. */
  readonly isDocument?: boolean | undefined
  /** The answer of an endpoint whose callers know no 503, while the store or the provider cannot be had. */
  readonly outage?: (() => Reply) | undefined
}

/** The access token in a session's tokens. */
export interface AccessToken {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** What an attempt to renew a session's tokens came to. */
export type TokenOutcome =
  /** New tokens, which replace the old ones whole. */
  | { readonly kind: 'tokens'; readonly tokens: string; readonly expiresAt: number }
  /** The provider says that the session is over; for OpenID Connect only `invalid_grant`. */
  | { readonly kind: 'refused'; readonly problem: string }
  /** Nothing is said about the session: it is kept, and tried again later. */
  | {
      readonly kind: 'failed'
      /** A word for the event, as in `timeout`, `status`, `answer`, `subject`. */
      readonly problem: string
      readonly status?: number | undefined
      readonly retryAfterSeconds?: number | undefined
      /** What replaces the old tokens all the same, with their expiry: they are spent, and nothing else of them is new. */
      readonly successor?: string | undefined
      /** Whether the old tokens may be spent without a successor (a lost answer): a later refusal says nothing. */
      readonly mayBeSpent?: boolean | undefined
    }

/** How tokens are renewed. The core sees to it that it happens once for all instances. */
export interface TokenRefresh {
  /** Age of the tokens at which they are renewed; `undefined`: half of their life. */
  readonly afterSeconds: number | undefined
  /** An attempt takes no longer. */
  readonly timeoutSeconds: number
  /** How long the request that finds a refresh due waits for it. */
  readonly waitMilliseconds: number
  readonly onUnavailable: 'keep' | 'end'
  /** How long past their expiry tokens sign somebody in while they cannot be renewed. */
  readonly keepSeconds: number
  /** Renews; never throws for what the provider does. */
  renew(tokens: string, session: { readonly issuer: string; readonly subject: string }): Promise<TokenOutcome>
  accessTokenOf(tokens: string): AccessToken | undefined
}

/** What a message of the provider may name a session by: a digest made with `digest(…)`. */
export interface Pointer {
  readonly key: string
  /**
   * `session`: names one session at the provider; once revoked, only a new authentication begins one of it again.
   * `person`: names everything of a person; once revoked, a login begun afterwards is good.
   */
  readonly kind: 'session' | 'person'
}

/** The answer of a provider to a login, fully verified, as a session begins with it. Times are milliseconds since the epoch. */
export interface Beginning {
  /** With `subject` it names the person. */
  readonly issuer: string
  readonly subject: string
  /** Names the provider's session (`sid`, SessionIndex); absent: this login is a session of its own. */
  readonly sessionValue?: string | undefined
  readonly pointers: readonly Pointer[]
  readonly claims: Claims
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
  /** The session ends then at the latest (SessionNotOnOrAfter). */
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
  /** Whether the person pressed our button, which may lift an application end. */
  readonly mayLift: boolean
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
   * active, or says why not: revoked meanwhile, ended and not lifted. A session of another login that this browser had
   * ends, `identity-changed` where it was another person's.
   */
  begin(exchange: Exchange, beginning: Beginning): Promise<Citizen>
  /** The person (as `personOf` names them) of the request's cookie, whatever became of the session; not of an older cookie. */
  person(exchange: Exchange): Promise<string | undefined>
  /** Whether the request's cookie is of that session at the provider, whatever became of it; not an older cookie. */
  isOf(exchange: Exchange, session: Exclude<ScopeWish, 'all'>): Promise<boolean>
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
      readonly pointers?: readonly Pointer[] | undefined
      readonly tokens: string
      readonly tokensIssuedAt: number
      readonly tokensExpireAt: number
      readonly claims?: Claims | undefined
    },
  ): Promise<'renewed' | 'busy' | 'gone'>
  /** Ends one session, of this application only; its cookie stays, so that the reason can be told. */
  end(session: ProtocolSession, reason: EndReason): Promise<void>
  /** Ends a session in every application of the store, as a message of the provider does that was verified. */
  revokeThis(session: ProtocolSession, reason: EndReason): Promise<EndedSessions>
  /** Ends sessions of a person in every application of the store. */
  revoke(
    person: { readonly issuer: string; readonly subject: string },
    scope: ScopeWish,
    reason: EndReason,
  ): Promise<EndedSessions>
  /** Whether a pointer names anybody's session. Writes nothing: what a stranger may ask. */
  isPointed(pointer: Pointer): Promise<boolean>
  /**
   * Ends what pointers name, known or not yet begun, in every application of the store. `keptMilliseconds`: how long a
   * login of such a name is refused; default: as long as any token could live.
   */
  revokePointed(
    pointers: readonly Pointer[],
    scope: ScopeWish,
    reason: EndReason,
    keptMilliseconds?: number,
  ): Promise<EndedSessions>
  /** Deletes the session's cookie. */
  dropCookie(exchange: Exchange): void
}

/** Which sessions of a person: one by the provider's session value, or all. */
export type ScopeWish = { readonly sessionValue: string; readonly issuer: string } | 'all'

/** What the core gives a plug-in. */
export interface ProtocolHost {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly report: Report
  readonly sessions: ProtocolSessions
  /** Absolute address of a route of ours, as in `address('callback')`; never built from `Host`. */
  address(route: string): string
  /** One-time markers in the browser, of a purpose of the plug-in's own (lower-case letters). */
  markers<T>(purpose: string): Markers<T>
  checkReturnTarget(value: unknown): string | undefined
  /** Our pages, in the person's language. */
  readonly pages: Pages
  /**
   * The answer to a login that has come back: on to `returnTo` if the citizen is all that was wished for, else a page
   * with the reason and a way out.
   */
  concludeLogin(
    exchange: Exchange,
    citizen: Citizen,
    wish: LoginWish & {
      readonly mayLift: boolean
      readonly reauthenticate: boolean
      /** Whether the provider has said no time of a new authentication that it was asked for. */
      readonly isUnproven?: boolean | undefined
    },
  ): Reply
  /** The answer to a `state` that is not, or no longer, known in this browser. Does nothing. */
  withoutState(exchange: Exchange, state?: string): Reply
  /** The same for the answer of a login, which is not read; whoever is signed in goes on to the start page. */
  withoutLogin(exchange: Exchange, state?: string): Promise<Reply>
  /** Where such a login began, and where its answer came, if those are known and not the same host. For an event. */
  hostsOfLogin(
    exchange: Exchange,
    state: string | undefined,
  ): { readonly given: string; readonly expected: string } | undefined
  /** The answer to a logout that has come back from the provider, with what became of its leg; `undefined`: not our state. */
  concludeLogout(
    exchange: Exchange,
    state: string | undefined,
    identity: Pick<Leg, 'state' | 'reason'>,
  ): Promise<Reply | undefined>
  /** The `state` of each logout of this browser that is at this plug-in's provider, where an answer names none. */
  logoutStates(exchange: Exchange): readonly string[]
  /**
   * Where shared cookies are in use too: ends the session that the request's shared cookie names in every application,
   * and deletes the cookie; with `persons`, only where it is one of theirs (as `personOf` names them). Does nothing
   * elsewhere. `false`: something that was meant may go on, by an outage or because nobody can say which it is.
   * @throws CitizenSessionError `keys-unavailable`
   */
  endShared(exchange: Exchange, reason: EndReason, persons?: readonly string[]): Promise<boolean>
  /** Whether logins that this browser began are in flight; cleared by a logout. */
  clearLogins(exchange: Exchange): void
}
