/** @module A server action of Next.js: who calls it, and what becomes of a call that is not let through. */
import { headers } from 'next/headers.js'
import { type Citizen, CitizenSessionError, type Claims, type Demand, type Suite } from '../src/index.js'
import { isTokenPart, leaveInJar } from './next-cookies.js'
import { hasClaims, type Requirement } from './next-requirement.js'
import { type Runtime, requestOf } from './next-runtime.js'

/** A server action that gets its citizen first. */
export type Action<A extends unknown[], R> = (citizen: Citizen, ...rest: A) => R | Promise<R>

/** Runs an action for a citizen who meets the requirement; `undefined`: for everybody. */
export async function runAction<A extends unknown[], R, C extends Claims>(
  runtime: () => Runtime,
  action: Action<A, R>,
  requirement: Requirement<C> | undefined,
  rest: A,
): Promise<R> {
  const given = await headers()
  refuseForeign(given)
  const { suite, exchange: open } = runtime()
  const exchange = open(requestOf('POST', given, pageOf(suite, given)))
  const citizen = await suite.authenticate(exchange)
  const renewed = exchange.cookies.filter((cookie) => isTokenPart(suite, cookie))
  const before = exchange.cookies.length
  try {
    const refusal = requirement && suite.guard(exchange, citizen, requirement)
    if (refusal !== undefined) return await turnAway(runtime(), given, citizen, requirement)
    if (!hasClaims(citizen, requirement)) {
      throw new CitizenSessionError('claims-refused', 'this citizen may not do that', { status: 403 })
    }
    return await action(citizen, ...rest)
  } finally {
    await leaveInJar(suite, [...renewed, ...exchange.close().slice(before)])
  }
}

/** Another site's page must not make this browser act. Next.js compares hosts that a proxy may have rewritten. */
function refuseForeign(given: Headers): void {
  if (given.get('sec-fetch-site') !== 'cross-site') return
  throw new CitizenSessionError('foreign-request', 'a page of another site called this action', {
    status: 403,
  })
}

/** Leads to the login as a navigation to the action's page would be led, before any code of the application runs. */
async function turnAway(
  { suite, exchange: open }: Runtime,
  given: Headers,
  citizen: Citizen,
  demand: Demand = {},
): Promise<never> {
  const navigation = new Headers({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })
  const reply = suite.guard(open(requestOf('GET', navigation, pageOf(suite, given))), citizen, demand)
  const location = reply?.headers.location
  if (location !== undefined) {
    // Not for route handlers, which are bundled without what this module needs.
    const { redirect } = await import('next/navigation.js')
    redirect(location)
  }
  throw new CitizenSessionError('not-active', 'nobody is signed in for this action', {
    status: reply?.status ?? 401,
  })
}

/** The page that an action was called from, by what the browser says, as we see it; `/` where it does not say. */
function pageOf(suite: Suite, given: Headers): string {
  const referrer = given.get('referer')
  const { url, path } = suite.options.application
  const base = `${url}${path}`
  return referrer?.startsWith(`${base}/`) ? referrer.slice(base.length) : '/'
}
