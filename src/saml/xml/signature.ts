/** @module XML signatures: xml-crypto does the work, under a policy of ours, and only what it verified is read. */
import type { KeyObject } from 'node:crypto'
import { SignedXml } from '../../xml-crypto.js'
import {
  algorithmFor,
  digestAlgorithms,
  digestOf,
  type SignatureAlgorithm,
  signatureAlgorithms,
  signBytes,
  verifyBytes,
} from '../algorithms.js'
import { decodeBase64 } from '../encoding.js'
import { refuse, SamlError } from '../saml-error.js'
import { messageLimits, type XmlLimits } from './gate.js'
import { parseXml, type XmlDocument, type XmlElement } from './parse.js'
import { childrenOf, isElement, namespaces, requireAttribute, requireChild, textOf } from './read.js'

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const ds = namespaces.signature
const mostPrefixes = 32

/** The signature that is a child of the element, or `undefined`. @throws SamlError `structure` for several. */
export function signatureOf(element: XmlElement): XmlElement | undefined {
  const found = childrenOf(element, ds, 'Signature')
  return found.length > 1 ? refuse('structure') : found[0]
}

/**
 * Verifies the enveloped signature of an element with the keys of its sender, and returns the document that was
 * signed: parsed anew from the canonical bytes, without the signature. Keys in the message itself are not looked at.
 * @throws SamlError `unsigned`, `signature-form`, `algorithm`, `signature`. Source: SAML Core, section 5.4; SLO-20 to -25.
 */
export function verifySignature(
  document: XmlDocument,
  element: XmlElement,
  keys: readonly KeyObject[],
  limits: XmlLimits = messageLimits,
): XmlDocument {
  const signature = signatureOf(element) ?? refuse('unsigned')
  const algorithm = checkForm(signature, requireAttribute(element, 'ID'))
  const canonical = canonicalIfSigned(document, signature, algorithm, keys)
  // An empty canonical form has a digest like any other: what was signed must be this very element.
  const signed = parseXml(canonical === '' ? refuse('signature-form') : canonical, limits)
  const isSame = isElement(signed.root, element.namespace, element.name)
  if (!isSame || signed.root.attributes.get('ID') !== element.attributes.get('ID')) refuse('signature-form')
  if (signatureOf(signed.root) !== undefined) refuse('signature-form')
  return signed
}

function only(element: XmlElement, ...names: readonly string[]): void {
  const isForm =
    element.children.length === names.length &&
    element.children.every((child, index) => isElement(child, ds, names[index] ?? ''))
  if (!isForm || element.text.trim() !== '') refuse('signature-form')
}

/** One reference to the element, the two transforms, an accepted algorithm, and nothing more. */
function checkForm(signature: XmlElement, id: string): SignatureAlgorithm {
  const hasKeyInfo = childrenOf(signature, ds, 'KeyInfo').length > 0
  only(signature, 'SignedInfo', 'SignatureValue', ...(hasKeyInfo ? ['KeyInfo'] : []))
  const signedInfo = requireChild(signature, ds, 'SignedInfo')
  only(signedInfo, 'CanonicalizationMethod', 'SignatureMethod', 'Reference')
  checkExclusive(requireChild(signedInfo, ds, 'CanonicalizationMethod'))
  const method = requireChild(signedInfo, ds, 'SignatureMethod')
  only(method)
  const reference = requireChild(signedInfo, ds, 'Reference')
  only(reference, 'Transforms', 'DigestMethod', 'DigestValue')
  if (reference.attributes.get('URI') !== `#${id}`) refuse('signature-form')
  const transforms = requireChild(reference, ds, 'Transforms')
  only(transforms, 'Transform', 'Transform')
  const [first, second] = transforms.children
  if (first === undefined || second === undefined) return refuse('signature-form')
  only(first)
  if (first.attributes.get('Algorithm') !== enveloped) refuse('signature-form')
  checkExclusive(second)
  const digestMethod = requireChild(reference, ds, 'DigestMethod')
  only(digestMethod)
  const hash = digestAlgorithms.get(requireAttribute(digestMethod, 'Algorithm')) ?? refuse('algorithm')
  const digest = decodeWrapped(requireChild(reference, ds, 'DigestValue'))
  if (digest.length !== Number(hash.slice(3)) / 8) refuse('signature-form')
  decodeWrapped(requireChild(signature, ds, 'SignatureValue'))
  return signatureAlgorithms.get(requireAttribute(method, 'Algorithm')) ?? refuse('algorithm')
}

/** Base64 with the line breaks that its schema type allows. */
function decodeWrapped(element: XmlElement): Buffer {
  return decodeBase64(textOf(element).replace(/[ \t\r\n]/g, ''))
}

/** Exclusive canonicalization without comments; its one parameter is a list of prefixes, which may be empty. */
function checkExclusive(method: XmlElement): void {
  if (method.attributes.get('Algorithm') !== exclusive) refuse('signature-form')
  const [parameter, ...more] = method.children
  if (parameter === undefined) return
  if (more.length > 0 || !isElement(parameter, exclusive, 'InclusiveNamespaces')) refuse('signature-form')
  if (parameter.children.length > 0 || parameter.text.trim() !== '') refuse('signature-form')
  const list = parameter.attributes.get('PrefixList') ?? refuse('signature-form')
  // Reading an attribute has made blanks of line breaks and tabs; any number of them may stand between names.
  const prefixes = list.split(' ').filter((prefix) => prefix !== '')
  const areNames = prefixes.every((prefix) => /^(?:#default|[A-Za-z_][\w.-]*)$/.test(prefix))
  if (prefixes.length > mostPrefixes || !areNames) refuse('signature-form')
}

function canonicalIfSigned(
  document: XmlDocument,
  signature: XmlElement,
  algorithm: SignatureAlgorithm,
  keys: readonly KeyObject[],
): string {
  const [key] = keys
  if (key === undefined) return refuse('metadata')
  try {
    const library = createLibrary(algorithm, keys)
    library.publicCert = key
    const signedInfo = requireChild(signature, ds, 'SignedInfo')
    const value = decodeWrapped(requireChild(signature, ds, 'SignatureValue'))
    // The library canonicalizes the whole document first: strangers must not make it do that.
    const material = canonicalOf(library, document.nodeOf(signedInfo) as Node)
    if (!verifyBytes(algorithm, keys, Buffer.from(material), value)) return refuse('signature')
    library.loadSignature(document.nodeOf(signature) as never)
    if (!library.checkSignature(document.text)) return refuse('signature')
    const [canonical, ...more] = library.getSignedReferences()
    return canonical === undefined || more.length > 0 ? refuse('signature-form') : canonical
  } catch (error) {
    if (error instanceof SamlError) throw error
    // The library's messages hold parts of the document.
    return refuse('signature')
  }
}

/** What canonicalization looks at in an element and those around it. */
interface Node {
  readonly prefix: string | null
  /** A document has none. */
  readonly attributes?: ArrayLike<{ readonly name: string; readonly value: string }> | null
  readonly parentNode: Node | null
  cloneNode(deep: boolean): Node
}

/** SignedInfo as it was signed, by the library's own canonicalization. */
function canonicalOf(library: SignedXml, signedInfo: Node): string {
  const Canonicalization = library.CanonicalizationAlgorithms[exclusive] ?? refuse('signature-form')
  return String(
    new Canonicalization().process(signedInfo.cloneNode(true) as never, {
      ancestorNamespaces: namespacesAround(signedInfo),
    }),
  )
}

/** Prefixes that the elements around declare, the nearest first. A list of inclusive prefixes may name them. */
function namespacesAround(element: Node): { prefix: string; namespaceURI: string }[] {
  const found = new Map<string, string>()
  for (let node = element.parentNode; node?.attributes; node = node.parentNode) {
    for (const { name, value } of Array.from(node.attributes)) {
      const prefix = /^xmlns:(.+)$/.exec(name)?.[1]
      if (prefix !== undefined && prefix !== element.prefix && !found.has(prefix)) found.set(prefix, value)
    }
  }
  return Array.from(found, ([prefix, namespaceURI]) => ({ prefix, namespaceURI }))
}

/** The library with our algorithms in the place of its own: no SHA-1, no HMAC, no other transform. */
function createLibrary(algorithm: SignatureAlgorithm, keys: readonly KeyObject[]): SignedXml {
  const library = new SignedXml({ getCertFromKeyInfo: () => null, getKeyInfoContent: () => null })
  library.CanonicalizationAlgorithms = Object.fromEntries(
    Object.entries(library.CanonicalizationAlgorithms).filter(
      ([uri]) => uri === exclusive || uri === enveloped,
    ),
  )
  library.HashAlgorithms = Object.fromEntries(
    Array.from(digestAlgorithms, ([uri, hash]) => [
      uri,
      class {
        readonly getAlgorithmName = () => uri
        readonly getHash = (xml: string) => digestOf(hash, xml)
      },
    ]),
  )
  library.SignatureAlgorithms = {
    [algorithm.uri]: class {
      readonly getAlgorithmName = () => algorithm.uri
      readonly verifySignature = (material: string, _key: unknown, value: string) =>
        verifyBytes(algorithm, keys, Buffer.from(material), Buffer.from(value, 'base64'))
      readonly getSignature = (material: string, key: unknown) =>
        signBytes(algorithm, key as KeyObject, Buffer.from(material)).toString('base64')
    },
  } as unknown as SignedXml['SignatureAlgorithms']
  return library
}

/**
 * Signs the root of a document of ours, whose `ID` is there: enveloped, exclusive canonicalization, SHA-256. The
 * signature stands after the Issuer, or first where there is none, as the schemas of SAML want it.
 */
export function signXml(options: {
  readonly xml: string
  readonly key: KeyObject
  /** Base64 of the certificate for the reader's KeyInfo. */
  readonly certificate: string
}): string {
  const { xml, key, certificate } = options
  const library = createLibrary(algorithmFor(key), [])
  library.privateKey = key
  library.signatureAlgorithm = algorithmFor(key).uri
  library.canonicalizationAlgorithm = exclusive
  library.getKeyInfoContent = () =>
    `<ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>`
  library.addReference({
    xpath: '/*',
    transforms: [enveloped, exclusive],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  })
  const issuer = `/*/*[local-name(.)='Issuer' and namespace-uri(.)='${namespaces.assertion}']`
  const hasIssuer = childrenOf(parseXml(xml).root, namespaces.assertion, 'Issuer').length > 0
  library.computeSignature(xml, {
    prefix: 'ds',
    location: hasIssuer ? { reference: issuer, action: 'after' } : { reference: '/*', action: 'prepend' },
  })
  return library.getSignedXml()
}
