/** @module The metadata of the identity provider: its keys and addresses, and how long they hold. */
import type { KeyObject } from 'node:crypto'
import { bindings } from './authn-request.js'
import { type Certificate, readCertificate } from './certificate.js'
import { parseDuration } from './duration.js'
import { quote, refuse, SamlError, SamlMetadataError, type SamlProblem } from './saml-error.js'
import { metadataLimits, signedMetadataLimits } from './xml/gate.js'
import { parseXml, type XmlElement } from './xml/parse.js'
import { childrenOf, isElement, namespaces, textOf } from './xml/read.js'
import { signatureOf, verifySignature } from './xml/signature.js'

/** The bindings that we speak. */
export type Binding = keyof typeof bindings

/** An address of the provider for one binding. */
export interface Endpoint {
  readonly binding: Binding
  readonly location: string
  /** Where responses go; the location itself unless the metadata names another. */
  readonly responseLocation: string
}

/** What we use of an identity provider's metadata. Times are milliseconds since the epoch. */
export interface IdentityProviderMetadata {
  readonly entityId: string
  /** Every certificate that signatures may be made with; during a roll-over there are several. */
  readonly certificates: readonly Certificate[]
  readonly keys: readonly KeyObject[]
  readonly signOn: readonly Endpoint[]
  readonly logout: readonly Endpoint[]
  readonly nameIdFormats: readonly string[]
  /** The earliest `validUntil` that concerns this provider. */
  readonly validUntil: number | undefined
  /** The shortest `cacheDuration` that concerns it, in seconds; one that is no duration is passed over. */
  readonly cacheSeconds: number | undefined
  /** Addresses for single logout that may not be used: sign-in goes on without them. */
  readonly refusedLogout: readonly string[]
}

/** What metadata is read with. */
export interface MetadataRules {
  /** The entity to find; without it the document must describe exactly one identity provider. */
  readonly entityId: string | undefined
  /** Keys that the document must be signed with; none: its signature is not looked at. */
  readonly pinned: readonly KeyObject[]
  readonly now: number
  /** Whether an address may be used: host policy. */
  readonly isAllowed: (url: string) => boolean
}

const md = namespaces.metadata
const saml2 = 'urn:oasis:names:tc:SAML:2.0:protocol'

/**
 * Reads metadata: an EntityDescriptor, or the one of our provider inside an EntitiesDescriptor.
 * @throws SamlMetadataError with what was wrong. Source: SAML Metadata, sections 2.3 and 2.4; SLO-30.
 */
export function readMetadata(xml: string, rules: MetadataRules): IdentityProviderMetadata {
  // The byte order mark is no part of the document. Source: XML 1.0, section 4.3.3.
  const root = readRoot(xml.replace(/^\ufeff/, ''), rules.pinned)
  try {
    return readProvider(root, rules)
  } catch (error) {
    throw asMetadataError(error)
  }
}

function readRoot(xml: string, pinned: readonly KeyObject[]): XmlElement {
  try {
    if (pinned.length === 0) return parseXml(xml, metadataLimits).root
    const document = parseXml(xml, signedMetadataLimits)
    if (signatureOf(document.root) === undefined) throw new SamlMetadataError('signature')
    return verifySignature(document, document.root, pinned, signedMetadataLimits).root
  } catch (error) {
    throw asMetadataError(error)
  }
}

const signatureProblems: readonly SamlProblem[] = ['signature', 'signature-form', 'algorithm', 'unsigned']

/** What each word means in a document that the operator has chosen. */
const details: Readonly<Partial<Record<SamlProblem, string>>> = {
  markup: 'a DOCTYPE, an entity, or a processing instruction in what is signed: none of them is ever read',
  malformed: 'it is no well-formed XML',
  encoding: 'it is not UTF-8',
  namespace: 'a prefix without a namespace, or a reserved one',
  'too-large': 'it is larger than 4 MiB: name the document of your provider alone',
  'too-complex': 'it has too many elements: name the document of your provider alone',
  time: 'its validUntil is no time',
}

function asMetadataError(error: unknown): unknown {
  if (!(error instanceof SamlError)) return error
  const { problem } = error
  return new SamlMetadataError(signatureProblems.includes(problem) ? 'signature' : 'malformed', {
    cause: error,
    detail: details[problem],
  })
}

/** Elements from the root down to each entity: their limits all apply. */
function* entitiesOf(element: XmlElement, trail: readonly XmlElement[]): Generator<readonly XmlElement[]> {
  if (isElement(element, md, 'EntityDescriptor')) yield [...trail, element]
  if (!isElement(element, md, 'EntitiesDescriptor')) return
  for (const child of element.children) yield* entitiesOf(child, [...trail, element])
}

function isProvider(entity: XmlElement): boolean {
  return rolesOf(entity).length > 0
}

function rolesOf(entity: XmlElement): readonly XmlElement[] {
  return childrenOf(entity, md, 'IDPSSODescriptor').filter((role) =>
    tokenAttribute(role, 'protocolSupportEnumeration').split(/\s+/).includes(saml2),
  )
}

/** The way from the root to the provider. Others in the document may be as broken as they like. */
function findTrail(root: XmlElement, { entityId }: MetadataRules): readonly XmlElement[] {
  const all = Array.from(entitiesOf(root, []))
  const ofEntity = (trail: readonly XmlElement[], test: (entity: XmlElement) => boolean) =>
    trail.slice(-1).some(test)
  const named = all.filter((trail) =>
    ofEntity(trail, (entity) =>
      entityId === undefined
        ? childrenOf(entity, md, 'IDPSSODescriptor').length > 0
        : tokenAttribute(entity, 'entityID') === entityId,
    ),
  )
  // Aggregates name an entity once for each source: what it is as an application does not concern us.
  const found = named.length > 1 ? named.filter((trail) => ofEntity(trail, isProvider)) : named
  const [trail] = found
  if (trail !== undefined && found.length === 1) return trail
  throw new SamlMetadataError('entity', { detail: describe(found.length > 1 ? found : all) })
}

/** Which entities there are, so that the one that is meant can be named. */
function describe(trails: readonly (readonly XmlElement[])[]): string {
  const names = trails.flatMap((trail) => trail.slice(-1)).map((entity) => tokenAttribute(entity, 'entityID'))
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  return names.length === 0
    ? 'it describes nobody'
    : `it describes ${names.slice(0, 3).map(quote).join(', ')}${more}`
}

function readProvider(root: XmlElement, rules: MetadataRules): IdentityProviderMetadata {
  const trail = findTrail(root, rules)
  const entity = trail.at(-1) ?? refuse('structure')
  const [role, ...others] = rolesOf(entity)
  if (role === undefined || others.length > 0) throw new SamlMetadataError('role')
  const certificates = certificatesOf(role)
  if (certificates.length === 0) throw new SamlMetadataError('no-usable-key')
  const signOn = endpointsOf(role, 'SingleSignOnService', rules)
  if (signOn.allowed.length === 0) {
    const [refused] = signOn.refused
    const detail = refused && `${quote(refused)} is no https address at an origin of endpointOrigins`
    throw new SamlMetadataError('endpoint', { detail })
  }
  const validUntil = earliest([...trail, role], 'validUntil', parseLimit)
  if (validUntil !== undefined && validUntil <= rules.now) {
    throw new SamlMetadataError('expired', { detail: `valid until ${new Date(validUntil).toISOString()}` })
  }
  const logout = endpointsOf(role, 'SingleLogoutService', rules)
  return {
    entityId: tokenAttribute(entity, 'entityID'),
    certificates,
    keys: certificates.map(({ publicKey }) => publicKey),
    signOn: signOn.allowed,
    logout: logout.allowed,
    nameIdFormats: childrenOf(role, md, 'NameIDFormat').map((format) => textOf(format).trim()),
    validUntil,
    cacheSeconds: earliest([...trail, role], 'cacheDuration', (text) => parseDuration(text.trim())),
    refusedLogout: logout.refused,
  }
}

function earliest(
  elements: readonly XmlElement[],
  name: string,
  parse: (text: string) => number | undefined,
): number | undefined {
  const found = elements.flatMap((element) => {
    const text = element.attributes.get(name)
    return text === undefined ? [] : (parse(text) ?? [])
  })
  return found.length === 0 ? undefined : Math.min(...found)
}

/**
 * The end of what the operator has chosen: any time of XML Schema, in UTC where it names no zone.
 * @throws SamlError `time` for what is none: an end that nobody can read may be over.
 */
function parseLimit(text: string): number {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?\d*(Z|[+-]\d\d:\d\d)?$/.exec(text.trim())
  const [, date = '', fraction = '', zone = 'Z'] = found ?? []
  const milliseconds = Date.parse(`${date}${fraction}${zone}`)
  return Number.isNaN(milliseconds) ? refuse('time') : milliseconds
}

/** An attribute without blanks around it, which its schema type ignores; empty where it is absent. */
function tokenAttribute(element: XmlElement, name: string): string {
  return element.attributes.get(name)?.trim() ?? ''
}

/** Certificates for signing: those that say so, and those that say nothing. A weak or broken one is passed over. */
function certificatesOf(role: XmlElement): readonly Certificate[] {
  const found = new Map<string, Certificate>()
  for (const descriptor of childrenOf(role, md, 'KeyDescriptor')) {
    const use = descriptor.attributes.get('use')
    if (use !== undefined && use !== 'signing') continue
    const texts = childrenOf(descriptor, namespaces.signature, 'KeyInfo')
      .flatMap((info) => childrenOf(info, namespaces.signature, 'X509Data'))
      .flatMap((data) => childrenOf(data, namespaces.signature, 'X509Certificate'))
      .map(textOf)
    // A chain begins with the certificate of the key itself; the others only vouch for it, and must not sign for it.
    const certificate = texts[0] === undefined ? undefined : readCertificate(texts[0])
    if (certificate !== undefined) found.set(certificate.fingerprint, certificate)
  }
  return Array.from(found.values()).slice(0, 16)
}

interface Endpoints {
  readonly allowed: readonly Endpoint[]
  /** Addresses that may not be used. */
  readonly refused: readonly string[]
}

function endpointsOf(role: XmlElement, name: string, rules: MetadataRules): Endpoints {
  const allowed: Endpoint[] = []
  const refused: string[] = []
  for (const endpoint of childrenOf(role, md, name)) {
    const uri = tokenAttribute(endpoint, 'Binding')
    const binding = (Object.keys(bindings) as Binding[]).find((key) => bindings[key] === uri)
    if (binding === undefined) continue
    const location = tokenAttribute(endpoint, 'Location')
    const responseLocation = tokenAttribute(endpoint, 'ResponseLocation') || location
    const wrong = [location, responseLocation].find((url) => !rules.isAllowed(url))
    if (wrong === undefined) allowed.push({ binding, location, responseLocation })
    else refused.push(wrong)
  }
  return { allowed, refused }
}
