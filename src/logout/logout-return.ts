/** @module The way back from a provider's logout: what is left is done, the next provider visited, the receipt completed. */
import type { FoundTransaction } from '../cookies/transaction.js'
import { StoreUnavailableError } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { type Leg, noState, providerRemoved } from '../receipt.js'
import { isTopLevelNavigation } from '../sessions/activity.js'
import type { LogoutContext } from './context.js'
import { endEachEverywhere, sessionLeft } from './end-sessions.js'
import { deleteMoreCookies, finishReply, legsWithCookiesSeen } from './finish-logout.js'
import { logOutAtProviders } from './provider-logout.js'
import { type LogoutTransaction, unfinishedOf } from './transaction.js'

/** What a message of a provider says of its leg. */
export interface ProviderMessage extends Pick<Leg, 'state' | 'reason'> {
  /** The participant whose provider has sent it. */
  readonly party: string
}

/**
 * The return from the provider's logout; `undefined` if the `state` is not one of ours. `message`: what became of the
 * provider's leg, where a message of the provider says it, and which participant's provider that is: it counts only
 * for a visit of that one.
 */
export async function handleLogoutReturn(
  context: LogoutContext,
  exchange: Exchange,
  state: string | undefined,
  message?: ProviderMessage,
): Promise<Reply | undefined> {
  const { transactions, participants, options } = context
  const party = transactions.find(exchange, state, options.clock())?.content.party ?? ''
  if (message !== undefined && message.party !== party) return undefined
  // Coming back proves nothing where the provider answers by a message of its own: SLO-14.
  if (message === undefined && participants.get(party)?.answersByMessage === true) return undefined
  const more = deleteMoreCookies(context, exchange, state)
  if (more !== undefined) return more
  const transaction = await takeTransaction(context, exchange, state)
  if (transaction === undefined) return undefined
  const outcome =
    message === undefined
      ? ({ state: 'done', reason: transaction.content.remark } as const)
      : { state: message.state, reason: message.reason }
  return goOn(context, exchange, transaction, { outcome, mayDelete: true })
}

/**
 * The return from a provider that does not hand the `state` back: it proves nothing, so the identity leg stays
 * `unknown`, and whoever is signed in goes on to the start page. `undefined`: no logout of this browser is at a provider.
 */
export function handleLogoutReturnWithoutState(
  context: LogoutContext,
  exchange: Exchange,
): Promise<Reply | undefined> {
  return goOnUnproven(context, exchange, sendsBack(context), noState)
}

/**
 * The same from a provider that was removed meanwhile, at a route that it had: what it says can be read no more.
 * `undefined`: no logout of this browser is there.
 */
export function handleLogoutReturnFromRemoved(
  context: LogoutContext,
  exchange: Exchange,
  removed: string,
): Promise<Reply | undefined> {
  return goOnUnproven(context, exchange, (party) => party === removed, providerRemoved)
}

/** Goes on with the latest logout that such a participant has, of which nobody can say what became of it. */
async function goOnUnproven(
  context: LogoutContext,
  exchange: Exchange,
  mayCome: (party: string) => boolean,
  reason: string,
): Promise<Reply | undefined> {
  if (!isTopLevelNavigation(exchange)) return undefined
  const latest = latestAway(context, exchange, mayCome)
  if (latest === undefined) return undefined
  // Anybody's link can be this: whoever has signed in since is not told otherwise, and is led out of nothing.
  const { state } = await context.inspect(exchange)
  if (state === 'active') return context.pages.leadOn(exchange, context.options.application.startPage)
  if (state !== 'anonymous') return undefined
  // Who is still to be visited is visited once. With nobody left it is shown only: the `state` may yet come.
  const isLast = latest.content.remaining.length === 0
  const transaction = isLast ? latest : await takeTransaction(context, exchange, latest.state)
  if (transaction === undefined) return undefined
  return goOn(context, exchange, transaction, { outcome: { state: 'unknown', reason }, mayDelete: false })
}

/**
 * The return with a `state` that is nobody's: nothing is done, and the page says what is so. `undefined`: no logout of
 * this browser is at a provider, or somebody has signed in since.
 */
export async function handleLogoutReturnWithUnknownState(
  context: LogoutContext,
  exchange: Exchange,
): Promise<Reply | undefined> {
  if (latestAway(context, exchange, sendsBack(context)) === undefined) return undefined
  const { state } = await context.inspect(exchange)
  return state === 'anonymous' ? context.pages.unknownState(exchange) : undefined
}

/** Whether a provider sends the browser back, and no message. */
const sendsBack =
  ({ participants }: LogoutContext) =>
  (party: string): boolean =>
    participants.get(party)?.answersByMessage !== true

/** The logout of this browser that left last for such a provider, and has not come back. */
function latestAway(
  { transactions, options }: LogoutContext,
  exchange: Exchange,
  isMeant: (party: string) => boolean,
): FoundTransaction<LogoutTransaction> | undefined {
  const [latest] = transactions
    .pending(exchange, options.clock())
    .filter(({ content }) => isMeant(content.party))
    .sort((left, right) => right.since - left.since)
  return latest
}

/** The `state` of each logout of this browser that is at the provider of that participant. */
export function logoutStatesAt(
  { transactions, options }: LogoutContext,
  exchange: Exchange,
  party: string,
): readonly string[] {
  const pending = transactions.pending(exchange, options.clock())
  return pending.flatMap(({ content, state }) => (content.party === party ? [state] : []))
}

/** Notes what became of the provider's leg, and goes on to the next provider, or to the end. */
async function goOn(
  context: LogoutContext,
  exchange: Exchange,
  transaction: FoundTransaction<LogoutTransaction>,
  back: { readonly outcome: Pick<Leg, 'state' | 'reason'>; readonly mayDelete: boolean },
): Promise<Reply> {
  const { globalLogout, participants, pendingLogouts, pages, options } = context
  const content = await endUnfinished(context, transaction.content)
  const { person, began, remaining, party } = content
  const target = participants.get(party)?.target ?? party
  const identity = globalLogout.conclude(person, { leg: 'identity', target, ...back.outcome }, began)
  const legs = [...legsWithCookiesSeen(context, exchange, content, back.mayDelete), identity]
  const open = [...(content.open ?? [])]
  if (identity.state !== 'done') open.push({ name: party, retry: content.retry, issuer: content.issuer })
  const kept = pendingLogouts.find(exchange, options.clock())?.parties ?? []
  const progress = await logOutAtProviders(context, exchange, {
    content: { ...content, legs, open },
    parties: remaining.map((name) => {
      const { retry: tokens, issuer } = kept.find((each) => each.name === name) ?? {}
      return { name, tokens, issuer }
    }),
  })
  if (progress.next !== undefined) return pages.leave(exchange, progress.next.visit)
  return finishReply(context, exchange, progress, content)
}

/**
 * Takes the transaction of a return. While the store is away nobody can say that it is the first to come: it is looked
 * at and stays in the browser, so that the receipt is shown, and a reload finishes what is left.
 */
async function takeTransaction(
  { transactions, options }: LogoutContext,
  exchange: Exchange,
  state: string | undefined,
): Promise<FoundTransaction<LogoutTransaction> | undefined> {
  try {
    return await transactions.take(exchange, state, options.clock())
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    return transactions.find(exchange, state, options.clock())
  }
}

/** Tries once more to end sessions that could not be ended. What is left then stays in the browser's memory. */
async function endUnfinished(context: LogoutContext, content: LogoutTransaction): Promise<LogoutTransaction> {
  const unfinished = unfinishedOf(content)
  if (unfinished.length === 0) return content
  const sessions = unfinished.map((left) => sessionLeft(left, content.until))
  const ended = await endEachEverywhere(context, sessions)
  const legs = content.legs.map((leg) => (leg.leg === 'sessions' ? ended.told : leg))
  return {
    ...content,
    legs: ended.unfinished.length === 0 ? await context.copies.lookAgain(legs, unfinished) : legs,
    unfinished: ended.unfinished,
  }
}
