/** @module The logout routes: confirm, end everything, visit the providers, come back with the receipt complete. */
import type { LogoutRequest } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { NamedSession } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { sharedCookieName } from '../login/cookie-entrance.js'
import type { FoundMarker, Markers } from '../login/marker.js'
import { queryOf } from '../login/wish.js'
import { redirect, redirectStatus } from '../pages/redirect.js'
import type { FoundSession, SessionFinder } from '../requests/session-of.js'
import { asksForPage, isSameOriginPost } from '../sessions/activity.js'
import { placeOf } from '../sessions/record.js'
import { createDepartures, type Left } from './departures.js'
import type { GlobalLogout } from './global-logout.js'
import { type LogoutMarker, longestReturn } from './marker.js'
import { createLogoutPages } from './pages.js'
import type { Participant } from './participant.js'
import { type Leg, outcomeOf, type Receipt } from './receipt.js'

/** Where the browser goes in the end. */
export interface LogoutWish extends LogoutRequest {
  /** Whether a login follows, and where that leads to. */
  readonly thenLogin?: string | undefined
  /** Sessions that the cookies name besides. */
  readonly others?: readonly FoundSession[] | undefined
  /** Whether the cookies name more than could be looked at. */
  readonly isIncomplete?: boolean | undefined
}

export interface LogoutContext {
  readonly options: ResolvedOptions
  readonly markers: Markers<LogoutMarker>
  readonly globalLogout: GlobalLogout
  /** By name; the shared cookie's, where that is in use, under {@link sharedCookieName}. */
  readonly participants: ReadonlyMap<string, Participant>
  readonly formTargets: readonly string[]
  readonly checkReturnTarget: (value: unknown) => string | undefined
  /** The sessions of a request, whatever became of them; none without a good token or hint. */
  readonly sessionsOf: SessionFinder['sessionsOf']
  /** The session that our own cookie names, and what its protocol kept with it. */
  readonly own: {
    named(exchange: Exchange): NamedSession | undefined
    tokensOf(named: NamedSession): Promise<string | undefined>
  }
  /** Whether the browser still sends a part of the shared cookie. */
  readonly sendsShared: (exchange: Exchange) => boolean
  readonly clearLogins: (exchange: Exchange) => void
}

export interface LogoutRoutes {
  /** Ends the session of a request. Never throws for an outage: the receipt says what could not be done. */
  logout(exchange: Exchange, session: FoundSession | undefined, wish: LogoutWish): Promise<Receipt>
  get(exchange: Exchange): Reply
  post(exchange: Exchange, overrides?: LogoutRequest): Promise<Reply>
  /** Sends the browser on to the provider, for a logout that a script began; `undefined`: its `state` is not ours. */
  leave(exchange: Exchange, state: string | undefined): Reply | undefined
  /** The return from the provider's logout; `undefined` if the `state` is not one of ours. */
  comeBack(
    exchange: Exchange,
    state: string | undefined,
    identity?: Pick<Leg, 'state' | 'reason'>,
  ): Promise<Reply | undefined>
}

const longestForm = 8 * 1024
const nobody = 'unknown'
/** Parameter of a return that has been here before. */
const again = 'again'

/** Makes the logout routes. */
export function createLogoutRoutes(context: LogoutContext): LogoutRoutes {
  const { options, markers, globalLogout, participants, checkReturnTarget } = context
  const { application, routes, clock } = options
  const pages = createLogoutPages(context)
  const depart = createDepartures({ participants, markers, conclude: globalLogout.conclude, clock })
  const anyTarget = participants.values().next().value?.target ?? application.url

  const withoutSession = (target: string): Leg =>
    globalLogout.conclude(
      nobody,
      { leg: 'sessions', target, state: 'skipped', reason: 'no-session' },
      clock(),
    )

  /** The session that a logout is about first, and all others that the request names. */
  const sessionsFor = (exchange: Exchange, session: FoundSession | undefined, wish: LogoutWish) => {
    const named = context.own.named(exchange)
    const own = named && { person: named.person, session: named.session, application: application.id }
    const distinct = new Map<string, FoundSession>()
    for (const each of [session, own && { address: own }, ...(wish.others ?? [])]) {
      if (each === undefined) continue
      const place = placeOf(each.address)
      const tokenExpiresAt = Math.max(each.tokenExpiresAt ?? 0, distinct.get(place)?.tokenExpiresAt ?? 0)
      distinct.set(place, { ...each, tokenExpiresAt })
    }
    return { named, sessions: [...distinct.values()] }
  }

  /** Ends every session of a request; of several results the one that is not `done` is told. */
  const endEach = async (
    sessions: readonly FoundSession[],
    wish: LogoutWish,
    target: string,
    end: (session: FoundSession) => Promise<Leg>,
  ): Promise<Leg> => {
    let told: Leg | undefined
    for (const session of sessions) {
      const leg = await end(session)
      if (told === undefined || leg.state !== 'done') told = leg
    }
    if (wish.isIncomplete !== true) return told ?? withoutSession(target)
    return globalLogout.conclude(
      nobody,
      { leg: 'sessions', target, state: 'unknown', reason: 'ambiguous-cookie' },
      clock(),
    )
  }

  const logoutHere = async (exchange: Exchange, session: FoundSession | undefined, wish: LogoutWish) => {
    const found = sessionsFor(exchange, session, wish).sessions
    const sessions = await endEach(found, wish, application.id, ({ address, tokenExpiresAt }) =>
      globalLogout.endHere(address, tokenExpiresAt),
    )
    const left = { state: 'skipped', reason: 'only-here', milliseconds: 0 } as const
    const legs: Leg[] = [
      sessions,
      { ...left, leg: 'cookies', target: globalLogout.cookieTarget },
      { ...left, leg: 'identity', target: anyTarget },
    ]
    return { legs }
  }

  /** Whom the browser visits: the provider of its own session first, then that of the shared cookie. */
  const partiesOf = (exchange: Exchange, named: NamedSession | undefined, hasShared: boolean) => {
    const parties: string[] = []
    if (named !== undefined && participants.has(named.protocol)) parties.push(named.protocol)
    const isShared = named === undefined || hasShared || context.sendsShared(exchange)
    if (participants.has(sharedCookieName) && isShared) parties.push(sharedCookieName)
    return parties
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
    wish: LogoutWish,
  ): Promise<Left> => {
    const { named, sessions: found } = sessionsFor(exchange, session, wish)
    const first = found[0]?.address
    const person = first?.person ?? nobody
    // They go with the session, and the provider wants to see them.
    const tokens = await tokensOf(named)
    const sessions = await endEach(found, wish, 'store', ({ address, tokenExpiresAt }) => {
      const scope = { kind: 'session', session: address.session } as const
      return globalLogout.endSessions(address.person, scope, 'signed-out', tokenExpiresAt)
    })
    const cookies = globalLogout.expireCookies(exchange, person)
    context.clearLogins(exchange)
    const visited = partiesOf(exchange, named, found.length > (named === undefined ? 0 : 1))
    // Whoever signs out to sign in anew wants another session than the one that the provider goes on with.
    const isAnew = visited.length === 0 && wish.thenLogin !== undefined
    const parties = isAnew ? [...participants.keys()] : visited
    const content = {
      person,
      legs: [sessions, cookies],
      began: clock(),
      unfinished: isOver(sessions) ? undefined : first,
      returnTo: rememberable(wish.returnTo),
      thenLogin: wish.thenLogin === undefined ? undefined : (rememberable(wish.thenLogin) ?? '/'),
    }
    if (parties.length > 0) return depart(exchange, { content, parties, tokens })
    const identity = { leg: 'identity', target: anyTarget, state: 'skipped', reason: 'no-session' } as const
    return { legs: [...content.legs, globalLogout.conclude(person, identity, clock())] }
  }

  const carryOut = (
    exchange: Exchange,
    session: FoundSession | undefined,
    wish: LogoutWish,
  ): Promise<Left> => {
    const checked = { ...wish, returnTo: checkReturnTarget(wish.returnTo) }
    return wish.scope === 'application'
      ? logoutHere(exchange, session, checked)
      : logoutEverywhere(exchange, session, checked)
  }

  const receiptOf = ({ legs, next }: Left): Receipt => {
    const receipt = { outcome: outcomeOf(legs), legs }
    if (next === undefined) return receipt
    const { visit, state } = next
    const leave = `${application.url}${routes.path}/leave?${new URLSearchParams({ state })}`
    return { ...receipt, continueAt: visit.method === 'get' ? visit.action : leave }
  }

  /** The end of a logout that the browser has been through. */
  const finishPage = (
    exchange: Exchange,
    { legs }: Left,
    wish: Pick<LogoutMarker, 'returnTo' | 'thenLogin'>,
  ) => {
    const receipt: Receipt = { outcome: outcomeOf(legs), legs }
    if (wish.thenLogin !== undefined) {
      const query = new URLSearchParams({ returnTo: checkReturnTarget(wish.thenLogin) ?? '/' })
      return redirect(`${routes.path}/login?${query}`, redirectStatus(exchange))
    }
    const returnTo = checkReturnTarget(wish.returnTo)
    if (receipt.outcome === 'global' && returnTo !== undefined) {
      return redirect(returnTo, redirectStatus(exchange))
    }
    return pages.receipt(exchange, receipt, false)
  }

  return {
    logout: async (exchange, session, wish) => receiptOf(await carryOut(exchange, session, wish)),

    get: (exchange) =>
      pages.confirmation(exchange, 200, checkReturnTarget(queryOf(exchange).get('returnTo'))),

    async post(exchange, overrides = {}) {
      const form = await exchange.form(longestForm)
      const returnTo = checkReturnTarget(overrides.returnTo ?? form.get('returnTo'))
      if (!isSameOriginPost(exchange, application.url)) return pages.confirmation(exchange, 403, returnTo)
      const scope = overrides.scope ?? (form.get('scope') === 'application' ? 'application' : 'everywhere')
      const thenLogin = form.get('next') === 'login' ? (returnTo ?? '/') : undefined
      const { sessions, complete } = await context.sessionsOf(exchange)
      const [session = takeUnfinished(exchange), ...others] = sessions
      const wish = { returnTo: thenLogin === undefined ? returnTo : undefined, thenLogin }
      const left = await carryOut(exchange, session, { ...wish, others, isIncomplete: !complete, scope })
      if (!asksForPage(exchange)) return json(receiptOf(left))
      if (left.next !== undefined) return pages.leave(exchange, left.next.visit)
      if (scope === 'everywhere') return finishPage(exchange, left, wish)
      const receipt = receiptOf(left)
      if (receipt.outcome !== 'failed' && returnTo !== undefined) return redirect(returnTo, 303)
      return pages.receipt(exchange, receipt, true)
    },

    leave(exchange, state) {
      const visit = markers.find(exchange, state, clock())?.content.visit
      return visit && pages.leave(exchange, visit)
    },

    async comeBack(exchange, state, outcome = { state: 'done' }) {
      const more = deleteMore(exchange, state)
      if (more !== undefined) return more
      const marker = await takeMarker(exchange, state)
      if (marker === undefined) return undefined
      const content = await finish(exchange, marker)
      const { person, began, party, remaining } = content
      const target = participants.get(party)?.target ?? party
      const identity = globalLogout.conclude(person, { leg: 'identity', target, ...outcome }, began)
      const legs = [...verifyCookies(exchange, content), identity]
      const left = await depart(exchange, {
        content: { ...content, legs },
        parties: remaining,
        tokens: undefined,
      })
      if (left.next !== undefined) return pages.leave(exchange, left.next.visit)
      return finishPage(exchange, left, content)
    },
  }

  /**
   * The browser comes back and still sends parts of the shared cookie: variants for which the first answer had no
   * room, most likely. They are deleted on a second way round, once, and only then is the return judged.
   */
  function deleteMore(exchange: Exchange, state: string | undefined): Reply | undefined {
    if (exchange.method !== 'GET' || state === undefined) return undefined
    if (queryOf(exchange).has(again) || !context.sendsShared(exchange)) return undefined
    const found = markers.find(exchange, state, clock())
    if (found?.content.party !== sharedCookieName) return undefined
    globalLogout.expireRest(exchange)
    return redirect(`${routes.path}/return?${new URLSearchParams({ state, [again]: '1' })}`)
  }

  /**
   * Takes the marker of a return. While the store is away nobody can say that it is the first to come: it is looked
   * at and stays in the browser, so that the receipt is shown, and a reload finishes what is left.
   */
  async function takeMarker(exchange: Exchange, state: string | undefined) {
    try {
      const taken = await markers.take(exchange, state, clock())
      return taken && { ...taken, isTaken: true }
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      const found = markers.find(exchange, state, clock())
      return found && { ...found, isTaken: false }
    }
  }

  /** Tries once more to end a session that could not be ended. What is left then stays in the browser's marker. */
  async function finish(
    exchange: Exchange,
    { content, isTaken }: FoundMarker<LogoutMarker> & { readonly isTaken: boolean },
  ): Promise<LogoutMarker> {
    const { person, unfinished } = content
    if (unfinished === undefined) return content
    const scope = { kind: 'session', session: unfinished.session } as const
    const sessions = await globalLogout.endSessions(person, scope, 'signed-out')
    const legs = content.legs.map((leg) => (leg.leg === 'sessions' ? sessions : leg))
    if (isOver(sessions)) return { ...content, legs, unfinished: undefined }
    if (isTaken) markers.set(exchange, { ...content, legs }, clock())
    return { ...content, legs }
  }

  /** The session of a logout that could not end it: its cookies are gone, the marker still names it. */
  function takeUnfinished(exchange: Exchange): FoundSession | undefined {
    const left = markers.pending(exchange, clock()).filter(({ content }) => content.unfinished !== undefined)
    left.sort((one, other) => other.since - one.since)
    for (const marker of left) marker.remove()
    const address = left[0]?.content.unfinished
    return address && { address }
  }

  /** The browser comes back: cookies that it still sends were not deleted, or were set again. */
  function verifyCookies(exchange: Exchange, marker: LogoutMarker): readonly Leg[] {
    if (marker.party !== sharedCookieName || !context.sendsShared(exchange)) return marker.legs
    const deleted = globalLogout.expireCookies(exchange, marker.person)
    const stubborn: Leg = { ...deleted, state: 'refused', reason: 'still-there' }
    return marker.legs.map((leg) => (leg.leg === 'cookies' ? stubborn : leg))
  }
}

function rememberable(target: string | undefined): string | undefined {
  return target !== undefined && target.length <= longestReturn ? target : undefined
}

/** Whether nothing is left to be done for a leg. */
function isOver({ state }: Leg): boolean {
  return state === 'done' || state === 'skipped'
}

function json(receipt: Receipt): Reply {
  return {
    status: receipt.outcome === 'failed' ? 503 : 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'private, no-store' },
    body: JSON.stringify(receipt),
  }
}
