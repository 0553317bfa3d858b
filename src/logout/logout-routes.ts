/** @module The logout routes: confirm, end everything, visit the providers, come back with the receipt complete. */
import type { LogoutRequest } from '../citizen.js'
import type { Exchange, Reply } from '../exchange.js'
import { queryOf, wayIn } from '../login/login-request.js'
import { asksForPage, isSameOriginPost } from '../sessions/activity.js'
import type { LogoutContext, SignOutContext } from './context.js'
import { endSessions } from './end-sessions.js'
import { finishReply, goesTo, receiptOf } from './finish-logout.js'
import { leave } from './leave.js'
import {
  handleLogoutReturn,
  handleLogoutReturnFromRemoved,
  handleLogoutReturnWithoutState,
  handleLogoutReturnWithUnknownState,
  logoutStatesAt,
  type ProviderMessage,
} from './logout-return.js'
import { createLogoutPages, receiptReply } from './pages.js'

/** The logout routes of one application. */
export interface LogoutRoutes {
  /** The question before a logout. */
  get(exchange: Exchange): Reply
  /** The logout; `overrides`: what a route of the application's own says instead of the form. */
  post(exchange: Exchange, overrides?: LogoutRequest): Promise<Reply>
  /** Sends the browser on to the provider, for a logout that a script began. */
  leave(exchange: Exchange, state: string | undefined): Promise<Reply>
  /** See {@link handleLogoutReturn}. */
  handleLogoutReturn(
    exchange: Exchange,
    state: string | undefined,
    message?: ProviderMessage,
  ): Promise<Reply | undefined>
  /** See {@link handleLogoutReturnWithoutState}. */
  handleLogoutReturnWithoutState(exchange: Exchange): Promise<Reply | undefined>
  /** See {@link handleLogoutReturnWithUnknownState}. */
  handleLogoutReturnWithUnknownState(exchange: Exchange): Promise<Reply | undefined>
  /** See {@link handleLogoutReturnFromRemoved}. */
  handleLogoutReturnFromRemoved(exchange: Exchange, removed: string): Promise<Reply | undefined>
  /** The page of a return that no sign-out of this browser waits for. */
  showUnknownReturn(exchange: Exchange): Reply
  /** See {@link logoutStatesAt}. */
  statesAt(exchange: Exchange, party: string): readonly string[]
}

const longestForm = 8 * 1024

/** Makes the logout routes. */
export function createLogoutRoutes(parts: SignOutContext & Pick<LogoutContext, 'inspect'>): LogoutRoutes {
  const context: LogoutContext = { ...parts, pages: createLogoutPages(parts) }
  return {
    get: (exchange) => confirmation(context, exchange),
    post: (exchange, overrides = {}) => postLogout(context, exchange, overrides),
    leave: (exchange, state) => leave(context, exchange, state),
    handleLogoutReturn: (exchange, state, message) => handleLogoutReturn(context, exchange, state, message),
    handleLogoutReturnWithoutState: (exchange) => handleLogoutReturnWithoutState(context, exchange),
    handleLogoutReturnWithUnknownState: (exchange) => handleLogoutReturnWithUnknownState(context, exchange),
    handleLogoutReturnFromRemoved: (exchange, removed) =>
      handleLogoutReturnFromRemoved(context, exchange, removed),
    showUnknownReturn: (exchange) => context.pages.spent(exchange, false),
    statesAt: (exchange, party) => logoutStatesAt(context, exchange, party),
  }
}

function confirmation({ pages, checkReturnTarget }: LogoutContext, exchange: Exchange): Reply {
  return pages.confirmation(exchange, 200, checkReturnTarget(queryOf(exchange).get('returnTo')))
}

async function postLogout(
  context: LogoutContext,
  exchange: Exchange,
  overrides: LogoutRequest,
): Promise<Reply> {
  const { pages, options, requestSessions, checkReturnTarget } = context
  const { url, startPage } = options.application
  const form = await exchange.form(longestForm)
  const returnTo = checkReturnTarget(overrides.returnTo ?? form.get('returnTo'))
  if (!isSameOriginPost(exchange, url)) return pages.confirmation(exchange, 403, returnTo)
  const scope = overrides.scope ?? (form.get('scope') === 'application' ? 'application' : 'everywhere')
  const thenLogin = form.get('next') === 'login' ? (returnTo ?? startPage) : undefined
  const { sessions, missed } = await requestSessions.sessionsOf(exchange)
  const [session, ...others] = sessions
  const seenAt = form.get('seenAt') ?? undefined
  const loginWay = wayIn(form)
  const choice = { loginWay, returnTo: thenLogin === undefined ? returnTo : undefined, thenLogin, seenAt }
  const progress = await endSessions(context, exchange, session, { ...choice, others, missed, scope })
  if (!asksForPage(exchange)) {
    return receiptReply(await receiptOf(context, progress), goesTo(progress, { ...choice, scope }))
  }
  if (progress.next !== undefined) return pages.leave(exchange, progress.next.visit)
  if (scope === 'everywhere') return finishReply(context, exchange, progress, choice)
  const receipt = await receiptOf(context, progress)
  if (receipt.outcome !== 'failed' && returnTo !== undefined) return pages.leadOn(exchange, returnTo)
  return pages.receipt(exchange, receipt, true)
}
