/** @module Reads the metadata of a service provider. */
import { CitizenSessionError } from '../../errors.js'
import { bindings, type NameIdFormat, nameIdFormats, namespaces, type SamlBinding } from './names.js'
import { checkedCertificate, type ProviderFacts } from './options.js'
import { childOf, childrenOf, isElement, parseXml, type XmlElement } from './parse.js'

const { metadata: md, signature: ds } = namespaces

/** What a service provider says about itself. @throws `emulator` Source: SAML 2.0 Metadata, sections 2.3 and 2.4. */
export function parseProviderMetadata(text: string): ProviderFacts {
  const wrong = (what: string) =>
    new CitizenSessionError('emulator', `saml: the metadata of a service provider ${what}`)
  const root = parseXml(text)
  const role = childOf(root, md, 'SPSSODescriptor')
  const entityId = root.attributes.get('entityID')
  if (!isElement(root, md, 'EntityDescriptor') || !role || !entityId) {
    throw wrong('must be an EntityDescriptor with an SPSSODescriptor')
  }
  const consumers = childrenOf(role, md, 'AssertionConsumerService').filter(
    (one) => one.attributes.get('Binding') === bindings.post,
  )
  const byDefault = consumers.find((one) => one.attributes.get('isDefault') === 'true')
  const ordered = byDefault ? [byDefault, ...consumers.filter((one) => one !== byDefault)] : consumers
  const acsUrls = ordered.flatMap((one) => one.attributes.get('Location') ?? [])
  if (acsUrls.length === 0) throw wrong('names no AssertionConsumerService by POST')
  const format = childrenOf(role, md, 'NameIDFormat').flatMap((one) => toFormat(one.text) ?? [])[0]
  const keysFor = (use: string) =>
    childrenOf(role, md, 'KeyDescriptor')
      .filter((one) => (one.attributes.get('use') ?? use) === use)
      .flatMap(certificatesOf)
  return {
    entityId,
    acsUrls,
    logout: childrenOf(role, md, 'SingleLogoutService').flatMap(toLogout),
    certificates: keysFor('signing'),
    encryptionCertificate: keysFor('encryption')[0],
    signsRequests: role.attributes.get('AuthnRequestsSigned') === 'true',
    nameIdFormat: format,
  }
}

const toFormat = (uri: string): NameIdFormat | undefined =>
  (Object.keys(nameIdFormats) as NameIdFormat[]).find((name) => nameIdFormats[name] === uri)

function toLogout(service: XmlElement) {
  const uri = service.attributes.get('Binding')
  const binding = (Object.keys(bindings) as SamlBinding[]).find((name) => bindings[name] === uri)
  const url = service.attributes.get('Location')
  if (binding === undefined || url === undefined) return []
  return [{ binding, url, responseUrl: service.attributes.get('ResponseLocation') ?? url }]
}

const certificatesOf = (descriptor: XmlElement): readonly string[] =>
  childrenOf(childOf(descriptor, ds, 'KeyInfo'), ds, 'X509Data')
    .flatMap((data) => childrenOf(data, ds, 'X509Certificate'))
    .map((one) => checkedCertificate('serviceProviders: KeyDescriptor', one.text))
