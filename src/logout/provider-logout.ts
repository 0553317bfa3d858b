/** @module The visits that a logout makes at providers, one after the other, each remembered while the browser is away. */

import type { TransactionCookies } from '../cookies/transaction.js'
import type { Exchange } from '../exchange.js'
import type {
  LogoutParticipant,
  LogoutRedirect,
  ProviderLogoutResult,
} from '../protocols/logout-participant.js'
import type { Leg } from '../receipt.js'
import type { GlobalLogout } from './global-logout.js'
import type { PendingLogouts, PendingParty } from './pending-logout.js'
import { type LogoutTransaction, longestVisit, unfinishedOf } from './transaction.js'

/** A logout whose own legs are done, and the participants that are still to be parted from. */
export interface ProviderLogoutPlan {
  readonly content: Omit<LogoutTransaction, 'party' | 'remaining' | 'visit' | 'retry' | 'remark'>
  /** In their order, each with what it kept with the session, where that is at hand. */
  readonly parties: readonly { readonly name: string; readonly tokens?: string | undefined }[]
}

/** How far a logout came without the browser. */
export interface ProviderLogoutProgress {
  readonly legs: readonly Leg[]
  /** Where the browser goes next, and the `state` that it comes back with; absent: nothing is left to visit. */
  readonly next?: { readonly visit: LogoutRedirect; readonly state: string } | undefined
}

/** Parts from each participant until one needs the browser. */
export type LogOutAtProviders = (
  exchange: Exchange,
  leaving: ProviderLogoutPlan,
) => Promise<ProviderLogoutProgress>

const away = { state: 'unknown', reason: 'browser-not-back-yet' } as const

/** Makes the departures of one application. */
export function createProviderLogout(context: {
  readonly participants: ReadonlyMap<string, LogoutParticipant>
  readonly transactions: Pick<TransactionCookies<LogoutTransaction>, 'setFirst' | 'createState'>
  readonly pendingLogouts: Pick<PendingLogouts, 'note'>
  /** Until when an end is remembered where no token says more. */
  readonly retainedUntil: (now: number) => number
  readonly conclude: GlobalLogout['conclude']
  /** Where a login leads whose own target has no room. */
  readonly startPage: string
  readonly clock: () => number
}): LogOutAtProviders {
  const { participants, transactions, pendingLogouts, conclude, startPage, clock } = context

  /** Remembers in the browser what is left: the next login must not go on where the provider's session was left open. */
  const note = (
    exchange: Exchange,
    content: ProviderLogoutPlan['content'],
    open: readonly PendingParty[],
  ): void => {
    const now = clock()
    const until = content.until ?? context.retainedUntil(now)
    const sessions = unfinishedOf(content)
    pendingLogouts.note(exchange, { parties: open, sessions, since: now, until })
  }

  const endProviderSession = async (
    participant: LogoutParticipant,
    departure: Parameters<LogoutParticipant['endProviderSession']>[0],
  ): Promise<ProviderLogoutResult> => {
    try {
      return await participant.endProviderSession(departure)
    } catch {
      // Our own session has ended already: whatever went wrong must not hide that.
      return { legs: [], identity: { state: 'unknown', reason: 'failed' } }
    }
  }

  return async (exchange, { content, parties }) => {
    const { person } = content
    const legs: Leg[] = [...content.legs]
    const open = [...(content.open ?? [])]
    for (const [index, { name: party, tokens }] of parties.entries()) {
      const participant = participants.get(party)
      if (participant === undefined) continue
      const { target } = participant
      const began = clock()
      const state = transactions.createState()
      const { visit, retry, remark, ...parting } = await endProviderSession(participant, {
        exchange,
        tokens,
        state,
      })
      legs.push(...parting.legs)
      if (visit === undefined) {
        const leg = conclude(person, { leg: 'identity', target, ...parting.identity }, began)
        legs.push(leg)
        if (isOpen(leg)) open.push({ name: party, retry })
        continue
      }
      const rest = parties.slice(index + 1)
      const remaining = rest.map(({ name }) => name)
      const remembered = { party, retry, remark, remaining, visit: rememberableVisit(visit) }
      const transaction = { ...content, legs, open, ...remembered }
      // Whatever a browser has no room for: the session has ended, and the receipt of this answer says so.
      transactions.setFirst(exchange, shorterAndShorter(transaction, visit.brief, startPage), clock(), state)
      note(exchange, content, [...open, { name: party, retry }, ...rest.map(({ name }) => ({ name }))])
      const pending = [party, ...remaining].map((name): Leg => {
        const where = participants.get(name)?.target ?? name
        return { leg: 'identity', target: where, ...away, milliseconds: 0 }
      })
      return { legs: [...legs, ...pending], next: { visit, state } }
    }
    note(exchange, content, open)
    return { legs }
  }
}

/** Whether the session at the provider may go on. */
function isOpen({ state, reason }: Leg): boolean {
  return state !== 'done' && !(state === 'skipped' && reason === 'no-session')
}

/** What a cookie has room for of a visit: of an address what is short, since the whole waits in the store. */
function rememberableVisit(visit: LogoutRedirect): LogoutRedirect | undefined {
  const { brief, ...whole } = visit
  const candidates = visit.method === 'get' ? [brief ?? whole] : [whole, brief]
  return candidates.find(
    (candidate) => candidate !== undefined && JSON.stringify(candidate).length <= longestVisit,
  )
}

/** What a transaction says, then the same with ever less of what is long and can be missed. */
function shorterAndShorter(
  transaction: LogoutTransaction,
  brief: LogoutRedirect | undefined,
  startPage: string,
): readonly LogoutTransaction[] {
  const withBrief = {
    ...transaction,
    visit: transaction.visit && (brief?.method === 'post' ? brief : undefined),
  }
  // The pending logout remembers them too.
  const withoutRetry = {
    ...transaction,
    retry: undefined,
    open: transaction.open?.map(({ name }) => ({ name })),
  }
  const withoutReturn = {
    ...withoutRetry,
    returnTo: undefined,
    thenLogin: transaction.thenLogin && startPage,
  }
  const withShortLegs = { ...withoutReturn, legs: shortLegs(transaction.legs) }
  const { visit } = withBrief
  return [transaction, withoutRetry, withoutReturn, withShortLegs, { ...withShortLegs, visit }].concat({
    ...withShortLegs,
    visit: undefined,
  })
}

const mostLegs = 12

/** The legs with short texts; of many those that are not complete first, so that no outcome looks better than it is. */
function shortLegs(legs: readonly Leg[]): readonly Leg[] {
  const short = legs.map((leg) => ({
    ...leg,
    target: leg.target.slice(0, 80),
    reason: leg.reason?.slice(0, 40),
  }))
  if (short.length <= mostLegs) return short
  return [...short.filter(isOpen), ...short.filter((leg) => !isOpen(leg))].slice(0, mostLegs)
}
