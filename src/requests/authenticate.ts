/** @module Who is there: from the cookies of a request to its citizen. */
import type { AnonymousReason, Citizen } from '../citizen.js'
import type { ResolvedOptions } from '../config/options.js'
import type { HintCookie } from '../cookies/hint.js'
import type { ScannedCookies } from '../cookies/parse.js'
import { CitizenSessionError, StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import { isActivity, isOwnOrDirect, isPrefetch } from '../sessions/activity.js'
import { anonymous, mfaRequired, unavailable } from '../sessions/citizens.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { Store } from '../stores/store.js'
import type { VerifiedToken } from '../tokens/verify.js'
import type { Judge } from './judge.js'
import type { TokenReader, TokenReading } from './read-token.js'

/** How a request is looked at, where that is not for the request itself to say. */
export interface Regard {
  /** Whether it counts as activity, instead of the rule. */
  readonly isTouching?: boolean | undefined
}

export interface Authenticator {
  /** The citizen of a request. Without anything to wait for, the answer is there at once. Never throws. */
  authenticate(exchange: Exchange, regard?: Regard): MaybePromise<Citizen>
  /** The verified token of a request, whatever became of its session; `undefined` without a good one. */
  tokenOf(exchange: Exchange): Promise<VerifiedToken | undefined>
  /** The citizen that an outage makes of a request; rethrows what is no outage. */
  unavailableBecause(error: unknown): Citizen
}

/** Makes the authenticator of one application. */
export function createAuthenticator(options: {
  readonly resolved: ResolvedOptions
  readonly reader: TokenReader
  readonly judge: Judge
  readonly hintCookie: HintCookie
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly report: Report
}): Authenticator {
  const { reader, judge, hintCookie, store, lifecycle, report } = options
  const { clock, application, routes, identityProvider } = options.resolved
  const origin = application.url
  const skewMilliseconds = identityProvider.clockSkewSeconds * 1000
  const touches = routes.touch ?? ((exchange: Exchange) => isActivity(exchange, origin))

  const unavailableBecause = (error: unknown): Citizen => {
    if (error instanceof StoreUnavailableError) {
      report({ type: 'store.unavailable', code: error.code, message: error.message })
      return unavailable('store')
    }
    if (error instanceof CitizenSessionError && error.code === 'keys-unavailable') return unavailable('keys')
    throw error
  }

  /** No token, but a hint: the person signed out elsewhere, or the token's time was over. */
  const missToken = async (exchange: Exchange, value: string, now: number): Promise<Citizen> => {
    const hint = isOwnOrDirect(exchange, origin) && !isPrefetch(exchange) ? hintCookie.open(value) : undefined
    if (hint === undefined) return anonymous('not-signed-in')
    const address = { person: hint.person, session: hint.session, application: application.id }
    const found = await store.read(address)
    const reason = await endMissing(
      address,
      found?.state === 'live' ? found : undefined,
      hint.generation,
      now,
    )
    exchange.setCookie(hintCookie.expire())
    if (reason !== undefined) return anonymous(reason)
    const ended = found?.state === 'ended' && found.generation === hint.generation ? found.reason : undefined
    return anonymous(ended ?? 'not-signed-in')
  }

  const endMissing = async (
    address: Parameters<Lifecycle['end']>[0],
    record: Parameters<Lifecycle['end']>[1] | undefined,
    generation: string,
    now: number,
  ): Promise<AnonymousReason | undefined> => {
    if (record === undefined || record.generation !== generation) return undefined
    // A browser drops a cookie whose time is over: nobody signed out.
    if (record.tokenExpiresAt <= now - skewMilliseconds) return 'token-expired'
    const over = await lifecycle.endOver(address, record, record.idleMilliseconds, now)
    if (over?.state === 'ended') return over.reason
    await lifecycle.end(address, record, { reason: 'signed-out', at: now }, now)
    return 'signed-out'
  }

  const withReading = (
    exchange: Exchange,
    scanned: ScannedCookies,
    reading: TokenReading,
    now: number,
    regard: Regard | undefined,
  ): MaybePromise<Citizen> => {
    if (reading === 'ambiguous') return anonymous('ambiguous-cookie')
    if (reading === 'none') {
      return scanned.hint === undefined ? anonymous('not-signed-in') : missToken(exchange, scanned.hint, now)
    }
    if (!reading.valid) {
      report({ type: 'token.rejected', problem: reading.problem })
      return anonymous(reading.problem === 'expired' ? 'token-expired' : 'invalid-token')
    }
    const { claims } = reading
    if (claims.mfaRequired === true && claims.isMfa !== true) return mfaRequired(claims)
    const isTouching = (): boolean => regard?.isTouching ?? touches(exchange)
    return judge({ exchange, scanned, token: reading, now, isTouching })
  }

  const look = (exchange: Exchange, regard: Regard | undefined): MaybePromise<Citizen> => {
    const cookies = exchange.header('cookie')
    if (cookies === undefined) return anonymous('not-signed-in')
    const now = clock()
    const scanned = reader.scan(cookies)
    const reading = reader.read(scanned, now)
    return reading instanceof Promise
      ? reading.then((settled) => withReading(exchange, scanned, settled, now, regard))
      : withReading(exchange, scanned, reading, now, regard)
  }

  return {
    unavailableBecause,

    authenticate(exchange, regard) {
      try {
        const citizen = look(exchange, regard)
        return citizen instanceof Promise ? citizen.catch(unavailableBecause) : citizen
      } catch (error) {
        return unavailableBecause(error)
      }
    },

    async tokenOf(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return undefined
      const reading = await reader.read(reader.scan(cookies), clock())
      return typeof reading !== 'string' && reading.valid ? reading : undefined
    },
  }
}
