/** @module What somebody wants who comes to sign in, as it travels in addresses and forms of ours. */
import type { Citizen } from '../citizen.js'
import type { Exchange } from '../exchange.js'
import type { PageAction } from '../pages/page.js'

/** What somebody wants who comes to the login route. Nothing here needs trust: it can only ask for more. */
export interface LoginWish {
  readonly returnTo: string
  readonly level: number
  readonly maxAgeSeconds: number
  /** Name of the way in, as in `oidc`; empty: whichever fits. */
  readonly via: string
}

/** Nothing in particular: the start page, and any sign-in. */
export const anyWish: LoginWish = { returnTo: '/', level: 0, maxAgeSeconds: 0, via: '' }

/** The wish in a query or a form; what does not hold falls back to the start page and to no demands. */
export function readWish(
  parameters: URLSearchParams,
  checkReturnTarget: (value: unknown) => string | undefined,
): LoginWish {
  const whole = (name: string, most: number): number => {
    const number = Number(parameters.get(name) ?? 0)
    return Number.isInteger(number) && number > 0 && number <= most ? number : 0
  }
  const via = parameters.get('via') ?? ''
  return {
    returnTo: checkReturnTarget(parameters.get('returnTo')) ?? '/',
    level: whole('level', 9),
    maxAgeSeconds: whole('maxAge', 31_536_000),
    via: /^[a-z][a-z0-9-]{0,15}$/.test(via) ? via : '',
  }
}

/** The wish as parameters, for an address or a form of ours. */
export function wishParameters(wish: LoginWish): Record<string, string> {
  return {
    returnTo: wish.returnTo,
    ...(wish.level > 0 ? { level: String(wish.level) } : {}),
    ...(wish.maxAgeSeconds > 0 ? { maxAge: String(wish.maxAgeSeconds) } : {}),
    ...(wish.via === '' ? {} : { via: wish.via }),
  }
}

/** The query of a request. */
export function queryOf(exchange: Exchange): URLSearchParams {
  const at = exchange.target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : exchange.target.slice(at + 1))
}

/** Whether an active citizen is all that a wish asks for. */
export function satisfies(
  citizen: Citizen,
  wish: Pick<LoginWish, 'level' | 'maxAgeSeconds'>,
  now: number,
): boolean {
  if (citizen.state !== 'active') return false
  if (citizen.assurance.level < wish.level) return false
  if (wish.maxAgeSeconds === 0) return true
  const { authenticatedAt } = citizen.assurance
  return authenticatedAt !== undefined && now - authenticatedAt <= wish.maxAgeSeconds * 1000
}

/** The button that begins a sign-in by the person's own decision: what may lift an application end. */
export function signInAction(routesPath: string, wish: LoginWish): PageAction {
  return {
    label: 'action.sign-in',
    method: 'post',
    href: `${routesPath}/login`,
    fields: wishParameters(wish),
    primary: true,
  }
}

/** The button that ends everything and begins a sign-in then. */
export function signOutAndInAction(routesPath: string, wish: LoginWish): PageAction {
  return {
    label: 'action.sign-out-and-in',
    method: 'post',
    href: `${routesPath}/logout`,
    fields: { ...wishParameters(wish), next: 'login' },
    primary: true,
  }
}
