/** @module The answer to a request that a guard does not let through. */
import type { Citizen } from '../citizen.js'
import type { Exchange, Reply } from '../exchange.js'
import { anyLoginRequest, demandParameters, signOutAndInAction } from '../login/login-request.js'
import type { Page, PageAction } from '../pages/page.js'
import type { Pages } from '../pages/pages.js'
import { problem } from '../pages/problem.js'
import { redirect } from '../pages/redirect.js'
import { asksForPage, isNavigation } from '../sessions/activity.js'
import type { Refusal } from './verdict.js'

/** What an answer needs to know of the application. */
export interface RefusalContext {
  readonly routesPath: string
  readonly startPage: string
  readonly pages: Pages
}

/** Answers a request that was refused. */
export type Refuse = (exchange: Exchange, citizen: Citizen, refusal: Refusal) => Reply

/** Whether a page may link to a target as it came; more than a path may stand there. */
const isOwnPath = (target: string): boolean => /^\/(?![/\\])[!-~]*$/.test(target)

const tryAgainAt = (href: string): PageAction => ({
  label: 'action.try-again',
  method: 'get',
  href,
  primary: true,
})

/** What stands for a second factor where a challenge names levels. Source: RFC 9470, section 3. */
const secondFactorLevel = 2
/** Longest address that a login leads back to; beyond it, the login leads to the start page. */
const longestReturnTarget = 1500

/**
 * Makes the answers: a redirect to the login for a navigation, a page that keeps nothing for a form, and problem
 * details for programs. Sources: RFC 9457; RFC 9470, section 3.
 */
export function createRefuse(context: RefusalContext): Refuse {
  const { routesPath, startPage } = context

  /** Where a login leads back to; the start page for what cannot be opened again. */
  const returnToOf = (exchange: Exchange): string => {
    const isReturnable = isNavigation(exchange) && exchange.target.length <= longestReturnTarget
    return isReturnable ? exchange.target : startPage
  }

  const loginFor = (exchange: Exchange, refusal: Refusal): string => {
    const query = new URLSearchParams()
    const isReturnable = isNavigation(exchange) && exchange.target.length <= longestReturnTarget
    if (isReturnable) query.set('returnTo', exchange.target)
    if (refusal.kind === 'step-up')
      for (const [name, value] of demandParameters(refusal)) query.set(name, value)
    const text = query.toString()
    return text === '' ? `${routesPath}/login` : `${routesPath}/login?${text}`
  }

  const page = (exchange: Exchange, content: Omit<Page, 'language'>) =>
    context.pages.showPage(exchange, content)

  const unavailable = (exchange: Exchange, reason: string): Reply => {
    const headers = { 'retry-after': '5' }
    if (!asksForPage(exchange)) {
      const detail =
        reason === 'sign-in'
          ? 'the application is at work for this sign-in; try again'
          : 'the session cannot be looked up at the moment; nobody was signed out'
      return problem(503, { code: 'unavailable', reason, detail, headers })
    }
    const again = returnToOf(exchange)
    const reply = page(exchange, {
      status: 503,
      title: 'title.unavailable',
      paragraphs: ['unavailable.explain', 'unavailable.remedy'],
      actions: isNavigation(exchange) && isOwnPath(again) ? [tryAgainAt(again)] : [],
    })
    return { ...reply, headers: { ...reply.headers, ...headers } }
  }

  const ambiguous = (exchange: Exchange): Reply => {
    if (!asksForPage(exchange)) {
      const detail = 'the shared cookies of more than one session came; sign out and in again'
      return problem(401, {
        code: 'login-required',
        reason: 'ambiguous-cookie',
        detail,
        login: `${routesPath}/login`,
      })
    }
    return page(exchange, {
      status: 401,
      title: 'title.cookies',
      paragraphs: ['cookies.explain', 'cookies.remedy'],
      actions: [signOutAndInAction(routesPath, anyLoginRequest(returnToOf(exchange)), exchange.target)],
    })
  }

  return (exchange, citizen, refusal) => {
    if (refusal.kind === 'unavailable') return unavailable(exchange, citizen.reason ?? 'store')
    if (refusal.kind === 'ambiguous') return ambiguous(exchange)
    const login = loginFor(exchange, refusal)
    if (isNavigation(exchange)) return redirect(login)
    const reason =
      citizen.reason ?? (refusal.kind === 'step-up' ? 'insufficient-authentication' : 'second-factor')
    if (asksForPage(exchange)) {
      return page(exchange, {
        status: 401,
        title: 'title.not-sent',
        paragraphs:
          citizen.state === 'anonymous'
            ? [`reason.${citizen.reason}`, 'not-sent.nothing-kept']
            : ['second-factor.needed', 'not-sent.nothing-kept'],
        actions: [{ label: 'action.sign-in', method: 'get', href: login, primary: true }],
      })
    }
    if (refusal.kind === 'step-up') {
      return problem(401, {
        code: 'insufficient_user_authentication',
        reason,
        detail: 'a stronger or more recent authentication is required',
        login,
        headers: { 'www-authenticate': challengeOf(refusal) },
      })
    }
    const detail =
      refusal.kind === 'second-factor-required'
        ? 'a second factor is required'
        : 'nobody is signed in on this request'
    return problem(401, { code: refusal.kind, reason, detail, login })
  }
}

function challengeOf(refusal: Extract<Refusal, { kind: 'step-up' }>): string {
  const parts = ['Bearer error="insufficient_user_authentication"']
  parts.push('error_description="a stronger or more recent authentication is required"')
  const level = Math.max(refusal.level, refusal.secondFactor ? secondFactorLevel : 0)
  if (level > 0) parts.push(`acr_values="${level}"`)
  if (refusal.maxAgeSeconds > 0) parts.push(`max_age="${refusal.maxAgeSeconds}"`)
  return parts.join(', ')
}
