/** @module The interface of a participant in the logout: how the session at the provider is ended. */
import type { Exchange } from '../exchange.js'
import type { Leg } from '../receipt.js'

/** A session that has ended here, and is to end at the provider. */
export interface ProviderLogoutRequest {
  readonly exchange: Exchange
  /** What the plug-in kept with the session; `undefined` where that can no longer be had. */
  readonly tokens: string | undefined
  /** The one-time state that the provider must send back to `GET return` (or the plug-in's own route). */
  readonly state: string
}

/** What a plug-in kept with a session; nothing where that can no longer be had. */
export interface SessionTokens {
  readonly tokens?: string | undefined
  /** The provider that they are of: another one, under the same name, is told nothing of them. */
  readonly issuer?: string | undefined
}

/** An address at the provider that the browser must visit. */
export interface LogoutRedirect {
  /** Complete for `get` (nothing is added to it); for `post` the target of a form. */
  readonly action: string
  readonly method: 'get' | 'post'
  /** Fields of the form, for `post`. */
  readonly fields: Readonly<Record<string, string>>
  /** The same without what makes it long, for where it must travel in a cookie. */
  readonly brief?: Omit<LogoutRedirect, 'brief'> | undefined
}

/** What a participant did, and what is left for the browser to do. */
export interface ProviderLogoutResult {
  /** Legs that were done on the way, such as the revocation of tokens. Each is time-boxed and blocks nothing. */
  readonly legs: readonly Leg[]
  /** Where the browser goes next; absent: nowhere, and `identity` says why. */
  readonly visit?: LogoutRedirect | undefined
  /** The provider's leg: `unknown` until the browser is back where there is a visit, else `skipped` with the reason. */
  readonly identity: Pick<Leg, 'state' | 'reason'>
  /** What the provider's leg says besides once it is done, as its `reason`. */
  readonly remark?: string | undefined
  /**
   * What stands for `tokens` in another attempt, should this one not come to its end. It is sealed into a cookie: up to
   * 1,200 characters; more, or none, and the next attempt gets no tokens.
   */
  readonly retry?: string | undefined
}

/** A participant of the logout: the provider of the shared cookie, of OpenID Connect, of SAML. */
export interface LogoutParticipant {
  /** What the identity leg names: the provider's origin. */
  readonly target: string
  /** The issuer, where one origin may be that of several providers, as of tenants. Absent: the origin is the provider. */
  readonly issuer?: string | undefined
  /**
   * Whether the provider's own message, at a route of the plug-in's, is the only proof that its session has ended.
   * Default `false`: the `state` that comes back to `GET return` is all that there is.
   */
  readonly answersByMessage?: boolean | undefined
  /** Ends the session at the provider. Never throws for what the provider does. Our own session has ended before. */
  endProviderSession(request: ProviderLogoutRequest): Promise<ProviderLogoutResult>
}

/** What a login at one participant's provider needs to know of logouts before it. */
export interface LogoutSettling {
  /** Whether a logout is not known to have reached that provider, or to have ended a session here. */
  isPending(exchange: Exchange, party: string): boolean
  /**
   * Takes note that the person has authenticated anew there, in a session that began at `beganAt` (milliseconds): what
   * logouts before it had left open at that provider is nobody's any more. What they left open at another one stays.
   */
  settle(exchange: Exchange, beganAt: number, party: string): void
}
