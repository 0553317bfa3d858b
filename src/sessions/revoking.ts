/** @module Revocations: written in every store that they concern, and met where another application wrote them. */
import type {
  EndReason,
  FoundRevocation,
  ListedRecord,
  RecordAddress,
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
  revoke(person: string, scope: RevocationScope, reason: EndReason, now: number): Promise<RevokeOutcome>
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

/** Makes the revocations of one application. */
export function createRevoking(options: {
  readonly store: Store
  /** The store that applications with stores of their own share; `undefined`: the own one is enough. */
  readonly revocations: Store | undefined
  /** Milliseconds that a revocation is kept. */
  readonly retention: number
  readonly onEnded: (ended: readonly ListedRecord[], reason: EndReason) => void
}): Revoking {
  const { store, revocations, retention } = options

  const revokeHere: Revoking['revoke'] = async (person, scope, reason, now) => {
    const outcome = await store.revoke(person, scope, { reason, at: now, retainUntil: now + retention })
    options.onEnded(outcome.ended, reason)
    return outcome
  }

  const revokeElsewhere = async (
    person: string,
    scope: RevocationScope,
    reason: EndReason,
    now: number,
  ): Promise<boolean> => {
    const revocation = { reason, at: now, retainUntil: now + retention }
    const outcome = await revocations?.revoke(person, scope, revocation)
    return outcome?.acknowledged !== false
  }

  return {
    async revoke(person, scope, reason, now) {
      const [here, elsewhere] = await Promise.allSettled([
        revokeHere(person, scope, reason, now),
        revokeElsewhere(person, scope, reason, now),
      ])
      if (here.status === 'rejected') throw here.reason
      if (elsewhere.status === 'rejected') throw elsewhere.reason
      let acknowledged = here.value.acknowledged && elsewhere.value
      if (revocations !== undefined && scope.kind !== 'session') {
        // The shared store knows no sessions: those of the own store are named one by one.
        const sessions = new Set(here.value.ended.map(({ address }) => address.session))
        for (const session of sessions) {
          acknowledged &&= await revokeElsewhere(person, { kind: 'session', session }, reason, now)
        }
      }
      return { ended: here.value.ended, acknowledged }
    },

    async meet({ person, session }, concerns, now) {
      const found = await revocations?.revocation(person, session)
      if (found === undefined || !concerns(found)) return false
      const { reason, at } = found
      const retainUntil = Math.max(found.retainUntil, now + retention)
      const { ended } = await store.revoke(person, { kind: 'session', session }, { reason, at, retainUntil })
      options.onEnded(ended, reason)
      return true
    },
  }
}
