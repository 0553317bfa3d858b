/** @module Who is there by the shared cookie: from the three parts, and the hint, to the citizen. */

import type { Citizen } from '../citizen.js'
import type { SharedCookieOptions } from '../config/options.js'
import type { SharedExpiry } from '../cookies/expiry.js'
import type { ScannedCookies } from '../cookies/parse.js'
import type { Report } from '../events.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import { pathMatches } from '../path-match.js'
import { isOwnOrDirect, isPrefetch, isTopLevelNavigation } from '../sessions/activity.js'
import { lacksSecondFactor } from '../sessions/assurance.js'
import { anonymous, mfaRequired } from '../sessions/create-citizen.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import type { Lifecycle } from '../sessions/lifecycle.js'
import type { Store } from '../stores/store.js'
import type { VerifiedToken } from '../tokens/verify.js'
import type { EvaluateSession } from './credential.js'
import type { HintCookie } from './hint-cookie.js'
import type { Inspect } from './inspect.js'
import type { TokenReader, TokenReading } from './read-token.js'

/** Looks at the shared cookie of a request. An outage is thrown. */
export interface SharedCookieAuthenticator {
  authenticate(exchange: Exchange, now: number, isTouching: () => boolean): MaybePromise<Citizen>
  /** The same without any effect: no write, no cookie, no refresh. */
  inspect(exchange: Exchange, now: number): Promise<Citizen>
  /** The verified token of a login that comes back, whatever became of its session; `undefined` without a good one. */
  tokenOf(exchange: Exchange): Promise<VerifiedToken | undefined>
}

/** Makes the look at the shared cookie of one application. */
export function createSharedCookieAuthenticator(options: {
  readonly resolved: SharedCookieOptions
  readonly reader: TokenReader
  readonly judge: EvaluateSession
  readonly inspect: Inspect
  readonly hintCookie: HintCookie
  readonly store: Store
  readonly lifecycle: Lifecycle
  readonly report: Report
  /** Deletes twins of the shared cookie that it is never set as. */
  readonly expire: SharedExpiry
}): SharedCookieAuthenticator {
  const { reader, judge, hintCookie, store, lifecycle, report } = options
  const { clock, application, identityProvider, sharedCookie } = options.resolved
  const origin = application.url
  const skew = identityProvider.clockSkewSeconds * 1000

  /** The citizen of a request without a good token. */
  const rejected = (reading: Exclude<TokenReading, VerifiedToken>, exchange?: Exchange): Citizen => {
    if (reading === 'ambiguous') {
      // Twins of a path that only this page has: no route of ours would ever see them.
      if (exchange !== undefined && isTopLevelNavigation(exchange)) {
        options.expire(exchange, { batch: 'likely', sparesConfigured: true })
      }
      return anonymous('ambiguous-cookie')
    }
    if (reading === 'none') return anonymous('not-signed-in')
    const { problem, given, expected } = reading
    report({ type: 'token.rejected', problem, given, expected })
    return anonymous(reading.problem === 'expired' ? 'token-expired' : 'invalid-token')
  }

  /**
   * No token that holds, but a hint of the session that this browser had: the person signed out elsewhere (`gone`),
   * or the token's time was over (`expired`), maybe after the session's own.
   */
  const checkHint = async (
    exchange: Exchange,
    value: string,
    token: 'gone' | 'expired',
    now: number,
  ): Promise<Citizen | undefined> => {
    const hint = isOwnOrDirect(exchange, origin) && !isPrefetch(exchange) ? hintCookie.open(value) : undefined
    if (hint === undefined) return undefined
    const address = { person: hint.person, session: hint.session, application: application.id }
    let record = await store.read(address)
    let isJustEnded = false
    const isHinted = record?.state !== 'alias' && record?.generation === hint.generation
    if (isHinted && record?.state === 'live') {
      const idle = Math.min(record.idleMilliseconds, application.idleSeconds * 1000)
      record = await lifecycle.endOver(address, record, idle, now)
      // A browser drops a cookie whose time is over, by a clock that is not ours: nobody signed out.
      const isExpired =
        token === 'expired' || (record?.state === 'live' && record.tokenExpiresAt <= now + skew)
      if (record?.state === 'live' && isExpired) return anonymous('token-expired')
      if (record?.state === 'live') {
        const ended = await lifecycle.end(address, record, { reason: 'signed-out', at: now }, now)
        record = ended.record
      }
      isJustEnded = true
    }
    if (token === 'gone') exchange.setCookie(hintCookie.expire())
    if (!isHinted || record?.state !== 'ended') return undefined
    const reason = await sharedReasonOf(lifecycle, address, record)
    if (!isJustEnded) report({ type: 'session.refused', person: address.person, reason })
    return anonymous(reason)
  }

  const withoutToken = async (
    exchange: Exchange,
    hint: string,
    reading: Exclude<TokenReading, VerifiedToken>,
    now: number,
  ): Promise<Citizen> => {
    const token = reading === 'none' ? 'gone' : 'expired'
    return (await checkHint(exchange, hint, token, now)) ?? rejected(reading)
  }

  const withReading = (
    exchange: Exchange,
    scanned: ScannedCookies,
    reading: TokenReading,
    now: number,
    isTouching: () => boolean,
  ): MaybePromise<Citizen> => {
    if (typeof reading === 'string' || !reading.valid) {
      const isOver = reading === 'none' || (reading !== 'ambiguous' && reading.problem === 'expired')
      // Where the browser sends no shared cookie, that none came says nothing.
      const isSent = pathMatches(exchange.target, sharedCookie.path)
      return isOver && isSent && scanned.hint !== undefined
        ? withoutToken(exchange, scanned.hint, reading, now)
        : rejected(reading, exchange)
    }
    if (lacksSecondFactor(reading.claims)) return mfaRequired(reading.claims)
    return judge({ exchange, scanned, token: reading, now, isTouching })
  }

  return {
    authenticate(exchange, now, isTouching) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return anonymous('not-signed-in')
      const scanned = reader.scan(cookies)
      const reading = reader.read(scanned, now)
      return reading instanceof Promise
        ? reading.then((settled) => withReading(exchange, scanned, settled, now, isTouching))
        : withReading(exchange, scanned, reading, now, isTouching)
    },

    async inspect(exchange, now) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return anonymous('not-signed-in')
      const scanned = reader.scan(cookies)
      const token = await reader.read(scanned, now)
      if (typeof token === 'string' || !token.valid) return rejected(token)
      if (lacksSecondFactor(token.claims)) return mfaRequired(token.claims)
      return options.inspect({ exchange, scanned, token, now })
    },

    async tokenOf(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return undefined
      const reading = await reader.read(reader.scan(cookies), clock(), 'login')
      return typeof reading !== 'string' && reading.valid ? reading : undefined
    },
  }
}
