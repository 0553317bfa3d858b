/** @module Steps of an evaluation that write: a touch, the work for a sign-in, the end of the siblings. */
import type { ResolvedOptions } from '../config/options.js'
import type { EndedRecord, EndReason, LiveRecord, RecordAddress } from '../session-record.js'
import type { RecordChange, RevocationScope, Store } from '../stores/store.js'
import { createSignIn, type SignIn } from './sign-in-work.js'
import { touchInterval } from './timers.js'

/** What is remembered of a session for these steps. */
export interface SteppedState {
  readonly address: RecordAddress
  /** When a touch was last begun here: requests in flight at the same time leave it to that one. */
  touchedAt: number
}

/** The steps, for one application. */
export interface TouchSteps {
  /** Whether a touch is worth writing, and no other request in flight writes it. */
  isTouchDue(state: SteppedState, record: LiveRecord, now: number): boolean
  /** Writes a touch. One that failed counts as none: the next request tries again. */
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
      // Of several requests in flight one writes; the clock may have been turned back.
      const isTouchedElsewhere = now >= state.touchedAt && now - state.touchedAt < interval
      return now - record.lastSeenAt >= interval && !isTouchedElsewhere
    },

    async touch(state, record, change) {
      const { touchedAt } = state
      state.touchedAt = change.lastSeenAt ?? touchedAt
      let isWritten = false
      try {
        isWritten = await store.update(state.address, record.generation, change)
        return isWritten
      } finally {
        if (!isWritten) state.touchedAt = touchedAt
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
