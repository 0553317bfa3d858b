/** @module Ends the sessions that a logout is about: which they are, in which order, and what goes with them. */
import type { NamedSession } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange } from '../exchange.js'
import type { SessionTokens } from '../protocols/logout-participant.js'
import { isSettled, type Leg, onlyHere, providerRemoved } from '../receipt.js'
import { placeOf } from '../sessions/record.js'
import type { LogoutChoice, SignOutContext } from './context.js'
import type { PendingLogout } from './pending-logout.js'
import { logOutAtProviders, type ProviderLogoutProgress, partiesOf } from './provider-logout.js'
import type { FoundSession, SessionsMissed } from './request-sessions.js'
import { longestReturn, unfinishedOf } from './transaction.js'
import type { UnfinishedSession } from './unfinished.js'

/** Stands for the person in events where no session names one. */
const nobody = 'unknown'

/** What became of several sessions. */
export interface EndedEach {
  /** What has failed comes first, then what a dead cookie named, then what is done. */
  readonly told: Leg
  /** Sessions that are not known to have ended. */
  readonly unfinished: readonly UnfinishedSession[]
}

/** Ends the session of a request, and what else the request names, here or everywhere. An outage is a leg's state. */
export function endSessions(
  context: SignOutContext,
  exchange: Exchange,
  session: FoundSession | undefined,
  choice: LogoutChoice,
): Promise<ProviderLogoutProgress> {
  const checked = { ...choice, returnTo: context.checkReturnTarget(choice.returnTo) }
  return choice.scope === 'application'
    ? endHere(context, exchange, session, checked)
    : endEverywhere(context, exchange, session, checked)
}

/** Ends sessions in every application, and tells one leg of them all; `missed`: why there may be more. */
export function endEachEverywhere(
  context: SignOutContext,
  sessions: readonly FoundSession[],
  missed?: SessionsMissed,
): Promise<EndedEach> {
  const { globalLogout } = context
  return endEach(context, { sessions, missed, target: 'store' }, (session) =>
    globalLogout.endSession(session, 'signed-out'),
  )
}

/** The session that a logout could not end, as the browser remembers it. */
export function sessionLeft(
  { generation, ...address }: UnfinishedSession,
  tokenExpiresAt: number | undefined,
): FoundSession {
  return { address, generation, tokenExpiresAt }
}

async function endHere(
  context: SignOutContext,
  exchange: Exchange,
  session: FoundSession | undefined,
  choice: LogoutChoice,
): Promise<ProviderLogoutProgress> {
  const { globalLogout, options } = context
  const { sessions } = sessionsFor(context, exchange, session, choice)
  const request = { sessions, missed: choice.missed, target: options.application.id }
  const { told } = await endEach(context, request, globalLogout.endHere)
  const left = { state: 'skipped', reason: onlyHere, milliseconds: 0 } as const
  return {
    legs: [
      told,
      { ...left, leg: 'cookies', target: globalLogout.cookieTarget },
      { ...left, leg: 'identity', target: anyTarget(context) },
    ],
  }
}

async function endEverywhere(
  context: SignOutContext,
  exchange: Exchange,
  session: FoundSession | undefined,
  choice: LogoutChoice,
): Promise<ProviderLogoutProgress> {
  const { globalLogout, copies, participants, options } = context
  const now = options.clock()
  const pending = context.pendingLogouts.find(exchange, now)
  const { named, sessions: sent } = sessionsFor(context, exchange, session, choice)
  const found = [...sent, ...unfinishedBefore(context, exchange, pending, sent)]
  const person = found[0]?.address.person ?? nobody
  // They go with the session, and the provider wants to see them.
  const tokens = await tokensOf(context, named)
  const beside = await copies.survey(named, sent)
  const ended = await endEachEverywhere(context, [...found, ...beside.namesakes], choice.missed)
  const left = await copies.resultOf(beside)
  const cookies = globalLogout.expireCookies(exchange, person, choice.seenAt ?? choice.thenLogin, left)
  context.clearLogins(exchange)
  const isSharedNamed = sent.length > (named === undefined ? 0 : 1)
  const visited = partiesOf(context, exchange, { named, tokens, isSharedNamed, pending })
  // Whoever signs out to sign in anew wants another session than the one that the provider goes on with.
  const isAnew = visited.length === 0 && choice.thenLogin !== undefined
  const parties = isAnew ? Array.from(participants.keys(), (name) => ({ name })) : visited
  const expiries = found.map(({ tokenExpiresAt = 0 }) => tokenExpiresAt)
  const content = {
    person,
    legs: [ended.told, cookies, ...removedLegs(context, named, person)],
    began: options.clock(),
    unfinished: ended.unfinished,
    until: Math.max(context.retainedUntil(now, Math.max(0, ...expiries)), pending?.until ?? 0),
    ...whereTo(choice, options.application.startPage),
  }
  if (parties.length > 0) return logOutAtProviders(context, exchange, { content, parties })
  const { until, unfinished } = content
  context.pendingLogouts.note(exchange, { parties: [], sessions: unfinished, since: now, until })
  const isTold = content.legs.some(({ leg }) => leg === 'identity')
  return { legs: [...content.legs, ...(isTold ? [] : [unvisitedLeg(context, person, choice.missed)])] }
}

/** What is told of a provider that was removed: its session may go on, and nobody here can ask it. */
function removedLegs(
  { participants, isRemoved, globalLogout, options }: SignOutContext,
  named: NamedSession | undefined,
  person: string,
): readonly Leg[] {
  if (named === undefined || participants.has(named.protocol) || !isRemoved(named.protocol)) return []
  const leg = { leg: 'identity', target: named.protocol, state: 'skipped', reason: providerRemoved } as const
  return [globalLogout.conclude(person, leg, options.clock())]
}

/** Where the browser goes in the end, as far as a transaction has room for it. */
function whereTo({ seenAt, returnTo, thenLogin, loginWay }: LogoutChoice, startPage: string) {
  return {
    seenAt: rememberable(seenAt),
    returnTo: rememberable(returnTo),
    loginWay: thenLogin === undefined ? undefined : loginWay,
    thenLogin: thenLogin === undefined ? undefined : (rememberable(thenLogin) ?? startPage),
  }
}

function rememberable(target: string | undefined): string | undefined {
  return target !== undefined && target.length <= longestReturn ? target : undefined
}

/** What is told of the provider where nobody is visited. */
function unvisitedLeg(context: SignOutContext, person: string, missed: SessionsMissed | undefined): Leg {
  const result =
    missed === undefined
      ? ({ state: 'skipped', reason: 'no-session' } as const)
      : ({ state: 'unknown', reason: missed } as const)
  const leg = { leg: 'identity', target: anyTarget(context), ...result } as const
  return context.globalLogout.conclude(person, leg, context.options.clock())
}

function anyTarget({ participants, options }: SignOutContext): string {
  return participants.values().next().value?.target ?? options.application.url
}

/** The session that a logout is about first, and all others that the request names. */
function sessionsFor(
  { requestSessions, options }: SignOutContext,
  exchange: Exchange,
  session: FoundSession | undefined,
  choice: LogoutChoice,
): { readonly named: NamedSession | undefined; readonly sessions: readonly FoundSession[] } {
  const named = requestSessions.namedBy(exchange)
  const own: FoundSession | undefined = named && {
    address: { person: named.person, session: named.session, application: options.application.id },
    generation: named.generation,
  }
  const distinct = new Map<string, FoundSession>()
  for (const each of [session, own, ...(choice.others ?? [])]) {
    if (each === undefined) continue
    const place = placeOf(each.address)
    const known = distinct.get(place)
    const tokenExpiresAt = Math.max(each.tokenExpiresAt ?? 0, known?.tokenExpiresAt ?? 0)
    // A good token names the session by itself: a dead cookie beside it takes nothing from that.
    const isByToken = known !== undefined && known.generation === undefined
    const generation = isByToken ? undefined : each.generation
    distinct.set(place, { ...each, generation, tokenExpiresAt })
  }
  return { named, sessions: [...distinct.values()] }
}

/** Sessions of logouts that could not end them: their cookies are gone, the browser still remembers them. */
function unfinishedBefore(
  { transactions, options }: SignOutContext,
  exchange: Exchange,
  pending: PendingLogout | undefined,
  named: readonly FoundSession[],
): readonly FoundSession[] {
  const inFlight = transactions
    .pending(exchange, options.clock())
    .filter(({ content }) => unfinishedOf(content).length > 0)
  for (const transaction of inFlight) transaction.remove()
  const all = [...(pending?.sessions ?? []), ...inFlight.flatMap(({ content }) => unfinishedOf(content))]
  const known = new Set(named.map(({ address }) => placeOf(address)))
  return all.flatMap((left) => {
    if (known.has(placeOf(left))) return []
    known.add(placeOf(left))
    return [sessionLeft(left, pending?.until)]
  })
}

async function tokensOf(
  { requestSessions }: SignOutContext,
  named: NamedSession | undefined,
): Promise<SessionTokens> {
  try {
    return named === undefined ? {} : await requestSessions.tokensOf(named)
  } catch (error) {
    if (error instanceof StoreUnavailableError) return {}
    throw error
  }
}

async function endEach(
  { globalLogout, options }: SignOutContext,
  request: {
    readonly sessions: readonly FoundSession[]
    readonly missed: SessionsMissed | undefined
    readonly target: string
  },
  end: (session: FoundSession) => Promise<Leg>,
): Promise<EndedEach> {
  const { sessions, missed, target } = request
  const unfinished: UnfinishedSession[] = []
  let told: Leg | undefined
  for (const session of sessions) {
    const leg = await end(session)
    if (told === undefined || !isSettled(leg) || (leg.state !== 'done' && isSettled(told))) told = leg
    if (!isSettled(leg)) unfinished.push({ ...session.address, generation: session.generation })
  }
  const conclude = (result: Pick<Leg, 'state' | 'reason'>): Leg =>
    globalLogout.conclude(nobody, { leg: 'sessions', target, ...result }, options.clock())
  if (missed !== undefined) return { told: conclude({ state: 'unknown', reason: missed }), unfinished }
  return { told: told ?? conclude({ state: 'skipped', reason: 'no-session' }), unfinished }
}
