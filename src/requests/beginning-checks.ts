/** @module What is looked at before a login that has come back begins a session: whether it may, and over what. */
import type { Exchange } from '../exchange.js'
import type { Beginning } from '../protocol.js'
import { openDetails } from '../sessions/record.js'
import type { AliasRecord, EndReason, RecordAddress, SessionRecord } from '../stores/store.js'
import type { ProtocolSessionsContext } from './protocol-sessions.js'

/** Authentication times have no fractions of a second. */
const wholeSecond = 1000

/** Makes the checks of one application. Those that ask the store throw `StoreUnavailableError` in an outage. */
export function createBeginningChecks(
  context: Pick<
    ProtocolSessionsContext,
    'options' | 'store' | 'lifecycle' | 'sealer' | 'own' | 'skewMilliseconds'
  >,
) {
  const { store, lifecycle, sealer, own } = context
  const { application } = context.options

  /**
   * When the login began, if the person has authenticated in its course; else 0. Two clocks differ, and an
   * authentication shortly before the login may be the one that the ended session stood on: where that is known it
   * must be newer, else it must have been asked for.
   */
  const provenAtOf = (
    { authenticatedAt, since, askedReauthentication }: Beginning,
    stoodOn: number,
  ): number => {
    const isRecent =
      authenticatedAt !== 0 && authenticatedAt >= since - context.skewMilliseconds - wholeSecond
    const isNew = stoodOn === 0 ? askedReauthentication : authenticatedAt > stoodOn
    return isRecent && isNew ? since : 0
  }

  /** The authentication that the session at an address stands on, or stood on before it ended; 0: unknown. */
  const stoodOnOf = (address: RecordAddress, record: SessionRecord | AliasRecord | undefined): number => {
    if (record?.state === 'live') return record.authenticatedAt
    return record?.state === 'ended' ? (openDetails(sealer, address, record.sealed).authenticatedAt ?? 0) : 0
  }

  /** Where the record lies, if the name is another one of a session that goes on. */
  const rootOf = async (address: RecordAddress): Promise<RecordAddress> => {
    const record = await store.read(address)
    return record?.state === 'alias' ? { ...address, session: record.session } : address
  }

  /** A live record whose time is over, or that another application has revoked, ends before it is taken for live. */
  const readNow = async (address: RecordAddress, now: number) => {
    const record = await store.read(address)
    if (record?.state !== 'live') return record
    if (await lifecycle.meetRevocation(address, record, now)) return store.read(address)
    const idleMilliseconds = Math.min(record.idleMilliseconds, application.idleSeconds * 1000)
    return lifecycle.endOver(address, record, idleMilliseconds, now)
  }

  /** Whether the person has proven in the course of the login who they are, where that had been asked for. */
  const isAsAsked = ({ askedReauthentication, authenticatedAt, since }: Beginning): boolean =>
    !askedReauthentication || authenticatedAt >= since - context.skewMilliseconds - wholeSecond

  /**
   * Why a login is over although its answer is good: the session that this browser had was signed out while the login
   * was under way. Only an authentication after that begins anew (`RACE-3`).
   */
  const endedMeanwhile = async (
    exchange: Exchange,
    address: RecordAddress,
    { since, authenticatedAt }: Beginning,
  ): Promise<EndReason | undefined> => {
    const previous = own.stateOf(exchange)?.address
    if (previous === undefined || isSameSession(previous, address)) return undefined
    const record = await store.read(previous)
    const isLeft = record?.state === 'ended' && record.reason === 'application-sign-out'
    const end = isLeft ? record : await store.revocation(previous.person, previous.session)
    const isMeant = end !== undefined && end.at >= since && authenticatedAt + wholeSecond <= end.at
    return isMeant ? end.reason : undefined
  }

  return { provenAtOf, stoodOnOf, isAsAsked, rootOf, readNow, endedMeanwhile }
}

/** Whether two addresses are of one session at the provider. */
export function isSameSession(one: RecordAddress, other: RecordAddress): boolean {
  return one.person === other.person && one.session === other.session
}
