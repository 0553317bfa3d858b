/** @module The gate: answers a proxy whether a request may pass to a backend, in whatever language that is written. */
import type { Citizen } from '../citizen.js'
import { defaultPolicy, type GatePolicy, namesOneProvider } from '../config/gate-options.js'
import type { ResolvedOptions } from '../config/options.js'
import { serializeCookie } from '../cookies/serialize.js'
import { digest, equalsInConstantTime } from '../digest.js'
import type { GateProblem, Report } from '../events.js'
import type { Exchange, MaybePromise, Reply, SetCookie } from '../exchange.js'
import { explainRefusal, type Refuse } from '../guards/refusal.js'
import { type Refusal, verdictOn } from '../guards/verdict.js'
import type { Pages } from '../pages/pages.js'
import { problem } from '../pages/problem.js'
import { isNavigation } from '../sessions/activity.js'
import { type GateTokens, UnsaidClaims } from './gate-tokens.js'
import { OriginalExchange, readOriginal } from './original-exchange.js'

/** What the gate stands on. */
export interface GateContext {
  readonly settings: Pick<
    ResolvedOptions['routes']['gate'],
    'policies' | 'requestHeaders' | 'cookies' | 'subject'
  >
  /** What proxies send, newest first. */
  readonly secrets: readonly string[]
  /** Our own origin. */
  readonly origin: string
  readonly routesPath: string
  readonly startPage: string
  readonly clock: () => number
  readonly admit: () => Promise<void>
  readonly authenticate: (exchange: Exchange) => MaybePromise<Citizen>
  /** The citizen that an outage makes of a request; another error is thrown on. */
  readonly unavailableBecause: (error: unknown) => Citizen
  readonly refuse: Refuse
  readonly pages: Pages
  /** How many ways to sign in there are now. */
  readonly waysToSignIn: () => number
  readonly tokens: GateTokens
  readonly report: Report
}

/** Answers a proxy. `rest`: what stands in the address behind `gate`. `undefined`: no proxy of ours asks, so nothing is here. */
export type Gate = (exchange: Exchange, rest: string) => Promise<Reply | undefined>

/** What is handed on to the browser at most; a request sets five. */
const mostCookies = 6
/** Says what the proxy asks with. */
export const gateSecretHeader = 'citizen-gate-secret'
/** Says the policy once more where the address goes on with what a browser has written: `..` may have led elsewhere. */
const policyHeader = 'citizen-gate-policy'
/** Every answer is for one person and one moment. */
const privately = { 'cache-control': 'private, no-store' } as const

/**
 * Makes the gate.
 * 1. Whoever does not send the secret finds nothing here.
 * 2. The address names the policy; what was asked for stands in headers, or behind the policy.
 * 3. The original request is authenticated as if it had come here itself: it counts as activity, or does not.
 * 4. 204 (for Envoy 200) with a token for the backend; else 401, 403 or 503 with where to go.
 */
export function createGate(context: GateContext): Gate {
  const { report, settings, startPage } = context
  // Texts of one length, so that not even the length of a secret shows in the time that it takes.
  const secrets = context.secrets.map((secret) => digest(secret))
  return async (exchange, rest) => {
    const given = exchange.header(gateSecretHeader)
    if (given === undefined) return undefined
    if (!isOneOf(secrets, digest(given))) {
      report({ type: 'gate.failed', problem: 'secret' })
      return undefined
    }
    const path = /^\/([^/?#]*)/.exec(rest)
    const name = path?.[1] ?? defaultPolicy
    const behind = rest.slice(path?.[0].length ?? 0)
    const policy = settings.policies.get(name)
    const isLedElsewhere = behind.startsWith('/') && exchange.header(policyHeader) !== name
    if (policy === undefined || isLedElsewhere) return failed(context, 'policy')
    const original = readOriginal(exchange, behind, { requestHeaders: settings.requestHeaders, startPage })
    if (original === undefined) return failed(context, 'original-request')
    if (exchange.method !== 'GET' && !behind.startsWith('/')) return notAllowed()
    const seen = new OriginalExchange(exchange, original, settings.cookies !== 'none')
    // Envoy takes no other status for a yes.
    const yes = behind.startsWith('/') ? 200 : 204
    return judge(context, { received: exchange, seen, name, policy, yes })
  }
}

/** A question of a proxy that is believed. */
interface Question {
  readonly received: Exchange
  /** The request that it asks about. */
  readonly seen: OriginalExchange
  readonly name: string
  readonly policy: GatePolicy
  /** The status that lets the request pass. */
  readonly yes: 200 | 204
}

async function judge(context: GateContext, question: Question): Promise<Reply> {
  const { seen, policy } = question
  const citizen = await citizenOf(context, seen)
  const refusal = verdictOn(citizen, policy, context.clock())
  if (refusal !== undefined || citizen.state !== 'active')
    return refused(context, question, citizen, refusal ?? { kind: 'unavailable' })
  // Two providers may know two people by one subject.
  const isAmbiguous = context.settings.subject === undefined && context.waysToSignIn() > 1
  if (isAmbiguous && !namesOneProvider(policy)) return failed(context, 'subject')
  try {
    const token = await context.tokens(citizen, question.name, policy)
    return {
      status: question.yes,
      headers: { ...privately, 'citizen-token': token, ...handOn(context, question) },
    }
  } catch (error) {
    if (error instanceof UnsaidClaims) return failed(context, 'claims', error.thrown)
    return unsigned(context, question, error)
  }
}

async function citizenOf(context: GateContext, seen: Exchange): Promise<Citizen> {
  try {
    await context.admit()
    return await context.authenticate(seen)
  } catch (error) {
    return context.unavailableBecause(error)
  }
}

/** No token could be signed: an outage of the keys, or keys that cannot be used until somebody mends them. */
function unsigned(context: GateContext, question: Question, error: unknown): Reply {
  let citizen: Citizen
  try {
    citizen = context.unavailableBecause(error)
  } catch {
    return failed(context, 'keys')
  }
  return refused(context, question, citizen, { kind: 'unavailable' })
}

/**
 * The answer that keeps a request out: a page or problem details, for proxies that hand it on as it is, and the same in
 * headers, for those that make an answer of their own.
 */
function refused(context: GateContext, question: Question, citizen: Citizen, refusal: Refusal): Reply {
  const { seen } = question
  const { status, details } = explainRefusal(context, seen, citizen, refusal)
  const { login } = details
  // Nobody is signed in: 401. Somebody is, but not so that it is enough: 403.
  const isNotEnough = refusal.kind === 'step-up' || refusal.kind === 'other-provider'
  const answer = context.refuse(seen, citizen, refusal)
  const leadsOn = login !== undefined && refusal.kind !== 'ambiguous' && isNavigation(seen)
  // A proxy cannot hand a redirect on where it may answer only 401: the page goes on by itself.
  const shown = leadsOn ? context.pages.showGoingOn(seen, context.origin + login) : answer
  // Where the proxy hands the whole answer on, cookies are part of it.
  const cookies = context.settings.cookies === 'set-cookie' ? handOn(context, question) : {}
  return {
    ...shown,
    status: isNotEnough ? 403 : status,
    headers: {
      ...details.headers,
      ...shown.headers,
      ...privately,
      ...cookies,
      'citizen-code': details.code,
      'citizen-reason': details.reason,
      ...(login === undefined ? {} : { 'citizen-login': login }),
      ...(leadsOn ? { 'citizen-location': login } : {}),
    },
  }
}

/** Hands the cookies that the request set on to the browser, as the proxy can: all of them, or none. */
function handOn({ settings }: GateContext, { received, seen }: Question): Readonly<Record<string, string>> {
  const { cookies } = seen
  if (settings.cookies === 'set-cookie') for (const cookie of cookies) received.setCookie(cookie)
  if (settings.cookies !== 'numbered' || cookies.length > mostCookies) return {}
  return Object.fromEntries(
    cookies.map((cookie: SetCookie, index) => [`citizen-set-cookie-${index + 1}`, serializeCookie(cookie)]),
  )
}

/** Something is set up so that nobody can pass: told to the operator, and to the proxy, which has shown the secret. */
function failed({ report }: GateContext, reason: GateProblem, error?: string): Reply {
  report({ type: 'gate.failed', problem: reason, ...(error === undefined ? {} : { error }) })
  const detail = 'the gate cannot answer as it is set up; the events of the application say why'
  return problem(500, { code: 'gate-failed', reason, detail })
}

function notAllowed(): Reply {
  const detail = 'a proxy asks by GET'
  const headers = { allow: 'GET' }
  return problem(405, { code: 'method-not-allowed', reason: 'method', detail, headers })
}

/** Every one is compared, whichever it is. */
function isOneOf(digests: readonly string[], given: string): boolean {
  return digests.map((each) => equalsInConstantTime(each, given)).includes(true)
}
