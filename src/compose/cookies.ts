/** @module The cookies of one suite, besides the shared one: the session, its hint, and what is under way in a browser. */
import { createSessionCookie, type SessionCookie } from '../cookies/session-cookie.js'
import { createTransactionCookies, type TransactionCookies } from '../cookies/transaction.js'
import { createLoginHosts, type LoginHosts } from '../login/hosts.js'
import type { LoginTransaction } from '../login/login.js'
import { createRememberedWay, type RememberedWay } from '../login/remembered-way.js'
import { createPendingLogouts, type PendingLogouts } from '../logout/pending-logout.js'
import type { LogoutTransaction } from '../logout/transaction.js'
import { createHintCookie, type HintCookie } from '../shared-cookie/hint-cookie.js'
import type { Foundation } from './foundation.js'

/** The cookies of one suite. */
export interface SuiteCookies {
  readonly hintCookie: HintCookie
  readonly sessionCookie: SessionCookie
  /** Logins by the shared cookie; plug-ins have transactions of their own. */
  readonly loginTransactions: TransactionCookies<LoginTransaction>
  readonly logoutTransactions: TransactionCookies<LogoutTransaction>
  readonly pendingLogouts: PendingLogouts
  readonly loginHosts: LoginHosts
  readonly rememberedWay: RememberedWay
}

/** Makes them. */
export function createSuiteCookies({ options, store, sealer }: Foundation): SuiteCookies {
  const { application, isSecure, random, rememberedTokens } = options
  const naming = { application: application.id, isSecure, sealer }
  const transactions = { ...naming, store, random }
  const loginHosts = createLoginHosts(application.url)
  return {
    hintCookie: createHintCookie({ ...naming, rememberedHints: rememberedTokens }),
    sessionCookie: createSessionCookie(naming),
    loginTransactions: createTransactionCookies({
      ...transactions,
      purpose: 'login',
      onSet: loginHosts.note,
    }),
    logoutTransactions: createTransactionCookies({ ...transactions, purpose: 'logout' }),
    pendingLogouts: createPendingLogouts(naming),
    loginHosts,
    rememberedWay: createRememberedWay(naming),
  }
}
