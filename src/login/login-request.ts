/** @module What somebody wants who comes to sign in, as it travels in addresses and forms of ours. */

import type { ActiveCitizen, Assurance, Citizen } from '../citizen.js'
import { mostProviders } from '../config/demand-checks.js'
import { providerNamePattern } from '../config/provider-name.js'
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
  return {
    returnTo: checkReturnTarget(parameters.get('returnTo')) ?? startPage,
    level: whole('level', 9),
    secondFactor: parameters.get('secondFactor') === '1',
    maxAgeSeconds: whole('maxAge', 31_536_000),
    ...wayIn(parameters),
    ...(parameters.get('repeated') === '1' ? { isRepeated: true } : {}),
  }
}

/** Which way in is named, and among which it must be; what does not hold is left out. */
export function wayIn(parameters: URLSearchParams): Pick<LoginRequest, 'via' | 'providers'> {
  const via = parameters.get('via') ?? ''
  const providers = (parameters.get('provider') ?? '').split(',', mostProviders)
  return {
    via: providerNamePattern.test(via) ? via : '',
    providers: providers.filter((name) => providerNamePattern.test(name)),
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
  const { returnTo, via, providers = [], isRepeated } = loginRequest
  return {
    returnTo,
    ...Object.fromEntries(demandParameters(loginRequest)),
    ...(via === '' ? {} : { via }),
    ...(providers.length === 0 ? {} : { provider: providers.join(',') }),
    ...(isRepeated === true ? { repeated: '1' } : {}),
  }
}

/** The query of a request. */
export function queryOf(exchange: Exchange): URLSearchParams {
  const at = exchange.target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : exchange.target.slice(at + 1))
}

/** Whether an active citizen is all that a login request asks for. */
export function satisfies(citizen: Citizen, loginRequest: LoginRequest, now: number): boolean {
  if (citizen.state !== 'active' || !isAtWanted(citizen, loginRequest)) return false
  return lackingOf(citizen.assurance, loginRequest, now) === undefined
}

/** Whether an active citizen has signed in where a login request wants it. */
export function isAtWanted(
  { provider }: Pick<ActiveCitizen, 'provider'>,
  { providers = [] }: Pick<LoginRequest, 'providers'>,
): boolean {
  return providers.length === 0 || providers.includes(provider)
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

/** Parameter by which a person wants to choose a way in, whatever was taken before. */
export const chooseParameter = 'choose'

/** The link to the page on which a person chooses a way in. */
export function otherWaysAction(routesPath: string, loginRequest: LoginRequest): PageAction {
  return {
    label: 'action.other-ways',
    method: 'get',
    href: `${routesPath}/login`,
    fields: { ...loginParameters({ ...loginRequest, via: '' }), [chooseParameter]: '1' },
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
