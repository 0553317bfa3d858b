/** @module Sessions of a person as administrators and "my sessions" pages see and end them. */

import type { MaybePromise } from '../exchange.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import type { ListedRecord, RevocationScope, Store } from '../stores/store.js'
import { personOf, publicIdOf } from './record.js'
import { idleEndsAt, timerOver } from './timers.js'

/** Names a person. */
export interface Subject {
  readonly subject: string
  /** Default: the first of `identityProvider.issuer`. */
  readonly issuer?: string | undefined
}

/** A session in a list: no secret, nothing that opens anything. Times are milliseconds since the epoch. */
export interface ListedSession {
  readonly publicId: string
  readonly application: string
  readonly startedAt: number
  readonly lastSeenAt: number
  readonly idleEndsAt: number
  readonly endsAt: number
  /** As guards of this application see it; of another application's session what its record says. */
  readonly level: number
}

/** What an administrative end did. */
export interface EndResult {
  /** How many application sessions it ended. */
  readonly ended: number
  /** `false`: replicas exist, and none has confirmed the end in time. */
  readonly acknowledged: boolean
}

/** Ends and lists sessions from outside a request. Every method throws `StoreUnavailableError` in an outage. */
export interface SessionAdministration {
  /** Live sessions of a person in all applications of the store. Source: ASVS 5.0 7.5.2. */
  list(subject: Subject): Promise<readonly ListedSession[]>
  /**
   * Ends the session of this public id, in every application that shares its identity session. Asked again for one that
   * has ended, it ends nothing and says whether the end is confirmed by now.
   */
  end(session: Subject & { readonly publicId: string }): Promise<EndResult>
  /** Ends all sessions of a person but the one of this public id. Source: ASVS 5.0 7.4.3. */
  endOthers(session: Subject & { readonly publicId: string }): Promise<EndResult>
  /** Ends everything of a person: every session, and every token issued until now. Source: ASVS 5.0 7.4.5. */
  endAllOf(subject: Subject): Promise<EndResult>
}

/** How a revocation is carried out, in every store that it concerns. */
export type Revoke = (
  person: string,
  scope: RevocationScope,
) => Promise<{ readonly ended: readonly ListedRecord[]; readonly acknowledged: boolean }>

/** Makes the administration of one suite. */
export function createAdministration(options: {
  /** Of persons that are named without one. */
  readonly issuer: () => string
  readonly store: { list(person: string): MaybePromise<readonly ListedRecord[]> } & Pick<
    Store,
    'isShared' | 'end'
  >
  readonly revoke: Revoke
  readonly clock: () => number
  /** The level that counts of a record. */
  readonly levelOf: (address: RecordAddress, record: LiveRecord) => number
}): SessionAdministration {
  const { store, clock } = options

  const personFor = (subject: Subject): string =>
    personOf(subject.issuer ?? options.issuer(), subject.subject)

  const find = async (person: string, publicId: string): Promise<ListedRecord | undefined> => {
    const records = await store.list(person)
    return records.find(({ record }) => publicIdOf(record.generation) === publicId)
  }

  const carryOut = async (person: string, scope: RevocationScope): Promise<EndResult> => {
    const { ended, acknowledged } = await options.revoke(person, scope)
    return { ended: ended.length, acknowledged }
  }

  /** Nothing is there to end: a server that was replaced may say so of a session that its successor has. */
  const confirmNothing = async (person: string): Promise<EndResult> => {
    const now = clock()
    const end = { reason: 'revoked', at: now, generation: '', retainUntil: now, sealed: '' } as const
    // Of an address that no session can have.
    const address = { person, session: '', application: '' }
    const { acknowledged } = await store.end(address, end, { state: 'ended', ...end })
    return { ended: 0, acknowledged }
  }

  return {
    async list(subject) {
      const now = clock()
      const sessions: ListedSession[] = []
      for (const { address, record } of await store.list(personFor(subject))) {
        if (record.state !== 'live' || timerOver(record, now) !== undefined) continue
        sessions.push({
          publicId: publicIdOf(record.generation),
          application: address.application,
          startedAt: record.startedAt,
          lastSeenAt: record.lastSeenAt,
          idleEndsAt: idleEndsAt(record),
          endsAt: record.endsAt,
          level: options.levelOf(address, record),
        })
      }
      return sessions
    },

    async end(session) {
      const person = personFor(session)
      const found = await find(person, session.publicId)
      if (found === undefined) return confirmNothing(person)
      return carryOut(person, { kind: 'session', session: found.address.session })
    },

    async endOthers(session) {
      const person = personFor(session)
      const found = await find(person, session.publicId)
      if (found?.record.state !== 'live') return confirmNothing(person)
      return carryOut(person, { kind: 'others', session: found.address.session })
    },

    endAllOf: (subject) => carryOut(personFor(subject), { kind: 'person' }),
  }
}
