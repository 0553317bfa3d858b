/** @module The suite of one application: what adapters build on. */
import type { Citizen, Claims, LogoutRequest } from './citizen.js'
import type { ResolvedOptions } from './config/options.js'
import type { FindEndpoint } from './endpoints.js'
import type { Exchange, MaybePromise, Reply } from './exchange.js'
import type { Protocol } from './protocols/protocol.js'
import type { SessionAdministration } from './sessions/administration.js'
import type { Demand } from './sessions/assurance.js'
import type { EndedSession } from './sessions/lifecycle-context.js'

/**
 * The plug-ins of a suite, for tenants that come and go. Every instance has to be told of each change: one that does not
 * know a provider yet answers its sessions with `unavailable`, and its routes with 503. The option `protocols` must have
 * been given, be it empty.
 */
export interface SuiteProtocols {
  /** Their names, as in `citizen.provider`. */
  readonly names: readonly string[]
  /**
   * Adds a provider. Where one of its name was removed before, sessions of that one stay over.
   * @throws ConfigurationError for a name or an issuer that is there, and for what is wrong with its options;
   * StoreUnavailableError
   */
  add(protocol: Protocol): Promise<void>
  /**
   * Puts a plug-in in the place of the one of its name: for other keys, secrets or addresses of the same provider. Logins
   * and sessions go on.
   * @throws ConfigurationError where there is none of that name, or its issuer or protocol is another one
   */
  replace(protocol: Protocol): Promise<void>
  /**
   * Removes a provider: its sessions end with their next request, on every instance, as `provider-removed`. Also one that
   * this instance does not know, as after a deployment without it. `acknowledged`: `false`, replicas exist and none has
   * confirmed in time.
   * @throws StoreUnavailableError: here it is removed all the same; try again
   */
  remove(name: string): Promise<{ readonly acknowledged: boolean }>
}

/** The session and single-logout layer of one application; what adapters build on. */
export interface Suite<C extends Claims = Claims> {
  readonly options: ResolvedOptions
  /** Sessions for administrators and "my sessions" pages. */
  readonly sessions: SessionAdministration
  /** The providers of `protocols`, while the application runs. */
  readonly protocols: SuiteProtocols
  /** The handler of a request to one of our own routes; `undefined`: the request is the application's. */
  endpoint: FindEndpoint
  /** Whether `routes.skip` leaves this request alone. */
  skips(exchange: Exchange): boolean
  /** The citizen of a request; there at once when nothing has to be waited for. Effects (cookies) are decided then. */
  authenticate(exchange: Exchange): MaybePromise<Citizen<C>>
  /** The same, purely read: no write, no touch, no refresh, no cookie. For places that cannot answer with a cookie. */
  peek(exchange: Exchange): Promise<Citizen<C>>
  /** The answer that keeps a citizen out, or `undefined`: let the request through. */
  guard(exchange: Exchange, citizen: Citizen<C>, demand?: Demand): Reply | undefined
  /** Answers a POST to a logout route of the application's own. A GET gets the confirmation page. */
  logout(exchange: Exchange, request?: LogoutRequest): Promise<Reply>
  /**
   * Notes the application's own framework session with an active citizen's record, so that it ends with it.
   * `false`: the session is no longer there.
   */
  bind(citizen: Citizen<C>, boundSession: string): Promise<boolean>
  /** Calls `listener` for each session of this application that this instance ends. Returns the way to stop. */
  onSessionEnded(listener: (session: EndedSession) => void): () => void
  /** Forgets every key and every verified token at once, for an emergency at the identity provider. */
  purgeKeys(): void
  /**
   * Resolves when the application can serve: the store answers, and its id is its own.
   * @throws StoreUnavailableError; CitizenSessionError `application-id-taken`, `store-eviction`
   */
  ready(): Promise<void>
  /**
   * Waits for renewals at the provider that are under way, so that no token is lost, and releases what the suite itself
   * opened. Close servers before, and a store of your own afterwards.
   */
  close(): Promise<void>
}
