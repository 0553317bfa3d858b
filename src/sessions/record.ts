/** @module Records: how a session is named, begun and ended, before any store is asked. */

import type { Assurance, Claims } from '../citizen.js'
import { digest, randomText } from '../digest.js'
import type { Sealer } from '../seal.js'
import type { EndedRecord, EndReason, Extension, LiveRecord, RecordAddress } from '../session-record.js'
import { unlessAhead } from '../wait.js'

/** What the record of a session says that OpenID Connect or SAML began: there is no token that would say it. */
export interface ProtocolDetails {
  /** Name of the plug-in by which the person has signed in last. Absent in records of 0.1.0. */
  readonly provider?: string | undefined
  readonly issuer: string
  readonly subject: string
  /** What the provider calls its session (`sid`, SessionIndex); absent: nothing, or in records of 0.1.0. */
  readonly sessionValue?: string | undefined
  readonly claims: Claims
  /** What UserInfo adds to the claims; absent: it was not asked. Absent in records of 0.1.0. */
  readonly userInfo?: Readonly<Record<string, unknown>> | undefined
  readonly method: Assurance['method']
  /** When the login began that brought a new authentication; 0: none did. */
  readonly provenAt: number
  /** How long the tokens live that are kept with it; 0: there is nothing to renew. Milliseconds. */
  readonly tokenLife: number
  /**
   * That the tokens expire `at` that time, sooner than others before them: the record goes on saying `than`, for it only
   * ever moves that on. Void where it says another time. Milliseconds; absent: as the record says.
   */
  readonly sooner?: { readonly than: number; readonly at: number } | undefined
  /** When a login began the generation that is in force; absent: nobody knows. */
  readonly generationAt?: number | undefined
  /** How the provider's session was extended since, without tokens. Absent: not since that login. */
  readonly extended?: Extension | undefined
  /**
   * That tokens with this expiry could not be renewed when it was tried last, and until when the session lives by them
   * all the same. Absent in records of 0.1.0.
   */
  readonly degraded?: { readonly tokensExpireAt: number; readonly lastsUntil: number } | undefined
  /** Index keys that name the session or its person, where a store is shared. Absent in records of 0.1.0. */
  readonly pointers?: readonly { readonly key: string; readonly kind: 'session' | 'person' }[] | undefined
}

/**
 * The claims of the citizen: those of the login win over what UserInfo adds. That an address is verified (`email_verified`,
 * `phone_number_verified`) counts beside that very address alone: UserInfo may know another one than the ID token.
 */
export function claimsOf({ claims, userInfo }: ProtocolDetails): Claims {
  if (userInfo === undefined) return claims
  const added = Object.entries(userInfo).filter(([name]) => {
    const about = name.endsWith(verified) ? name.slice(0, -verified.length) : ''
    return about === '' || !Object.hasOwn(claims, about) || claims[about] === userInfo[about]
  })
  return { ...Object.fromEntries(added), ...claims }
}

const verified = '_verified'

/** What the provider calls a session, and its person. */
export type NamesAtProvider = Pick<ProtocolDetails, 'provider' | 'issuer' | 'subject' | 'sessionValue'>

/** What only the application itself can read in a record. */
export interface RecordDetails {
  /** The session's beginning and absolute limit, kept over an application end. */
  readonly startedAt?: number | undefined
  readonly endsAt?: number | undefined
  /** The absolute limit of a session that its provider ends sooner; absent: none does. Absent in records of 0.1.0. */
  readonly limit?: number | undefined
  /** The authentication that the ended session stood on: only a later one is new. */
  readonly authenticatedAt?: number | undefined
  /** Identifier of the application's own framework session that ends with this one. */
  readonly boundSession?: string | undefined
  readonly own?: ProtocolDetails | undefined
  /** The names at the provider of a session that has ended: a later sign-out must know what else is the same session. */
  readonly ended?: NamesAtProvider | undefined
  /**
   * Digests of newer values of the session, the newest last: where revocations are kept in a store that is shared,
   * another application may know the session by one of them alone. Absent elsewhere, and in records of 0.1.0.
   */
  readonly names?: readonly string[] | undefined
}

/** How many names of a session are kept with its record. */
const mostNames = 64

/** Details with one more name. */
export function withName(details: RecordDetails, name: string): RecordDetails {
  const others = (details.names ?? []).filter((known) => known !== name)
  return { ...details, names: [...others, name].slice(-mostNames) }
}

/**
 * When the provider was asked for the session last, and knew it. Milliseconds since the epoch. What a clock has noted that
 * was put back since does not count.
 */
export function extendedAt(
  { startedAt }: Pick<LiveRecord, 'startedAt'>,
  { generationAt = startedAt, extended }: Pick<ProtocolDetails, 'generationAt' | 'extended'>,
  now: number,
): number {
  return Math.max(unlessAhead(generationAt, now), unlessAhead(extended?.at ?? 0, now))
}

/** Digest of a person: issuer and subject. The same in every application. */
export function personOf(issuer: string, subject: string): string {
  return digest('person', issuer, subject)
}

/** Digest of a session value of one issuer. */
export function sessionOf(issuer: string, sessionValue: string): string {
  return digest('session', issuer, sessionValue)
}

/** The name of a generation that may be shown: it opens nothing. */
export function publicIdOf(generation: string): string {
  return digest('public', generation)
}

/** A new random generation: 128 bits. Source: ASVS 5.0 7.2.3. */
export function createGeneration(random: (bytes: number) => Uint8Array): string {
  return randomText(random, 16)
}

/** An address as one text, for keys in this process and for what is sealed to it. */
export function placeOf(address: RecordAddress): string {
  return `${address.person} ${address.session} ${address.application}`
}

/** Seals details to the record at this address. Nothing to say is the empty text. */
export function sealDetails(sealer: Sealer, address: RecordAddress, details: RecordDetails): string {
  return sealer.seal('record', placeOf(address), JSON.stringify(details))
}

/** Opens the details of a record; nothing where another application sealed them. */
export function openDetails(sealer: Sealer, address: RecordAddress, sealed: string): RecordDetails {
  if (sealed === '') return {}
  const text = sealer.open('record', placeOf(address), sealed)
  return text === undefined ? {} : (JSON.parse(text) as RecordDetails)
}

/** What the provider calls the session of a record, live or ended; `undefined`: the record does not say. */
export function namesAtProvider({ own, ended }: RecordDetails): NamesAtProvider | undefined {
  return own ?? ended
}

/** The tombstone of a live record. It keeps the beginning and the limit, so that a resumed session is no longer one. */
export function endedFrom(
  sealer: Sealer,
  address: RecordAddress,
  record: LiveRecord,
  end: { readonly reason: EndReason; readonly at: number; readonly retainUntil: number },
): EndedRecord {
  const { boundSession, names, own, limit } = openDetails(sealer, address, record.sealed)
  const { startedAt, endsAt, authenticatedAt } = record
  const ended = own && {
    provider: own.provider,
    issuer: own.issuer,
    subject: own.subject,
    sessionValue: own.sessionValue,
  }
  const times = { startedAt, endsAt, limit, authenticatedAt }
  const details: RecordDetails = { ...times, boundSession, names, ended }
  return {
    state: 'ended',
    reason: end.reason,
    at: end.at,
    generation: record.generation,
    retainUntil: end.retainUntil,
    sealed: sealDetails(sealer, address, details),
  }
}
