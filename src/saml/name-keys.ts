/** @module The keys that sessions are found by when the provider names a person. What one side leaves out contradicts nothing. */
import { digest } from '../digest.js'
import { isSilentFormat, type NameId, type NameIdParties, unspecifiedFormat } from './name-id.js'

/** A person, or one session of the person where an index is given. */
export interface Named {
  readonly nameId: NameId
  readonly sessionIndex?: string | undefined
}

type Qualifiers = readonly [nameQualifier: string, spNameQualifier: string]

/** Stands for a part that may be anything; no text of XML is equal to it. */
const open = '\0'

const format11 = 'urn:oasis:names:tc:SAML:1.1:nameid-format:'
const format20 = 'urn:oasis:names:tc:SAML:2.0:nameid-format:'
/** Source: SAML Core, section 8.3. */
const knownFormats: readonly string[] = [
  unspecifiedFormat,
  `${format11}emailAddress`,
  `${format11}X509SubjectName`,
  `${format11}WindowsDomainQualifiedName`,
  `${format20}kerberos`,
  `${format20}entity`,
  `${format20}persistent`,
  `${format20}transient`,
]

function keyOf(
  { nameId: { value }, sessionIndex }: Named,
  format: string,
  qualifiers: Qualifiers,
  { identityProvider }: NameIdParties,
): string {
  return sessionIndex === undefined
    ? digest('saml-name-id', identityProvider, value, format, ...qualifiers)
    : digest('saml-session-index', identityProvider, sessionIndex, value, format, ...qualifiers)
}

/** What absent ones mean: the identity provider, and us. Source: SAML Core, section 8.3.7. */
const usualQualifiers = (parties: NameIdParties): Qualifiers => [
  parties.identityProvider,
  parties.serviceProvider,
]

/** Every choice of one for each. */
const pairs = (first: readonly string[], second: readonly string[]): readonly Qualifiers[] =>
  first.flatMap((one) => second.map((other): Qualifiers => [one, other]))

/**
 * The keys under which a session is entered when it begins: by the whole name, which 0.1.0 looks for too, and by what a
 * request may leave open. Usual qualifiers need no key of their own for being left out.
 */
export function keysOf(named: Named, parties: NameIdParties): readonly string[] {
  const { format, nameQualifier, spNameQualifier } = named.nameId
  const [usual, usualOfService] = usualQualifiers(parties)
  const formats = [format ?? unspecifiedFormat, open]
  const formsOf = (part: string, usualPart: string) => (part === usualPart ? [part] : [part, open])
  const qualifiers = pairs(
    formsOf(nameQualifier ?? usual, usual),
    formsOf(spNameQualifier ?? usualOfService, usualOfService),
  )
  return qualifiers.flatMap((each) => formats.map((one) => keyOf(named, one, each, parties)))
}

/** Where the sessions are that a request names. */
export interface SoughtKeys {
  /** Whoever is entered under one of them is meant. */
  readonly keys: readonly string[]
  /** The same for sessions that 0.1.0 has entered by the whole name alone; to be looked at before anything is written. */
  readonly earlier: readonly string[]
}

/** The keys to look under. `ownFormat`: the one that we ask the provider for. Source: SLO-07 as FLD-04 says. */
export function soughtKeys(named: Named, parties: NameIdParties, ownFormat?: string): SoughtKeys {
  const { format, nameQualifier, spNameQualifier } = named.nameId
  const [usual, usualOfService] = usualQualifiers(parties)
  const formsOf = (part: string | undefined, usualPart: string) =>
    part === undefined ? [usualPart, open] : [part]
  const qualifiers = pairs(formsOf(nameQualifier, usual), formsOf(spNameQualifier, usualOfService))
  const isSilent = isSilentFormat(format)
  const formats = isSilent ? [open] : [format ?? unspecifiedFormat, unspecifiedFormat]
  const whole = isSilent ? new Set([...knownFormats, ...(ownFormat === undefined ? [] : [ownFormat])]) : []
  const [first = usualQualifiers(parties)] = qualifiers
  return {
    keys: qualifiers.flatMap((each) => formats.map((one) => keyOf(named, one, each, parties))),
    earlier: Array.from(whole, (one) => keyOf(named, one, first, parties)),
  }
}
