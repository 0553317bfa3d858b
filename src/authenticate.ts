/** @module Who is there: from the cookies of a request to its citizen, by whichever cookie there is. */
import type { Citizen } from './citizen.js'
import type { ResolvedOptions } from './config/options.js'
import { isTooLarge } from './cookies/parse.js'
import { CitizenSessionError, StoreUnavailableError } from './errors.js'
import { type Report, storeUnavailable } from './events.js'
import type { Exchange, MaybePromise } from './exchange.js'
import { onlyTrue } from './only-true.js'
import type { ProtocolSessionAuthenticator } from './protocol-sessions/authenticate.js'
import { isActivity } from './sessions/activity.js'
import { anonymous, liveSessionOf, unavailable } from './sessions/create-citizen.js'
import type { SharedCookieAuthenticator } from './shared-cookie/authenticate.js'

/** What counts instead of the rule for activity, where the caller knows better than the request. */
export interface ActivityOverride {
  /** Whether it counts as activity, instead of the rule. */
  readonly isTouching?: boolean | undefined
}

export interface Authenticator {
  /** The citizen of a request. Without anything to wait for, the answer is there at once. Never throws. */
  authenticate(exchange: Exchange, override?: ActivityOverride): MaybePromise<Citizen>
  /** What the citizen of a request is, without any effect: no write, no cookie, no refresh. Never throws. */
  inspect(exchange: Exchange): Promise<Citizen>
  /** The citizen that an outage makes of a request; another error is thrown on. */
  unavailableBecause(error: unknown): Citizen
}

/** What authentication stands on. */
interface AuthenticationContext {
  readonly shared: SharedCookieAuthenticator | undefined
  readonly protocolSessions: ProtocolSessionAuthenticator | undefined
  readonly clock: () => number
  /** Whether a request counts as activity, by the application's rule or ours. */
  readonly touches: (exchange: Exchange) => boolean
  readonly report: Report
}

/** Makes the authenticator of one application: the shared cookie first, the session cookie for the rest. */
export function createAuthenticator(parts: {
  readonly options: ResolvedOptions
  readonly shared: SharedCookieAuthenticator | undefined
  readonly own: ProtocolSessionAuthenticator | undefined
  readonly report: Report
}): Authenticator {
  const { options, shared, own: protocolSessions, report } = parts
  const { clock, application, routes } = options
  const ownRule = routes.touch && onlyTrue('routes.touch', routes.touch, report)
  const touches = ownRule ?? ((exchange: Exchange) => isActivity(exchange, application.url))
  const context: AuthenticationContext = { shared, protocolSessions, clock, touches, report }
  const unavailableBecause = (error: unknown): Citizen => citizenOfOutage(report, error)
  return {
    unavailableBecause,
    authenticate(exchange, override) {
      try {
        const citizen = authenticate(context, exchange, override)
        return citizen instanceof Promise ? citizen.catch(unavailableBecause) : citizen
      } catch (error) {
        return unavailableBecause(error)
      }
    },
    async inspect(exchange) {
      try {
        return await inspect(context, exchange)
      } catch (error) {
        return unavailableBecause(error)
      }
    },
  }
}

/**
 * From a request to its citizen.
 * 1. The shared cookie, where it is in use: its three parts, verified (`shared-cookie/read-token`), the second factor that a
 *    token may lack, then the record, read once (`shared-cookie/authenticate`).
 * 2. Nothing is due: the citizen is there at once. Else `sessions/evaluate` decides.
 * 3. Nobody by the shared cookie: the session cookie, in the same two steps (`protocol-sessions/authenticate`).
 * 4. Somebody by the shared cookie: a session of the session cookie ends, for one browser is one person's at a time.
 */
function authenticate(
  context: AuthenticationContext,
  exchange: Exchange,
  override: ActivityOverride | undefined,
): MaybePromise<Citizen> {
  const { shared, protocolSessions, touches } = context
  const now = context.clock()
  let isKnownTouching = override?.isTouching
  // Asked only when it matters, and the application's rule once.
  const isTouching = (): boolean => {
    isKnownTouching ??= touches(exchange)
    return isKnownTouching
  }
  const citizen = shared?.authenticate(exchange, now, isTouching) ?? anonymous('not-signed-in')
  if (protocolSessions === undefined) return citizen
  const settle = (settled: Citizen): MaybePromise<Citizen> => {
    const person = liveSessionOf(settled)?.state.address.person
    if (person === undefined) {
      const bySession = (sessions: ProtocolSessionAuthenticator) =>
        sessions.authenticate(exchange, now, isTouching)
      return orBySessionCookie(context, exchange, settled, bySession)
    }
    const ended = protocolSessions.endSuperseded(exchange, person, now)
    return ended instanceof Promise ? ended.then(() => settled) : settled
  }
  return citizen instanceof Promise ? citizen.then(settle) : settle(citizen)
}

/** The same steps without any effect. */
async function inspect(context: AuthenticationContext, exchange: Exchange): Promise<Citizen> {
  const now = context.clock()
  const citizen = (await context.shared?.inspect(exchange, now)) ?? anonymous('not-signed-in')
  return orBySessionCookie(context, exchange, citizen, (sessions) => sessions.inspect(exchange, now))
}

/** Nobody by the shared cookie: the session of the session cookie counts, and its reason if the other has none. */
function orBySessionCookie(
  { protocolSessions, shared, report }: AuthenticationContext,
  exchange: Exchange,
  citizen: Citizen,
  look: (sessions: ProtocolSessionAuthenticator) => MaybePromise<Citizen | undefined>,
): MaybePromise<Citizen> {
  const cookies = exchange.header('cookie')
  if (protocolSessions === undefined || citizen.state !== 'anonymous' || cookies === undefined) return citizen
  if (isTooLarge(cookies)) {
    // Nothing in it is read: whoever is signed in counts as nobody, and a login could not help.
    if (shared === undefined) report({ type: 'token.rejected', problem: 'too-large' })
    return citizen
  }
  const choose = (found: Citizen | undefined): Citizen => {
    if (found === undefined) return citizen
    return found.state === 'anonymous' && citizen.reason !== 'not-signed-in' ? citizen : found
  }
  const found = look(protocolSessions)
  return found instanceof Promise ? found.then(choose) : choose(found)
}

/** An outage is told apart from "nobody"; what is no outage is thrown on. */
function citizenOfOutage(report: Report, error: unknown): Citizen {
  if (error instanceof StoreUnavailableError) {
    report(storeUnavailable(error))
    return unavailable('store')
  }
  if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return unavailable('keys')
  throw error
}
