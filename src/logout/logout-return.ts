/** @module The way back from a provider's logout: what is left is done, the next provider visited, the receipt completed. */
import type { Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { FoundTransaction, TransactionCookies } from '../cookies/transaction.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf } from '../login/login-request.js'
import { redirect } from '../pages/redirect.js'
import { sharedCookieName } from '../protocols/login-method.js'
import type { LogoutParticipant } from '../protocols/logout-participant.js'
import { type Leg, noState } from '../receipt.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import type { FoundSession } from '../shared-cookie/find-sessions.js'
import type { EndedEach } from './endings.js'
import type { GlobalLogout } from './global-logout.js'
import type { LogoutPages } from './pages.js'
import type { PendingLogouts, UnfinishedSession } from './pending-logout.js'
import type { LogOutAtProviders, ProviderLogoutProgress } from './provider-logout.js'
import type { SharedCopies } from './shared-copies.js'
import { type LogoutTransaction, unfinishedOf } from './transaction.js'

/** The ways back of one application's logout. */
export interface LogoutReturn {
  /** The return from the provider's logout; `undefined` if the `state` is not one of ours. */
  handleLogoutReturn(
    exchange: Exchange,
    state: string | undefined,
    identity?: Pick<Leg, 'state' | 'reason'>,
  ): Promise<Reply | undefined>
  /** The `state` of each logout of this browser that is at the provider of that participant. */
  statesAt(exchange: Exchange, party: string): readonly string[]
  /**
   * The return from a provider that does not hand the `state` back: it proves nothing, so the identity leg stays
   * `unknown`, and whoever is signed in goes on to the start page. `undefined`: no logout of this browser is at a provider.
   */
  handleLogoutReturnWithoutState(exchange: Exchange): Promise<Reply | undefined>
}

/** Parameter of a return that has been here before: how often. */
const again = 'again'
/** A browser follows twenty redirects: the way to the provider comes before these, and a login after them. */
const mostRounds = 14

/** Makes the ways back. */
export function createLogoutReturn(context: {
  readonly options: ResolvedOptions
  readonly transactions: TransactionCookies<LogoutTransaction>
  readonly pendingLogouts: Pick<PendingLogouts, 'find'>
  readonly globalLogout: GlobalLogout
  readonly participants: ReadonlyMap<string, LogoutParticipant>
  readonly copies: Pick<SharedCopies, 'lookAgain'>
  readonly sendsShared: (exchange: Exchange) => boolean
  readonly inspect: (exchange: Exchange) => Promise<Citizen>
  readonly pages: LogoutPages
  readonly depart: LogOutAtProviders
  readonly endEach: (sessions: readonly FoundSession[]) => Promise<EndedEach>
  readonly finishPage: (exchange: Exchange, left: ProviderLogoutProgress, content: LogoutTransaction) => Reply
}): LogoutReturn {
  const { transactions, globalLogout, participants, pages } = context
  const { application, routes, clock } = context.options

  /** Notes what became of the provider's leg, and goes on to the next provider, or to the end. */
  const goOn = async (
    exchange: Exchange,
    transaction: FoundTransaction<LogoutTransaction>,
    outcome: Pick<Leg, 'state' | 'reason'>,
    mayDelete: boolean,
  ): Promise<Reply> => {
    const content = await finish(transaction)
    const { person, began, remaining, party } = content
    const target = participants.get(party)?.target ?? party
    const identity = globalLogout.conclude(person, { leg: 'identity', target, ...outcome }, began)
    const legs = [...verifyCookies(exchange, content, mayDelete), identity]
    const open = [...(content.open ?? [])]
    if (identity.state !== 'done') open.push({ name: party, retry: content.retry })
    const kept = context.pendingLogouts.find(exchange, clock())?.parties ?? []
    const left = await context.depart(exchange, {
      content: { ...content, legs, open },
      parties: remaining.map((name) => {
        return { name, tokens: kept.find((each) => each.name === name)?.retry }
      }),
    })
    if (left.next !== undefined) return pages.leave(exchange, left.next.visit)
    return context.finishPage(exchange, left, content)
  }

  return {
    async handleLogoutReturn(exchange, state, given) {
      // Coming back proves nothing where the provider answers by a message of its own: SLO-14.
      const party = transactions.find(exchange, state, clock())?.content.party ?? ''
      if (given === undefined && participants.get(party)?.answersByMessage === true) return undefined
      const more = deleteMore(exchange, state)
      if (more !== undefined) return more
      const transaction = await takeMarker(exchange, state)
      return (
        transaction &&
        goOn(exchange, transaction, given ?? { state: 'done', reason: transaction.content.remark }, true)
      )
    },

    statesAt: (exchange, party) =>
      transactions
        .pending(exchange, clock())
        .flatMap(({ content, state }) => (content.party === party ? [state] : [])),

    async handleLogoutReturnWithoutState(exchange) {
      if (!isTopLevelNavigation(exchange)) return undefined
      const away = transactions
        .pending(exchange, clock())
        .filter(({ content }) => participants.get(content.party)?.answersByMessage !== true)
        .sort((left, right) => right.since - left.since)
      const [latest] = away
      if (latest === undefined) return undefined
      // Anybody's link can be this: whoever has signed in since is not told otherwise, and is led out of nothing.
      const { state } = await context.inspect(exchange)
      if (state === 'active') return pages.leadOn(exchange, application.startPage)
      if (state !== 'anonymous') return undefined
      // Who is still to be visited is visited once. With nobody left it is shown only: the `state` may yet come.
      const isLast = latest.content.remaining.length === 0
      const transaction = isLast ? latest : await takeMarker(exchange, latest.state)
      return transaction && goOn(exchange, transaction, { state: 'unknown', reason: noState }, false)
    },
  }

  /**
   * The browser comes back and still sends parts of the shared cookie: variants for which the first answer had no
   * room, most likely. They are deleted on more ways round, and only then is the return judged. Where cookies came to
   * another page that do not belong together, nobody can see here what is left: every variant for it is deleted.
   */
  function deleteMore(exchange: Exchange, state: string | undefined): Reply | undefined {
    if (exchange.method !== 'GET' || state === undefined) return undefined
    const round = Number(queryOf(exchange).get(again) ?? 0)
    if (!Number.isInteger(round) || round < 0 || round >= mostRounds) return undefined
    const content = transactions.find(exchange, state, clock())?.content
    if (content === undefined || content.remaining.length > 0) return undefined
    const isSeen = content.party === sharedCookieName && context.sendsShared(exchange)
    if (!isSeen && content.seenAt === undefined) return undefined
    if (!globalLogout.expireRest(exchange, round, content.seenAt ?? content.thenLogin)) return undefined
    return redirect(`${routes.path}/return?${new URLSearchParams({ state, [again]: String(round + 1) })}`)
  }

  /**
   * Takes the transaction of a return. While the store is away nobody can say that it is the first to come: it is looked
   * at and stays in the browser, so that the receipt is shown, and a reload finishes what is left.
   */
  async function takeMarker(exchange: Exchange, state: string | undefined) {
    try {
      return await transactions.take(exchange, state, clock())
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error
      return transactions.find(exchange, state, clock())
    }
  }

  /** Tries once more to end sessions that could not be ended. What is left then stays in the browser's memory. */
  async function finish({ content }: FoundTransaction<LogoutTransaction>): Promise<LogoutTransaction> {
    const unfinished = unfinishedOf(content)
    if (unfinished.length === 0) return content
    const ended = await context.endEach(unfinished.map((left) => sessionLeft(left, content.until)))
    const legs = content.legs.map((leg) => (leg.leg === 'sessions' ? ended.told : leg))
    return {
      ...content,
      legs: ended.unfinished.length === 0 ? await context.copies.lookAgain(legs, unfinished) : legs,
      unfinished: ended.unfinished,
    }
  }

  /**
   * The browser comes back: cookies that it still sends were not deleted, or were set again. Without proof that this is
   * the way back they are told, and stay: they may be another session's, at another application.
   */
  function verifyCookies(
    exchange: Exchange,
    transaction: LogoutTransaction,
    mayDelete: boolean,
  ): readonly Leg[] {
    if (transaction.party !== sharedCookieName || !context.sendsShared(exchange)) return transaction.legs
    const deleted = mayDelete
      ? globalLogout.expireCookies(exchange, transaction.person)
      : ({ leg: 'cookies', target: globalLogout.cookieTarget, milliseconds: 0 } as const)
    const stubborn: Leg = { ...deleted, state: 'refused', reason: 'still-there' }
    return transaction.legs.map((leg) => (leg.leg === 'cookies' ? stubborn : leg))
  }
}

/** The session that a logout could not end, as the browser remembers it. */
export function sessionLeft(
  { generation, ...address }: UnfinishedSession,
  tokenExpiresAt: number | undefined,
): FoundSession {
  return { address, generation, tokenExpiresAt }
}
