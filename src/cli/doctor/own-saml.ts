/** @module Checks the metadata that the application itself serves: what the identity provider must know of us. */
import { readCertificate } from '../../saml/certificate.js'
import { routeOf, type SamlRoute } from '../../saml/routes.js'
import { SamlError } from '../../saml/saml-error.js'
import { metadataLimits } from '../../saml/xml/gate.js'
import type { XmlElement } from '../../saml/xml/parse.js'
import { childrenOf, instantOf, isElement, namespaces, textOf } from '../../saml/xml/read.js'
import { type Probe, type ProbeAnswer, ProbeError } from '../probe.js'
import { judgeCertificates } from './certificates.js'
import { createFindings, type Finding } from './finding.js'
import type { SamlReader } from './saml-reader.js'
import { ask, explainSilence } from './visits.js'

const { ok, warn, fail } = createFindings('saml-own')
const md = namespaces.metadata

/** The application, and the provider that it must not take for itself. */
export interface OwnSamlRequest {
  /** Origin of the application, as browsers see it. */
  readonly origin: string
  /** Path of its routes. */
  readonly path: string
  /** The name of its provider, where it has one. */
  readonly name: string | undefined
  readonly providerEntityId: string | undefined
  readonly now: number
}

/** Fetches the application's metadata and says what is wrong with it. */
export async function examineOwnSaml(
  probe: Probe,
  reader: SamlReader,
  request: OwnSamlRequest,
): Promise<readonly Finding[]> {
  const at = (route: SamlRoute) => `${request.origin}${request.path}/${routeOf(request.name, route)}`
  const target = at('metadata')
  const base = target.slice(0, -'/metadata'.length)
  const answer = await ask(probe, { url: target, headers: { accept: 'application/samlmetadata+xml' } })
  if (answer instanceof ProbeError) {
    return [fail('saml-own-unreachable', { target, ...explainSilence(answer, target) })]
  }
  if (answer.status !== 200) {
    return [
      fail('saml-own-missing', {
        target,
        reason: `the answer is ${answer.status}: the application does not serve metadata, so the provider cannot be told of its keys and addresses`,
        remedy: 'give saml({ … }) in protocols, and see that the proxy passes the routes on',
      }),
    ]
  }
  const role = readRole(answer, reader)
  if (role === undefined) {
    return [
      fail('saml-own-malformed', {
        target,
        reason: 'the answer is no metadata of a service provider',
        remedy: 'look for something before the application that answers in its place',
      }),
    ]
  }
  return [
    ...judgeEntity(role, target, request),
    judgeKeys(role, target, request.now),
    judgeAddresses(role, target, base, request.origin),
  ]
}

interface Role {
  readonly entity: XmlElement
  readonly role: XmlElement
}

function readRole({ body, isTruncated }: ProbeAnswer, { parseXml }: SamlReader): Role | undefined {
  if (isTruncated) return undefined
  try {
    const { root: entity } = parseXml(body, metadataLimits)
    const [role] = childrenOf(entity, md, 'SPSSODescriptor')
    return isElement(entity, md, 'EntityDescriptor') && role !== undefined ? { entity, role } : undefined
  } catch (error) {
    if (error instanceof SamlError) return undefined
    throw error
  }
}

function judgeEntity(
  { entity }: Role,
  target: string,
  { providerEntityId, now }: OwnSamlRequest,
): readonly Finding[] {
  const entityId = entity.attributes.get('entityID') ?? ''
  if (entityId === '' || entityId === providerEntityId) {
    return [
      fail('saml-own-entity', {
        target,
        reason: `it calls itself ${entityId === '' ? 'nothing' : `${entityId}, as the provider does`}: the two cannot be told apart`,
        remedy: 'leave entityId out of saml({ … }), or write one of its own',
      }),
    ]
  }
  const validUntil = validUntilOf(entity)
  if (validUntil !== undefined && validUntil <= now) {
    return [
      fail('saml-own-expired', {
        target,
        reason: `it was valid until ${new Date(validUntil).toISOString()}: the provider refuses it`,
        remedy: 'look for a cache before the application, and at its clock',
      }),
    ]
  }
  return [ok('saml-own', { target, reason: `describes ${entityId}` })]
}

function validUntilOf(entity: XmlElement): number | undefined {
  try {
    return instantOf(entity, 'validUntil')
  } catch (error) {
    if (error instanceof SamlError) return undefined
    throw error
  }
}

function judgeKeys({ role }: Role, target: string, now: number): Finding {
  const certificates = childrenOf(role, md, 'KeyDescriptor')
    .filter((descriptor) => descriptor.attributes.get('use') !== 'encryption')
    .flatMap((descriptor) => childrenOf(descriptor, namespaces.signature, 'KeyInfo'))
    .flatMap((info) => childrenOf(info, namespaces.signature, 'X509Data'))
    .flatMap((data) => childrenOf(data, namespaces.signature, 'X509Certificate'))
    .flatMap((element) => readCertificate(textOf(element)) ?? [])
  const verdict = judgeCertificates(certificates, now)
  const remedy =
    'make a new key and certificate, name them in otherKeys of saml({ … }), give the provider the metadata, then let them change places'
  switch (verdict.kind) {
    case 'good':
      return ok('saml-own-certificate', { target, reason: verdict.said })
    case 'one-over':
      return warn('saml-own-certificate-expired', {
        target,
        reason: verdict.said,
        remedy: 'take the expired one out of saml({ … }) if the provider knows the other',
      })
    case 'soon':
      return warn('saml-own-certificate-expires', {
        target,
        reason: `${verdict.said}: within 30 days`,
        remedy,
      })
    case 'over':
      return fail('saml-own-certificate-expired', {
        target,
        reason: `${verdict.said}: many providers refuse what it signs, logout first of all`,
        remedy,
      })
    default:
      return fail('saml-own-certificate-none', {
        target,
        reason: 'it names no certificate of ours: the provider cannot verify our requests',
        remedy: 'give saml({ … }) a key and its certificate: RSA of 2048 bits or more, or a curve of NIST',
      })
  }
}

/** Where the provider sends answers and logouts: to this very application, at the address that browsers use. */
function judgeAddresses({ role }: Role, target: string, base: string, origin: string): Finding {
  const wanted = ['AssertionConsumerService', 'SingleLogoutService'] as const
  const named = wanted.map((name) => ({
    name,
    locations: childrenOf(role, md, name).map((one) => one.attributes.get('Location') ?? ''),
  }))
  const missing = named.filter(({ locations }) => locations.length === 0).map(({ name }) => name)
  const foreign = named.flatMap(({ locations }) => locations).filter((url) => !url.startsWith(`${base}/`))
  if (missing.length > 0 || foreign.length > 0) {
    return fail('saml-own-address', {
      target,
      reason:
        missing.length > 0
          ? `it names no ${missing.join(' and no ')}`
          : `it sends the provider to ${[...new Set(foreign)].join(', ')}, which is not below ${base}`,
      remedy: `start the application with CITIZEN_APPLICATION_URL=${origin}, and give the provider the new metadata`,
    })
  }
  return ok('saml-own-addresses', { target, reason: `assertions and logouts come to ${base}/` })
}
