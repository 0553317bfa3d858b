/** @module What is remembered of a session of our own cookie, so that a plain request opens nothing twice. */

import type { Claims } from '../citizen.js'
import type { NamedSession } from '../cookies/session-cookie.js'
import { createRecent, shareOfMemory } from '../recent.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { claimsOf, openDetails, type ProtocolDetails, publicIdOf } from '../sessions/record.js'
import { renewalShare } from '../sessions/token-expiry.js'
import type { SteppedState } from '../sessions/touch.js'
import { noWait } from '../wait.js'

/** State of one session cookie in one process. Losing it costs time, never correctness. */
export class SessionCookieState implements SteppedState {
  readonly named: NamedSession
  readonly address: RecordAddress
  readonly publicId: string
  /** How much earlier than others its tokens are renewed. */
  readonly renewalShare: number
  touchedAt = 0
  isSuperseded = false
  /** Failed renewals in a row. */
  failures = 0
  /** For how long no refresh is looked for, although the tokens may be due. */
  refreshWait = noWait
  #sealed = ''
  #details: ProtocolDetails | undefined = undefined
  #claims: Claims | undefined = undefined

  readonly #grow: (bytes: number) => void

  constructor(named: NamedSession, application: string, grow: (bytes: number) => void) {
    this.named = named
    this.#grow = grow
    this.address = { person: named.person, session: named.session, application }
    this.publicId = publicIdOf(named.generation)
    this.renewalShare = renewalShare(this.address)
  }

  get generation(): string {
    return this.named.generation
  }

  /** The details of the record, opened once for each text. */
  details(sealer: Sealer, record: LiveRecord): ProtocolDetails | undefined {
    if (this.#details === undefined || this.#sealed !== record.sealed) {
      this.#details = openDetails(sealer, this.address, record.sealed).own
      this.#claims = this.#details && claimsOf(this.#details)
      // What is remembered: the text, and what was read from it, in the place of those before.
      this.#grow(3 * (record.sealed.length - this.#sealed.length))
      this.#sealed = record.sealed
    }
    return this.#details
  }

  /** The claims of the citizen whose details they are, put together once. */
  claims(details: ProtocolDetails): Claims {
    return details === this.#details && this.#claims !== undefined ? this.#claims : claimsOf(details)
  }
}

/** The states of one application's session cookies, by the value of the cookie. */
export interface SessionStates {
  find(value: string): SessionCookieState | undefined
  remember(value: string, named: NamedSession): SessionCookieState
}

/** The part of the memory for the states of sessions. */
const shareOfStates = 1 / 8
/** Roughly what a state costs besides its session's details. */
const bytesOfState = 1024

/** Makes the memory of states: bounded by a part of the memory, and by a number of them. */
export function createSessionStates(application: string, maximumEntries: number | undefined): SessionStates {
  const maximumBytes = shareOfMemory(shareOfStates)
  const states = createRecent<SessionCookieState>({ maximumEntries, maximumBytes })
  return {
    find: (value) => states.get(value),
    remember(value, named) {
      // A copy: a slice would keep the whole `Cookie` header alive.
      const name = Buffer.from(value).toString()
      const state = new SessionCookieState(named, application, (bytes) => states.grow(name, bytes))
      states.set(name, state, bytesOfState)
      return state
    },
  }
}
