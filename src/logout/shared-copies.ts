/** @module What a sign-out from OpenID Connect or SAML knows of the person's sessions by the shared cookie. */
import { isNamedBy, type NamedSession } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import type { FoundSession } from '../requests/session-of.js'
import type { Sealer } from '../seal.js'
import { openDetails, personOf, placeOf, sessionOf } from '../sessions/record.js'
import type { ListedRecord, Store } from '../stores/store.js'
import { type Leg, otherSessions } from './receipt.js'

/** The session of a protocol that a sign-out began at. */
export interface Origin {
  /** As the request's own cookie names it. */
  readonly person: string
  readonly session: string
  /** What the provider calls itself, the person and the session; absent where that can no longer be had. */
  readonly name?:
    | { readonly issuer: string; readonly subject: string; readonly sessionValue?: string | undefined }
    | undefined
}

/** What the cookies leg says once the cookies of this browser are deleted. */
export type CookiesResult = Pick<Leg, 'state' | 'reason' | 'expiresAt'>

/** What is to be looked at again once the sessions have ended; persons as `personOf` names them. */
export interface CopiesOf {
  /** Whose sessions may be copies of the one that ended. */
  readonly persons: readonly string[]
}

/** Tells the sessions of the shared cookie that are known to be the same from those that are not. */
export interface SharedCopies {
  /**
   * The session that our own cookie names; `undefined` where that is of an older generation and nobody's (`HLD-02`).
   * Asked before it ends: its names go with it. Throws `StoreUnavailableError` in an outage.
   */
  originOf(named: NamedSession): Promise<Origin | undefined>
  /** Sessions of the shared cookie that are the same, since they have the same subject and session value. */
  namesakesOf(origin: Origin): readonly FoundSession[]
  /** Looks before the end. `sent`: the sessions that the request names. Throws `StoreUnavailableError` in an outage. */
  survey(origin: Origin, sent: readonly FoundSession[]): Promise<CopiesOf>
  /** Looks after the end: what goes on, and until when at most. An outage is a result. */
  resultFor(copies: CopiesOf): Promise<CookiesResult>
  /** The same of persons alone, for an end that only the return has brought about. */
  resultLater(persons: readonly string[]): Promise<CookiesResult>
}

/** A token is good that much longer than its `exp` at most. Milliseconds. */
const mostSkew = 60_000

/** Nothing is known to go on. */
export const noCopies: CookiesResult = { state: 'done' }
/** Nobody can say now what goes on. */
export const notLooked: CookiesResult = { state: 'unknown', reason: 'store-unavailable' }

/** Makes the look of one application. */
export function createSharedCopies(options: {
  readonly application: string
  readonly store: Pick<Store, 'list' | 'read'>
  readonly sealer: Sealer
  /** Issuers of the shared cookie; none where this application does not use it. */
  readonly issuers: readonly string[]
  /** The claim that names the session in the shared cookie. */
  readonly sessionClaim: string | undefined
  /** Issuers of this application's protocols. */
  readonly protocolIssuers: readonly string[]
  readonly clock: () => number
}): SharedCopies {
  const { application, store, sealer, issuers, clock } = options
  // Else the shared cookie may know the person by a name that is no longer at hand.
  const isOneName = issuers.every((shared) => options.protocolIssuers.every((issuer) => issuer === shared))

  /** Whether a record may be of the shared cookie, and its token still good. */
  const mayBeCopy = ({ address, record }: ListedRecord): boolean => {
    if (record.state !== 'live' || record.begunBy === 'protocol') return false
    if (record.tokenExpiresAt + mostSkew <= clock()) return false
    // Sessions of 0.1.0 do not say how they began; those of this application can be opened.
    const isOurs = address.application === application
    return !isOurs || openDetails(sealer, address, record.sealed).own === undefined
  }

  const copiesOf = async (persons: readonly string[]): Promise<readonly ListedRecord[]> => {
    const lists = await Promise.all(persons.map((person) => store.list(person)))
    return lists.flat().filter(mayBeCopy)
  }

  const namesakesOf: SharedCopies['namesakesOf'] = ({ name }) => {
    if (name?.sessionValue === undefined) return []
    const { issuer, subject, sessionValue } = name
    return issuers
      .filter((shared) => shared !== issuer)
      .map((shared) => {
        const session = sessionOf(shared, sessionValue)
        return { address: { person: personOf(shared, subject), session, application } }
      })
  }

  const resultFor: SharedCopies['resultFor'] = async ({ persons }) => {
    try {
      const left = await copiesOf(persons)
      if (left.length === 0) return noCopies
      const expiresAt = Math.max(...left.map(({ record }) => tokenExpiryOf(record)))
      return { state: 'unknown', reason: otherSessions, expiresAt }
    } catch (error) {
      if (error instanceof StoreUnavailableError) return notLooked
      throw error
    }
  }

  return {
    resultFor,
    resultLater: async (persons) => (isOneName ? resultFor({ persons }) : notLooked),

    async originOf({ person, session, generation }) {
      const address = { person, session, application }
      const record = await store.read(address)
      if (record === undefined || record.state === 'alias' || !isNamedBy(record, generation)) return undefined
      return { person, session, name: openDetails(sealer, address, record.sealed).own }
    },

    namesakesOf,

    async survey(origin, sent) {
      const { person, session, name } = origin
      const others = name === undefined ? [] : issuers.map((shared) => personOf(shared, name.subject))
      const persons = [...new Set([person, ...others])]
      // A browser has one shared cookie: its session came along, and all the others are other devices'.
      const own = placeOf({ person, session, application })
      const isAlong = sent.some(({ address }) => persons.includes(address.person) && placeOf(address) !== own)
      if (isAlong) return { persons: [] }
      const same = new Set([`${person} ${session}`])
      for (const { address } of namesakesOf(origin)) same.add(`${address.person} ${address.session}`)
      const isFound = (await copiesOf(persons)).some(({ address }) =>
        same.has(`${address.person} ${address.session}`),
      )
      if (isFound) return { persons: [] }
      // The shared cookie names its sessions as this provider does: another name is another session.
      const isNamedAlike =
        options.sessionClaim === 'sid' && name?.sessionValue !== undefined && issuers.includes(name.issuer)
      return { persons: isNamedAlike ? persons.filter((each) => each !== person) : persons }
    },
  }
}

function tokenExpiryOf(record: ListedRecord['record']): number {
  return record.state === 'live' ? record.tokenExpiresAt : 0
}
