/** @module What the steps of a logout share, and what a logout may be asked for. */
import type { Citizen, LogoutRequest } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange } from '../exchange.js'
import type { LogoutParticipant } from '../protocols/logout-participant.js'
import type { GlobalLogout } from './global-logout.js'
import type { KeptVisits } from './kept-visits.js'
import type { LogoutPages } from './pages.js'
import type { PendingLogouts } from './pending-logout.js'
import type { FoundSession, RequestSessions, SessionsMissed } from './request-sessions.js'
import type { SharedCopies } from './shared-copies.js'
import type { LoginWay, LogoutTransaction } from './transaction.js'

/** What ending the sessions of a request needs. */
export interface SignOutContext {
  readonly options: ResolvedOptions
  readonly transactions: TransactionCookies<LogoutTransaction>
  readonly pendingLogouts: PendingLogouts
  /** Until when an end is remembered: as long as any token of it could live, and one of that `exp` does. */
  readonly retainedUntil: (now: number, tokenExpiresAt: number) => number
  readonly globalLogout: GlobalLogout
  readonly visits: KeptVisits
  /** By name, in the order of visits. */
  readonly participants: ReadonlyMap<string, LogoutParticipant>
  /** Whether a participant of that name was removed, and none added since: nothing is left to be done there. */
  readonly isRemoved: (name: string) => boolean
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly requestSessions: Readonly<RequestSessions>
  readonly copies: SharedCopies
  readonly clearLogins: (exchange: Exchange) => void
}

/** What the routes of the logout need besides. */
export interface LogoutContext extends SignOutContext {
  readonly pages: LogoutPages
  /** Who is there, without any effect. */
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
}

/** What is ended, and where the browser goes in the end. */
export interface LogoutChoice extends LogoutRequest {
  /** Whether a login follows, and where that leads to. */
  readonly thenLogin?: string | undefined
  /** By which way in that login is to be, and at which providers, where a page of ours has asked for that. */
  readonly loginWay?: LoginWay | undefined
  /** Sessions that the cookies name besides. */
  readonly others?: readonly FoundSession[] | undefined
  /** Path of a page to which cookies came that do not belong together. */
  readonly seenAt?: string | undefined
  /** Why the cookies may name more sessions than were found. */
  readonly missed?: SessionsMissed | undefined
}
