/** @module The options of `saml({ … })`: one table, from which follow what is given and what is resolved. */
import type { KeyObject } from 'node:crypto'
import { checkAbsolute, checkEndpoint } from '../config/addresses.js'
import type { GivenAnywhere, ResolvedOf } from '../config/option.js'
import { computed, defaulted, optional, required } from '../config/option.js'
import {
  address,
  choice,
  functionOf,
  networkSeconds,
  numberBetween,
  origins,
  shownName,
  yesOrNo,
} from '../config/option-types.js'
import { providerName } from '../config/provider-name.js'
import { factorClaims, trustedFrom } from '../config/trusted-claims.js'
import type { Assertion } from './assertion.js'
import type { Certificate } from './certificate.js'
import type { Binding } from './metadata.js'
import { certificates, document, keys, levels, pem, uri, uris } from './option-kinds.js'

/** Every option of `saml({ … })`. The order is that of the documentation. */
export const samlOptions = {
  /**
   * Names one of several providers of this protocol, as in `eduid`: in addresses, in variables and in
   * `citizen.provider`. Default none.
   *
   * It stays as it is: sessions and addresses at the provider are known by it. A letter, then letters, digits and
   * hyphens, 16 in all, lower-case.
   */
  name: optional(providerName),
  /**
   * Name of this way in on the page where a person chooses among several. Default: the host of `identityProvider`.
   *
   * With this or `name`, there is such a page as soon as there is another way in. 1 to 60 characters.
   */
  displayName: optional(shownName),
  /** Logo beside that name: a path of the application or an absolute address. Default none. */
  logo: optional(address(checkEndpoint, '/eduid.svg')),
  /**
   * Whether that page shows it; `false`: only a link, a guard or `login.select` leads there, as for tenants that are not
   * to see each other. Default `true`.
   */
  offered: defaulted(yesOrNo, true),
  /** Entity ID of the identity provider: the only one whose messages are taken. */
  identityProvider: required(uri),
  /** Where the provider’s metadata is polled; this or `metadata`. Default none. */
  metadataUrl: optional(address(checkAbsolute, 'https://id.example.gov/saml/metadata')),
  /** The provider’s metadata as a text; keys that change are then yours to follow. Default none. */
  metadata: optional(document),
  /**
   * Certificates (PEM), one of which the metadata must be signed with; none: TLS alone vouches for it. Default none.
   */
  metadataCertificates: defaulted(certificates, []),
  /** Origins besides that of `metadataUrl` where the provider’s endpoints may lie. Default none. */
  endpointOrigins: defaulted(origins, []),
  /** Our own entity ID. Default: the address of our metadata. */
  entityId: optional(uri),
  /** The private key (PEM) that signs, and opens what is encrypted for us. */
  privateKey: required(pem),
  /** Its certificate (PEM). */
  certificate: required(pem),
  /** Keys of a roll-over, the next or the last: published and opening, not signing. Default none. */
  otherKeys: defaulted(keys, []),
  /**
   * `true`: our metadata asks for encryption with our RSA keys; `false`: nothing encrypted is opened, and a login
   * that comes so is refused (event `token.rejected`, `saml decryption`). Default: what comes encrypted is opened,
   * and our metadata does not ask for it.
   */
  decryption: optional(yesOrNo),
  /** How the request to sign in is sent. Default: redirect where the provider has it. */
  signInBinding: optional(choice('redirect', 'post')),
  /** How our request to sign out is sent. Default: redirect, POST, SOAP: the first that the provider has. */
  logoutBinding: optional(choice<Binding>('redirect', 'post', 'soap')),
  /** Format of the person’s name to ask for. Default none. */
  nameIdFormat: optional(uri),
  /** AuthnContext classes to ask for at every sign-in. Default none. */
  requestedContexts: defaulted(uris, []),
  /** How the provider compares them. Default `exact`. */
  contextComparison: defaulted(choice('exact', 'minimum', 'better', 'maximum'), 'exact'),
  /**
   * The level of assurance of each AuthnContext class; a class that is not named is level 1. Default: 2 for classes
   * that are two factors by definition, else 1.
   */
  contextLevels: computed(levels),
  /**
   * Which of CitizenOne’s claims `isMfa` and `isDidAuth` the provider is believed, as attributes with one value, `true`, or
   * as `claims` makes them. Default none.
   */
  trustedClaims: defaulted(trustedFrom(factorClaims), []),
  /**
   * Claims of the citizen besides `iss`, `sub`, `exp` and `iat`. Default: `attributes` with the texts of each.
   *
   * A claim `isMfa` or `isDidAuth` is left out unless `trustedClaims` names it.
   */
  claims: computed(
    functionOf<(assertion: Assertion) => Readonly<Record<string, unknown>>>(
      'a function from an assertion to claims',
    ),
  ),
  keepAlive: {
    /**
     * How the provider’s session is kept alive while the person is active: `frame`, by a passive request in a frame of
     * your pages; `navigation`, by one on the way to the next page that a guard lets through. Default `none`.
     */
    by: defaulted(choice('none', 'frame', 'navigation'), 'none'),
    /** How long after it has last been asked the provider is asked again. Default `900`. */
    everySeconds: defaulted(numberBetween(60, 28_800), 900),
  },
  /** How far the clocks of provider and application may be apart. Default `30`. */
  clockSkewSeconds: defaulted(numberBetween(0, 60), 30),
  /** How old a message or assertion may be, and how long our requests hold. Default `300`. */
  messageSeconds: defaulted(numberBetween(30, 3600), 300),
  /** How long one call to the provider may take. Default `5`. */
  timeoutSeconds: defaulted(networkSeconds, 5),
  polling: {
    /** How often metadata is fetched where it has no `cacheDuration`. Default `3600`. */
    everySeconds: defaulted(numberBetween(60, 86_400), 3600),
    /**
     * How long the last good metadata serves while no new one can be had; never past `validUntil`. Default `259200`.
     */
    keepSeconds: defaulted(numberBetween(3600, 2_592_000), 259_200),
    /** How long before a certificate or the metadata ends a `warning` event says so. Default `2592000`. */
    warnSeconds: defaulted(numberBetween(0, 31_536_000), 2_592_000),
  },
} as const

/** The options of `saml({ … })`. What is not given is read from the environment, then from the defaults. */
export interface SamlOptions extends GivenAnywhere<typeof samlOptions> {}

/** A key that is ready for use. */
export interface ResolvedSamlKey {
  readonly privateKey: KeyObject
  readonly certificate: Certificate
}

/** What is resolved to keys that are ready for use. */
type KeyOption = 'privateKey' | 'certificate' | 'otherKeys' | 'decryption' | 'metadataCertificates'

/** The options with every default filled in and every key read. */
export interface ResolvedSamlOptions extends Omit<ResolvedOf<typeof samlOptions>, KeyOption> {
  readonly pinned: readonly KeyObject[]
  /** The key that signs. */
  readonly key: ResolvedSamlKey
  /** All keys, the one that signs first. */
  readonly keys: readonly ResolvedSamlKey[]
  /** Whether our metadata names keys to encrypt for. */
  readonly invitesEncryption: boolean
  /** The keys that open what is encrypted for us. */
  readonly decryptionKeys: readonly KeyObject[]
  /** Claims that the provider is not believed. */
  readonly untrustedClaims: readonly string[]
}
