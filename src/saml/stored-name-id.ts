/** @module What a session keeps of its beginning: the name to sign out with, and the subject that others see. */
import { isSameNameId, type NameId, type NameIdParties, unspecifiedFormat } from './name-id.js'

/** The name and the session at the provider. */
export interface StoredNameId {
  readonly nameId: NameId
  readonly sessionIndex: string | undefined
}

/** As a text, for the core to keep. */
export function sealName({ nameId, sessionIndex }: StoredNameId): string {
  const { value, format, nameQualifier, spNameQualifier } = nameId
  return JSON.stringify(
    [value, format, nameQualifier, spNameQualifier, sessionIndex].map((part) => part ?? null),
  )
}

/** The other way round; `undefined` for what {@link sealName} has not written. */
export function openName(text: string): StoredNameId | undefined {
  const parts: unknown = JSON.parse(text)
  if (!Array.isArray(parts) || parts.length !== 5) return undefined
  const [value, format, nameQualifier, spNameQualifier, sessionIndex] = parts.map((part: unknown) =>
    typeof part === 'string' ? part : undefined,
  )
  if (value === undefined) return undefined
  return { nameId: { value, format, nameQualifier, spNameQualifier }, sessionIndex }
}

/** The name in a subject that {@link subjectOf} has made. */
export function nameOfSubject(subject: string, plainFormat = persistentFormat): NameId {
  if (!subject.startsWith('[')) return { value: subject, format: plainFormat }
  const [value = '', format, nameQualifier, spNameQualifier] = JSON.parse(subject) as readonly string[]
  return { value, format, nameQualifier, spNameQualifier }
}

/** The format whose values are plain subjects where none is asked for. Source: SAML Core, section 8.3.7. */
export const persistentFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'

/**
 * The subject of a person: the value itself in the format that is asked for, with the usual qualifiers; else all of the
 * name, so that two names which are not the same never become one subject.
 */
export function subjectOf(name: NameId, parties: NameIdParties, plainFormat = persistentFormat): string {
  const { value, format } = name
  const isUsual = isSameNameId(name, { value, format: plainFormat }, parties)
  if (isUsual && !value.startsWith('[')) return value
  return JSON.stringify([
    value,
    format ?? unspecifiedFormat,
    name.nameQualifier ?? parties.identityProvider,
    name.spNameQualifier ?? parties.serviceProvider,
  ])
}
