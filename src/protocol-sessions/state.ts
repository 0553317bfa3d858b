/** @module What is remembered of a session of our own cookie, so that a plain request opens nothing twice. */

import type { Claims } from '../citizen.js'
import type { NamedSession } from '../cookies/session-cookie.js'
import type { InstalledProtocol } from '../protocols/protocol.js'
import { createRecent, shareOfMemory } from '../recent.js'
import type { Sealer } from '../seal.js'
import type { LiveRecord, RecordAddress } from '../session-record.js'
import { claimsOf, openDetails, type ProtocolDetails, publicIdOf } from '../sessions/record.js'
import { renewalShare } from '../sessions/token-expiry.js'
import type { SteppedState } from '../sessions/touch.js'
import { noWait } from '../wait.js'

/** The details of a session as far as its provider is believed. */
export interface BelievedDetails extends ProtocolDetails {
  /** No more than this is shown, whatever level the record has; absent: that. */
  readonly mostLevel?: number | undefined
}

/** A plug-in as far as it says what is believed. */
type Believing = Pick<InstalledProtocol, 'stillBelieved'>

const methodsByStrength: readonly ProtocolDetails['method'][] = ['password', 'mfa', 'did']

/** The details without what is not believed any more: nobody rises by it. */
function believedOf(own: ProtocolDetails, provider: Believing | undefined): BelievedDetails {
  const believed = provider?.stillBelieved?.(own.claims)
  if (believed === undefined) return own
  const { claims, level } = believed
  const method = methodsByStrength.find((each) => each === own.method || each === believed.method)
  return { ...own, claims, method: method ?? 'password', mostLevel: level }
}

/** The level that a record shows here: no more than its provider is believed. */
export function shownLevel(
  { level }: Pick<LiveRecord, 'level'>,
  own: ProtocolDetails,
  provider: Believing | undefined,
): number {
  return Math.min(level, believedOf(own, provider).mostLevel ?? level)
}

/** State of one session cookie in one process. Losing it costs time, never correctness. */
export class SessionCookieState implements SteppedState {
  readonly named: NamedSession
  readonly address: RecordAddress
  readonly publicId: string
  /** How much earlier than others its tokens are renewed. */
  readonly renewalShare: number
  touchedAt = 0
  touching: Promise<boolean> | undefined = undefined
  isSuperseded = false
  /** Failed renewals in a row. */
  failures = 0
  /** For how long no refresh is looked for, although the tokens may be due. */
  refreshWait = noWait
  #sealed = ''
  #details: BelievedDetails | undefined = undefined
  #provider: Believing | undefined = undefined
  #claims: Claims | undefined = undefined

  readonly #protocols: ReadonlyMap<string, Believing>
  readonly #grow: (bytes: number) => void

  constructor(named: NamedSession, { application, protocols }: StatesOptions, grow: (bytes: number) => void) {
    this.named = named
    this.#protocols = protocols
    this.#grow = grow
    this.address = { person: named.person, session: named.session, application }
    this.publicId = publicIdOf(named.generation)
    this.renewalShare = renewalShare(this.address)
  }

  get generation(): string {
    return this.named.generation
  }

  /** The details of the record, opened once for each text and each set of options that its provider has. */
  details(sealer: Sealer, record: LiveRecord): BelievedDetails | undefined {
    const provider = this.#protocols.get(this.named.protocol)
    if (this.#details === undefined || this.#sealed !== record.sealed || this.#provider !== provider) {
      const { own } = openDetails(sealer, this.address, record.sealed)
      this.#details = own && believedOf(own, provider)
      this.#provider = provider
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

/** Whose states they are. */
interface StatesOptions {
  readonly application: string
  /** The plug-ins that are installed, by name. */
  readonly protocols: ReadonlyMap<string, Believing>
  readonly maximumEntries: number | undefined
}

/** Makes the memory of states: bounded by a part of the memory, and by a number of them. */
export function createSessionStates(options: StatesOptions): SessionStates {
  const { maximumEntries } = options
  const maximumBytes = shareOfMemory(shareOfStates)
  const states = createRecent<SessionCookieState>({ maximumEntries, maximumBytes })
  return {
    find: (value) => states.get(value),
    remember(value, named) {
      // A copy: a slice would keep the whole `Cookie` header alive.
      const name = Buffer.from(value).toString()
      const state = new SessionCookieState(named, options, (bytes) => states.grow(name, bytes))
      states.set(name, state, bytesOfState)
      return state
    },
  }
}
