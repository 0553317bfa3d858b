/** @module Revocations: written in every store that they concern, and met where another application wrote them. */
import { StoreUnavailableError } from '../errors.js'
import type {
  EndReason,
  FoundRevocation,
  ListedRecord,
  RecordAddress,
  Revocation,
  RevocationScope,
  Store,
} from '../stores/store.js'

/** What a revocation did. */
export interface RevokeOutcome {
  /** Records of the own store that were live. */
  readonly ended: readonly ListedRecord[]
  /** `false`: replicas exist, and none has confirmed in time. */
  readonly acknowledged: boolean
}

/** Writes and meets revocations. Each method throws `StoreUnavailableError` where a store cannot answer. */
export interface Revoking {
  /** Revokes in every store. One that cannot be reached does not keep the other from being told. */
  revoke(person: string, scope: RevocationScope, reason: EndReason): Promise<RevokeOutcome>
  /**
   * Looks whether other applications have revoked a session, in the store that is shared for this. What they have is
   * written to the own store, where it ends the session for good. `true`: it was revoked.
   */
  meet(
    address: RecordAddress,
    concerns: (revocation: FoundRevocation) => boolean,
    now: number,
  ): Promise<boolean>
}

/** Whether a revocation ends a session: its own does, the person's does unless the session began after it. */
export function concernsSession(
  revocation: FoundRevocation,
  record: { readonly startedAt: number },
): boolean {
  return revocation.kind === 'session' || revocation.at >= record.startedAt
}

/** Makes the revocations of one application. */
export function createRevoking(options: {
  readonly store: Store
  /** The store that applications with stores of their own share; `undefined`: the own one is enough. */
  readonly revocations: Store | undefined
  /** Until when what is about a token of that `exp` is kept. */
  readonly retainedUntil: (now: number, tokenExpiresAt: number) => number
  readonly clock: () => number
  readonly onEnded: (ended: readonly ListedRecord[], reason: EndReason) => void
}): Revoking {
  const { store, revocations, retainedUntil } = options

  const revokeHere = async (
    person: string,
    scope: RevocationScope,
    revocation: Revocation,
  ): Promise<RevokeOutcome> => {
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

  /** `exp` of the longest-lived token that is known of a person; 0 where that cannot be asked now. */
  const latestExpiry = async (person: string): Promise<number> => {
    try {
      const records = await store.list(person)
      const expiries = records.map(({ record }) => (record.state === 'live' ? record.tokenExpiresAt : 0))
      return Math.max(0, ...expiries)
    } catch (error) {
      if (error instanceof StoreUnavailableError) return 0
      throw error
    }
  }

  return {
    async revoke(person, scope, reason) {
      const expiry = await latestExpiry(person)
      const at = options.clock()
      const revocation = { reason, at, retainUntil: retainedUntil(at, expiry) }
      const [here, elsewhere] = await Promise.allSettled([
        revokeHere(person, scope, revocation),
        revokeElsewhere(person, scope, revocation),
      ])
      if (here.status === 'rejected') throw here.reason
      if (elsewhere.status === 'rejected') throw elsewhere.reason
      let acknowledged = here.value.acknowledged && elsewhere.value
      if (revocations !== undefined && scope.kind !== 'session') {
        // The shared store knows no sessions: those of the own store are named one by one.
        const sessions = new Set(here.value.ended.map(({ address }) => address.session))
        for (const session of sessions) {
          acknowledged &&= await revokeElsewhere(person, { kind: 'session', session }, revocation)
        }
      }
      return { ended: here.value.ended, acknowledged }
    },

    async meet({ person, session }, concerns, now) {
      const found = await revocations?.revocation(person, session)
      if (found === undefined || !concerns(found)) return false
      const { reason, at } = found
      const retainUntil = Math.max(found.retainUntil, retainedUntil(now, 0))
      await revokeHere(person, { kind: 'session', session }, { reason, at, retainUntil })
      return true
    },
  }
}
