/** @module The name of a person at the identity provider: when two are the same, and when one can mean the other. */
import type { KeyObject } from 'node:crypto'
import { decryptElement } from './decrypt.js'
import { refuse } from './saml-error.js'
import type { XmlElement } from './xml/parse.js'
import { isElement, namespaces, textOf } from './xml/read.js'
import { element, type Markup } from './xml/write.js'

/** A NameID as it came; what is absent stays absent, so that it goes back identical. Source: SAML Core, 2.2.2. */
export interface NameId {
  readonly value: string
  readonly format?: string | undefined
  readonly nameQualifier?: string | undefined
  readonly spNameQualifier?: string | undefined
}

/** Who named the person, and for whom: what absent qualifiers mean. */
export interface NameIdParties {
  readonly identityProvider: string
  readonly serviceProvider: string
}

/** The format of a NameID that names none. Source: SAML Core, section 8.3.1. */
export const unspecifiedFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'

/** Reads a NameID. @throws SamlError `name-id` where it is empty or longer than 1024 characters. */
export function readNameId(name: XmlElement): NameId {
  const value = textOf(name)
  if (value.trim() === '' || value.length > 1024) refuse('name-id')
  return {
    value,
    format: name.attributes.get('Format'),
    nameQualifier: name.attributes.get('NameQualifier'),
    spNameQualifier: name.attributes.get('SPNameQualifier'),
  }
}

/** Opens an EncryptedID from verified bytes. */
export function openNameId(encrypted: XmlElement, decryptionKeys: readonly KeyObject[]): NameId {
  const { root } = decryptElement(encrypted, decryptionKeys, true)
  return isElement(root, namespaces.assertion, 'NameID') ? readNameId(root) : refuse('name-id')
}

/** Writes a NameID, with the attributes that it came with. */
export function writeNameId({ value, format, nameQualifier, spNameQualifier }: NameId): Markup {
  return element(
    'saml:NameID',
    {
      'xmlns:saml': namespaces.assertion,
      Format: format,
      NameQualifier: nameQualifier,
      SPNameQualifier: spNameQualifier,
    },
    value,
  )
}

function parts(name: NameId, { identityProvider, serviceProvider }: NameIdParties): readonly string[] {
  return [
    name.value,
    name.format ?? unspecifiedFormat,
    name.nameQualifier ?? identityProvider,
    name.spNameQualifier ?? serviceProvider,
  ]
}

/**
 * Whether two names are the same person's: value, format and both qualifiers agree, where an absent qualifier means
 * the identity provider or us. Source: SAML Core, sections 3.3.4 and 8.3.7; SLO-07.
 */
export function isSameNameId(left: NameId, right: NameId, parties: NameIdParties): boolean {
  const others = parts(right, parties)
  return parts(left, parties).every((part, index) => part === others[index])
}

/** Whether a format says nothing: absent, or unspecified. Source: SAML Core, section 8.3.1. */
export function isSilentFormat(format: string | undefined): boolean {
  return format === undefined || format === unspecifiedFormat
}

/**
 * Whether a verified message can mean a session by this name: the value is the same, and nothing else contradicts it.
 * What one side leaves out contradicts nothing. Source: SLO-07 as FLD-04 says.
 */
export function isNamedBy(kept: NameId, asked: NameId): boolean {
  const agree = (one: string | undefined, other: string | undefined) =>
    one === undefined || other === undefined || one === other
  const formatOf = ({ format }: NameId) => (isSilentFormat(format) ? undefined : format)
  return (
    kept.value === asked.value &&
    agree(formatOf(kept), formatOf(asked)) &&
    agree(kept.nameQualifier, asked.nameQualifier) &&
    agree(kept.spNameQualifier, asked.spNameQualifier)
  )
}
