/** @module The contract of a token renewal: what a plug-in does, and what the core makes sure of. */

import type { Claims } from '../citizen.js'
import type { VerifiedLogin } from './sessions.js'

/** The access token in a session's tokens. */
export interface AccessToken {
  readonly value: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** What an attempt to renew a session's tokens came to. */
export type TokenOutcome =
  /** New tokens, which replace the old ones whole. */
  | {
      readonly kind: 'tokens'
      readonly tokens: string
      readonly expiresAt: number
      /** What the provider says of the person by now; absent: it says nothing, and what is known stays. */
      readonly person?: PersonStatement | undefined
      /**
       * Asks what `userInfo` of the session is by now, once the tokens are written: they are not lost meanwhile. Its result
       * is the same however often it is called; `undefined`: what is known stays. Never rejects.
       */
      readonly askUserInfo?: (() => Promise<VerifiedLogin['userInfo']>) | undefined
      /** When the provider wants the session to end at the latest; absent: as it was. Milliseconds since the epoch. */
      readonly endsAt?: number | undefined
    }
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

/** What a provider says of a session's person after the login as well: guards go by it from the next request on. */
export type PersonStatement = Pick<VerifiedLogin, 'claims' | 'level' | 'method'>

/** How tokens are renewed. The core sees to it that it happens once for all instances. */
export interface TokenRefresh {
  /** Age of the tokens at which they are renewed; `undefined`: 40 to 50 % of their life, by session. */
  readonly afterSeconds: number | undefined
  /** An attempt takes no longer. */
  readonly timeoutSeconds: number
  /** How long the request that finds a refresh due waits for it. */
  readonly waitMilliseconds: number
  readonly onUnavailable: 'keep' | 'end'
  /** How long past their expiry tokens sign somebody in while they cannot be renewed. */
  readonly keepSeconds: number
  /** Renews; never throws for what the provider does. */
  renew(
    tokens: string,
    session: {
      readonly issuer: string
      readonly subject: string
      /** What is known of the person. */
      readonly claims: Claims
    },
  ): Promise<TokenOutcome>
  accessTokenOf(tokens: string): AccessToken | undefined
}
