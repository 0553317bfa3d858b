/** @module Revocations: written in every store that they concern, and met where another application wrote them. */
import { StoreUnavailableError } from '../errors.js'
import type { EndReason, RecordAddress } from '../session-record.js'
import type {
  FoundRevocation,
  ListedRecord,
  Revocation,
  RevocationOutcome,
  RevocationScope,
  Store,
} from '../stores/store.js'
import { isAhead } from '../wait.js'

/** Writes and meets revocations. Each method throws `StoreUnavailableError` where a store cannot answer. */
export interface Revocations {
  /**
   * Revokes in every store, under every name of a session. A store that cannot be reached does not keep the other from
   * being told. Not acknowledged where it may be forgotten too early. `tokenExpiresAt`: `exp` of a token that the revocation is about, in milliseconds, where one is at hand.
   */
  revoke(
    person: string,
    scope: RevocationScope,
    reason: EndReason,
    tokenExpiresAt?: number,
  ): Promise<RevocationOutcome>
  /**
   * Looks whether other applications have revoked a session, in the store that is shared for this. What they have is
   * written to the own store, where it ends the session for good, and is passed on under the names that only the own
   * store knows. It is kept as long as a token of `tokenExpiresAt` lives. `names`: other values of the session.
   * `true`: it was revoked.
   */
  meet(
    address: RecordAddress,
    concerns: (revocation: FoundRevocation) => boolean,
    known: {
      readonly now: number
      readonly tokenExpiresAt: number
      readonly names?: readonly string[] | undefined
    },
  ): Promise<boolean>
}

/**
 * Whether a revocation ends a session: its own does, the person's does unless the session began after it. When a
 * session began that says "in the future" nobody knows: what forbids stands.
 */
export function concernsSession(
  revocation: FoundRevocation,
  { startedAt }: { readonly startedAt: number },
  now: number,
): boolean {
  return (
    revocation.kind === 'session' ||
    (revocation.endsBefore ?? revocation.at) >= startedAt ||
    isAhead(startedAt, now)
  )
}

/** Makes the revocations of one application. */
export function createRevocations(options: {
  readonly store: Store
  /** The store that applications with stores of their own share; `undefined`: the own one is enough. */
  readonly revocations: Store | undefined
  /** Until when what is about a token of that `exp` is kept. */
  readonly retainedUntil: (now: number, tokenExpiresAt: number) => number
  readonly clock: () => number
  readonly onEnded: (ended: readonly ListedRecord[], reason: EndReason) => void
}): Revocations {
  const { store, revocations, retainedUntil } = options

  const revokeHere = async (
    person: string,
    scope: RevocationScope,
    revocation: Revocation,
  ): Promise<RevocationOutcome> => {
    const outcome = await store.revoke(person, scope, revocation)
    options.onEnded(outcome.ended, revocation.reason)
    return outcome
  }

  const revokeElsewhere = async (
    person: string,
    scope: RevocationScope,
    revocation: Revocation,
  ): Promise<boolean> => {
    const outcome = await revocations?.revoke(person, scope, revocation)
    return outcome?.acknowledged !== false
  }

  /** Tells the shared store the names of a session that are not among those it was told. `true`: it has confirmed. */
  const revokeNames = async (
    person: string,
    sessions: readonly string[],
    told: string | undefined,
    revocation: Revocation,
  ): Promise<boolean> => {
    if (revocations === undefined) return true
    const rest = sessions.filter((session) => session !== told)
    const results = await Promise.all(
      rest.map((session) => revokeElsewhere(person, { kind: 'session', session }, revocation)),
    )
    return results.every((isAcknowledged) => isAcknowledged)
  }

  /**
   * Until when a record of a person is kept, at the latest: as long as any token lives that is known of them, also of
   * a session that has ended here and goes on elsewhere. `undefined` where that cannot be asked now.
   */
  const latestRetention = async (person: string): Promise<number | undefined> => {
    try {
      const records = await store.list(person)
      return Math.max(0, ...records.map(({ record }) => record.retainUntil))
    } catch (error) {
      if (error instanceof StoreUnavailableError) return undefined
      throw error
    }
  }

  return {
    async revoke(person, scope, reason, tokenExpiresAt = 0) {
      const known = await latestRetention(person)
      const at = options.clock()
      const retainUntil = Math.max(retainedUntil(at, tokenExpiresAt), known ?? 0)
      const revocation = { reason, at, retainUntil }
      const [here, elsewhere] = await Promise.allSettled([
        revokeHere(person, scope, revocation),
        revokeElsewhere(person, scope, revocation),
      ])
      if (here.status === 'rejected') throw here.reason
      if (elsewhere.status === 'rejected') throw elsewhere.reason
      // The shared store knows neither sessions nor their names: those of the own store are named one by one.
      const told = scope.kind === 'session' ? scope.session : undefined
      const isNamed = await revokeNames(person, here.value.sessions, told, revocation)
      // Where nobody could say how long its tokens live, it may be forgotten before them: it is to be asked for again.
      const isKeptLong = known !== undefined
      return {
        ...here.value,
        acknowledged: here.value.acknowledged && elsewhere.value && isNamed && isKeptLong,
      }
    },

    async meet({ person, session }, concerns, { now, tokenExpiresAt, names }) {
      const found = await revocations?.revocation(person, session, names)
      if (found === undefined || !concerns(found)) return false
      const { reason, at } = found
      const revocation = {
        reason,
        at,
        retainUntil: Math.max(found.retainUntil, retainedUntil(now, tokenExpiresAt)),
      }
      // Applications that have not met the token yet read the shared store only: it remembers as long.
      const isShort = retainedUntil(0, tokenExpiresAt) > found.retainUntil
      // Where the session has several names, nobody says under which of them it was found.
      const told = isShort || names !== undefined ? undefined : session
      // Before the own store: once the session has ended there, nobody meets this again after an outage of the other.
      const known = [session, ...(names ?? [])]
      await revokeNames(person, known, told, revocation)
      const { sessions } = await revokeHere(person, { kind: 'session', session }, revocation)
      const rest = sessions.filter((each) => !known.includes(each))
      await revokeNames(person, rest, undefined, revocation)
      return true
    },
  }
}
