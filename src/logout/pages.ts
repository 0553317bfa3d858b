/** @module The pages of the logout: the question before it, and its receipt. */
import type { ResolvedOptions } from '../config/options.js'
import type { Exchange, Reply } from '../exchange.js'
import { leadOn } from '../login/lead-on.js'
import { refuseForeign } from '../login/refuse-foreign.js'
import type { Page, PageAction, PageContent, PageFact } from '../pages/page.js'
import { createPages } from '../pages/pages.js'
import type { TextKey } from '../pages/texts.js'
import type { LogoutRedirect } from '../protocols/logout-participant.js'
import {
  isComplete,
  type Leg,
  noState,
  onlyHere,
  otherSessions,
  providerRemoved,
  type Receipt,
} from '../receipt.js'

/** The pages of one application's logout. */
export interface LogoutPages {
  confirmation(exchange: Exchange, status: number, returnTo: string | undefined): Reply
  receipt(exchange: Exchange, receipt: Receipt, isHereOnly: boolean): Reply
  /** Leads the browser on by GET, to a path of ours or to an http(s) address. */
  leadOn(exchange: Exchange, address: string): Reply
  /** Says to a person, or to a program, that another site may not begin this. */
  refuseForeign(exchange: Exchange, why: Parameters<typeof refuseForeign>[2]): Reply
  /** Sends the browser to the provider. */
  leave(exchange: Exchange, visit: LogoutRedirect): Reply
  /** The way to the provider that leads on no more: of a sign-out of this browser, or of nobody knows which. */
  spent(exchange: Exchange, isOfThisBrowser: boolean): Reply
  /** The way back with a `state` of nobody's, while a sign-out of this browser is at a provider. */
  unknownState(exchange: Exchange): Reply
}

/** Reasons of what no other attempt could end: copies in other hands, and what a provider that is gone knows. */
const outOfReach: readonly (string | undefined)[] = [otherSessions, providerRemoved]

/** Makes the pages. */
export function createLogoutPages(context: { readonly options: ResolvedOptions }): LogoutPages {
  const { routes, sharedCookie } = context.options
  const sharesCookie = sharedCookie !== undefined

  const pages = createPages(context.options)
  const signInAgain: PageAction = {
    label: 'action.sign-in-again',
    method: 'get',
    href: `${routes.path}/login`,
  }

  const receipt = (exchange: Exchange, ended: Receipt, isHereOnly: boolean): Reply => {
    const facts = ended.legs.map(
      (leg): PageFact => ({ label: labelOf(leg, sharesCookie), value: stateOf(leg, ended.legs) }),
    )
    const actions: Page['actions'][number][] = []
    const { outcome, legs } = ended
    const isLeft = outcome === 'failed' || (outcome === 'partial' && !isHereOnly && !isUnansweredOnly(legs))
    const isWorthAnother = ended.legs.some(
      (leg) => !isComplete(leg, ended.legs) && !outOfReach.includes(leg.reason),
    )
    if (isLeft && isWorthAnother) {
      actions.push(finishAction(routes.path, isHereOnly ? { scope: 'application' } : undefined))
    }
    actions.push(signInAgain)
    actions.push('home')
    return pages.showPage(exchange, {
      status: ended.outcome === 'failed' ? 503 : 200,
      title: isLeft ? 'title.sign-out-incomplete' : 'title.signed-out',
      paragraphs: [sentenceOf(ended, isHereOnly, sharesCookie), 'signed-out.close'],
      facts,
      actions,
    })
  }

  return {
    confirmation: (exchange, status, returnTo) =>
      pages.showPage(exchange, confirmationPage(context.options, status, returnTo)),
    receipt,
    leadOn: (exchange, address) => leadOn(pages, exchange, address),
    refuseForeign: (exchange, why) => refuseForeign(pages, exchange, why),
    spent: (exchange, isOfThisBrowser) =>
      pages.showPage(exchange, {
        status: 400,
        title: isOfThisBrowser ? 'title.sign-out-incomplete' : 'title.not-done',
        paragraphs: isOfThisBrowser ? ['leave.used', 'signed-out.close'] : ['leave.over'],
        actions: isOfThisBrowser ? [finishAction(routes.path), 'home'] : ['home'],
      }),
    unknownState: (exchange) =>
      pages.showPage(exchange, {
        status: 400,
        title: 'title.signed-out',
        paragraphs: ['signed-out.no-state', 'signed-out.close'],
        actions: [signInAgain, 'home'],
      }),
    leave(exchange, { action, method, fields }) {
      if (method === 'get') {
        // What the provider is told is in the page: not for whoever opened this window.
        const reply = leadOn(pages, exchange, action)
        return {
          ...reply,
          headers: { ...reply.headers, 'cross-origin-opener-policy': 'noopener-allow-popups' },
        }
      }
      return pages.showFormPost(exchange, { action, fields: Object.entries(fields) })
    },
  }
}

function confirmationPage(
  { routes, sharedCookie, application }: ResolvedOptions,
  status: number,
  returnTo: string | undefined,
): PageContent {
  const fields: Record<string, string> = returnTo === undefined ? {} : { returnTo }
  const href = `${routes.path}/logout`
  return {
    status,
    title: 'title.sign-out',
    paragraphs: [
      sharedCookie === undefined ? 'sign-out.explain-provider' : 'sign-out.explain',
      'sign-out.other-people',
    ],
    actions: [
      { label: 'action.sign-out-everywhere', method: 'post', href, fields, primary: true },
      { label: 'action.sign-out-here', method: 'post', href, fields: { ...fields, scope: 'application' } },
      { label: 'action.stay', method: 'get', href: returnTo ?? application.startPage },
    ],
  }
}

function finishAction(routesPath: string, fields?: Readonly<Record<string, string>>): PageAction {
  return {
    label: 'action.finish-sign-out',
    method: 'post',
    href: `${routesPath}/logout`,
    fields,
    primary: true,
  }
}

/** What a leg ended. */
function labelOf({ leg }: Leg, sharesCookie: boolean): TextKey {
  return leg === 'cookies' && !sharesCookie ? 'leg.own-cookie' : `leg.${leg}`
}

/** What became of a leg, in the words of the list: whoever reads "not needed" must not wonder what is missing. */
function stateOf(leg: Leg, legs: readonly Leg[]): TextKey {
  if (leg.reason === otherSessions) return 'leg-state.other-sessions'
  if (leg.state !== 'skipped' || isComplete(leg, legs)) return `leg-state.${leg.state}`
  return leg.reason === onlyHere ? 'leg-state.left' : 'leg-state.not-possible'
}

function sentenceOf({ outcome, legs }: Receipt, isHereOnly: boolean, sharesCookie: boolean): TextKey {
  if (outcome === 'failed') return 'outcome.failed'
  if (isHereOnly) return 'outcome.application'
  if (isUnansweredOnly(legs)) return 'signed-out.no-state'
  const isNobody = legs.every(({ leg, reason }) => leg === 'cookies' || reason === 'no-session')
  if (isNobody) return 'outcome.nobody'
  // Without the shared cookie it is for the provider to say what became of other applications.
  return outcome === 'global' && !sharesCookie ? 'outcome.global-provider' : `outcome.${outcome}`
}

/** Whether nothing is left but a provider that sent the browser back without a word, as it would the next time. */
function isUnansweredOnly(legs: readonly Leg[]): boolean {
  const left = legs.filter((leg) => !isComplete(leg, legs) && leg.reason !== 'no-revocation-endpoint')
  return left.length > 0 && left.every(({ reason }) => reason === noState)
}

/** The receipt as JSON, for a script. */
export function receiptReply(receipt: Receipt, returnTo: string | undefined): Reply {
  return {
    status: receipt.outcome === 'failed' ? 503 : 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'private, no-store' },
    body: JSON.stringify({ ...receipt, returnTo }),
  }
}
