/** @module The table of the options of `saml({ … })`: how each is checked, its default and its meaning. */
import { checkAddress } from '../config/addresses.js'
import { row } from '../config/descriptor.js'
import {
  address,
  choice,
  functionOf,
  type Kind,
  listOf,
  numberBetween,
  origins,
  textMatching,
  yesOrNo,
} from '../config/option-types.js'
import type { Assertion } from './assertion.js'
import { readCertificate } from './certificate.js'
import type { SamlKey } from './options.js'

const uri = textMatching(
  /^[^\s\p{Cc}]{1,1024}$/u,
  'a text without blanks, such as https://id.example.gov/saml',
)
const pem = textMatching(
  /^\s*-----BEGIN [A-Z ]+-----[\s\S]{32,65000}-----END [A-Z ]+-----\s*$/,
  'a text in PEM',
)
const document = textMatching(
  /^\s*<[\s\S]{1,4194304}$/,
  'the metadata document itself, or metadataUrl instead',
)

const certificates: Kind<readonly string[]> = listOf(
  (value) =>
    typeof value === 'string' && readCertificate(value) !== undefined
      ? { value }
      : { problem: 'write a list of certificates in PEM with RSA keys of 2048 bits or more, or NIST curves' },
  { least: 1, most: 8, hint: 'a list of certificates in PEM', single: true },
)

const uris: Kind<readonly string[]> = listOf((value, surroundings) => uri.check(value, surroundings), {
  least: 1,
  most: 16,
  hint: 'a list of addresses of AuthnContext classes',
})

const keys: Kind<readonly SamlKey[]> = {
  fromText: undefined,
  check: (value, surroundings) => {
    const problem = 'write a list of { privateKey, certificate } in PEM'
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

const levels: Kind<Readonly<Record<string, number>>> = {
  fromText: undefined,
  check: (value) => {
    const problem = 'write an object from AuthnContext classes to levels from 0 to 9'
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

/** Every option by its path. */
export const samlRows = {
  identityProvider: row<string>({
    kind: uri,
    isRequired: true,
    meaning: 'Entity ID of the identity provider: the only one whose messages are taken.',
  }),
  metadataUrl: row<string>({
    kind: address((value, surroundings, example) => {
      const checked = checkAddress(value, surroundings, example)
      return 'problem' in checked ? checked : { value: checked.value.href }
    }, 'https://id.example.gov/saml/metadata'),
    derived: 'none',
    meaning: 'Where the provider’s metadata is polled; this or `metadata`.',
  }),
  metadata: row<string>({
    kind: document,
    derived: 'none',
    meaning: 'The provider’s metadata as a text; keys that change are then yours to follow.',
  }),
  metadataCertificates: row<readonly string[]>({
    kind: certificates,
    fallback: [],
    meaning:
      'Certificates (PEM), one of which the metadata must be signed with; none: TLS alone vouches for it.',
  }),
  endpointOrigins: row<readonly string[]>({
    kind: origins,
    fallback: [],
    meaning: 'Origins besides that of `metadataUrl` where the provider’s endpoints may lie.',
  }),
  entityId: row<string>({
    kind: uri,
    derived: 'the address of our metadata',
    meaning: 'Our own entity ID.',
  }),
  privateKey: row<string>({
    kind: pem,
    isRequired: true,
    meaning: 'The private key (PEM) that signs, and opens what is encrypted for us.',
  }),
  certificate: row<string>({ kind: pem, isRequired: true, meaning: 'Its certificate (PEM).' }),
  otherKeys: row<readonly SamlKey[]>({
    kind: keys,
    fallback: [],
    meaning: 'Keys of a roll-over, the next or the last: published and opening, not signing.',
  }),
  decryption: row<boolean>({
    kind: yesOrNo,
    derived: 'what comes encrypted is opened, and our metadata does not ask for it',
    meaning:
      '`true`: our metadata asks for encryption with our RSA keys; `false`: nothing encrypted is opened, and a login that comes so is refused (event `token.rejected`, `saml decryption`).',
  }),
  signInBinding: row<'redirect' | 'post'>({
    kind: choice('redirect', 'post'),
    derived: 'redirect where the provider has it',
    meaning: 'How the request to sign in is sent.',
  }),
  logoutBinding: row<'redirect' | 'post' | 'soap'>({
    kind: choice('redirect', 'post', 'soap'),
    derived: 'redirect, POST, SOAP: the first that the provider has',
    meaning: 'How our request to sign out is sent.',
  }),
  nameIdFormat: row<string>({
    kind: uri,
    derived: 'none',
    meaning: 'Format of the person’s name to ask for.',
  }),
  requestedContexts: row<readonly string[]>({
    kind: uris,
    fallback: [],
    meaning: 'AuthnContext classes to ask for at every sign-in.',
  }),
  contextComparison: row<'exact' | 'minimum' | 'better' | 'maximum'>({
    kind: choice('exact', 'minimum', 'better', 'maximum'),
    fallback: 'exact',
    meaning: 'How the provider compares them.',
  }),
  contextLevels: row<Readonly<Record<string, number>>>({
    kind: levels,
    derived: '2 for classes that are two factors by definition, else 1',
    meaning: 'The level of assurance of each AuthnContext class; a class that is not named is level 1.',
  }),
  claims: row<(assertion: Assertion) => Readonly<Record<string, unknown>>>({
    kind: functionOf('a function from an assertion to claims'),
    derived: '`attributes` with the texts of each',
    meaning: 'Claims of the citizen besides `iss`, `sub`, `exp` and `iat`.',
  }),
  clockSkewSeconds: row<number>({
    kind: numberBetween(0, 60),
    fallback: 30,
    meaning: 'How far the clocks of provider and application may be apart.',
  }),
  messageSeconds: row<number>({
    kind: numberBetween(30, 3600),
    fallback: 300,
    meaning: 'How old a message or assertion may be, and how long our requests hold.',
  }),
  timeoutSeconds: row<number>({
    kind: numberBetween(0.05, 60, true),
    fallback: 5,
    meaning: 'How long one call to the provider may take.',
  }),
  'polling.everySeconds': row<number>({
    kind: numberBetween(60, 86_400),
    fallback: 3600,
    meaning: 'How often metadata is fetched where it has no `cacheDuration`.',
  }),
  'polling.keepSeconds': row<number>({
    kind: numberBetween(3600, 2_592_000),
    fallback: 259_200,
    meaning: 'How long the last good metadata serves while no new one can be had; never past `validUntil`.',
  }),
  'polling.warnSeconds': row<number>({
    kind: numberBetween(0, 31_536_000),
    fallback: 2_592_000,
    meaning: 'How long before a certificate or the metadata ends a `warning` event says so.',
  }),
}
