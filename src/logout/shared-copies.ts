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
import type { ListedRecord, Store } from '../stores/store.js'
import type { FoundSession } from './request-sessions.js'

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

/** What is looked at, and with what. */
export interface SharedCopiesContext {
  readonly options: ResolvedOptions
  readonly store: Pick<Store, 'list' | 'read'>
  readonly sealer: Sealer
  /** By name: the plug-ins of OpenID Connect and SAML. */
  readonly protocols: ReadonlyMap<string, { readonly issuer: string }>
  /** Names of those whose provider sets the shared cookie: a session of any other has no copy by it. */
  readonly sharedCookieProviders: ReadonlySet<string>
}

/** Makes the look of one application. */
export function createSharedCopies(context: SharedCopiesContext): SharedCopies {
  return {
    resultOf: (survey) => resultOf(context, survey),

    async survey(named, sent) {
      if (named === undefined || !context.sharedCookieProviders.has(named.protocol)) return nothingBeside
      try {
        return await surveyOf(context, named, sent)
      } catch (error) {
        if (error instanceof StoreUnavailableError) return { namesakes: [], persons: undefined }
        throw error
      }
    },

    async lookAgain(legs, ended) {
      const isOpen = ({ leg, reason }: Leg) => leg === 'cookies' && reason === notLooked.reason
      if (!isOneIssuer(context) || !legs.some(isOpen)) return legs
      const persons = [...new Set(ended.map(({ person }) => person))]
      const result = await resultOf(context, { namesakes: [], persons })
      return legs.map((leg) => (isOpen(leg) ? { ...leg, reason: undefined, ...result } : leg))
    },
  }
}

/** Of the shared cookie; none where this application does not use it. */
function issuersOf({ options }: SharedCopiesContext): readonly string[] {
  return (options.sharedCookie && options.identityProvider)?.issuers ?? []
}

/** Under another issuer the shared cookie knows the person by a name that must be at hand to be found. */
function isOneIssuer(context: SharedCopiesContext): boolean {
  const { protocols, sharedCookieProviders } = context
  const issuersBeside = [...protocols].flatMap(([name, { issuer }]) =>
    sharedCookieProviders.has(name) ? [issuer] : [],
  )
  return issuersOf(context).every((issuer) => issuersBeside.every((beside) => beside === issuer))
}

async function resultOf(
  context: SharedCopiesContext,
  { persons, isNameless }: Survey,
): Promise<CookiesResult> {
  if (persons === undefined) return notLooked
  try {
    const expiries = (await copiesOf(context, persons)).map(expiryOf)
    if (expiries.length === 0) return isNameless === true ? notKnown : noCopies
    return { state: 'unknown', reason: otherSessions, expiresAt: Math.max(...expiries) }
  } catch (error) {
    if (error instanceof StoreUnavailableError) return notLooked
    throw error
  }
}

async function surveyOf(
  context: SharedCopiesContext,
  named: NamedSession,
  sent: readonly FoundSession[],
): Promise<Survey> {
  const { options, store, sealer } = context
  const { person, session } = named
  const own = { person, session, application: options.application.id }
  const record = await store.read(own)
  // A cookie of an older generation is nobody's (`HLD-02`): it learns nothing of the person.
  if (record === undefined || record.state === 'alias' || !isNamedBy(record, named.generation)) {
    return nothingBeside
  }
  const names = namesAtProvider(openDetails(sealer, own, record.sealed))
  const isNameless = names === undefined && !isOneIssuer(context)
  const persons = new Set([
    person,
    ...(names ? issuersOf(context).map((issuer) => personOf(issuer, names.subject)) : []),
  ])
  const same = names === undefined ? [] : namesakesOf(context, names)
  const namesakes = same.map((address) => ({ address }))
  // A browser has one shared cookie: its session came along, and all the others are other devices'.
  const isAlong = sent.some(({ address }) => persons.has(address.person) && placeOf(address) !== placeOf(own))
  if (isAlong) return { namesakes, persons: [] }
  const isFound = (await copiesOf(context, [...persons])).some(({ address }) =>
    [own, ...same].some((one) => one.person === address.person && one.session === address.session),
  )
  if (isFound) return { namesakes, persons: [] }
  if (names !== undefined && isNamedAlike(context, names)) persons.delete(person)
  return { namesakes, persons: [...persons], isNameless }
}

/** Where the shared cookie names its sessions as this provider does, another name is another session. */
function isNamedAlike(context: SharedCopiesContext, { issuer, sessionValue }: NamesAtProvider): boolean {
  const isBySid = context.options.identityProvider?.sessionClaim === 'sid'
  return isBySid && sessionValue !== undefined && issuersOf(context).includes(issuer)
}

function namesakesOf(
  context: SharedCopiesContext,
  { issuer, subject, sessionValue }: NamesAtProvider,
): readonly RecordAddress[] {
  if (sessionValue === undefined) return []
  const { id: application } = context.options.application
  const others = issuersOf(context).filter((other) => other !== issuer)
  return others.map((other) => ({
    person: personOf(other, subject),
    session: sessionOf(other, sessionValue),
    application,
  }))
}

async function copiesOf(
  context: SharedCopiesContext,
  persons: readonly string[],
): Promise<readonly ListedRecord[]> {
  const lists = await Promise.all(persons.map((person) => context.store.list(person)))
  return lists.flat().filter((listed) => mayBeCopy(context, listed))
}

/** Whether a record may be of the shared cookie, and its token still good. */
function mayBeCopy({ options, sealer }: SharedCopiesContext, { address, record }: ListedRecord): boolean {
  if (record.state !== 'live' || record.begunBy === 'protocol') return false
  if (record.tokenExpiresAt + mostSkew <= options.clock()) return false
  // Sessions of 0.1.0 do not say how they began; those of this application can be opened.
  if (address.application !== options.application.id) return true
  return openDetails(sealer, address, record.sealed).own === undefined
}

function expiryOf({ record }: ListedRecord): number {
  return record.state === 'live' ? record.tokenExpiresAt : 0
}
