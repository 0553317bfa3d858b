/** @module The one evaluation of a session: what its record says of a request, and what the request does to it. */
import type { Citizen } from '../citizen.js'
import { StoreUnavailableError } from '../errors.js'
import type { Report } from '../events.js'
import type { Exchange } from '../exchange.js'
import type { Sealer } from '../seal.js'
import type {
  AliasRecord,
  EndedRecord,
  EndReason,
  LiveRecord,
  RecordAddress,
  SessionRecord,
} from '../session-record.js'
import type { FoundRevocation, Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'
import { anonymous, unavailable } from './create-citizen.js'
import type { Lifecycle } from './lifecycle.js'
import { openDetails } from './record.js'
import { concernsSession } from './revocation.js'
import type { AskedRevocation } from './session-revocations.js'
import { countedFromNow, isFromAhead, timerOver, withIdleTime } from './timers.js'
import type { SteppedState, TouchSteps } from './touch.js'

/** What an evaluation stands on; one for an application, whichever cookie names its sessions. */
export interface SessionContext {
  readonly store: Store
  /** Where revocations are looked up besides, if they are kept elsewhere. */
  readonly revocations: Store | undefined
  readonly lifecycle: Lifecycle
  readonly steps: TouchSteps
  readonly sealer: Sealer
  readonly report: Report
  readonly idleMilliseconds: number
  readonly absoluteMilliseconds: number
  /** Whether the application has work of its own to do for each sign-in. */
  readonly hasSignInWork: boolean
}

/** A request that names a session. */
export interface SessionRequest {
  readonly exchange: Exchange
  readonly now: number
  /** Whether the request counts as activity; asked only when it matters. */
  readonly isTouching: () => boolean
  /** What is remembered of the session in this process. */
  readonly state: SteppedState
  /** Asked for when the record was: used once, by whoever looks first. */
  askedRevocation?: AskedRevocation | undefined
}

/**
 * Asks the store of revocations, if there is one, so that it is on the way while the record is read. An outage of it counts
 * only where the record is live.
 */
export function askRevocation({ revocations }: SessionContext, request: SessionRequest): void {
  if (revocations === undefined) return
  const { person, session } = request.state.address
  // A store in this process may throw at once.
  const answer = (async () => revocations.revocation(person, session))()
  answer.catch(() => undefined)
  request.askedRevocation = { session, answer }
}

/** What may lie where a session is looked for. */
export type Found = SessionRecord | AliasRecord | undefined

/** What depends on the kind of cookie that names a session: the steps that an evaluation asks it for, in this order. */
export interface Credential<R extends SessionRequest> {
  /** Reads the record without any effect but to follow an alias. */
  read(request: R): Promise<SessionRecord | undefined>
  /** Who is there where no record is, for a look without effects. */
  readonly nobody: Citizen
  /** No record is there, or an alias: what to go on with (the session may start now), or who that is. */
  find(request: R, alias: AliasRecord | undefined): Promise<Found | Citizen>
  /** Whether the cookie is of this record: of another generation it is nobody's. */
  isNamed(request: R, record: SessionRecord): boolean
  /** The reason that a person is told. */
  reasonOf(address: RecordAddress, record: EndedRecord): Promise<EndReason>
  /** The reason of an end by a revocation that no record says yet. */
  reasonOfRevocation(revocation: FoundRevocation): EndReason
  /** What happens to a cookie whose session has ended. */
  refused(request: R, record: EndedRecord, reason: EndReason): Promise<void>
  /** What else the request shows (a rise in assurance, another person's cookie), before it counts as activity. */
  accept(request: R, record: LiveRecord): Promise<LiveRecord | Citizen | 'again'>
  /** When the token expires that the record should know of. */
  tokenExpiresAt(request: R, record: LiveRecord): number
  /** What else the request changes in the record; `undefined`: nothing. Written with a touch, which it makes due. */
  changeOf(request: R, record: LiveRecord): Pick<LiveRecord, 'level' | 'newestToken'> | undefined
  /** After a touch was written. `again`: look at the record anew. */
  touched(request: R, record: LiveRecord): Promise<'again' | undefined>
  /** Renews what is due, and makes the citizen. `again`: the session has ended or changed meanwhile. */
  serve(request: R, record: LiveRecord): Promise<Citizen | 'again'>
  /** The citizen for a look without effects. */
  inspected(request: R, record: LiveRecord): Citizen
}

/** How often a request looks anew at a record that others change. */
const mostAttempts = 6

/**
 * Evaluates a request from the record that was found for it, with all effects: ends what is over, touches, renews.
 * @throws StoreUnavailableError
 */
export async function evaluateSession<R extends SessionRequest>(
  context: SessionContext,
  credential: Credential<R>,
  request: R,
  first: Found,
): Promise<Citizen> {
  const { lifecycle, idleMilliseconds, store } = context
  const { now, state } = request
  let found = first
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const record = withIdleTime(found, idleMilliseconds)
    if (record === undefined || record.state === 'alias') {
      const next = await credential.find(request, record)
      if (isCitizen(next)) return next
      found = next
    } else if (!credential.isNamed(request, record)) {
      return anonymous('not-signed-in')
    } else if (record.state === 'ended') {
      return refuse(context, credential, request, record)
    } else if (isFromAhead(record, now)) {
      found = (await lifecycle.countFromNow(state.address, record, now)) ?? (await store.read(state.address))
    } else if (timerOver(record, now) !== undefined) {
      found = await lifecycle.endOver(state.address, record, now)
    } else {
      const citizen = await evaluateLive(context, credential, request, record)
      if (citizen !== 'again') return citizen
      found = await store.read(state.address)
    }
  }
  throw new StoreUnavailableError('the session record changed faster than it could be evaluated')
}

async function evaluateLive<R extends SessionRequest>(
  context: SessionContext,
  credential: Credential<R>,
  request: R,
  found: LiveRecord,
): Promise<Citizen | 'again'> {
  const { address } = request.state
  const asked = request.askedRevocation
  request.askedRevocation = undefined
  if (await context.lifecycle.applyRevocation(address, found, request.now, asked)) return 'again'
  const accepted = await credential.accept(request, found)
  if (accepted === 'again' || isCitizen(accepted)) return accepted
  const record = request.isTouching() ? await touch(context, credential, request, accepted) : accepted
  if (record === 'again') return 'again'
  const citizen = await credential.serve(request, record)
  const isWorkDue = citizen !== 'again' && citizen.state === 'active' && record.signIn === 'due'
  return isWorkDue ? context.steps.signIn(address, record, citizen) : citizen
}

/** Writes that the person was there, at most once in a touch interval, and a later expiry of the token at once. */
async function touch<R extends SessionRequest>(
  { steps, lifecycle }: SessionContext,
  credential: Credential<R>,
  request: R,
  record: LiveRecord,
): Promise<LiveRecord | 'again'> {
  const { now, state } = request
  const tokenExpiresAt = credential.tokenExpiresAt(request, record)
  const isNewer = tokenExpiresAt > record.tokenExpiresAt
  const news = credential.changeOf(request, record)
  if (!isNewer && news === undefined && !steps.isTouchDue(state, record, now)) return record
  const retainUntil = lifecycle.retainedUntil(now, tokenExpiresAt)
  const change = {
    ...news,
    lastSeenAt: now,
    retainUntil,
    ...(isNewer ? { tokenExpiresAt } : {}),
  }
  if (!(await steps.touch(state, record, change))) return 'again'
  const touched = { ...record, ...change }
  return (await credential.touched(request, touched)) ?? touched
}

async function refuse<R extends SessionRequest>(
  { steps, report }: SessionContext,
  credential: Credential<R>,
  request: R,
  record: EndedRecord,
): Promise<Citizen> {
  const { address } = request.state
  const reason = await credential.reasonOf(address, record)
  report({ type: 'session.refused', person: address.person, reason })
  await steps.endSiblings(address, record, request)
  await credential.refused(request, record, reason)
  return anonymous(reason)
}

/**
 * Says what an evaluation would say, and does nothing: nothing is written, touched, renewed, raised or handed over, and a
 * timer that is over is told only.
 * @throws StoreUnavailableError
 */
export async function inspectSession<R extends SessionRequest>(
  context: SessionContext,
  credential: Credential<R>,
  request: R,
): Promise<Citizen> {
  const { now, state } = request
  const record = await credential.read(request)
  if (record === undefined) return credential.nobody
  if (!credential.isNamed(request, record)) return anonymous('not-signed-in')
  if (record.state === 'ended') return anonymous(await credential.reasonOf(state.address, record))
  const limited = withIdleTime(record, context.idleMilliseconds)
  const counted = countedFromNow(limited, now, context.absoluteMilliseconds)
  const over = timerOver(counted, now)
  if (over !== undefined) return anonymous(over)
  const revocation = await revocationOf(context, request, record)
  if (revocation !== undefined) return anonymous(credential.reasonOfRevocation(revocation))
  const citizen = credential.inspected(request, counted)
  // The work for the sign-in is not done, and a look does none.
  const isWorkDue = record.signIn === 'due' && context.hasSignInWork
  return citizen.state === 'active' && isWorkDue ? unavailable('sign-in') : citizen
}

/** A revocation elsewhere that the record does not know of yet. */
async function revocationOf(
  { revocations, sealer }: SessionContext,
  { now, state }: SessionRequest,
  record: LiveRecord,
): Promise<FoundRevocation | undefined> {
  if (revocations === undefined) return undefined
  const { person, session } = state.address
  const { names, own } = openDetails(sealer, state.address, record.sealed)
  const found = await revocations.revocation(person, session, names)
  // A session that began with a new authentication is none of what was revoked before.
  const isConcerned = found !== undefined && unlessAhead(own?.provenAt ?? 0, now) <= found.at
  return isConcerned && concernsSession(found, record, now) ? found : undefined
}

function isCitizen(value: Found | Citizen): value is Citizen {
  return value !== undefined && !recordStates.has(value.state)
}

const recordStates: ReadonlySet<string> = new Set<SessionRecord['state'] | AliasRecord['state']>([
  'live',
  'ended',
  'alias',
])
