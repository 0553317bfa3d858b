/** @module The interface of protocol plug-ins: what OpenID Connect and SAML get from the core, and give it. */

import type { Citizen, Claims } from '../citizen.js'
import type { Clock } from '../clock.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { ConfigurationProblem } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise, Reply } from '../exchange.js'
import type { Pages } from '../pages/pages.js'
import type { Leg } from '../receipt.js'
import type { EndReason } from '../session-record.js'
import type { Store } from '../stores/store.js'
import type { LoginMethod, LoginRequest } from './login-method.js'
import type { LogoutParticipant } from './logout-participant.js'
import type { ProtocolSession, ProtocolSessions } from './sessions.js'
import type { PersonStatement, TokenRefresh } from './token-refresh.js'

/** What the options of a plug-in come to in one environment. */
export interface ProtocolSettings extends Pick<Protocol, 'clockSkewSeconds' | 'warnings'> {
  /** Everything that is wrong, told with what is wrong of the suite's own options, in one `ConfigurationError`. */
  readonly problems: readonly ConfigurationProblem[]
  /** The variables that it reads, with the path of what each holds: a name close to one of them is a typing mistake. */
  readonly variables: ReadonlyMap<string, string>
}

/** A plug-in for `protocols`, as `oidc({ … })` and `saml({ … })` make it. */
export interface Protocol {
  /**
   * Names its provider, in addresses and in what is stored: `oidc`, `saml`, or what the option `name` of several of one
   * protocol says. Two of one name do not go together.
   */
  readonly name: string
  /** The protocol that it speaks, where `name` says another word than that. Default: `name`. */
  readonly protocol?: string | undefined
  /**
   * How far the provider's clock and ours may be apart, in seconds: whatever the core judges of the provider's times
   * tolerates it. Default: `identityProvider.clockSkewSeconds`, else 30.
   */
  readonly clockSkewSeconds?: number | undefined
  /** What its options allow but somebody should know: said once at the start, with a stable code. */
  readonly warnings?: readonly { readonly code: string; readonly message: string }[] | undefined
  /**
   * Reads its options from code and from the environment of a suite, called before `install`. What it says counts in the
   * place of `clockSkewSeconds` and `warnings`. Default: its options are its own matter.
   */
  settings?(environment: Readonly<Record<string, string | undefined>>): ProtocolSettings
  /** Called once by `createSuite`. */
  install(host: ProtocolHost): InstalledProtocol
}

/** A plug-in at work in one suite: a way in, a participant of the logout, routes, and the care of its tokens. */
export interface InstalledProtocol extends LoginMethod, LogoutParticipant {
  /** The issuer under which its persons are known, unless a call names another. */
  readonly issuer: string
  /**
   * What is believed of the claims of a session that began when more was: under other options, or with an older version.
   * Guards go by it in the place of what the session says of itself, and nobody rises by it. `undefined`: all is believed.
   * Default: that.
   */
  stillBelieved?(claims: Claims): PersonStatement | undefined
  /** Handlers by path below `routes.path` (as in `callback`, `saml/acs`, `adfs/callback`) and method. */
  readonly endpoints: Readonly<Record<string, ProtocolEndpoint>>
  /**
   * The path below `routes.path` of a page that an application's pages show in a hidden frame while a session of the
   * provider lives, as in `check-session`: the browser client does so by itself. Default: none.
   */
  readonly frame?: string | undefined
  /** How sessions are kept alive at the provider; absent: they are not. */
  readonly refresh?: TokenRefresh | undefined
  /**
   * The way to a page by way of the provider, where that keeps its session alive; `undefined`: straight on. Asked where a
   * guard lets a person of this plug-in through to a page, by a GET that counts as activity: it sets cookies, and does
   * nothing else.
   */
  detour?(exchange: Exchange, session: Pick<ProtocolSession, 'address' | 'extendedAt'>): Reply | undefined
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

/** What a plug-in gets of the resolved options. */
export interface ProtocolHostOptions {
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly random: (bytes: number) => Uint8Array
  /** The path of our own routes, as in `/session`. */
  readonly routes: { readonly path: string }
  readonly application: {
    readonly id: string
    readonly url: string
    readonly startPage: string
    /** Name that pages show. */
    readonly name: string
    /** The absolute limit of a session. */
    readonly absoluteSeconds: number
  }
  /** Where the shared cookie is in use too: the issuers of its tokens; none where its provider is another one. */
  readonly identityProvider?:
    | {
        readonly issuers: readonly string[]
        /** Claims by which a token of the shared cookie is known: nobody else’s. */
        readonly kindClaims: readonly string[]
      }
    | undefined
}

/** What the core gives a plug-in. */
export interface ProtocolHost {
  readonly options: ProtocolHostOptions
  /** The environment of the suite: what `settings` was asked with. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly store: Store
  readonly report: Report
  readonly sessions: ProtocolSessions
  /** Absolute address of a route of ours, as in `address('callback')`; never built from `Host`. */
  address(route: string): string
  /**
   * One-time transactions in the browser, of a purpose of the plug-in's own (lower-case letters). Plug-ins of one
   * `protocol` may have one purpose: each finds its own transactions alone.
   */
  transactions<T>(purpose: string): TransactionCookies<T>
  checkReturnTarget(value: unknown): string | undefined
  /** Our pages, in the person's language. */
  readonly pages: Pages
  /**
   * The answer to a login that has come back: on to `returnTo` if the citizen is all that was wished for, else a page
   * with the reason and a way out.
   */
  finishLogin(
    exchange: Exchange,
    citizen: Citizen,
    loginRequest: LoginRequest & {
      readonly mayResume: boolean
      readonly reauthenticate: boolean
      /** Whether the provider has said no time of a new authentication that it was asked for. */
      readonly isUnproven?: boolean | undefined
    },
  ): Reply
  /** The answer to a `state` that is not, or no longer, known in this browser. Does nothing. */
  unknownStatePage(exchange: Exchange, state?: string): Reply
  /**
   * The same for the answer of a login, which is not read; whoever is signed in goes on to the start page. `taken`: what the
   * login is for, where this browser has its transaction (`find`) and another request was faster to take it: to the login
   * once more, where whoever is signed in by then goes on.
   */
  unknownLoginReply(exchange: Exchange, state?: string, taken?: LoginRequest): Promise<Reply>
  /**
   * Whether a `state` is that of a login of this browser at another provider of the protocol, where alone its answer
   * counts. Source: RFC 9700, section 4.4.
   */
  isStateOfAnother(exchange: Exchange, state: string | undefined): boolean
  /** Where such a login began, and where its answer came, if those are known and not the same host. For an event. */
  hostsOfLogin(
    exchange: Exchange,
    state: string | undefined,
  ): { readonly given: string; readonly expected: string } | undefined
  /**
   * The answer to a logout that has come back from this plug-in's provider, with what became of its leg; `undefined`: the
   * `state` is none of ours, or belongs to a visit of another provider.
   */
  finishLogout(
    exchange: Exchange,
    state: string | undefined,
    identity: Pick<Leg, 'state' | 'reason'>,
  ): Promise<Reply | undefined>
  /** The answer to such a logout that is known no more, as a receipt that is loaded again is. Does nothing. */
  unknownLogoutPage(exchange: Exchange): Reply
  /** The `state` of each logout of this browser that is at this plug-in's provider, where an answer names none. */
  logoutStates(exchange: Exchange): readonly string[]
  /**
   * Where shared cookies are in use too: ends the session that the request's shared cookie names in every application,
   * and deletes the cookie; with `persons`, only where it is one of theirs (as `personOf` names them). Does nothing
   * elsewhere, nor for a plug-in of another provider than the shared cookie's. `false`: something that was meant may go
   * on, by an outage or because nobody can say which it is.
   * @throws CitizenSessionError `keys-unavailable`
   */
  endShared(exchange: Exchange, reason: EndReason, persons?: readonly string[]): Promise<boolean>
  /** Whether logins that this browser began are in flight; cleared by a logout. */
  clearLogins(exchange: Exchange): void
}
