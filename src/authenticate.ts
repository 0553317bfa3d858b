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
  /** The citizen that an outage makes of a request; rethrows what is no outage. */
  unavailableBecause(error: unknown): Citizen
}

/** Makes the authenticator of one application: the shared cookie first, our own session cookie for the rest. */
export function createAuthenticator(context: {
  readonly options: ResolvedOptions
  readonly shared: SharedCookieAuthenticator | undefined
  readonly own: ProtocolSessionAuthenticator | undefined
  readonly report: Report
}): Authenticator {
  const { shared, own, report } = context
  const { clock, application, routes } = context.options
  const ownRule = routes.touch && onlyTrue('routes.touch', routes.touch, report)
  const touches = ownRule ?? ((exchange: Exchange) => isActivity(exchange, application.url))

  const unavailableBecause = (error: unknown): Citizen => {
    if (error instanceof StoreUnavailableError) {
      report(storeUnavailable(error))
      return unavailable('store')
    }
    if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return unavailable('keys')
    throw error
  }

  /** Nobody by the shared cookie: the session of our own cookie counts, and its reason if the other has none. */
  const orOwn = (
    exchange: Exchange,
    citizen: Citizen,
    look: (own: ProtocolSessionAuthenticator) => MaybePromise<Citizen | undefined>,
  ): MaybePromise<Citizen> => {
    const cookies = exchange.header('cookie')
    if (own === undefined || citizen.state !== 'anonymous' || cookies === undefined) return citizen
    if (isTooLarge(cookies)) {
      // Nothing in it is read: whoever is signed in counts as nobody, and a login could not help.
      if (shared === undefined) report({ type: 'token.rejected', problem: 'too-large' })
      return citizen
    }
    const choose = (found: Citizen | undefined): Citizen => {
      if (found === undefined) return citizen
      return found.state === 'anonymous' && citizen.reason !== 'not-signed-in' ? citizen : found
    }
    const found = look(own)
    return found instanceof Promise ? found.then(choose) : choose(found)
  }

  const look = (exchange: Exchange, override: ActivityOverride | undefined): MaybePromise<Citizen> => {
    const now = clock()
    let isKnownTouching = override?.isTouching
    // Asked only when it matters, and the application's rule once.
    const isTouching = (): boolean => {
      isKnownTouching ??= touches(exchange)
      return isKnownTouching
    }
    const nobody = anonymous('not-signed-in')
    const citizen = shared === undefined ? nobody : shared.authenticate(exchange, now, isTouching)
    if (own === undefined) return citizen
    const byOwn = (sessions: ProtocolSessionAuthenticator) => sessions.authenticate(exchange, now, isTouching)
    const settle = (settled: Citizen): MaybePromise<Citizen> => {
      const person = liveSessionOf(settled)?.state.address.person
      if (person === undefined) return orOwn(exchange, settled, byOwn)
      const given = own.endSuperseded(exchange, person, now)
      return given instanceof Promise ? given.then(() => settled) : settled
    }
    return citizen instanceof Promise ? citizen.then(settle) : settle(citizen)
  }

  return {
    unavailableBecause,

    authenticate(exchange, override) {
      try {
        const citizen = look(exchange, override)
        return citizen instanceof Promise ? citizen.catch(unavailableBecause) : citizen
      } catch (error) {
        return unavailableBecause(error)
      }
    },

    async inspect(exchange) {
      try {
        const now = clock()
        const citizen = (await shared?.inspect(exchange, now)) ?? anonymous('not-signed-in')
        return await orOwn(exchange, citizen, (sessions) => sessions.inspect(exchange, now))
      } catch (error) {
        return unavailableBecause(error)
      }
    },
  }
}
