/** @module What a browser remembers of a logout while it visits the provider. */
import type { LoginRequest } from '../protocols/login-method.js'
import type { LogoutRedirect } from '../protocols/logout-participant.js'
import type { Leg } from '../receipt.js'
import type { PendingParty, UnfinishedSession } from './unfinished.js'

/** What a logout in flight is for. */
export interface LogoutTransaction {
  readonly person: string
  readonly legs: readonly Leg[]
  readonly began: number
  /** Name of the participant whose provider the browser visits. */
  readonly party: string
  /** Names of participants that are visited afterwards. */
  readonly remaining: readonly string[]
  /** The visit, or the brief form of it, where somebody else than our own answer must send the browser there. */
  readonly visit?: LogoutRedirect | undefined
  /** Sessions that are not known to have ended; the return, and the next try, see to it. 0.1.0: one, or none. */
  readonly unfinished: readonly UnfinishedSession[] | UnfinishedSession | undefined
  /** Participants whose session at the provider is not known to have ended, of those before `party`. */
  readonly open?: readonly PendingParty[] | undefined
  /** What the leg of `party` says besides once it is done. */
  readonly remark?: string | undefined
  /** What `party` needs for another attempt. */
  readonly retry?: string | undefined
  /** The provider that it is about; absent: not known, or in logouts that 0.1.0 has begun. */
  readonly issuer?: string | undefined
  /** Path of a page to which cookies came that do not belong together: all variants for it are deleted on the way back. */
  readonly seenAt?: string | undefined
  /** Until when what is not finished is remembered. Milliseconds since the epoch. */
  readonly until?: number | undefined
  /** Checked when it was set and when it is used; absent: the receipt is shown. */
  readonly returnTo: string | undefined
  /** Where a login that follows at once leads to; absent: none follows. */
  readonly thenLogin: string | undefined
  /** Which way in that login takes, where a page of ours has asked for one. Absent in those of 0.1.0. */
  readonly loginWay?: LoginWay | undefined
}

/** Which way in a login takes. */
export type LoginWay = Pick<LoginRequest, 'via' | 'providers'>

/** Longest way back that a logout remembers: its transaction shares an answer's header with the deletions. */
export const longestReturn = 512
/** Longest visit that a transaction remembers, in characters of its form. */
export const longestVisit = 2_000

/** The sessions of a transaction that are not known to have ended. */
export function unfinishedOf({
  unfinished,
}: Pick<LogoutTransaction, 'unfinished'>): readonly UnfinishedSession[] {
  if (unfinished === undefined) return []
  return isOne(unfinished) ? [unfinished] : unfinished
}

function isOne(sessions: readonly UnfinishedSession[] | UnfinishedSession): sessions is UnfinishedSession {
  return !Array.isArray(sessions)
}
