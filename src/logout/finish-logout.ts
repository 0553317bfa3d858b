/** @module The end of a logout: the receipt, where the browser goes, and the cookies that it still sends. */
import type { Exchange, Reply } from '../exchange.js'
import { anyLoginRequest, loginParameters, queryOf } from '../login/login-request.js'
import { redirect } from '../pages/redirect.js'
import { sharedCookieName } from '../protocols/login-method.js'
import { type Leg, outcomeOf, type Receipt } from '../receipt.js'
import type { LogoutChoice, LogoutContext, SignOutContext } from './context.js'
import { endSessions } from './end-sessions.js'
import type { ProviderLogoutProgress } from './provider-logout.js'
import type { FoundSession } from './request-sessions.js'
import type { LogoutTransaction } from './transaction.js'

/** Parameter of a return that has been here before: how often. */
const again = 'again'
/** A browser follows twenty redirects: the way to the provider comes before these, and a login after them. */
const mostRounds = 14

/** Ends the session of a request. Never throws for an outage: the receipt says what could not be done. */
export async function logOut(
  context: SignOutContext,
  exchange: Exchange,
  session: FoundSession | undefined,
  choice: LogoutChoice,
): Promise<Receipt> {
  return receiptOf(context, await endSessions(context, exchange, session, choice))
}

/**
 * The receipt of a logout, with the address that goes on to the provider. The address is ours: what the provider is
 * told (an ID token, a name) is for no script of a page (`HLD-02`).
 */
export async function receiptOf(
  { visits, options }: SignOutContext,
  { legs, next }: ProviderLogoutProgress,
): Promise<Receipt> {
  const receipt = { outcome: outcomeOf(legs), legs }
  if (next === undefined) return receipt
  const { visit, state } = next
  await visits.keep(state, visit)
  const query = new URLSearchParams({ state })
  return { ...receipt, continueAt: `${options.application.url}${options.routes.path}/leave?${query}` }
}

/** The answer at the end of a logout that the browser has been through. */
export function finishReply(
  { pages, options, checkReturnTarget }: LogoutContext,
  exchange: Exchange,
  { legs }: ProviderLogoutProgress,
  choice: Pick<LogoutTransaction, 'returnTo' | 'thenLogin' | 'loginWay'>,
): Reply {
  const receipt: Receipt = { outcome: outcomeOf(legs), legs }
  if (choice.thenLogin !== undefined) {
    const returnTo = checkReturnTarget(choice.thenLogin) ?? options.application.startPage
    const query = loginParameters({ ...anyLoginRequest(returnTo), ...choice.loginWay })
    return pages.leadOn(exchange, `${options.routes.path}/login?${new URLSearchParams(query)}`)
  }
  const returnTo = checkReturnTarget(choice.returnTo)
  if (receipt.outcome === 'global' && returnTo !== undefined) return pages.leadOn(exchange, returnTo)
  return pages.receipt(exchange, receipt, false)
}

/** Where a page of ours would lead on to by itself; a script goes there too, and nowhere else. */
export function goesTo(
  { legs, next }: ProviderLogoutProgress,
  { scope, returnTo }: LogoutChoice,
): string | undefined {
  const outcome = outcomeOf(legs)
  const isDone = scope === 'application' ? outcome !== 'failed' : outcome === 'global'
  return next === undefined && isDone ? returnTo : undefined
}

/**
 * The browser comes back and still sends parts of the shared cookie: variants for which the first answer had no
 * room, most likely. They are deleted on more ways round, and only then is the return judged. Where cookies came to
 * another page that do not belong together, nobody can see here what is left: every variant for it is deleted.
 */
export function deleteMoreCookies(
  { transactions, requestSessions, globalLogout, options }: LogoutContext,
  exchange: Exchange,
  state: string | undefined,
): Reply | undefined {
  if (exchange.method !== 'GET' || state === undefined) return undefined
  const round = Number(queryOf(exchange).get(again) ?? 0)
  if (!Number.isInteger(round) || round < 0 || round >= mostRounds) return undefined
  const content = transactions.find(exchange, state, options.clock())?.content
  if (content === undefined || content.remaining.length > 0) return undefined
  const isSeen = content.party === sharedCookieName && requestSessions.sendsShared(exchange)
  if (!isSeen && content.seenAt === undefined) return undefined
  if (!globalLogout.expireRest(exchange, round, content.seenAt ?? content.thenLogin)) return undefined
  const query = new URLSearchParams({ state, [again]: String(round + 1) })
  return redirect(`${options.routes.path}/return?${query}`)
}

/**
 * The browser comes back: cookies that it still sends were not deleted, or were set again. Without proof that this is
 * the way back they are told, and stay: they may be another session's, at another application.
 */
export function legsWithCookiesSeen(
  { requestSessions, globalLogout }: LogoutContext,
  exchange: Exchange,
  transaction: LogoutTransaction,
  mayDelete: boolean,
): readonly Leg[] {
  const { party, person, legs } = transaction
  if (party !== sharedCookieName || !requestSessions.sendsShared(exchange)) return legs
  const deleted = mayDelete
    ? globalLogout.expireCookies(exchange, person)
    : ({ leg: 'cookies', target: globalLogout.cookieTarget, milliseconds: 0 } as const)
  const stubborn: Leg = { ...deleted, state: 'refused', reason: 'still-there' }
  return legs.map((leg) => (leg.leg === 'cookies' ? stubborn : leg))
}
