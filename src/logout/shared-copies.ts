/** @module What a sign-out from OpenID Connect or SAML knows of the person's sessions by the shared cookie. */
import type { ResolvedOptions } from '../config/options.js'
import { isNamedBy, type NamedSession } from '../cookies/session-cookie.js'
import { StoreUnavailableError } from '../errors.js'
import { type Leg, otherSessions } from '../receipt.js'
import type { Sealer } from '../seal.js'
import type { RecordAddress } from '../session-record.js'
import {
  type NamesAtProvider,
  namesAtProvider,
  openDetails,
  personOf,
  placeOf,
  sessionOf,
} from '../sessions/record.js'
import type { FoundSession } from '../shared-cookie/find-sessions.js'
import type { ListedRecord, Store } from '../stores/store.js'

/** What the cookies leg says once the cookies of this browser are deleted. */
export type CookiesResult = Pick<Leg, 'state' | 'reason' | 'expiresAt'>

/** What goes on beside the session that a sign-out began at, as it was before the end. */
export interface Survey {
  /** Sessions of the shared cookie that are the same, since they have the same subject and session value. */
  readonly namesakes: readonly FoundSession[]
  /** Whose other sessions may be copies, as `personOf` names them; `undefined`: an outage kept that from being known. */
  readonly persons: readonly string[] | undefined
  /** Whether the person may have sessions by the shared cookie under a name that nobody knows any more. */
  readonly isNameless?: boolean | undefined
}

/** Tells the sessions of the shared cookie that are known to be the same from those that are not (`HLD-13`). */
export interface SharedCopies {
  /**
   * Looks before the end: the names of a session go with it. `named`: the session that our own cookie names, if one
   * does; `sent`: all that the request names. An outage is a result.
   */
  survey(named: NamedSession | undefined, sent: readonly FoundSession[]): Promise<Survey>
  /** Looks after the end: what goes on that may be a copy, and until when at most. An outage is a result. */
  resultOf(survey: Survey): Promise<CookiesResult>
  /** Looks once more where an outage had kept it from being known, once these sessions have ended. */
  lookAgain(legs: readonly Leg[], ended: readonly RecordAddress[]): Promise<readonly Leg[]>
}

/** A token is good that much longer than its `exp` at most. Milliseconds. */
const mostSkew = 60_000

/** Nothing is known to go on. */
export const noCopies: CookiesResult = { state: 'done' }
const notLooked: CookiesResult = { state: 'unknown', reason: 'store-unavailable' }
const notKnown: CookiesResult = { state: 'unknown', reason: otherSessions }
const nothingBeside: Survey = { namesakes: [], persons: [] }

/** Makes the look of one application. */
export function createSharedCopies(context: {
  readonly options: ResolvedOptions
  readonly store: Pick<Store, 'list' | 'read'>
  readonly sealer: Sealer
  readonly protocols: readonly { readonly issuer: string }[]
}): SharedCopies {
  const { options, store, sealer, protocols } = context
  const { clock } = options
  const { id: application } = options.application
  const shared = options.sharedCookie && options.identityProvider
  /** Of the shared cookie; none where this application does not use it. */
  const issuers = shared?.issuers ?? []
  /** Under another issuer the shared cookie knows the person by a name that must be at hand to be found. */
  const isOneIssuer = issuers.every((issuer) => protocols.every((protocol) => protocol.issuer === issuer))

  /** Whether a record may be of the shared cookie, and its token still good. */
  const mayBeCopy = ({ address, record }: ListedRecord): boolean => {
    if (record.state !== 'live' || record.begunBy === 'protocol') return false
    if (record.tokenExpiresAt + mostSkew <= clock()) return false
    // Sessions of 0.1.0 do not say how they began; those of this application can be opened.
    return (
      address.application !== application || openDetails(sealer, address, record.sealed).own === undefined
    )
  }

  const copiesOf = async (persons: readonly string[]): Promise<readonly ListedRecord[]> => {
    const lists = await Promise.all(persons.map((person) => store.list(person)))
    return lists.flat().filter(mayBeCopy)
  }

  const namesakesOf = ({ issuer, subject, sessionValue }: NamesAtProvider): readonly RecordAddress[] =>
    sessionValue === undefined
      ? []
      : issuers
          .filter((other) => other !== issuer)
          .map((other) => ({
            person: personOf(other, subject),
            session: sessionOf(other, sessionValue),
            application,
          }))

  const look = async (named: NamedSession, sent: readonly FoundSession[]): Promise<Survey> => {
    const { person, session } = named
    const own = { person, session, application }
    const record = await store.read(own)
    // A cookie of an older generation is nobody's (`HLD-02`): it learns nothing of the person.
    if (record === undefined || record.state === 'alias' || !isNamedBy(record, named.generation)) {
      return nothingBeside
    }
    const names = namesAtProvider(openDetails(sealer, own, record.sealed))
    const isNameless = names === undefined && !isOneIssuer
    const persons = new Set([
      person,
      ...(names ? issuers.map((issuer) => personOf(issuer, names.subject)) : []),
    ])
    const same = names === undefined ? [] : namesakesOf(names)
    const namesakes = same.map((address) => ({ address }))
    // A browser has one shared cookie: its session came along, and all the others are other devices'.
    const isAlong = sent.some(
      ({ address }) => persons.has(address.person) && placeOf(address) !== placeOf(own),
    )
    if (isAlong) return { namesakes, persons: [] }
    const isFound = (await copiesOf([...persons])).some(({ address }) =>
      [own, ...same].some((one) => one.person === address.person && one.session === address.session),
    )
    if (isFound) return { namesakes, persons: [] }
    // Where the shared cookie names its sessions as this provider does, another name is another session.
    const isNamedAlike =
      shared?.sessionClaim === 'sid' && names?.sessionValue !== undefined && issuers.includes(names.issuer)
    if (isNamedAlike) persons.delete(person)
    return { namesakes, persons: [...persons], isNameless }
  }

  const resultOf: SharedCopies['resultOf'] = async ({ persons, isNameless }) => {
    if (persons === undefined) return notLooked
    try {
      const expiries = (await copiesOf(persons)).map(expiryOf)
      if (expiries.length === 0) return isNameless === true ? notKnown : noCopies
      return { state: 'unknown', reason: otherSessions, expiresAt: Math.max(...expiries) }
    } catch (error) {
      if (error instanceof StoreUnavailableError) return notLooked
      throw error
    }
  }

  return {
    resultOf,

    async survey(named, sent) {
      if (named === undefined) return nothingBeside
      try {
        return await look(named, sent)
      } catch (error) {
        if (error instanceof StoreUnavailableError) return { namesakes: [], persons: undefined }
        throw error
      }
    },

    async lookAgain(legs, ended) {
      const isOpen = ({ leg, reason }: Leg) => leg === 'cookies' && reason === notLooked.reason
      if (!isOneIssuer || !legs.some(isOpen)) return legs
      const result = await resultOf({
        namesakes: [],
        persons: [...new Set(ended.map(({ person }) => person))],
      })
      return legs.map((leg) => (isOpen(leg) ? { ...leg, reason: undefined, ...result } : leg))
    },
  }
}

function expiryOf({ record }: ListedRecord): number {
  return record.state === 'live' ? record.tokenExpiresAt : 0
}
