/** @module The answer to a request that a guard does not let through. */
import type { Citizen } from '../citizen.js'
import { retrySoon } from '../errors.js'
import type { Exchange, Reply } from '../exchange.js'
import { anyLoginRequest, demandParameters } from '../login/login-request.js'
import { ambiguousPage } from '../login/pages.js'
import type { PageAction } from '../pages/page.js'
import type { Pages } from '../pages/pages.js'
import { type Problem, problem } from '../pages/problem.js'
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

const signInAt = (href: string): PageAction => ({ label: 'action.sign-in', method: 'get', href })

/** What stands for a second factor where a challenge names levels. Source: RFC 9470, section 3. */
const secondFactorLevel = 2
/** Longest address that a login leads back to; beyond it, the login leads to the start page. */
const longestReturnTarget = 1500

/**
 * Makes the answers: a redirect to the login for a navigation, a page that keeps nothing for a form, and problem
 * details for programs. Sources: RFC 9457; RFC 9470, section 3.
 */
export function createRefuse(context: RefusalContext): Refuse {
  return (exchange, citizen, refusal) => {
    if (refusal.kind === 'unavailable') return unavailable(context, exchange, citizen.reason ?? 'store')
    if (refusal.kind === 'ambiguous') return ambiguous(context, exchange)
    const login = loginFor(context, exchange, refusal)
    if (isNavigation(exchange)) return redirect(login)
    if (asksForPage(exchange)) return notSentPage(context, exchange, { citizen, refusal, login })
    return problem(401, loginProblem(citizen, refusal, login))
  }
}

/** What a refusal says to programs: its status, and the members of its problem details. */
export function explainRefusal(
  context: Pick<RefusalContext, 'routesPath'>,
  exchange: Exchange,
  citizen: Citizen,
  refusal: Refusal,
): { readonly status: 401 | 503; readonly details: Problem } {
  if (refusal.kind === 'unavailable')
    return { status: 503, details: unavailableProblem(citizen.reason ?? 'store') }
  const details =
    refusal.kind === 'ambiguous'
      ? ambiguousProblem(context.routesPath)
      : loginProblem(citizen, refusal, loginFor(context, exchange, refusal))
  return { status: 401, details }
}

function isReturnable(exchange: Exchange): boolean {
  return isNavigation(exchange) && exchange.target.length <= longestReturnTarget
}

/** Where a login leads back to; the start page for what cannot be opened again. */
function returnToOf({ startPage }: RefusalContext, exchange: Exchange): string {
  return isReturnable(exchange) ? exchange.target : startPage
}

function loginFor(
  { routesPath }: Pick<RefusalContext, 'routesPath'>,
  exchange: Exchange,
  refusal: Refusal,
): string {
  const query = new URLSearchParams()
  if (isReturnable(exchange)) query.set('returnTo', exchange.target)
  if (refusal.kind === 'step-up' || refusal.kind === 'other-provider')
    for (const [name, value] of demandParameters(refusal)) query.set(name, value)
  if ('providers' in refusal && refusal.providers.length > 0)
    query.set('provider', refusal.providers.join(','))
  const text = query.toString()
  return text === '' ? `${routesPath}/login` : `${routesPath}/login?${text}`
}

const unavailableDetails: Readonly<Record<string, string>> = {
  'sign-in': 'the application is at work for this sign-in; try again',
  provider: 'the provider of this session is not known here, or not yet; nobody was signed out',
}

function unavailableProblem(reason: string): Problem {
  const detail =
    unavailableDetails[reason] ?? 'the session cannot be looked up at the moment; nobody was signed out'
  return { code: 'unavailable', reason, detail, headers: retrySoon }
}

function unavailable(context: RefusalContext, exchange: Exchange, reason: string): Reply {
  if (!asksForPage(exchange)) return problem(503, unavailableProblem(reason))
  const again = returnToOf(context, exchange)
  return context.pages.showPage(exchange, {
    status: 503,
    title: 'title.unavailable',
    paragraphs: [
      reason === 'provider' ? 'unavailable.provider-session' : 'unavailable.explain',
      'unavailable.remedy',
    ],
    actions: [
      ...(isNavigation(exchange) && isOwnPath(again) ? [tryAgainAt(again)] : []),
      // There the session can be left.
      ...(reason === 'provider' ? [signInAt(`${context.routesPath}/login`)] : []),
    ],
    headers: retrySoon,
  })
}

function ambiguousProblem(routesPath: string): Problem {
  const detail = 'the shared cookies of more than one session came; sign out and in again'
  return { code: 'login-required', reason: 'ambiguous-cookie', detail, login: `${routesPath}/login` }
}

function ambiguous(context: RefusalContext, exchange: Exchange): Reply {
  const { routesPath, pages } = context
  if (!asksForPage(exchange)) return problem(401, ambiguousProblem(routesPath))
  const loginRequest = anyLoginRequest(returnToOf(context, exchange))
  return pages.showPage(exchange, ambiguousPage({ routesPath, loginRequest }, exchange.target))
}

/** For a form: what was written in it could not be kept over a login. */
function notSentPage(
  { pages }: RefusalContext,
  exchange: Exchange,
  {
    citizen,
    refusal,
    login,
  }: { readonly citizen: Citizen; readonly refusal: Refusal; readonly login: string },
): Reply {
  return pages.showPage(exchange, {
    status: 401,
    title: 'title.not-sent',
    paragraphs:
      citizen.state === 'anonymous'
        ? [`reason.${citizen.reason}`, 'not-sent.nothing-kept']
        : [
            refusal.kind === 'other-provider' ? 'provider.other-needed' : 'second-factor.needed',
            'not-sent.nothing-kept',
          ],
    actions: [{ label: 'action.sign-in', method: 'get', href: login, primary: true }],
  })
}

function loginProblem(
  citizen: Citizen,
  refusal: Exclude<Refusal, { kind: 'unavailable' | 'ambiguous' }>,
  login: string,
): Problem {
  if (refusal.kind === 'step-up') {
    return {
      code: 'insufficient_user_authentication',
      reason: citizen.reason ?? 'insufficient-authentication',
      detail: 'a stronger or more recent authentication is required',
      login,
      headers: { 'www-authenticate': challengeOf(refusal) },
    }
  }
  const { kind } = refusal
  const { reason, detail } = otherwiseMissing[kind]
  return { code: kind, reason: citizen.reason ?? reason, detail, login }
}

/** What is missing where it is no stronger or later authentication; `reason`: where the citizen has none. */
const otherwiseMissing = {
  'login-required': { reason: 'not-signed-in', detail: 'nobody is signed in on this request' },
  'second-factor-required': { reason: 'second-factor', detail: 'a second factor is required' },
  'other-provider': { reason: 'provider', detail: 'a sign-in at another provider is required' },
} as const

function challengeOf(refusal: Extract<Refusal, { kind: 'step-up' }>): string {
  const parts = ['Bearer error="insufficient_user_authentication"']
  parts.push('error_description="a stronger or more recent authentication is required"')
  const level = Math.max(refusal.level, refusal.secondFactor ? secondFactorLevel : 0)
  if (level > 0) parts.push(`acr_values="${level}"`)
  if (refusal.maxAgeSeconds > 0) parts.push(`max_age="${refusal.maxAgeSeconds}"`)
  return parts.join(', ')
}
