/** @module What a browser remembers of a logout that is not known to be complete, as long as its token could live. */

import { ownCookieName } from '../cookies/name.js'
import { readCookies } from '../cookies/parse.js'
import { hasRoomFor } from '../cookies/serialize.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange, SetCookie } from '../exchange.js'
import type { LogoutParticipant, LogoutSettling } from '../protocols/logout-participant.js'
import type { Sealer } from '../seal.js'
import { unlessAhead } from '../wait.js'
import { type LogoutTransaction, unfinishedOf } from './transaction.js'
import type { PendingParty, UnfinishedSession } from './unfinished.js'

/** What is left to be done of a logout. Times are milliseconds since the epoch. */
export interface PendingLogout {
  /** Participants whose session at the provider is not known to have ended. */
  readonly parties: readonly PendingParty[]
  /** Sessions that are not known to have ended in our store. */
  readonly sessions: readonly UnfinishedSession[]
  readonly since: number
  /** Nothing of the session can be good any longer then. */
  readonly until: number
}

/** Remembers pending logouts in a sealed cookie of its own: one for a browser and application. */
export interface PendingLogouts {
  /** Remembers this instead of what was remembered; with nothing left to do, forgets. */
  note(exchange: Exchange, pending: PendingLogout): void
  /** `undefined` where nothing is pending, or its time is over. A clock that was put back keeps it. */
  find(exchange: Exchange, now: number): PendingLogout | undefined
  /** The same, of a logout before a time of ours; also one that was noted by a clock that has been put back since. */
  findBefore(exchange: Exchange, time: number, now: number): PendingLogout | undefined
  clear(exchange: Exchange): void
}

/** Bounds of what the cookie holds: it travels with every request. */
const most = { parties: 4, sessions: 4, retryLength: 1_200 } as const

/** Makes the pending logouts of one application. */
export function createPendingLogouts(options: {
  readonly application: string
  readonly isSecure: boolean
  readonly sealer: Sealer
}): PendingLogouts {
  const { sealer, isSecure } = options
  const name = ownCookieName(options.application, 'unfinished', isSecure)
  const cookie = (value: string, maxAgeSeconds: number): SetCookie => ({
    name,
    value,
    path: '/',
    maxAgeSeconds,
    httpOnly: true,
    secure: isSecure,
    sameSite: 'lax',
  })
  const valueIn = (exchange: Exchange): string | undefined => {
    const header = exchange.header('cookie')
    return header?.includes(name) ? readCookies(header, name)[0] : undefined
  }
  const clear = (exchange: Exchange): void => {
    if (valueIn(exchange) !== undefined) exchange.setCookie(cookie('', 0))
  }

  const find: PendingLogouts['find'] = (exchange, now) => {
    const value = valueIn(exchange)
    const text = value === undefined ? undefined : sealer.open('pending-logout', name, value)
    if (text === undefined) return undefined
    const pending = JSON.parse(text) as PendingLogout
    return now < pending.until ? pending : undefined
  }

  return {
    find,
    clear,

    findBefore(exchange, time, now) {
      const pending = find(exchange, now)
      return pending !== undefined && unlessAhead(pending.since, now) <= time ? pending : undefined
    },

    note(exchange, { parties, sessions, since, until }) {
      if (parties.length + sessions.length === 0) return clear(exchange)
      const seal = (retries: number): string => {
        const kept: PendingLogout = {
          parties: parties.slice(0, most.parties).map(({ name: party, retry, issuer }, index) => {
            const isKept = index < retries && retry !== undefined && retry.length <= most.retryLength
            return isKept ? { name: party, retry, issuer } : { name: party, issuer }
          }),
          sessions: sessions.slice(0, most.sessions),
          since,
          until,
        }
        return sealer.seal('pending-logout', name, JSON.stringify(kept))
      }
      // Several retries together may be more than a cookie has room for: those of the first parties stay.
      let retries: number = most.parties
      let value = seal(retries)
      while (retries > 0 && !hasRoomFor(name, value)) {
        retries -= 1
        value = seal(retries)
      }
      exchange.setCookie(cookie(value, Math.max(Math.ceil((until - since) / 1000), 1)))
    },
  }
}

/** Makes the settling. Participants of one issuer, or of one origin where that is not said, are at one provider. */
export function createLogoutSettling(parts: {
  readonly pendingLogouts: PendingLogouts
  readonly transactions: Pick<TransactionCookies<LogoutTransaction>, 'pending'>
  readonly participants: ReadonlyMap<string, Pick<LogoutParticipant, 'target' | 'issuer'>>
  readonly clock: () => number
}): LogoutSettling {
  const { pendingLogouts, transactions, participants, clock } = parts
  const isSameProvider = (one: string, other: string): boolean => {
    const [left, right] = [participants.get(one), participants.get(other)]
    if (one === other || left === undefined || right === undefined) return one === other
    const isSaid = left.issuer !== undefined && right.issuer !== undefined
    return isSaid ? left.issuer === right.issuer : left.target === right.target
  }
  return {
    isPending(exchange, party) {
      const now = clock()
      const pending = pendingLogouts.find(exchange, now)
      const inFlight = transactions.pending(exchange, now).map(({ content }) => content)
      // The cookie names whom those in flight have left open too, and more surely.
      const names = pending?.parties.map(({ name }) => name) ?? inFlight.flatMap(partiesOf)
      const sessions = [...(pending?.sessions ?? []), ...inFlight.flatMap(unfinishedOf)]
      return sessions.length > 0 || names.some((name) => isSameProvider(name, party))
    },

    settle(exchange, beganAt, party) {
      const now = clock()
      const pending = pendingLogouts.findBefore(exchange, beganAt, now)
      const isOther = (name: string): boolean => !isSameProvider(name, party)
      const others = pending?.parties.filter(({ name }) => isOther(name)) ?? []
      if (pending !== undefined) pendingLogouts.note(exchange, { ...pending, parties: others })
      const kept = new Set(others.map(({ name }) => name))
      for (const { content, since, remove } of transactions.pending(exchange, now)) {
        // Of two that crossed one may still wait for its way back where nothing is pending; what it has left open at
        // another provider, or not ended here, is forgotten only where that stays pending.
        const left = partiesOf(content).filter(isOther)
        const isElsewhere = left.every((name) => kept.has(name))
        const isRemembered = pending !== undefined || unfinishedOf(content).length === 0
        if (isRemembered && isElsewhere && unlessAhead(since, now) <= beganAt) remove()
      }
    },
  }
}

/** Whose sessions at their providers a logout in flight has not ended yet. */
function partiesOf({ party, remaining, open = [] }: LogoutTransaction): readonly string[] {
  return [party, ...remaining, ...open.map(({ name }) => name)]
}
