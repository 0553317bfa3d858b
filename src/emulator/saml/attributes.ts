/** @module What an assertion says about a person: the claims of CitizenOne's tokens, and a name and address. */
import type { Person } from '../people.js'
import type { KeptSession } from '../sessions.js'
import { mailOf } from './participations.js'

/** The attributes of a person. Source of the three booleans: CitizenOne, Sessions & JWT. */
export const attributesOf = (
  session: KeptSession,
  person: Person,
  mailDomain: string,
): Readonly<Record<string, string | boolean>> => ({
  sub: person.sub,
  username: person.username,
  displayName: person.name,
  mail: mailOf(person.username, mailDomain),
  mfaRequired: person.secondFactor !== undefined,
  isMfa: session.level !== 'password',
  isDidAuth: session.level === 'did',
})

/** What follows the `@` of the addresses. */
export const mailDomainOf = (domain: string | false, url: string): string =>
  domain === false ? new URL(url).hostname : domain
