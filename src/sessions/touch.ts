/** @module Steps of an evaluation that write: a touch, the work for a sign-in, the end of the siblings. */
import type { ResolvedOptions } from '../config/options.js'
import type { EndedRecord, EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import type { RecordChange, RevocationScope, Store } from '../stores/store.js'
import { createSignIn, type SignIn } from './sign-in-work.js'
import { touchInterval } from './timers.js'

/** What is remembered of a session for these steps. */
export interface SteppedState {
  readonly address: RecordAddress
  /** When the last touch was begun that was written here: requests that had read before it leave it to that one. */
  touchedAt: number
  /** The touch that is under way here: requests at the same time wait for what comes of it. */
  touching: Promise<boolean> | undefined
}

/** The steps, for one application. */
export interface TouchSteps {
  /** Whether a touch is worth writing, and none was written here since the record was read. */
  isTouchDue(state: SteppedState, record: LiveRecord, now: number): boolean
  /**
   * Writes a touch, or waits for the one that is under way; `false`: look at the record anew. One that failed counts as
   * none: whoever waited for it was not there yet, and tries again.
   */
  touch(state: SteppedState, record: LiveRecord, change: RecordChange): Promise<boolean>
  /** The application's own work for a sign-in that is still due: until it has succeeded nobody is let in. */
  readonly signIn: SignIn
  /** `end-everywhere`: the first activity after an idle end signs the person out of the siblings as well. */
  endSiblings(
    address: RecordAddress,
    record: EndedRecord,
    request: { readonly isTouching: () => boolean; readonly now: number },
  ): Promise<void>
}

/** Makes the steps of one application. */
export function createTouchSteps(context: {
  readonly options: ResolvedOptions
  readonly store: Store
  /** Ends sessions of a person in every application of the store. */
  readonly endSessions: (person: string, scope: RevocationScope, reason: EndReason) => Promise<unknown>
}): TouchSteps {
  const { options, store } = context

  return {
    isTouchDue(state, record, now) {
      const interval = touchInterval(record.idleMilliseconds)
      // The clock may have been turned back.
      const isTouchedElsewhere = now >= state.touchedAt && now - state.touchedAt < interval
      return now - record.lastSeenAt >= interval && !isTouchedElsewhere
    },

    async touch(state, record, change) {
      const isPlain = change.tokenExpiresAt === undefined && change.level === undefined
      if (isPlain && state.touching !== undefined) return state.touching.catch(() => false)
      const touching = Promise.resolve(store.update(state.address, record.generation, change))
      state.touching = touching
      try {
        const isWritten = await touching
        if (isWritten) state.touchedAt = change.lastSeenAt ?? state.touchedAt
        return isWritten
      } finally {
        if (state.touching === touching) state.touching = undefined
      }
    },

    signIn: createSignIn({ onSignIn: options.onSignIn, store }),

    async endSiblings(address, record, request) {
      const endsAll = options.application.onIdle === 'end-everywhere' && record.reason === 'idle-timeout'
      if (!endsAll || !request.isTouching()) return
      const { person, session } = address
      const isDone = (await store.revocation(person, session)) !== undefined
      if (!isDone) await context.endSessions(person, { kind: 'session', session }, 'signed-out')
    },
  }
}
