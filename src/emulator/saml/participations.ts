/** @module Who takes part in which identity session, under which name and session index. */
import { createHmac } from 'node:crypto'
import type { Person } from '../people.js'
import type { Random } from '../random.js'
import type { KeptSession } from '../sessions.js'
import type { SamlNameId } from './drafts.js'
import { type NameIdFormat, nameIdFormats } from './names.js'
import { randomId } from './xml.js'

/** A service provider's part in an identity session. */
export interface Participation {
  /** entityID of the provider. */
  readonly provider: string
  session: KeptSession
  readonly nameId: SamlNameId
  readonly sessionIndex: string
}

/** What a provider says about whom it means. */
export interface Meant {
  readonly provider: string
  readonly nameId: SamlNameId
  /** None: every session of the person. */
  readonly sessionIndexes: readonly string[]
}

/** The register of participations. */
export interface Participations {
  /** The provider's part in this session under that format: the one it has, or a new one. */
  join(provider: string, session: KeptSession, format: NameIdFormat): Participation
  /** Those that a provider means. */
  find(meant: Meant): readonly Participation[]
  /** Takes all of these sessions out of the register. */
  take(sessions: readonly KeptSession[]): readonly Participation[]
  /** Puts a new session in the place of an older one. */
  carry(older: KeptSession, newer: KeptSession): void
  list(): readonly Participation[]
  clear(): void
}

/** What {@link createParticipations} needs. */
export interface ParticipationsOptions {
  readonly random: Random
  readonly entityId: () => string
  readonly person: (session: KeptSession) => Person | undefined
  /** What follows the `@` of addresses. */
  readonly mailDomain: () => string
}

/** Makes an empty register. */
export function createParticipations(options: ParticipationsOptions): Participations {
  let all: Participation[] = []

  function nameOf(provider: string, session: KeptSession, format: NameIdFormat): SamlNameId {
    const person = options.person(session)
    const qualified = {
      format: nameIdFormats[format],
      nameQualifier: options.entityId(),
      spNameQualifier: provider,
    }
    const sub = person?.sub ?? session.username
    switch (format) {
      case 'persistent': {
        // Another name at every provider, so that two of them cannot compare. Source: SAML 2.0 Core, section 8.3.7.
        const digest = createHmac('sha256', 'citizen-session emulator name').update(`${provider} ${sub}`)
        return { ...qualified, value: `_${digest.digest('hex').slice(0, 40)}` }
      }
      case 'transient':
        return { ...qualified, value: randomId(options.random) }
      case 'emailAddress':
        return { value: mailOf(session.username, options.mailDomain()), format: nameIdFormats[format] }
      case 'unspecified':
        return { value: sub, format: nameIdFormats[format] }
    }
  }

  return {
    join(provider, session, format) {
      const known = all.find(
        (one) =>
          one.provider === provider && one.session === session && one.nameId.format === nameIdFormats[format],
      )
      if (known) return known
      const joined = {
        provider,
        session,
        nameId: nameOf(provider, session, format),
        sessionIndex: session.sid ?? randomId(options.random),
      }
      all.push(joined)
      if (all.length > 5000) all = all.slice(-4000)
      return joined
    },
    find: ({ provider, nameId, sessionIndexes }) =>
      all.filter(
        (one) =>
          one.provider === provider &&
          isSameName(one.nameId, nameId) &&
          (sessionIndexes.length === 0 || sessionIndexes.includes(one.sessionIndex)),
      ),
    take(sessions) {
      const taken = all.filter((one) => sessions.includes(one.session))
      all = all.filter((one) => !taken.includes(one))
      return taken
    },
    carry(older, newer) {
      if (older.username !== newer.username) return
      for (const one of all) if (one.session === older) one.session = newer
    },
    list: () => [...all],
    clear() {
      all = []
    },
  }
}

/** The address of a person. */
export const mailOf = (username: string, domain: string): string =>
  username.includes('@') ? username : `${username}@${domain}`

/** Absent means unspecified; qualifiers count where they are given. Source: SAML 2.0 Core, section 3.3.4. */
function isSameName(ours: SamlNameId, theirs: SamlNameId): boolean {
  const fits = (one: string | undefined, other: string | undefined) => other === undefined || one === other
  return (
    ours.value === theirs.value &&
    (theirs.format === undefined ||
      theirs.format === nameIdFormats.unspecified ||
      ours.format === theirs.format) &&
    fits(ours.nameQualifier, theirs.nameQualifier) &&
    fits(ours.spNameQualifier, theirs.spNameQualifier)
  )
}
