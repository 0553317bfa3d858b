/** @module The sessions that a request names, as a logout asks for them: the contract of the cookies that name sessions. */
import { isTooLarge } from '../cookies/parse.js'
import type { NamedSession } from '../cookies/session-cookie.js'
import type { Exchange } from '../exchange.js'
import type { SessionTokens } from '../protocols/logout-participant.js'
import type { RecordAddress } from '../session-record.js'

/** A session that a request names. */
export interface FoundSession {
  readonly address: RecordAddress
  /** `exp` of the token that names it; absent where only the hint does. Milliseconds since the epoch. */
  readonly tokenExpiresAt?: number | undefined
  /** Of what generation it must be, where a cookie of ours names it: an older one ends nothing. */
  readonly generation?: string | undefined
}

/** Why not every session that a request names was found: too many tokens, or too many bytes. */
export type SessionsMissed = 'ambiguous-cookie' | 'cookies-too-large'

/** The sessions of a request, the likeliest first. */
export interface FoundSessions {
  readonly sessions: readonly FoundSession[]
  /** There if there may be more. */
  readonly missed?: SessionsMissed | undefined
}

/** What the shared cookie says of a request's sessions. */
export interface SharedRequestSessions {
  /**
   * Its session, by the token, else by the hint; the root's, where the session value is an alias. More than one only
   * where the cookies name several sessions; `missed` says why, where they name more than can be looked at.
   * @throws CitizenSessionError `keys-unavailable`, where there is no hint either.
   */
  sessionsOf(exchange: Exchange): Promise<FoundSessions>
  /** Whether the request carries any part of the shared cookie. */
  sendsShared(exchange: Exchange): boolean
}

/** What our own session cookie says of a request's session. */
export interface OwnRequestSessions {
  /** The session that has begun with the request, else that of its cookie. */
  namedBy(exchange: Exchange): NamedSession | undefined
  /** What its protocol kept with it, and whose provider that is about. */
  tokensOf(named: NamedSession): Promise<SessionTokens>
}

/** Everything that the cookies of a suite say; each cookie that is in use puts its own words in. */
export type RequestSessions = SharedRequestSessions & OwnRequestSessions

/** What is said where no cookie is in use yet. */
export function noRequestSessions(): RequestSessions {
  return {
    // An own cookie in a header that is too large is not read.
    sessionsOf: async (exchange) => ({
      sessions: [],
      missed: isTooLarge(exchange.header('cookie')) ? 'cookies-too-large' : undefined,
    }),
    sendsShared: () => false,
    namedBy: () => undefined,
    tokensOf: async () => ({}),
  }
}
