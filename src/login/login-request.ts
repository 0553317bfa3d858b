/** @module What somebody wants who comes to sign in, as it travels in addresses and forms of ours. */

import type { Assurance, Citizen } from '../citizen.js'
import type { Exchange } from '../exchange.js'
import type { PageAction } from '../pages/page.js'
import type { LoginRequest } from '../protocols/login-method.js'
import { type Shortfall, shortfallOf } from '../sessions/assurance.js'

/** Nothing in particular: any sign-in, and then on to there. */
export function anyLoginRequest(returnTo: string): LoginRequest {
  return { returnTo, level: 0, secondFactor: false, maxAgeSeconds: 0, via: '' }
}

/** Where a login request may lead to, and where one leads that names no such place. */
interface ReturnTargets {
  readonly checkReturnTarget: (value: unknown) => string | undefined
  readonly startPage: string
}

/** The login request in a query or a form; what does not hold falls back to the start page and to no demands. */
export function readLoginRequest(
  parameters: URLSearchParams,
  { checkReturnTarget, startPage }: ReturnTargets,
): LoginRequest {
  const whole = (name: string, most: number): number => {
    const number = Number(parameters.get(name) ?? 0)
    return Number.isInteger(number) && number > 0 && number <= most ? number : 0
  }
  const via = parameters.get('via') ?? ''
  return {
    returnTo: checkReturnTarget(parameters.get('returnTo')) ?? startPage,
    level: whole('level', 9),
    secondFactor: parameters.get('secondFactor') === '1',
    maxAgeSeconds: whole('maxAge', 31_536_000),
    via: /^[a-z][a-z0-9-]{0,15}$/.test(via) ? via : '',
  }
}

/** What is demanded, as parameters of the login route. */
export function demandParameters(demand: Shortfall): readonly (readonly [string, string])[] {
  const { level, secondFactor, maxAgeSeconds } = demand
  const parameters: (readonly [string, string])[] = []
  if (level > 0) parameters.push(['level', String(level)])
  if (secondFactor) parameters.push(['secondFactor', '1'])
  if (maxAgeSeconds > 0) parameters.push(['maxAge', String(maxAgeSeconds)])
  return parameters
}

/** The login request as parameters, for an address or a form of ours. */
export function loginParameters(loginRequest: LoginRequest): Record<string, string> {
  return {
    returnTo: loginRequest.returnTo,
    ...Object.fromEntries(demandParameters(loginRequest)),
    ...(loginRequest.via === '' ? {} : { via: loginRequest.via }),
  }
}

/** The query of a request. */
export function queryOf(exchange: Exchange): URLSearchParams {
  const at = exchange.target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : exchange.target.slice(at + 1))
}

/** Whether an active citizen is all that a login request asks for. */
export function satisfies(citizen: Citizen, loginRequest: LoginRequest, now: number): boolean {
  return citizen.state === 'active' && lackingOf(citizen.assurance, loginRequest, now) === undefined
}

/** What an authentication lacks of a login request; `undefined`: nothing. */
export function lackingOf(
  assurance: Assurance,
  loginRequest: LoginRequest,
  now: number,
): Shortfall | undefined {
  const { level, secondFactor, maxAgeSeconds } = loginRequest
  const demand = { level, secondFactor, maxAgeSeconds: maxAgeSeconds === 0 ? undefined : maxAgeSeconds }
  return shortfallOf(assurance, demand, now)
}

/** The button that begins a sign-in by the person's own decision: what may resume a session after an application end. */
export function signInAction(routesPath: string, loginRequest: LoginRequest): PageAction {
  return {
    label: 'action.sign-in',
    method: 'post',
    href: `${routesPath}/login`,
    fields: loginParameters(loginRequest),
    primary: true,
  }
}

/** The path of an address of ours. */
export function pathOf(target: string): string {
  return target.replace(/[?#].*$/s, '')
}

/**
 * The button that ends everything and begins a sign-in then. `seenAt`: path of a page to which cookies came that do not
 * belong together; they are deleted there too.
 */
export function signOutAndInAction(
  routesPath: string,
  loginRequest: LoginRequest,
  seenAt?: string,
): PageAction {
  return {
    label: 'action.sign-out-and-in',
    method: 'post',
    href: `${routesPath}/logout`,
    fields: {
      ...loginParameters(loginRequest),
      next: 'login',
      ...(seenAt === undefined ? {} : { seenAt: pathOf(seenAt) }),
    },
    primary: true,
  }
}
