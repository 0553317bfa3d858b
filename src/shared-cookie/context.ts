/** @module What the sessions of the shared cookie stand on, and what one request with a good token carries. */

import type { Claims } from '../citizen.js'
import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { ScannedCookies } from '../cookies/parse.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { LiveRecord } from '../session-record.js'
import { type CitizenActions, LiveSession } from '../sessions/create-citizen.js'
import type { SessionContext, SessionRequest } from '../sessions/evaluate.js'
import type { VerifiedToken } from '../tokens/verify.js'
import type { HintCookie } from './hint-cookie.js'
import type { Refresher } from './refresh.js'
import type { TokenState } from './token-state.js'

/** What the sessions of the shared cookie stand on. */
export interface SharedCookieContext extends SessionContext {
  readonly options: ResolvedSharedCookieOptions
  readonly refresher: Refresher
  readonly hintCookie: HintCookie
  readonly actions: CitizenActions<SharedSession>
  readonly cookiesFor: (token: VerifiedToken) => readonly SetCookie[]
  readonly expireShared: (exchange: Exchange) => unknown
}

/** A session that the shared cookie names. */
export class SharedSession extends LiveSession {
  readonly token: VerifiedToken
  declare readonly state: TokenState

  constructor(
    { exchange, state }: SharedCookieRequest,
    token: VerifiedToken,
    record: LiveRecord,
    claims: Claims,
  ) {
    super(exchange, claims, state, record)
    this.token = token
  }

  override get tokenExpiresAt(): number {
    return this.token.expiresAt
  }
}

/** A request with a good token. A class for the same reason as {@link LiveSession}: it may wait for the store. */
export class SharedCookieRequest implements SessionRequest {
  readonly exchange: Exchange
  readonly scanned: ScannedCookies
  readonly token: VerifiedToken
  readonly now: number
  readonly isTouching: () => boolean
  readonly state: TokenState
  /** The level of assurance that the token's claims show. */
  readonly level: number
  /** Whether this process sees this generation of the session for the first time. */
  isFirstSight = false
  /** Whether something of the record was written for this request. */
  isWritten = false

  constructor(
    exchange: Exchange,
    scanned: ScannedCookies,
    token: VerifiedToken,
    now: number,
    isTouching: () => boolean,
    state: TokenState,
    level: number,
  ) {
    this.exchange = exchange
    this.scanned = scanned
    this.token = token
    this.now = now
    this.isTouching = isTouching
    this.state = state
    this.level = level
  }
}
