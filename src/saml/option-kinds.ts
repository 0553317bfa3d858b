/** @module The kinds of values that only the options of `saml({ … })` have. */
import { type Kind, listOf, orInFile, textMatching } from '../config/option-types.js'
import { readCertificate } from './certificate.js'

/** A key of ours with its certificate, both as PEM. */
export interface SamlKey {
  readonly privateKey: string
  readonly certificate: string
}

/** An address, or another name without blanks. */
export const uri = textMatching(
  /^[^\s\p{Cc}]{1,1024}$/u,
  'a text without blanks, such as https://id.example.gov/saml',
)
/** Line breaks as they are written where a variable has room for one line only. */
const withLines = (text: string): string => text.replace(/(?:\\r)?\\n/g, '\n')

/** The blocks of a text in PEM, such as keys and certificates one after the other. */
function blocksIn(text: string): readonly string[] {
  return withLines(text).match(/-----BEGIN ([A-Z ]{1,64})-----[^-]*-----END \1-----/g) ?? []
}

/** A text in PEM. */
export const pem: Kind<string> = orInFile({
  ...textMatching(/^\s*-----BEGIN [A-Z ]+-----[\s\S]{32,65000}-----END [A-Z ]+-----\s*$/, 'a text in PEM'),
  fromText: withLines,
})
/** A metadata document. */
export const document = orInFile(
  textMatching(/^\s*<[\s\S]{1,4194304}$/, 'the metadata document itself, or metadataUrl instead'),
)

/** A list of certificates in PEM; in a variable one after the other. */
export const certificates: Kind<readonly string[]> = orInFile({
  ...listOf(
    (value) =>
      typeof value === 'string' && readCertificate(value) !== undefined
        ? { value }
        : {
            problem: 'write a list of certificates in PEM with RSA keys of 2048 bits or more, or NIST curves',
          },
    { least: 1, most: 8, hint: 'a list of certificates in PEM', single: true },
  ),
  fromText: blocksIn,
})

/** A list of AuthnContext classes. */
export const uris: Kind<readonly string[]> = listOf((value, surroundings) => uri.check(value, surroundings), {
  least: 1,
  most: 16,
  hint: 'a list of addresses of AuthnContext classes',
})

/** Keys with their certificates; in a variable each key with its certificate behind it. */
export const keys: Kind<readonly SamlKey[]> = {
  fromText: (text) => {
    const blocks = blocksIn(text)
    const pairs = blocks.flatMap((privateKey, at) =>
      at % 2 === 0 ? [{ privateKey, certificate: blocks[at + 1] }] : [],
    )
    return pairs.length === 0 ? text : pairs
  },
  isInFile: true,
  check: (value, surroundings) => {
    const problem =
      'write a list of { privateKey, certificate } in PEM; in a variable each key with its certificate behind it'
    if (!Array.isArray(value) || value.length > 4) return { problem }
    const found = (value as readonly unknown[]).flatMap((entry) => {
      if (typeof entry !== 'object' || entry === null) return []
      const { privateKey, certificate } = entry as Record<string, unknown>
      const checked = [pem.check(privateKey, surroundings), pem.check(certificate, surroundings)]
      const [first, second] = checked
      if (first === undefined || second === undefined || 'problem' in first || 'problem' in second) return []
      return [{ privateKey: first.value, certificate: second.value }]
    })
    return found.length === value.length ? { value: found } : { problem }
  },
}

/** Levels by AuthnContext class; in a variable `class=level`, separated by commas. */
export const levels: Kind<Readonly<Record<string, number>>> = {
  fromText: (text) =>
    Object.fromEntries(
      text.split(',').map((part) => {
        const [, name = '', level = ''] = /^\s*(\S+)=(\d)\s*$/.exec(part) ?? []
        return [name, level === '' ? part : Number(level)]
      }),
    ),
  check: (value) => {
    const problem =
      'write an object from AuthnContext classes to levels from 0 to 9; in a variable class=level, separated by commas'
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem }
    const entries: (readonly [string, unknown])[] = Object.entries(value)
    const good = entries.filter(
      (entry): entry is readonly [string, number] =>
        typeof entry[1] === 'number' && entry[1] >= 0 && entry[1] <= 9,
    )
    return good.length === entries.length ? { value: Object.fromEntries(good) } : { problem }
  },
}

const classes = 'urn:oasis:names:tc:SAML:2.0:ac:classes:'

/**
 * Levels of the classes that are two factors by their definition; any other class is level 1, a token or a key alone
 * (TimeSyncToken, Smartcard, X509, SoftwarePKI) included. Source: SAML Authentication Context, section 3.4; REFEDS MFA.
 */
export const defaultContextLevels: Readonly<Record<string, number>> = {
  'https://refeds.org/profile/mfa': 2,
  [`${classes}MobileTwoFactorContract`]: 2,
  [`${classes}MobileTwoFactorUnregistered`]: 2,
  [`${classes}SmartcardPKI`]: 2,
}
