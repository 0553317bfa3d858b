/**
 * @module A login that has come back starts a session, or takes up the one that is there: checked, written, and then in
 * the place of the one that the browser had before.
 */
import type { Citizen } from '../citizen.js'
import { type NamedSession, refusedGeneration } from '../cookies/session-cookie.js'
import { randomText } from '../digest.js'
import type { Exchange } from '../exchange.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import { anonymous, unavailable } from '../sessions/create-citizen.js'
import { personOf, sessionOf } from '../sessions/record.js'
import { provenAtOf } from '../sessions/resume-policy.js'
import { isAsAsked, isTakenAsAsked } from './asked-authentication.js'
import type { PluginSessionsContext } from './context.js'
import { type Established, establishSession, findRevoked, type ProvenLogin } from './establish-session.js'
import {
  endedMeanwhile,
  type FoundRecord,
  isAfterLogout,
  previousAuthTimeOf,
  providerLogoutBefore,
  readNow,
} from './login-checks.js'
import { isSameSession, rootOf } from './session-address.js'

/** A login that has come back, and the address of its session. */
interface StartRequest {
  readonly exchange: Exchange
  readonly address: RecordAddress
  readonly login: VerifiedLogin
  readonly now: number
}

/** A login that may begin a session over what is there; else who is there instead. */
type Checked = { readonly known: FoundRecord; readonly login: ProvenLogin } | { readonly instead: Citizen }

/**
 * Begins the session, and sets its cookie. The citizen is active, or says why not.
 * @throws StoreUnavailableError
 */
export async function startSession(
  context: PluginSessionsContext,
  exchange: Exchange,
  stated: VerifiedLogin,
): Promise<Citizen> {
  // It was removed while the login was under way.
  if (!context.isInForce()) return unavailable('provider')
  const now = context.options.clock()
  // An authentication in the future proves nothing: it lifts no end, and is not recent.
  const isPast = stated.authenticatedAt <= now + context.skewMilliseconds
  const given = isPast ? stated : { ...stated, authenticatedAt: 0 }
  const request = { exchange, address: await addressOf(context, given), login: given, now }
  const checked = await checkLogin(context, request)
  if ('instead' in checked) return checked.instead
  const { store, lifecycle } = context
  const { known, login } = checked
  const { person } = request.address
  const retainUntil = lifecycle.retainedUntil(now, login.tokensExpireAt)
  const revoked = await findRevoked(login, ({ key }) => store.noteIndexKey(key, person, retainUntil))
  if (revoked !== undefined) return refuse(context, exchange, request.address, revoked.reason)
  return takePlace(context, request, known, login)
}

function addressOf(context: PluginSessionsContext, login: VerifiedLogin): Promise<RecordAddress> {
  const value = login.sessionValue ?? randomText(context.random, 16)
  return rootOf(context, {
    person: personOf(login.issuer, login.subject),
    session: sessionOf(login.issuer, value),
    application: context.options.application.id,
  })
}

/** Whether the login may begin a session: as it was asked for, and after every end that it must come after. */
async function checkLogin(context: PluginSessionsContext, request: StartRequest): Promise<Checked> {
  const { exchange, address, login, now } = request
  const { skewMilliseconds, report } = context
  const isTaken = await isTakenAsAsked(context, exchange, address, login)
  if (!isTaken && !(await isAsAsked(context, address, login))) {
    report({ type: 'token.rejected', problem: 'not-reauthenticated', credential: 'sign-in' })
    return { instead: await whoRemains(context, exchange, now) }
  }
  if (login.endsAt !== undefined && login.endsAt <= now) {
    report({ type: 'token.rejected', problem: 'session-over', credential: 'sign-in' })
    return { instead: anonymous('identity-ended') }
  }
  // The cookie stays: it names the end that the next login must come after.
  const turnAway = (reason: EndReason): Checked => {
    report({ type: 'session.refused', person: address.person, reason })
    return { instead: anonymous(reason) }
  }
  const meanwhile = await endedMeanwhile(context, exchange, address, login)
  if (meanwhile !== undefined) return turnAway(meanwhile)
  const known = await readNow(context, address, now)
  const logout = login.askedReauthentication
    ? undefined
    : await providerLogoutBefore(context, exchange, address)
  const isLater = logout !== undefined && isAfterLogout(context, login, logout)
  if (logout !== undefined && !isLater) return turnAway('identity-ended')
  const provenAt =
    isTaken || isLater
      ? login.since
      : provenAtOf(login, previousAuthTimeOf(context, address, known), skewMilliseconds)
  return { known, login: { ...login, provenAt, provider: context.protocol } }
}

/** Begins the session, or takes it up, in the place of the one that the browser had before. */
async function takePlace(
  context: PluginSessionsContext,
  { exchange, address, now }: StartRequest,
  known: FoundRecord,
  login: ProvenLogin,
): Promise<Citizen> {
  const { sessionCookie, lifecycle, own } = context
  let established: Established
  let rekeyed: NamedSession | undefined
  try {
    established = await establishSession(context, {
      address,
      known,
      login,
      onRekeyed(place, record) {
        rekeyed = nameOf(context, place, record)
      },
    })
    if ('refused' in established) {
      return await refuse(context, exchange, established.address, established.refused)
    }
    // Removed just now: what began before that is over by its time, and nothing begins afterwards.
    const late = context.isInForce()
      ? await replacePrevious(context, { exchange, address: established.address, login, now })
      : 'provider-removed'
    if (late !== undefined) {
      await lifecycle.end(established.address, established.record, { reason: late, at: now }, now)
      return await refuse(context, exchange, established.address, late)
    }
  } catch (error) {
    // The cookie of the session that was taken up is dead already. It goes on, as signed in as it was.
    if (rekeyed !== undefined) exchange.setCookie(sessionCookie.make(rekeyed))
    throw error
  }
  const { address: place, record } = established
  return own.started(exchange, nameOf(context, place, record), record)
}

/**
 * Ends the session that the browser had before. A sign-out of it may have come since the first look, which met nothing
 * of the new one: it is looked for before that session ends here, and once more where it had ended by then. Its reason,
 * if there was one.
 */
async function replacePrevious(
  context: PluginSessionsContext,
  { exchange, address, login, now }: StartRequest,
): Promise<EndReason | undefined> {
  const late = await endedMeanwhile(context, exchange, address, login)
  if (late !== undefined) return late
  // Only now: an outage on the way leaves the browser what it had.
  if (await endPrevious(context, exchange, address, now)) return undefined
  return endedMeanwhile(context, exchange, address, login)
}

/** The session that the browser had before is over: another one has taken its place. `false`: somebody else has ended it. */
async function endPrevious(
  { store, lifecycle, own, report }: PluginSessionsContext,
  exchange: Exchange,
  address: RecordAddress,
  now: number,
): Promise<boolean> {
  const previous = own.stateOf(exchange)
  if (previous === undefined || isSameSession(previous.address, address)) return true
  const record = await store.read(previous.address)
  if (record?.state !== 'live' || record.generation !== previous.generation) return false
  const isSamePerson = previous.address.person === address.person
  const reason = isSamePerson ? 'signed-out' : 'identity-changed'
  if (!isSamePerson) {
    const { person } = address
    report({ type: 'session.identity-changed', person, previousPerson: previous.address.person })
  }
  const { record: after } = await lifecycle.end(previous.address, record, { reason, at: now }, now)
  return after?.state === 'ended' && after.at === now && after.reason === reason
}

/** Who is there when a login has brought nobody: whoever was there before, or why nobody is. */
async function whoRemains({ own }: PluginSessionsContext, exchange: Exchange, now: number): Promise<Citizen> {
  const citizen = (await own.inspect(exchange, now)) ?? anonymous('not-signed-in')
  return citizen.reason === 'not-signed-in' ? anonymous('signed-out') : citizen
}

/** Nobody, for this reason. The cookie tells it on, so that the next login asks for what lifts it. */
async function refuse(
  context: PluginSessionsContext,
  exchange: Exchange,
  address: RecordAddress,
  reason: EndReason,
): Promise<Citizen> {
  const { options, sessionCookie, protocol, report, random } = context
  const { person, session } = address
  await endPrevious(context, exchange, address, options.clock())
  report({ type: 'session.refused', person, reason })
  const generation = refusedGeneration(random)
  exchange.setCookie(sessionCookie.make({ person, session, generation, protocol }))
  return anonymous(reason)
}

function nameOf(
  { protocol }: PluginSessionsContext,
  { person, session }: RecordAddress,
  { generation }: LiveRecord,
): NamedSession {
  return { person, session, generation, protocol }
}
