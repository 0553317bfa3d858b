/** @module What is looked at before a login that has come back begins a session: whether it may, and over what. */
import { randomText } from '../digest.js'
import type { Exchange } from '../exchange.js'
import type { VerifiedLogin } from '../protocols/sessions.js'
import type { AliasRecord, EndedRecord, EndReason, RecordAddress, SessionRecord } from '../session-record.js'
import { endCauseOf } from '../sessions/end-cause.js'
import { openDetails } from '../sessions/record.js'
import { toleranceOf } from '../sessions/resume-policy.js'
import { isFromAhead } from '../sessions/timers.js'
import { unlessAhead } from '../wait.js'
import type { ProtocolSessionsContext } from './sessions.js'

/** What a provider has ended by its own message, as a later login must know it. Milliseconds since the epoch. */
interface ProviderLogout {
  readonly at: number
  /** The newest authentication that the ended sessions stood on, by the provider's clock; 0: unknown. */
  readonly previousAuthTime: number
  /** Whether the login names the session that has ended, and not another one. */
  readonly isOfThisName: boolean
}

/** The checks of one plug-in's logins. */
export type LoginChecks = ReturnType<typeof createLoginChecks>

/** Makes the checks of one plug-in's logins. Those that ask the store throw `StoreUnavailableError` in an outage. */
export function createLoginChecks(
  context: Pick<
    ProtocolSessionsContext,
    'options' | 'store' | 'revocations' | 'lifecycle' | 'sealer' | 'own' | 'random' | 'skewMilliseconds'
  >,
) {
  const { store, lifecycle, sealer, own } = context
  const { application, clock } = context.options

  const tolerance = toleranceOf(context.skewMilliseconds)

  /** The authentication that the session at an address stands on, or stood on before it ended; 0: unknown. */
  const stoodOnOf = (address: RecordAddress, record: SessionRecord | AliasRecord | undefined): number => {
    const now = clock()
    if (record?.state === 'live') return unlessAhead(record.authenticatedAt, now)
    if (record?.state !== 'ended') return 0
    return unlessAhead(openDetails(sealer, address, record.sealed).authenticatedAt ?? 0, now)
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
    if (isFromAhead(record, now)) {
      return (await lifecycle.countFromNow(address, record, now)) ?? store.read(address)
    }
    if (await lifecycle.applyRevocation(address, record, now)) return store.read(address)
    return lifecycle.endOver(address, record, now)
  }

  /**
   * The newest authentication, by the provider's clock, of the person's other sessions here that had ended before a
   * time of ours; 0: none is known. Sessions without a name of the provider's lie at another address at each login.
   */
  const newestEnded = async (address: RecordAddress, before: number): Promise<number> => {
    let newest = 0
    for (const { address: other, record } of await store.list(address.person)) {
      const isOther = other.application === application.id && other.session !== address.session
      if (isOther && record.state === 'ended' && record.at <= before) {
        newest = Math.max(newest, stoodOnOf(other, record))
      }
    }
    return newest
  }

  /**
   * Whether the person has proven in the course of the login who they are, where that had been asked for. What the
   * clocks cannot tell apart must be later, by the provider's own clock and without any tolerance, than what the
   * person's ended sessions stood on: a sign-out that did not reach the provider would be followed by a silent sign-in.
   */
  const isAsAsked = async (address: RecordAddress, beginning: VerifiedLogin): Promise<boolean> => {
    const { askedReauthentication, authenticatedAt, since } = beginning
    if (!askedReauthentication) return true
    if (authenticatedAt < since - tolerance) return false
    return authenticatedAt > since + tolerance || authenticatedAt > (await newestEnded(address, since))
  }

  /** Whether an administrator has revoked this session, or the person as far as the session knows. */
  const administratorEnds = async ({ person, session }: RecordAddress) => {
    const found = await Promise.all(
      [store, context.revocations].map((kept) => kept?.revocation(person, session)),
    )
    return found.flatMap((each) => (each?.reason === 'revoked' ? [each] : []))
  }

  /**
   * Whether an administrator has ended anything of a person here since a time, or at any time the session that the
   * browser had: between times of a clock that was put back nobody can tell which came first.
   */
  const isEndedByAdministrator = async (
    { person, session }: RecordAddress,
    previous: RecordAddress | undefined,
    since: number,
  ): Promise<boolean> => {
    const ended = (await store.list(person)).filter(
      ({ address, record }) => address.application === application.id && record.state === 'ended',
    )
    // A session that had ended already keeps its reason. Its own revocation hides the person's: that is asked for by a
    // session that nobody has.
    const values = [...ended.map(({ address }) => address.session), session, randomText(context.random, 16)]
    const revoked = await Promise.all(
      values.map((value) => administratorEnds({ person, session: value, application: application.id })),
    )
    const ends = [
      ...ended.flatMap(({ record }) => (isAdministrators(record) ? [record] : [])),
      ...revoked.flat(),
    ]
    if (ends.some(({ at }) => at >= since)) return true
    if (previous === undefined) return false
    const record = await store.read(previous)
    const isItsOwn = (await administratorEnds(previous)).some(({ kind }) => kind === 'session')
    return isItsOwn || isAdministrators(record)
  }

  /**
   * Whether it is enough that a new authentication was asked for: the plug-in says so, no time of the person's is known
   * here, and no administrator has ended anything since the session that this browser had began.
   */
  const isTakenAsAsked = async (
    exchange: Exchange,
    address: RecordAddress,
    { acceptsAsked, askedReauthentication, since }: VerifiedLogin,
  ): Promise<boolean> => {
    if (acceptsAsked !== true || !askedReauthentication) return false
    const previousAuthTime = stoodOnOf(address, await store.read(address))
    if (previousAuthTime !== 0 || (await newestEnded(address, since)) !== 0) return false
    const previous = own.stateOf(exchange)?.address
    const ended = previous?.person === address.person ? await store.read(previous) : undefined
    const details = ended?.state === 'ended' ? openDetails(sealer, previous ?? address, ended.sealed) : {}
    // One that ended before it began: the clock was put back, and what came since is nobody's to say.
    const isInOrder = ended?.state === 'ended' && (details.startedAt ?? 0) <= ended.at
    return !(await isEndedByAdministrator(
      address,
      ended === undefined ? undefined : previous,
      isInOrder ? (details.startedAt ?? 0) : 0,
    ))
  }

  /**
   * Why a login is over although its answer is good: the session that this browser had was signed out while the login
   * was under way. Only an authentication after that begins anew (`RACE-3`).
   */
  const endedMeanwhile = async (
    exchange: Exchange,
    address: RecordAddress,
    { since, authenticatedAt }: VerifiedLogin,
  ): Promise<EndReason | undefined> => {
    const previous = own.stateOf(exchange)?.address
    if (previous === undefined || isSameSession(previous, address)) return undefined
    const record = await store.read(previous)
    const isLeft = record?.state === 'ended' && record.reason === 'application-sign-out'
    const end = isLeft ? record : await store.revocation(previous.person, previous.session)
    if (end === undefined || end.at < since) return undefined
    // Of the same person, two times of one clock can be compared: the provider's may be ahead of ours.
    const previousAuthTime = previous.person === address.person ? stoodOnOf(previous, record) : 0
    const isOld = previousAuthTime !== 0 && authenticatedAt <= previousAuthTime
    return isOld || authenticatedAt + toleranceOf(0) <= end.at ? end.reason : undefined
  }

  /**
   * The provider's own logout message that a login has come after, of the session that it names or that this browser
   * had; `undefined`: there is none, or another end that stands before it.
   */
  const providerLogoutBefore = async (
    exchange: Exchange,
    address: RecordAddress,
  ): Promise<ProviderLogout | undefined> => {
    let latest: ProviderLogout | undefined
    const previous = own.stateOf(exchange)?.address
    const places = previous?.person === address.person ? [address, previous] : [address]
    for (const place of places) {
      const record = await store.read(place)
      if (record?.state !== 'ended') continue
      const { isProviderLogout, at } = await endCauseOf(lifecycle, place, record)
      if (!isProviderLogout) continue
      const previousAuthTime = Math.max(stoodOnOf(place, record), latest?.previousAuthTime ?? 0)
      const isOfThisName = isSameSession(place, address) || latest?.isOfThisName === true
      latest = { at: Math.max(at, latest?.at ?? 0), previousAuthTime, isOfThisName }
    }
    return latest
  }

  /**
   * Whether a login brings an authentication that is later than the provider's logout message: what nobody was asked
   * for anew counts only where no difference of the clocks could make an older one of it.
   */
  const isAfterLogout = (
    beginning: VerifiedLogin,
    { at, previousAuthTime, isOfThisName }: ProviderLogout,
  ): boolean => {
    const { authenticatedAt, authenticatedAfter, since } = beginning
    if (authenticatedAfter === undefined) return false
    if (isOfThisName && beginning.endedNamesStay === true) return false
    const isNewer = authenticatedAt > previousAuthTime && since > at
    return isNewer && Math.max(authenticatedAfter, authenticatedAt - tolerance) > at
  }

  return {
    stoodOnOf,
    isAsAsked,
    isTakenAsAsked,
    rootOf,
    readNow,
    endedMeanwhile,
    providerLogoutBefore,
    isAfterLogout,
  }
}

function isAdministrators(record: SessionRecord | AliasRecord | undefined): record is EndedRecord {
  return record?.state === 'ended' && record.reason === 'revoked'
}

/** Whether two addresses are of one session at the provider. */
export function isSameSession(one: RecordAddress, other: RecordAddress): boolean {
  return one.person === other.person && one.session === other.session
}
