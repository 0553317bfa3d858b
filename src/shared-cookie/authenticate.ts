/** @module Who is there by the shared cookie: from the three parts, and the hint, to the citizen. */
import type { Citizen } from '../citizen.js'
import type { SharedExpiry } from '../cookies/expiry.js'
import type { ScannedCookies } from '../cookies/parse.js'
import type { Exchange, MaybePromise } from '../exchange.js'
import { pathMatches } from '../path-match.js'
import { isOwnOrDirect, isPrefetch, isTopLevelNavigation } from '../sessions/activity.js'
import { lacksSecondFactor } from '../sessions/assurance.js'
import { anonymous, mfaRequired } from '../sessions/create-citizen.js'
import { sharedReasonOf } from '../sessions/end-cause.js'
import { askRevocation, evaluateSession, type Found, inspectSession } from '../sessions/evaluate.js'
import { asIfTouched, nearRecord } from '../sessions/near-record.js'
import { withIdleTime } from '../sessions/timers.js'
import type { VerifiedToken } from '../tokens/verify.js'
import { type SharedCookieContext, SharedCookieRequest } from './context.js'
import { citizenOf, isPlain, recognizeSession, SharedCookieCredential } from './credential.js'
import { noteMissingFactor } from './note-fall.js'
import type { TokenReader, TokenReading } from './read-token.js'
import { tokenState } from './token-state.js'

/** Looks at the shared cookie of a request. An outage is thrown. */
export interface SharedCookieAuthenticator {
  authenticate(exchange: Exchange, now: number, isTouching: () => boolean): MaybePromise<Citizen>
  /** The same without any effect: no write, no cookie, no refresh. */
  inspect(exchange: Exchange, now: number): Promise<Citizen>
  /** The verified token of a login that comes back, whatever became of its session; `undefined` without a good one. */
  tokenOf(exchange: Exchange): Promise<VerifiedToken | undefined>
}

/** What looking at the shared cookie takes. */
interface ReadingContext extends SharedCookieContext {
  readonly reader: TokenReader
  readonly credential: SharedCookieCredential
  /** Deletes twins of the shared cookie that it is never set as. */
  readonly expire: SharedExpiry
}

type Rejected = Exclude<TokenReading, VerifiedToken>

/** Makes what authenticates the requests of one application by the shared cookie. */
export function createSharedCookieAuthenticator(
  parts: SharedCookieContext & Pick<ReadingContext, 'reader' | 'expire'>,
): SharedCookieAuthenticator {
  const credential = new SharedCookieCredential(parts)
  const context: ReadingContext = { ...parts, credential }
  const { reader } = context
  return {
    authenticate(exchange, now, isTouching) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return anonymous('not-signed-in')
      const scanned = reader.scan(cookies)
      const reading = reader.read(scanned, now)
      return reading instanceof Promise
        ? reading.then((settled) => withReading(context, exchange, scanned, settled, now, isTouching))
        : withReading(context, exchange, scanned, reading, now, isTouching)
    },

    async inspect(exchange, now) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return anonymous('not-signed-in')
      const scanned = reader.scan(cookies)
      const token = await reader.read(scanned, now)
      if (typeof token === 'string' || !token.valid) return rejected(context, token)
      if (lacksSecondFactor(token.claims)) return mfaRequired(token.claims)
      const request = requestOf(context, exchange, scanned, token, now, () => false)
      return inspectSession(context, credential, request)
    },

    async tokenOf(exchange) {
      const cookies = exchange.header('cookie')
      if (cookies === undefined) return undefined
      const reading = await reader.read(reader.scan(cookies), context.options.clock(), 'login')
      return typeof reading !== 'string' && reading.valid ? reading : undefined
    },
  }
}

function withReading(
  context: ReadingContext,
  exchange: Exchange,
  scanned: ScannedCookies,
  reading: TokenReading,
  now: number,
  isTouching: () => boolean,
): MaybePromise<Citizen> {
  if (typeof reading === 'string' || !reading.valid) {
    const isOver = reading === 'none' || (reading !== 'ambiguous' && reading.problem === 'expired')
    // Where the browser sends no shared cookie, that none came says nothing.
    const isSent = pathMatches(exchange.target, context.options.sharedCookie.path)
    return isOver && isSent && scanned.hint !== undefined
      ? withoutToken(context, exchange, scanned.hint, reading, now)
      : rejected(context, reading, exchange)
  }
  const request = requestOf(context, exchange, scanned, reading, now, isTouching)
  if (lacksSecondFactor(reading.claims)) return withoutFactor(context, request)
  return nearCitizen(context, request) ?? strictCitizen(context, request)
}

/** Nobody is let in; a session that goes on by the token before learns that the second factor is asked for again. */
function withoutFactor(context: ReadingContext, request: SharedCookieRequest): MaybePromise<Citizen> {
  const { token, state } = request
  const citizen = mfaRequired(token.claims)
  return state.isMissingFactorNoted ? citizen : noteMissingFactor(context, state, request).then(() => citizen)
}

/** The citizen by what the store remembers of the record, where the request asks nothing of it but perhaps a touch. */
function nearCitizen(
  context: ReadingContext,
  request: SharedCookieRequest,
): MaybePromise<Citizen> | undefined {
  const near = nearRecord(context, request.state)
  if (near === undefined) return undefined
  if (request.state.generation === '') recognizeSession(context, request, near)
  if (isPlain(request, near)) return citizenOf(context, request, request.token, near)
  const touched = asIfTouched(near, request.now)
  // A touch is strict by itself: it is refused where the record has changed. Who does not touch reads when others did.
  return touched !== undefined && isPlain(request, touched) && request.isTouching()
    ? evaluateSession(context, context.credential, request, near)
    : undefined
}

function strictCitizen(context: ReadingContext, request: SharedCookieRequest): MaybePromise<Citizen> {
  askRevocation(context, request)
  const record = context.store.read(request.state.address)
  return record instanceof Promise
    ? record.then((found) => withRecord(context, request, found))
    : withRecord(context, request, record)
}

function requestOf(
  { options }: ReadingContext,
  exchange: Exchange,
  scanned: ScannedCookies,
  token: VerifiedToken,
  now: number,
  isTouching: () => boolean,
): SharedCookieRequest {
  const { application, identityProvider } = options
  const state = tokenState(token, application.id, identityProvider.refresh.afterSeconds)
  const level = identityProvider.assuranceLevel(token.claims)
  return new SharedCookieRequest(exchange, scanned, token, now, isTouching, state, level)
}

/** Nothing due: the citizen is there at once. Else the session is evaluated. */
function withRecord(
  context: ReadingContext,
  request: SharedCookieRequest,
  found: Found,
): MaybePromise<Citizen> {
  const record = withIdleTime(found, context.idleMilliseconds)
  if (record?.state === 'live' && context.revocations === undefined) {
    if (request.state.generation === '') recognizeSession(context, request, record)
    if (isPlain(request, record)) return citizenOf(context, request, request.token, record)
  }
  return evaluateSession(context, context.credential, request, record)
}

/** The citizen of a request without a good token. */
function rejected(context: ReadingContext, reading: Rejected, exchange?: Exchange): Citizen {
  if (reading === 'ambiguous') {
    // Twins of a path that only this page has: no route of ours would ever see them.
    if (exchange !== undefined && isTopLevelNavigation(exchange)) {
      context.expire(exchange, { batch: 'likely', sparesConfigured: true })
    }
    return anonymous('ambiguous-cookie')
  }
  if (reading === 'none') return anonymous('not-signed-in')
  const { problem, given, expected } = reading
  context.report({ type: 'token.rejected', problem, given, expected })
  return anonymous(problem === 'expired' ? 'token-expired' : 'invalid-token')
}

async function withoutToken(
  context: ReadingContext,
  exchange: Exchange,
  hint: string,
  reading: Rejected,
  now: number,
): Promise<Citizen> {
  const token = reading === 'none' ? 'gone' : 'expired'
  return (await checkHintAlone(context, exchange, hint, token, now)) ?? rejected(context, reading)
}

/**
 * No token that holds, but a hint of the session that this browser had: the person signed out elsewhere (`gone`),
 * or the token's time was over (`expired`), maybe after the session's own.
 */
async function checkHintAlone(
  context: ReadingContext,
  exchange: Exchange,
  value: string,
  token: 'gone' | 'expired',
  now: number,
): Promise<Citizen | undefined> {
  const { store, lifecycle, hintCookie, report } = context
  const { application, identityProvider } = context.options
  const isOurs = isOwnOrDirect(exchange, application.url) && !isPrefetch(exchange)
  const hint = isOurs ? hintCookie.open(value) : undefined
  if (hint === undefined) return undefined
  const address = { person: hint.person, session: hint.session, application: application.id }
  let record = await store.read(address)
  let isJustEnded = false
  const isHinted = record?.state !== 'alias' && record?.generation === hint.generation
  if (isHinted && record?.state === 'live') {
    record = await lifecycle.endOver(address, record, now)
    // A browser drops a cookie whose time is over, by a clock that is not ours: nobody signed out.
    const skew = identityProvider.clockSkewSeconds * 1000
    const isExpired = token === 'expired' || (record?.state === 'live' && record.tokenExpiresAt <= now + skew)
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
