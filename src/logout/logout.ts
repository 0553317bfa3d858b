/** @module The logout routes: confirm, end everything, visit the providers, come back with the receipt complete. */
import type { Citizen, LogoutRequest } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { NamedSession } from '../cookies/session-cookie.js'
import type { TransactionCookies } from '../cookies/transaction.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { LogoutParticipant } from '../protocols/logout-participant.js'
import { type Leg, onlyHere, outcomeOf, type Receipt } from '../receipt.js'
import { asksForPage, isSameOriginPost } from '../sessions/activity.js'
import { placeOf } from '../sessions/record.js'
import type { FoundSession, SessionFinder, SessionsMissed } from '../shared-cookie/find-sessions.js'
import { createSessionEndings, nobody } from './endings.js'
import type { GlobalLogout } from './global-logout.js'
import type { KeptVisits } from './kept-visits.js'
import { createLeave, type Leave } from './leave.js'
import { createLogoutReturn, type LogoutReturn, sessionLeft } from './logout-return.js'
import { createLogoutPages, receiptReply } from './pages.js'
import type { PendingLogout, PendingLogouts } from './pending-logout.js'
import {
  createProviderLogout,
  type ProviderLogoutPlan,
  type ProviderLogoutProgress,
} from './provider-logout.js'
import type { SharedCopies } from './shared-copies.js'
import { type LogoutTransaction, longestReturn, unfinishedOf } from './transaction.js'

/** Where the browser goes in the end. */
export interface LogoutChoice extends LogoutRequest {
  /** Whether a login follows, and where that leads to. */
  readonly thenLogin?: string | undefined
  /** Sessions that the cookies name besides. */
  readonly others?: readonly FoundSession[] | undefined
  /** Path of a page to which cookies came that do not belong together. */
  readonly seenAt?: string | undefined
  /** Why the cookies may name more sessions than were found. */
  readonly missed?: SessionsMissed | undefined
}

export interface LogoutContext {
  readonly options: ResolvedOptions
  readonly transactions: TransactionCookies<LogoutTransaction>
  readonly pendingLogouts: PendingLogouts
  /** Until when an end is remembered: as long as any token of it could live, and one of that `exp` does. */
  readonly retainedUntil: (now: number, tokenExpiresAt: number) => number
  readonly globalLogout: GlobalLogout
  readonly visits: KeptVisits
  /** By name; the shared cookie's, where that is in use, under {@link sharedCookieName}. */
  readonly participants: ReadonlyMap<string, LogoutParticipant>
  readonly checkReturnTarget: (value: unknown) => string | undefined
  /** The sessions of a request, whatever became of them; none without a good token or hint. */
  readonly sessionsOf: SessionFinder['sessionsOf']
  /** The session that our own cookie names, or will with this answer, and what its protocol kept with it. */
  readonly own: {
    named(exchange: Exchange): NamedSession | undefined
    tokensOf(named: NamedSession): Promise<string | undefined>
  }
  readonly copies: SharedCopies
  /** Whether the browser still sends a part of the shared cookie. */
  readonly sendsShared: (exchange: Exchange) => boolean
  /** Who is there, without any effect. */
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
  readonly clearLogins: (exchange: Exchange) => void
}

export interface LogoutRoutes extends LogoutReturn {
  /** Ends the session of a request. Never throws for an outage: the receipt says what could not be done. */
  logout(exchange: Exchange, session: FoundSession | undefined, choice: LogoutChoice): Promise<Receipt>
  get(exchange: Exchange): Reply
  post(exchange: Exchange, overrides?: LogoutRequest): Promise<Reply>
  /** Sends the browser on to the provider, for a logout that a script began. */
  readonly leave: Leave
}

const longestForm = 8 * 1024

/** Makes the logout routes. */
export function createLogoutRoutes(context: LogoutContext): LogoutRoutes {
  const { options, transactions, pendingLogouts, globalLogout, participants, checkReturnTarget, copies } =
    context
  const { application, routes, clock } = options
  const { startPage } = application
  const pages = createLogoutPages(context)
  const depart = createProviderLogout({
    participants,
    transactions,
    pendingLogouts,
    startPage,
    retainedUntil: (now) => context.retainedUntil(now, 0),
    conclude: globalLogout.conclude,
    clock,
  })
  const anyTarget = participants.values().next().value?.target ?? application.url

  const endEach = createSessionEndings({ conclude: globalLogout.conclude, clock })

  /** The session that a logout is about first, and all others that the request names. */
  const sessionsFor = (exchange: Exchange, session: FoundSession | undefined, choice: LogoutChoice) => {
    const named = context.own.named(exchange)
    const own: FoundSession | undefined = named && {
      address: { person: named.person, session: named.session, application: application.id },
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

  const endEverywhere = (session: FoundSession): Promise<Leg> =>
    globalLogout.endSession(session, 'signed-out')

  const endLeft = (sessions: readonly FoundSession[]) => endEach(sessions, {}, 'store', endEverywhere)

  const logoutHere = async (exchange: Exchange, session: FoundSession | undefined, choice: LogoutChoice) => {
    const found = sessionsFor(exchange, session, choice).sessions
    const { told: sessions } = await endEach(found, choice, application.id, globalLogout.endHere)
    const left = { state: 'skipped', reason: onlyHere, milliseconds: 0 } as const
    const legs: Leg[] = [
      sessions,
      { ...left, leg: 'cookies', target: globalLogout.cookieTarget },
      { ...left, leg: 'identity', target: anyTarget },
    ]
    return { legs }
  }

  /**
   * Whom the browser visits: the provider of its own session first, then those that an earlier logout has not reached,
   * then that of the shared cookie.
   */
  const partiesOf = (
    exchange: Exchange,
    { named, tokens }: { readonly named: NamedSession | undefined; readonly tokens: string | undefined },
    isSharedNamed: boolean,
    pending: PendingLogout | undefined,
  ): ProviderLogoutPlan['parties'] => {
    const parties = new Map<string, string | undefined>()
    if (named !== undefined) parties.set(named.protocol, tokens)
    for (const { name, retry } of pending?.parties ?? []) {
      if (name !== sharedCookieName) parties.set(name, parties.get(name) ?? retry)
    }
    const isSharedPending = pending?.parties.some(({ name }) => name === sharedCookieName) ?? false
    const isShared = named === undefined || isSharedNamed || isSharedPending || context.sendsShared(exchange)
    if (isShared) parties.set(sharedCookieName, undefined)
    return Array.from(parties, ([name, kept]) => ({ name, tokens: kept })).filter(({ name }) =>
      participants.has(name),
    )
  }

  const tokensOf = async (named: NamedSession | undefined): Promise<string | undefined> => {
    try {
      return named && (await context.own.tokensOf(named))
    } catch (error) {
      if (error instanceof StoreUnavailableError) return undefined
      throw error
    }
  }

  const logoutEverywhere = async (
    exchange: Exchange,
    session: FoundSession | undefined,
    choice: LogoutChoice,
  ): Promise<ProviderLogoutProgress> => {
    const now = clock()
    const pending = pendingLogouts.find(exchange, now)
    const { named, sessions: sent } = sessionsFor(exchange, session, choice)
    const found = [...sent, ...unfinishedBefore(exchange, pending, sent)]
    const person = found[0]?.address.person ?? nobody
    // They go with the session, and the provider wants to see them.
    const tokens = await tokensOf(named)
    const beside = await copies.survey(named, sent)
    const meant = [...found, ...beside.namesakes]
    const { told: sessions, unfinished } = await endEach(meant, choice, 'store', endEverywhere)
    const left = await copies.resultOf(beside)
    const cookies = globalLogout.expireCookies(exchange, person, choice.seenAt ?? choice.thenLogin, left)
    context.clearLogins(exchange)
    const isSharedNamed = sent.length > (named === undefined ? 0 : 1)
    const visited = partiesOf(exchange, { named, tokens }, isSharedNamed, pending)
    // Whoever signs out to sign in anew wants another session than the one that the provider goes on with.
    const isAnew = visited.length === 0 && choice.thenLogin !== undefined
    const parties = isAnew ? Array.from(participants.keys(), (name) => ({ name })) : visited
    const expiries = found.map(({ tokenExpiresAt = 0 }) => tokenExpiresAt)
    const content = {
      person,
      legs: [sessions, cookies],
      began: clock(),
      unfinished,
      until: Math.max(context.retainedUntil(now, Math.max(0, ...expiries)), pending?.until ?? 0),
      seenAt: rememberable(choice.seenAt),
      returnTo: rememberable(choice.returnTo),
      thenLogin: choice.thenLogin === undefined ? undefined : (rememberable(choice.thenLogin) ?? startPage),
    }
    if (parties.length > 0) return depart(exchange, { content, parties })
    pendingLogouts.note(exchange, { parties: [], sessions: unfinished, since: now, until: content.until })
    const result =
      choice.missed === undefined
        ? ({ state: 'skipped', reason: 'no-session' } as const)
        : ({ state: 'unknown', reason: choice.missed } as const)
    const identity = { leg: 'identity', target: anyTarget, ...result } as const
    return { legs: [...content.legs, globalLogout.conclude(person, identity, clock())] }
  }

  const carryOut = (
    exchange: Exchange,
    session: FoundSession | undefined,
    choice: LogoutChoice,
  ): Promise<ProviderLogoutProgress> => {
    const checked = { ...choice, returnTo: checkReturnTarget(choice.returnTo) }
    return choice.scope === 'application'
      ? logoutHere(exchange, session, checked)
      : logoutEverywhere(exchange, session, checked)
  }

  /** The address is ours: what the provider is told (an ID token, a name) is for no script of a page (`HLD-02`). */
  const receiptOf = async ({ legs, next }: ProviderLogoutProgress): Promise<Receipt> => {
    const receipt = { outcome: outcomeOf(legs), legs }
    if (next === undefined) return receipt
    const { visit, state } = next
    await context.visits.keep(state, visit)
    const query = new URLSearchParams({ state })
    return { ...receipt, continueAt: `${application.url}${routes.path}/leave?${query}` }
  }

  /** The end of a logout that the browser has been through. */
  const finishPage = (
    exchange: Exchange,
    { legs }: ProviderLogoutProgress,
    choice: Pick<LogoutTransaction, 'returnTo' | 'thenLogin'>,
  ) => {
    const receipt: Receipt = { outcome: outcomeOf(legs), legs }
    if (choice.thenLogin !== undefined) {
      const query = new URLSearchParams({ returnTo: checkReturnTarget(choice.thenLogin) ?? startPage })
      return pages.leadOn(exchange, `${routes.path}/login?${query}`)
    }
    const returnTo = checkReturnTarget(choice.returnTo)
    if (receipt.outcome === 'global' && returnTo !== undefined) {
      return pages.leadOn(exchange, returnTo)
    }
    return pages.receipt(exchange, receipt, false)
  }

  return {
    logout: async (exchange, session, choice) => receiptOf(await carryOut(exchange, session, choice)),

    get: (exchange) =>
      pages.confirmation(exchange, 200, checkReturnTarget(queryOf(exchange).get('returnTo'))),

    async post(exchange, overrides = {}) {
      const form = await exchange.form(longestForm)
      const returnTo = checkReturnTarget(overrides.returnTo ?? form.get('returnTo'))
      if (!isSameOriginPost(exchange, application.url)) return pages.confirmation(exchange, 403, returnTo)
      const scope = overrides.scope ?? (form.get('scope') === 'application' ? 'application' : 'everywhere')
      const thenLogin = form.get('next') === 'login' ? (returnTo ?? startPage) : undefined
      const { sessions, missed } = await context.sessionsOf(exchange)
      const [session, ...others] = sessions
      const seenAt = form.get('seenAt') ?? undefined
      const choice = { returnTo: thenLogin === undefined ? returnTo : undefined, thenLogin, seenAt }
      const left = await carryOut(exchange, session, { ...choice, others, missed, scope })
      if (!asksForPage(exchange))
        return receiptReply(await receiptOf(left), goesTo(left, { ...choice, scope }))
      if (left.next !== undefined) return pages.leave(exchange, left.next.visit)
      if (scope === 'everywhere') return finishPage(exchange, left, choice)
      const receipt = await receiptOf(left)
      if (receipt.outcome !== 'failed' && returnTo !== undefined) return pages.leadOn(exchange, returnTo)
      return pages.receipt(exchange, receipt, true)
    },

    leave: createLeave({
      transactions,
      visits: context.visits,
      pages,
      inspect: context.inspect,
      startPage,
      clock,
    }),

    ...createLogoutReturn({ ...context, pages, depart, endEach: endLeft, finishPage }),
  }

  /** Sessions of logouts that could not end them: their cookies are gone, the browser still remembers them. */
  function unfinishedBefore(
    exchange: Exchange,
    pending: PendingLogout | undefined,
    named: readonly FoundSession[],
  ): readonly FoundSession[] {
    const inFlight = transactions.pending(exchange, clock()).filter(({ content }) => {
      return unfinishedOf(content).length > 0
    })
    for (const transaction of inFlight) transaction.remove()
    const all = [...(pending?.sessions ?? []), ...inFlight.flatMap(({ content }) => unfinishedOf(content))]
    const known = new Set(named.map(({ address }) => placeOf(address)))
    return all.flatMap((left) => {
      if (known.has(placeOf(left))) return []
      known.add(placeOf(left))
      return [sessionLeft(left, pending?.until)]
    })
  }
}

function rememberable(target: string | undefined): string | undefined {
  return target !== undefined && target.length <= longestReturn ? target : undefined
}

/** Where a page of ours would lead on to by itself; a script goes there too, and nowhere else. */
function goesTo(
  { legs, next }: ProviderLogoutProgress,
  { scope, returnTo }: LogoutChoice,
): string | undefined {
  const outcome = outcomeOf(legs)
  const isDone = scope === 'application' ? outcome !== 'failed' : outcome === 'global'
  return next === undefined && isDone ? returnTo : undefined
}
