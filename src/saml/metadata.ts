/** @module The metadata of the identity provider: its keys and addresses, and how long they hold. */
import type { KeyObject } from 'node:crypto'
import { bindings } from './authn-request.js'
import { type Certificate, readCertificate } from './certificate.js'
import { parseDuration } from './duration.js'
import { SamlError, SamlMetadataError } from './saml-error.js'
import { parseXml, type XmlElement } from './xml.js'
import { metadataLimits } from './xml-gate.js'
import { childrenOf, isElement, namespaces, parseInstant, requireAttribute, textOf } from './xml-read.js'
import { signatureOf, verifySignature } from './xml-signature.js'

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
  /** The shortest `cacheDuration` that concerns it, in seconds. */
  readonly cacheSeconds: number | undefined
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
  const root = readRoot(xml, rules.pinned)
  try {
    return readProvider(root, rules)
  } catch (error) {
    if (error instanceof SamlError) throw new SamlMetadataError('malformed')
    throw error
  }
}

function readRoot(xml: string, pinned: readonly KeyObject[]): XmlElement {
  try {
    const document = parseXml(xml, metadataLimits)
    if (pinned.length === 0) return document.root
    if (signatureOf(document.root) === undefined) throw new SamlMetadataError('signature')
    return verifySignature(document, document.root, pinned, metadataLimits).root
  } catch (error) {
    if (!(error instanceof SamlError)) throw error
    const isAboutSignature = ['signature', 'signature-form', 'algorithm', 'unsigned'].includes(error.problem)
    throw new SamlMetadataError(isAboutSignature ? 'signature' : 'malformed')
  }
}

/** Elements from the root down to each entity: their limits all apply. */
function* entitiesOf(element: XmlElement, trail: readonly XmlElement[]): Generator<readonly XmlElement[]> {
  if (isElement(element, md, 'EntityDescriptor')) yield [...trail, element]
  if (!isElement(element, md, 'EntitiesDescriptor')) return
  for (const child of element.children) yield* entitiesOf(child, [...trail, element])
}

function readProvider(root: XmlElement, rules: MetadataRules): IdentityProviderMetadata {
  const candidates = Array.from(entitiesOf(root, [])).filter((trail) => {
    const entity = trail.at(-1)
    if (entity === undefined) return false
    return rules.entityId === undefined
      ? childrenOf(entity, md, 'IDPSSODescriptor').length > 0
      : entity.attributes.get('entityID') === rules.entityId
  })
  const [trail] = candidates
  const entity = trail?.at(-1)
  if (trail === undefined || entity === undefined || candidates.length > 1)
    throw new SamlMetadataError('entity')
  const roles = childrenOf(entity, md, 'IDPSSODescriptor').filter((role) =>
    requireAttribute(role, 'protocolSupportEnumeration').split(/\s+/).includes(saml2),
  )
  const [role] = roles
  if (role === undefined || roles.length > 1) throw new SamlMetadataError('role')
  const certificates = certificatesOf(role)
  if (certificates.length === 0) throw new SamlMetadataError('no-usable-key')
  const signOn = endpointsOf(role, 'SingleSignOnService', rules)
  if (signOn.length === 0) throw new SamlMetadataError('endpoint')
  const validUntil = earliest([...trail, role], 'validUntil', parseInstant)
  if (validUntil !== undefined && validUntil <= rules.now) throw new SamlMetadataError('expired')
  return {
    entityId: requireAttribute(entity, 'entityID'),
    certificates,
    keys: certificates.map(({ publicKey }) => publicKey),
    signOn,
    logout: endpointsOf(role, 'SingleLogoutService', rules),
    nameIdFormats: childrenOf(role, md, 'NameIDFormat').map((format) => textOf(format).trim()),
    validUntil,
    cacheSeconds: earliest([...trail, role], 'cacheDuration', parseDuration),
  }
}

function earliest(
  elements: readonly XmlElement[],
  name: string,
  parse: (text: string) => number | undefined,
): number | undefined {
  const found = elements.flatMap((element) => {
    const text = element.attributes.get(name)
    if (text === undefined) return []
    return [parse(text) ?? Number.NaN]
  })
  if (found.some(Number.isNaN)) throw new SamlMetadataError('malformed')
  return found.length === 0 ? undefined : Math.min(...found)
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

function endpointsOf(role: XmlElement, name: string, rules: MetadataRules): readonly Endpoint[] {
  return childrenOf(role, md, name).flatMap((endpoint) => {
    const uri = endpoint.attributes.get('Binding')
    const binding = (Object.keys(bindings) as Binding[]).find((key) => bindings[key] === uri)
    if (binding === undefined) return []
    const location = requireAttribute(endpoint, 'Location')
    const responseLocation = endpoint.attributes.get('ResponseLocation') ?? location
    if (!rules.isAllowed(location) || !rules.isAllowed(responseLocation))
      throw new SamlMetadataError('endpoint')
    return [{ binding, location, responseLocation }]
  })
}
