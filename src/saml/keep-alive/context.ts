/** @module What the steps of keeping the provider's session alive stand on, and how one tells what it came to. */
import type { TransactionCookies } from '../../cookies/transaction.js'
import type { Exchange, Reply } from '../../exchange.js'
import { redirect, redirectStatus } from '../../pages/redirect.js'
import { renderScriptedPage, tellParentScript } from '../../pages/scripted-page.js'
import { createRecent, type Recent } from '../../recent.js'
import type { RecordAddress } from '../../session-record.js'
import { placeOf } from '../../sessions/record.js'
import { routeOf } from '../routes.js'
import type { ServiceProvider } from '../service-provider.js'
import type { AnswerContext } from '../verify-answer.js'
import type { PassiveStep, Place } from './decision.js'

/** A passive request in flight, as it is remembered in the browser. */
export interface PassiveTransaction {
  readonly place: Place
  /** At top level: where the person was going. */
  readonly returnTo: string
  /** The session that is extended: an answer about another one does nothing. */
  readonly session: string
  /** Whether the request went as a form. */
  readonly isSentAsForm: boolean
  /** Number of the lease under which the provider is asked. */
  readonly fence: number
  /** At top level: the detour that it is. */
  readonly detour: string
}

/** A detour on the way to a page, as it is remembered in the browser: while it is, there is no other. */
export interface Detour {
  readonly returnTo: string
}

/** What the steps stand on. */
export interface KeepAliveContext extends AnswerContext {
  readonly transactions: TransactionCookies<PassiveTransaction>
  readonly detours: TransactionCookies<Detour>
  /** Sessions whose browser came without the cookie of its detour, and since when: no other one until that would be over. */
  readonly lostDetours: Recent<number>
  /** Path of our route, as the browser sees it. */
  readonly path: string
}

/** What a visit came to; what has no step was not begun. */
export type PassiveOutcome =
  | PassiveStep
  /** The person has not been active since. */
  | 'idle'
  /** Another tab or instance is at it, or waits before the next try. */
  | 'busy'
  | 'no-session'

/** How long the provider may take; then another try may begin. */
export const attemptSeconds = 60
/** How long after a failure the provider is left alone. */
export const retrySeconds = 300
/** The same where it can extend nothing without a page. */
export const pauseSeconds = 3600

const mostLostDetours = 10_000

/** Makes what the steps of one provider stand on. */
export function createKeepAliveContext(provider: ServiceProvider): KeepAliveContext {
  const { host, options } = provider
  return {
    ...provider,
    renewedFor: new Set(),
    transactions: host.transactions<PassiveTransaction>('passive'),
    detours: host.transactions<Detour>('detour'),
    lostDetours: createRecent({ maximumEntries: mostLostDetours }),
    path: `${host.options.routes.path}/${routeOf(options.name, 'keep-alive')}`,
  }
}

/** Name of the lease under which the provider is asked for a session: one for all tabs and instances. */
export function leaseKeyOf(address: RecordAddress): string {
  return `keep-alive:${placeOf(address).replaceAll(' ', ':')}`
}

/** Tells our frame what a visit came to; at top level the person goes on to where they were going. */
export function tellOutcome(
  { host }: Pick<KeepAliveContext, 'host'>,
  exchange: Exchange,
  { place, returnTo }: Pick<PassiveTransaction, 'place' | 'returnTo'>,
  outcome: PassiveOutcome,
  dueInMilliseconds?: number,
): Reply {
  if (place === 'top') {
    const { startPage } = host.options.application
    return redirect(host.checkReturnTarget(returnTo) ?? startPage, redirectStatus(exchange))
  }
  return renderScriptedPage({
    title: outcome,
    script: tellParentScript,
    values: { type: 'citizen-session:keep-alive', step: outcome, dueInMilliseconds },
  })
}
