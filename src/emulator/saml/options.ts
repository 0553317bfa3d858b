/** @module The options of the SAML identity provider, and their defaults. No package is needed to read them. */
import { X509Certificate } from 'node:crypto'
import { CitizenSessionError } from '../../errors.js'
import type { Level } from '../sessions.js'
import { toPem } from './certificate.js'
import {
  bindings,
  defaultAuthnContexts,
  type NameIdFormat,
  nameIdFormats,
  type SamlBinding,
} from './names.js'

/** Content encryption of an assertion. Keys go by RSA-OAEP. Source: XML Encryption 1.1, sections 5.2 and 5.5. */
export type AssertionEncryption = 'aes256-gcm' | 'aes256-cbc'

/** Where a service provider takes messages of single logout: the first one that fits is used. */
export interface SamlLogoutUrls {
  readonly redirect?: string | undefined
  readonly post?: string | undefined
  readonly soap?: string | undefined
  /** Where its LogoutResponses go by redirect or POST, if elsewhere. */
  readonly responseUrl?: string | undefined
}

/** A service provider that is registered by hand. */
export interface SamlServiceProvider {
  readonly entityId: string
  /** Its assertion consumer service, by POST. Several: a request may name any; the first is the default. */
  readonly acsUrl: string | readonly string[]
  readonly logout?: SamlLogoutUrls | undefined
  /** Certificates (PEM or bare base64) of the keys that it signs with. Without one its requests for logout are refused. */
  readonly certificate?: string | readonly string[] | undefined
  /** Whether sign-in requests must be signed. Default: whether a certificate is registered. */
  readonly signsRequests?: boolean | undefined
  /** Format where the request names none. Default `persistent`. */
  readonly nameIdFormat?: NameIdFormat | undefined
  /** Whether assertions are encrypted; `true` is `aes256-gcm`. Default no. */
  readonly encrypt?: boolean | AssertionEncryption | undefined
  /** Certificate of the key that assertions are encrypted for. Default: the first of `certificate`. */
  readonly encryptionCertificate?: string | undefined
}

/** A service provider that is registered by its metadata: the document, or where it is fetched. */
export type SamlServiceProviderMetadata = ({ readonly metadata: string } | { readonly metadataUrl: string }) &
  Pick<SamlServiceProvider, 'nameIdFormat' | 'encrypt' | 'signsRequests'>

/** Options of the SAML identity provider, `saml` of `createEmulator`. */
export interface SamlOptions {
  readonly serviceProviders: readonly (SamlServiceProvider | SamlServiceProviderMetadata)[]
  /** Default: the address of its metadata, `<url>/saml/metadata`. */
  readonly entityId?: string | undefined
  /** What is signed of a Response. Default `assertion`. */
  readonly signs?: 'assertion' | 'response' | 'both' | undefined
  /** Whether the metadata is signed. Default yes. */
  readonly signsMetadata?: boolean | undefined
  /** Whether every sign-in request must be signed. Default no: see `signsRequests` of the provider. */
  readonly wantsSignedRequests?: boolean | undefined
  /** How long the metadata is valid (`validUntil`). Default a week. */
  readonly metadataSeconds?: number | undefined
  /** How long it may be kept (`cacheDuration`). Default an hour. */
  readonly cacheSeconds?: number | undefined
  /** Life of a certificate. Default ten years. */
  readonly certificateSeconds?: number | undefined
  /** Life of an assertion, from its issue to `NotOnOrAfter`. Default 300. */
  readonly assertionSeconds?: number | undefined
  /** Life of a LogoutRequest. Default 300. */
  readonly logoutSeconds?: number | undefined
  /** How the browser visits providers at logout: one redirect after the other, or all in frames. Default `redirects`. */
  readonly frontChannel?: 'redirects' | 'frames' | undefined
  /** AuthnContextClassRef of each level. Default PasswordProtectedTransport, REFEDS MFA, SoftwarePKI. */
  readonly authnContexts?: Readonly<Partial<Record<Level, string>>> | undefined
}

/** A provider as registered, complete. */
export interface ResolvedServiceProvider {
  readonly entityId: string
  readonly acsUrls: readonly string[]
  readonly logout: readonly {
    readonly binding: SamlBinding
    readonly url: string
    readonly responseUrl: string
  }[]
  readonly certificates: readonly string[]
  readonly signsRequests: boolean
  readonly nameIdFormat: NameIdFormat
  readonly encryption: { readonly algorithm: AssertionEncryption; readonly certificate: string } | undefined
}

/** A registration that is ready, or one whose metadata is still to be read. */
export type Registration =
  | { readonly kind: 'manual'; readonly provider: ResolvedServiceProvider }
  | { readonly kind: 'metadata'; readonly given: SamlServiceProviderMetadata }

/** The options with every default filled in. */
export interface ResolvedSamlOptions {
  readonly registrations: readonly Registration[]
  readonly entityId: string | undefined
  readonly signs: 'assertion' | 'response' | 'both'
  readonly signsMetadata: boolean
  readonly wantsSignedRequests: boolean
  readonly metadataSeconds: number
  readonly cacheSeconds: number
  readonly certificateSeconds: number
  readonly assertionSeconds: number
  readonly logoutSeconds: number
  readonly frontChannel: 'redirects' | 'frames'
  readonly authnContexts: Readonly<Record<Level, string>>
}

const wrong = (message: string, cause?: unknown) =>
  new CitizenSessionError('emulator', `createEmulator: saml.${message}`, cause === undefined ? {} : { cause })

const knownOptions: Readonly<Record<keyof SamlOptions, true>> = {
  serviceProviders: true,
  entityId: true,
  signs: true,
  signsMetadata: true,
  wantsSignedRequests: true,
  metadataSeconds: true,
  cacheSeconds: true,
  certificateSeconds: true,
  assertionSeconds: true,
  logoutSeconds: true,
  frontChannel: true,
  authnContexts: true,
}

/** Fills in the defaults and checks everything. @throws `emulator` with what to write instead. */
export function resolveSamlOptions(options: SamlOptions): ResolvedSamlOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(knownOptions, name)) throw wrong(`${name} is unknown`)
  }
  if (!Array.isArray(options.serviceProviders)) throw wrong('serviceProviders must be a list')
  const registrations = options.serviceProviders.map(resolveRegistration)
  const names = registrations.flatMap((one) => (one.kind === 'manual' ? [one.provider.entityId] : []))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw wrong(`serviceProviders: "${twice}" is there twice`)
  const signs = oneOf('signs', options.signs ?? 'assertion', ['assertion', 'response', 'both'])
  const frontChannel = oneOf('frontChannel', options.frontChannel ?? 'redirects', ['redirects', 'frames'])
  return {
    registrations,
    entityId: options.entityId,
    signs,
    signsMetadata: options.signsMetadata ?? true,
    wantsSignedRequests: options.wantsSignedRequests ?? false,
    metadataSeconds: seconds('metadataSeconds', options.metadataSeconds ?? 604_800),
    cacheSeconds: seconds('cacheSeconds', options.cacheSeconds ?? 3600),
    certificateSeconds: seconds('certificateSeconds', options.certificateSeconds ?? 315_360_000),
    assertionSeconds: seconds('assertionSeconds', options.assertionSeconds ?? 300),
    logoutSeconds: seconds('logoutSeconds', options.logoutSeconds ?? 300),
    frontChannel,
    authnContexts: { ...defaultAuthnContexts, ...options.authnContexts },
  }
}

function oneOf<T extends string>(name: string, given: T, values: readonly T[]): T {
  if (values.includes(given)) return given
  throw wrong(`${name} must be one of ${values.join(', ')}`)
}

function seconds(name: string, given: number) {
  if (Number.isFinite(given) && given > 0 && given <= 3_155_760_000) return given
  throw wrong(`${name} must be a number of seconds, more than 0`)
}

function resolveRegistration(
  given: SamlServiceProvider | SamlServiceProviderMetadata,
  at: number,
): Registration {
  const path = `serviceProviders[${at}]`
  if (typeof given !== 'object' || given === null) throw wrong(`${path} must be an object`)
  if ('metadata' in given || 'metadataUrl' in given) {
    if ('metadataUrl' in given) assertUrl(`${path}.metadataUrl`, given.metadataUrl)
    else if (typeof given.metadata !== 'string') throw wrong(`${path}.metadata must be an XML document`)
    return { kind: 'metadata', given }
  }
  const { entityId } = given
  if (typeof entityId !== 'string' || entityId === '' || entityId.length > 1024) {
    throw wrong(`${path}.entityId must be a text of 1 to 1024 characters`)
  }
  const acsUrls = [given.acsUrl ?? []].flat()
  if (acsUrls.length === 0) throw wrong(`${path}.acsUrl is missing: the address that takes the Response`)
  for (const url of acsUrls) assertUrl(`${path}.acsUrl`, url)
  const certificates = [given.certificate ?? []]
    .flat()
    .map((one) => checkedCertificate(`${path}.certificate`, one))
  const logout = toLogout(path, given.logout ?? {})
  const provider = completeProvider(path, given, { entityId, acsUrls, certificates, logout })
  return { kind: 'manual', provider }
}

function toLogout(path: string, urls: SamlLogoutUrls): ResolvedServiceProvider['logout'] {
  const { responseUrl } = urls
  if (responseUrl !== undefined) assertUrl(`${path}.logout.responseUrl`, responseUrl)
  return Object.entries(urls).flatMap(([name, url]) => {
    if (name === 'responseUrl' || url === undefined) return []
    if (!isBinding(name)) {
      throw wrong(`${path}.logout.${name} is unknown; there are redirect, post, soap, responseUrl`)
    }
    assertUrl(`${path}.logout.${name}`, url)
    return [{ binding: name, url, responseUrl: name === 'soap' ? url : (responseUrl ?? url) }]
  })
}

const isBinding = (name: string): name is SamlBinding => Object.hasOwn(bindings, name)

/** What {@link completeProvider} is given besides the choices of the registration. */
export type ProviderFacts = Pick<
  ResolvedServiceProvider,
  'entityId' | 'acsUrls' | 'logout' | 'certificates'
> & {
  /** Default: the first signing certificate. */
  readonly encryptionCertificate?: string | undefined
  readonly signsRequests?: boolean | undefined
  readonly nameIdFormat?: NameIdFormat | undefined
}

/** Joins what is known of a provider with the choices of its registration. @throws `emulator` */
export function completeProvider(
  path: string,
  choices: Pick<SamlServiceProvider, 'nameIdFormat' | 'encrypt' | 'signsRequests' | 'encryptionCertificate'>,
  facts: ProviderFacts,
): ResolvedServiceProvider {
  const nameIdFormat = choices.nameIdFormat ?? facts.nameIdFormat ?? 'persistent'
  if (!Object.hasOwn(nameIdFormats, nameIdFormat)) {
    throw wrong(`${path}.nameIdFormat must be one of ${Object.keys(nameIdFormats).join(', ')}`)
  }
  const { encrypt = false } = choices
  const algorithm = encrypt === true ? 'aes256-gcm' : encrypt
  const given = choices.encryptionCertificate
  const certificate =
    given === undefined
      ? (facts.encryptionCertificate ?? facts.certificates[0])
      : checkedCertificate(`${path}.encryptionCertificate`, given)
  if (algorithm !== false && algorithm !== 'aes256-gcm' && algorithm !== 'aes256-cbc') {
    throw wrong(`${path}.encrypt must be true, false, aes256-gcm or aes256-cbc`)
  }
  if (algorithm !== false && certificate === undefined) {
    throw wrong(`${path}.encrypt needs a certificate: set encryptionCertificate`)
  }
  return {
    entityId: facts.entityId,
    acsUrls: facts.acsUrls,
    logout: facts.logout,
    certificates: facts.certificates,
    signsRequests: choices.signsRequests ?? facts.signsRequests ?? facts.certificates.length > 0,
    nameIdFormat,
    encryption: algorithm === false || certificate === undefined ? undefined : { algorithm, certificate },
  }
}

function assertUrl(path: string, url: unknown) {
  const isUrl = typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  if (!isUrl) throw wrong(`${path} must be an absolute http or https URL`)
}

/** A certificate as PEM. @throws `emulator` when it is none. */
export function checkedCertificate(path: string, given: string): string {
  try {
    return new X509Certificate(toPem(given)).toString()
  } catch (cause) {
    throw wrong(`${path} must be an X.509 certificate, as PEM or its base64`, cause)
  }
}
