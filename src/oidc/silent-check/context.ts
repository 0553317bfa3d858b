/** @module What the steps of a silent check stand on, what is remembered of one, and the answer to the browser. */
import type { TransactionCookies } from '../../cookies/transaction.js'
import type { Exchange, Reply } from '../../exchange.js'
import { redirect, redirectStatus } from '../../pages/redirect.js'
import { renderScriptedPage, tellParentScript } from '../../pages/scripted-page.js'
import type { OidcContext } from '../context.js'
import type { CheckPlace, CheckStep } from './decision.js'

/** A silent check in flight, as it is remembered in the browser. */
export interface CheckTransaction {
  readonly place: CheckPlace
  readonly withHint: boolean
  /** Whether a hint that had not expired was answered `login_required`. */
  readonly isHintRefused?: boolean | undefined
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  /** The session that is checked: an answer about another one does nothing. */
  readonly session: string
}

/** What the steps of a silent check stand on. */
export interface SilentCheckContext extends OidcContext {
  readonly transactions: TransactionCookies<CheckTransaction>
  readonly redirectUri: string
}

/** What a check came to. */
export type CheckOutcome = CheckStep | 'no-session'

/** Tells our page what a check came to; at top level the person goes on to where they were. */
export function tellOutcome(
  { host }: SilentCheckContext,
  exchange: Exchange,
  { place, returnTo }: Pick<CheckTransaction, 'place' | 'returnTo'>,
  outcome: CheckOutcome,
  sessionState?: string,
): Reply {
  if (place === 'top') {
    const { startPage } = host.options.application
    return redirect(host.checkReturnTarget(returnTo) ?? startPage, redirectStatus(exchange))
  }
  return renderScriptedPage({
    title: outcome,
    script: tellParentScript,
    values: { type: 'citizen-session:check', step: outcome, sessionState },
  })
}
