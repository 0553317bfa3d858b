/** @module The visits that a logout makes at providers, one after the other, each remembered while the browser is away. */

import type { NamedSession } from '../cookies/session-cookie.js'
import type { Exchange } from '../exchange.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type {
  LogoutParticipant,
  LogoutRedirect,
  ProviderLogoutRequest,
  ProviderLogoutResult,
  SessionTokens,
} from '../protocols/logout-participant.js'
import type { Leg } from '../receipt.js'
import type { SignOutContext } from './context.js'
import type { PendingLogout } from './pending-logout.js'
import { type LogoutTransaction, longestVisit, unfinishedOf } from './transaction.js'
import type { PendingParty } from './unfinished.js'

/** A logout whose own legs are done, and the participants that are still to be parted from. */
export interface ProviderLogoutPlan {
  readonly content: Omit<LogoutTransaction, 'party' | 'remaining' | 'visit' | 'retry' | 'issuer' | 'remark'>
  /** In their order, each with what it kept with the session, where that is at hand. */
  readonly parties: readonly (SessionTokens & { readonly name: string })[]
}

/** How far a logout came without the browser. */
export interface ProviderLogoutProgress {
  readonly legs: readonly Leg[]
  /** Where the browser goes next, and the `state` that it comes back with; absent: nothing is left to visit. */
  readonly next?: { readonly visit: LogoutRedirect; readonly state: string } | undefined
}

/** What is known of the sessions at providers that a logout is about. */
interface ProviderSessions {
  /** The session that our own cookie named, and what its protocol kept with it. */
  readonly named: NamedSession | undefined
  readonly tokens: SessionTokens
  /** Whether the request named a session by the shared cookie. */
  readonly isSharedNamed: boolean
  readonly pending: PendingLogout | undefined
}

const notKnown = { state: 'unknown', reason: 'provider-unknown' } as const
const away = { state: 'unknown', reason: 'browser-not-back-yet' } as const

/**
 * Whom the browser visits: the provider of its own session first, then those that an earlier logout has not reached,
 * then that of the shared cookie.
 */
export function partiesOf(
  { participants, requestSessions, isRemoved }: SignOutContext,
  exchange: Exchange,
  { named, tokens, isSharedNamed, pending }: ProviderSessions,
): ProviderLogoutPlan['parties'] {
  const parties = new Map<string, SessionTokens>()
  if (named !== undefined) parties.set(named.protocol, tokens)
  for (const { name, retry, issuer } of pending?.parties ?? []) {
    if (name === sharedCookieName || parties.get(name)?.tokens !== undefined) continue
    parties.set(name, { tokens: retry, issuer: issuer ?? parties.get(name)?.issuer })
  }
  const isSharedPending = pending?.parties.some(({ name }) => name === sharedCookieName) ?? false
  const isShared =
    named === undefined || isSharedNamed || isSharedPending || requestSessions.sendsShared(exchange)
  if (isShared) parties.set(sharedCookieName, {})
  const all = Array.from(parties, ([name, kept]) => ({ name, ...kept }))
  // One that is not known here, or not yet, cannot be visited: that is told, and not taken for done.
  return all.filter(({ name }) => participants.has(name) || (name !== sharedCookieName && !isRemoved(name)))
}

/** Parts from each participant until one needs the browser. */
export async function logOutAtProviders(
  context: SignOutContext,
  exchange: Exchange,
  { content, parties }: ProviderLogoutPlan,
): Promise<ProviderLogoutProgress> {
  const { participants, transactions, globalLogout, options } = context
  const { clock } = options
  const { person } = content
  const legs: Leg[] = [...content.legs]
  const open = [...(content.open ?? [])]
  for (const [index, { name: party, tokens, issuer }] of parties.entries()) {
    const found = participants.get(party)
    const isItsOwn = issuer === undefined || found?.issuer === undefined || found.issuer === issuer
    // Another one has the name here: it is told nothing of a person that it does not know.
    const participant = isItsOwn ? found : undefined
    const began = clock()
    if (participant === undefined) {
      legs.push(globalLogout.conclude(person, { leg: 'identity', target: party, ...notKnown }, began))
      open.push({ name: party, issuer })
      continue
    }
    const { target } = participant
    const state = transactions.createState()
    const { visit, retry, remark, ...parting } = await endProviderSession(participant, {
      exchange,
      tokens,
      state,
    })
    legs.push(...parting.legs.map((leg) => globalLogout.tell(person, leg)))
    if (visit === undefined) {
      const leg = globalLogout.conclude(person, { leg: 'identity', target, ...parting.identity }, began)
      legs.push(leg)
      if (isOpen(leg)) open.push({ name: party, retry, issuer })
      continue
    }
    const remaining = parties.slice(index + 1).map(({ name }) => name)
    const remembered = { party, retry, issuer, remark, remaining, visit: rememberableVisit(visit) }
    const transaction = { ...content, legs, open, ...remembered }
    // Whatever a browser has no room for: the session has ended, and the receipt of this answer says so.
    const contents = shorterAndShorter(transaction, visit.brief, options.application.startPage)
    transactions.setFirst(exchange, contents, clock(), state)
    notePending(context, exchange, content, [
      ...open,
      { name: party, retry, issuer },
      ...remaining.map(named),
    ])
    const pending = [party, ...remaining].map((name) => awayLeg(participants.get(name)?.target ?? name))
    return { legs: [...legs, ...pending], next: { visit, state } }
  }
  notePending(context, exchange, content, open)
  return { legs }
}

/** Remembers in the browser what is left: the next login must not go on where the provider's session was left open. */
function notePending(
  { pendingLogouts, retainedUntil, options }: SignOutContext,
  exchange: Exchange,
  content: ProviderLogoutPlan['content'],
  open: readonly PendingParty[],
): void {
  const now = options.clock()
  const until = content.until ?? retainedUntil(now, 0)
  pendingLogouts.note(exchange, { parties: open, sessions: unfinishedOf(content), since: now, until })
}

async function endProviderSession(
  participant: LogoutParticipant,
  request: ProviderLogoutRequest,
): Promise<ProviderLogoutResult> {
  try {
    return await participant.endProviderSession(request)
  } catch {
    // Our own session has ended already: whatever went wrong must not hide that.
    return { legs: [], identity: { state: 'unknown', reason: 'failed' } }
  }
}

function named(name: string): PendingParty {
  return { name }
}

function awayLeg(target: string): Leg {
  return { leg: 'identity', target, ...away, milliseconds: 0 }
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
