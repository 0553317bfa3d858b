/** @module What the sessions of the shared cookie stand on, and what one request with a good token carries. */

import type { ResolvedSharedCookieOptions } from '../config/options.js'
import type { ScannedCookies } from '../cookies/parse.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { CitizenActions, LiveSession } from '../sessions/create-citizen.js'
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
export interface SharedSession extends LiveSession {
  readonly token: VerifiedToken
  readonly state: TokenState
}

/** A request with a good token. */
export interface SharedCookieRequest extends SessionRequest {
  readonly scanned: ScannedCookies
  readonly token: VerifiedToken
  readonly state: TokenState
  /** The level of assurance that the token's claims show. */
  readonly level: number
  /** Whether this process sees this generation of the session for the first time. */
  isFirstSight: boolean
  /** Whether something of the record was written for this request. */
  isWritten: boolean
}
