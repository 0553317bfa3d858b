/** @module The life of a session: begun, resumed, raised, ended; each step written first and reported then. */
import { randomText } from '../digest.js'
import type { Report } from '../events.js'
import type { Sealer } from '../seal.js'
import type {
  AliasRecord,
  EndedRecord,
  EndReason,
  LiveRecord,
  RecordAddress,
  SessionRecord,
} from '../session-record.js'
import type { EndOutcome, FoundRevocation, Store } from '../stores/store.js'
import { unlessAhead } from '../wait.js'
import {
  createGeneration,
  endedFrom,
  openDetails,
  type ProtocolDetails,
  publicIdOf,
  type RecordDetails,
  sealDetails,
  withName,
} from './record.js'
import { reviseDetails } from './revise.js'
import { concernsSession, createRevocations, type Revocations } from './revocation.js'
import { countedFromNow, overSince, timerOver, withIdleTime } from './timers.js'

/** A session of this application that has ended, for whoever must end something with it. */
export interface EndedSession {
  readonly address: RecordAddress
  readonly publicId: string
  readonly reason: EndReason
  /** Identifier of the application's own framework session, where one was bound. */
  readonly boundSession: string | undefined
}

/** What a session begins with. */
export interface SessionStart {
  readonly address: RecordAddress
  readonly now: number
  /** `iat` of the token in milliseconds, or now where a new authentication is proven. */
  readonly issuedAt: number
  readonly tokenExpiresAt: number
  readonly level: number
  /** 0 when unknown. */
  readonly authenticatedAt: number
  /** When the login began that brought a new authentication: revocations before it do not concern this beginning. */
  readonly provenAt?: number | undefined
  /** The session ends then at the latest, whatever the absolute limit. */
  readonly endsAt?: number | undefined
  /** What the record says besides its times; its own bound session and beginning are added. */
  readonly own?: ProtocolDetails | undefined
  /** Begun only so that it can end: it displaces nobody's session, and nobody is told that it began. */
  readonly isOnlyToEnd?: boolean | undefined
  /** An application end that this beginning lifts. */
  readonly lifts?: EndedRecord | undefined
  /** A resumed session keeps its old beginning and limit unless a new authentication is proven. */
  readonly keepsLimit?: boolean | undefined
}

/** What is there after an attempt to begin. */
export interface SessionStartOutcome {
  readonly began: boolean
  readonly record: SessionRecord | AliasRecord
}

/** The steps of a session's life. Each throws `StoreUnavailableError` where the store cannot answer. */
export interface Lifecycle {
  /** How long a record is kept at least. Milliseconds. */
  readonly retention: number
  /** Until when a record is kept: as long as any token for it could live, and one of that `exp` does. */
  retainedUntil(now: number, tokenExpiresAt: number): number
  startSession(beginning: SessionStart): Promise<SessionStartOutcome>
  /** Ends a record, unless it changed meanwhile; the answer is what is there then, and whether it would survive. */
  end(
    address: RecordAddress,
    record: LiveRecord,
    end: { readonly reason: EndReason; readonly at: number; readonly untouchedOnly?: boolean },
    now: number,
  ): Promise<EndOutcome>
  /** Ends a record whose timer is over, by the idle time that it says or by the application's, if that is shorter. */
  endOver(address: RecordAddress, record: LiveRecord, now: number): Promise<SessionRecord | undefined>
  /**
   * Lets a live record count from now that was begun, or touched, by a clock that has been put back since: no timer
   * of it would run before that time. `undefined`: it has ended, or is another one by now.
   */
  countFromNow(address: RecordAddress, record: LiveRecord, now: number): Promise<LiveRecord | undefined>
  /** Gives a live record a new generation at a higher level of assurance, or a newer authentication. */
  raiseAssurance(
    address: RecordAddress,
    record: LiveRecord,
    rise: { readonly level: number; readonly authenticatedAt: number },
  ): Promise<LiveRecord | undefined>
  /**
   * Notes another value of a live session with its record, where a shared store is asked for revocations. `false`: it
   * has ended, or another generation has begun.
   */
  addName(address: RecordAddress, record: LiveRecord, name: string): Promise<boolean>
  /** Revokes in every store that is concerned, and reports what that ended. */
  revoke: Revocations['revoke']
  /** Every revocation that concerns a session which has ended, of whichever store. */
  revocationsOf(address: RecordAddress, record: EndedRecord): Promise<readonly FoundRevocation[]>
  /** Ends a live session that another application has revoked where both look. `true`: it had. */
  applyRevocation(address: RecordAddress, record: LiveRecord, now: number): Promise<boolean>
}

/** How often an end looks again at a record whose details were written meanwhile. */
const mostAttempts = 6
const leastRetention = 24 * 60 * 60 * 1000
/** A token is good that much longer than its `exp` at most. */
const mostSkew = 60_000

/** Makes the lifecycle of one application's sessions. */
export function createLifecycle(options: {
  readonly application: string
  readonly idleMilliseconds: number
  readonly absoluteMilliseconds: number
  /** Whether the application has work of its own to do for each sign-in. */
  readonly hasSignInWork: boolean
  /** How many records of a person are kept. */
  readonly mostRecords: number
  readonly store: Store
  /** Where revocations are kept besides, if anywhere. */
  readonly revocations: Store | undefined
  readonly sealer: Sealer
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly report: Report
  readonly onEnded: (session: EndedSession) => void
}): Lifecycle {
  const { store, sealer, report } = options
  const retention = Math.max(leastRetention, options.absoluteMilliseconds)
  const retainedUntil: Lifecycle['retainedUntil'] = (now, tokenExpiresAt) =>
    Math.max(now + retention, tokenExpiresAt + mostSkew)

  const announceEnd = (
    address: RecordAddress,
    generation: string,
    sealed: string,
    reason: EndReason,
  ): void => {
    const publicId = publicIdOf(generation)
    const { person, application: sessionApplication } = address
    report({ type: 'session.ended', publicId, person, sessionApplication, reason })
    if (address.application !== options.application) return
    const { boundSession } = openDetails(sealer, address, sealed)
    options.onEnded({ address, publicId, reason, boundSession })
  }

  const revoking = createRevocations({
    store,
    revocations: options.revocations,
    retainedUntil,
    clock: options.clock,
    onEnded(ended, reason) {
      for (const { address, record } of ended) announceEnd(address, record.generation, record.sealed, reason)
    },
  })

  const end: Lifecycle['end'] = async (address, record, request, now) => {
    const { generation } = record
    const lastSeenAt = request.untouchedOnly ? record.lastSeenAt : undefined
    let found = record
    for (let attempt = 1; ; attempt += 1) {
      const ended = endedFrom(sealer, address, found, {
        reason: request.reason,
        at: request.at,
        retainUntil: retainedUntil(now, found.tokenExpiresAt),
      })
      // What was bound since the record was read ends with it (`HLD-16`). The end itself waits for nobody.
      const replaces = attempt < mostAttempts ? found.sealed : undefined
      const outcome = await store.end(address, { generation, lastSeenAt, replaces }, ended)
      const after = outcome.record
      // Sealing is randomised: only the call whose end was written finds its own seal there.
      if (after?.state === 'ended' && after.sealed === ended.sealed) {
        announceEnd(address, generation, ended.sealed, request.reason)
      }
      if (after?.state !== 'live' || after.generation !== generation) return outcome
      if (after.sealed === found.sealed || attempt === mostAttempts) return outcome
      if (lastSeenAt !== undefined && after.lastSeenAt > lastSeenAt) return outcome
      found = after
    }
  }

  const meetRevocation: Lifecycle['applyRevocation'] = async (address, record, now) => {
    if (options.revocations === undefined) return false
    const details = openDetails(sealer, address, record.sealed)
    const concerns = (revocation: FoundRevocation) => {
      // A session that began with a new authentication is none of what was revoked before.
      const provenAt = unlessAhead(details.own?.provenAt ?? 0, now)
      return provenAt <= revocation.at && concernsSession(revocation, record, now)
    }
    const { names } = details
    return revoking.meet(address, concerns, { now, tokenExpiresAt: record.tokenExpiresAt, names })
  }

  const revocationsOf: Lifecycle['revocationsOf'] = async (address, record) => {
    const { person, session } = address
    const {
      names,
      own,
      startedAt = own?.generationAt ?? record.at,
    } = openDetails(sealer, address, record.sealed)
    const elsewhere = options.revocations
    const found = await Promise.all([
      store.revocation(person, session),
      elsewhere?.revocation(person, session, names),
      // A session's own hides the person's: that is asked for by a session that nobody has. Here both have ended it.
      elsewhere?.revocation(person, randomText(options.random, 16)),
    ])
    return found.flatMap((each) =>
      each !== undefined && concernsSession(each, { startedAt }, record.at) ? [each] : [],
    )
  }

  return {
    retention,
    retainedUntil,
    end,

    async startSession(beginning) {
      const { address, now, lifts, issuedAt } = beginning
      const provenAt = beginning.provenAt ?? 0
      const concerns = ({ kind, at }: FoundRevocation) =>
        provenAt <= at && (kind === 'session' || issuedAt < at)
      await revoking.meet(address, concerns, { now, tokenExpiresAt: beginning.tokenExpiresAt })
      const before = lifts === undefined ? {} : openDetails(sealer, address, lifts.sealed)
      const keepsLimit = beginning.keepsLimit === true
      const record: LiveRecord = {
        state: 'live',
        generation: createGeneration(options.random),
        startedAt: (keepsLimit ? before.startedAt : undefined) ?? now,
        lastSeenAt: now,
        endsAt: Math.min(
          (keepsLimit ? before.endsAt : undefined) ?? now + options.absoluteMilliseconds,
          beginning.endsAt ?? Number.POSITIVE_INFINITY,
        ),
        idleMilliseconds: options.idleMilliseconds,
        tokenExpiresAt: beginning.tokenExpiresAt,
        level: beginning.level,
        authenticatedAt: beginning.authenticatedAt,
        retainUntil: retainedUntil(now, beginning.tokenExpiresAt),
        // A revocation takes over this text as it is: the next login must know what the session stood on.
        sealed:
          beginning.own === undefined && before.names === undefined
            ? ''
            : sealDetails(sealer, address, {
                own: beginning.own,
                authenticatedAt: beginning.authenticatedAt,
                names: before.names,
              }),
        ...(options.hasSignInWork ? { signIn: 'due' } : {}),
        ...(beginning.own === undefined ? {} : { begunBy: 'protocol' }),
      }
      const isOnlyToEnd = beginning.isOnlyToEnd === true
      const mostRecords = options.mostRecords + (isOnlyToEnd ? 1 : 0)
      const outcome = await store.start(address, {
        record,
        issuedAt,
        now,
        resumes: lifts,
        provenAt,
        mostRecords,
      })
      if (outcome.outcome !== 'started') return { began: false, record: outcome.record }
      for (const { address: displaced, record: ended } of outcome.displaced ?? []) {
        if (ended.state === 'live')
          announceEnd(displaced, ended.generation, ended.sealed, 'too-many-sessions')
      }
      if (!isOnlyToEnd) {
        report({
          type: 'session.started',
          publicId: publicIdOf(record.generation),
          person: address.person,
          level: record.level,
          cause: lifts === undefined ? 'first' : 'resumed',
        })
      }
      return { began: true, record: outcome.record }
    },

    async endOver(address, record, now) {
      const times = withIdleTime(record, options.idleMilliseconds)
      const reason = timerOver(times, now)
      if (reason === undefined) return record
      const request = { reason, at: overSince(times), untouchedOnly: true }
      return (await end(address, record, request, now)).record
    },

    async countFromNow(address, record, now) {
      // Before its beginning is moved: what was revoked until now concerns a session that may have begun before.
      if (await meetRevocation(address, record, now)) return undefined
      const counted = countedFromNow(record, now, options.absoluteMilliseconds)
      const { endsAt } = counted
      return (await store.update(address, record.generation, { notAfter: now, endsAt })) ? counted : undefined
    },

    async raiseAssurance(address, record, rise) {
      const generation = createGeneration(options.random)
      const changed = await store.update(address, record.generation, { generation, ...rise })
      if (!changed) return undefined
      report({
        type: 'session.started',
        publicId: publicIdOf(generation),
        person: address.person,
        level: rise.level,
        cause: 'assurance',
      })
      return { ...record, generation, ...rise }
    },

    async addName(address, record, name) {
      if (options.revocations === undefined) return true
      const revise = (details: RecordDetails) => ({ details: withName(details, name) })
      return (await reviseDetails({ store, sealer }, address, record, revise)) !== undefined
    },

    revoke: revoking.revoke,
    revocationsOf,
    applyRevocation: meetRevocation,
  }
}
