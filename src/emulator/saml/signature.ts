/** @module Signatures of SAML messages: in the XML, and over the query of the redirect binding. */
import { createSign, createVerify } from 'node:crypto'
import { SignedXml } from '../../xml-crypto.js'
import type { SamlKey } from './keys.js'
import { algorithms, namespaces } from './names.js'
import { childOf, childrenOf, parseXml, type XmlElement } from './parse.js'
import { SamlRefusal } from './refusal.js'

/** A hash of a signature; `sha1` is for the fault only. */
export type SignatureHash = 'sha256' | 'sha1'

/** Signs the element with that id, enveloped. The signature follows the Issuer, or is the first child. */
export function signXml(
  text: string,
  id: string,
  { key, hash = 'sha256' }: { key: SamlKey; hash?: SignatureHash },
) {
  const element = `//*[@ID='${id}']`
  const signer = new SignedXml({
    privateKey: key.privateKey,
    publicCert: key.certificate,
    signatureAlgorithm: algorithms.signature[hash],
    canonicalizationAlgorithm: algorithms.exclusive,
  })
  signer.addReference({
    xpath: element,
    transforms: [algorithms.enveloped, algorithms.exclusive],
    digestAlgorithm: algorithms.digest[hash],
  })
  const start = text.slice(text.indexOf(`ID="${id}"`))
  const hasIssuer = /^[^>]*>\s*<(?:\w+:)?Issuer[\s>]/.test(start)
  const location = hasIssuer
    ? ({ reference: `${element}/*[local-name(.)='Issuer']`, action: 'after' } as const)
    : ({ reference: element, action: 'prepend' } as const)
  signer.computeSignature(text, { prefix: 'ds', location })
  return signer.getSignedXml()
}

const isTrustedSignature = (uri: string | undefined): boolean =>
  uri === algorithms.signature.sha256 || uri === algorithms.signature.sha512
const isTrustedDigest = (uri: string | undefined): boolean =>
  uri === algorithms.digest.sha256 || uri === algorithms.digest.sha512

/**
 * Checks the enveloped signature of an element and returns it as it was signed: what is read afterwards is what was
 * verified. @throws `emulator`, problem `unsigned`, `algorithm` or `signature`.
 */
export function verifyXml(text: string, element: XmlElement, certificates: readonly string[]): XmlElement {
  const ds = namespaces.signature
  const [signature, ...more] = childrenOf(element, ds, 'Signature')
  if (!signature) throw new SamlRefusal('unsigned', 'the message has no signature')
  const [info, ...otherInfos] = childrenOf(signature, ds, 'SignedInfo')
  const [reference, ...otherReferences] = childrenOf(info, ds, 'Reference')
  if (more.length + otherInfos.length + otherReferences.length > 0 || !reference) {
    throw new SamlRefusal('signature', 'one signature with one reference is expected')
  }
  const id = element.attributes.get('ID')
  if (!id || reference.attributes.get('URI') !== `#${id}`) {
    throw new SamlRefusal('signature', 'the signature is not that of the message')
  }
  const transforms = childrenOf(childOf(reference, ds, 'Transforms'), ds, 'Transform').map((one) =>
    one.attributes.get('Algorithm'),
  )
  const used = (parent: XmlElement | undefined, name: string) =>
    childOf(parent, ds, name)?.attributes.get('Algorithm')
  const isTrusted =
    isTrustedSignature(used(info, 'SignatureMethod')) &&
    isTrustedDigest(used(reference, 'DigestMethod')) &&
    used(info, 'CanonicalizationMethod') === algorithms.exclusive &&
    transforms.every((one) => one === algorithms.enveloped || one === algorithms.exclusive)
  if (!isTrusted) throw new SamlRefusal('algorithm', 'the signature uses an algorithm that is not accepted')
  for (const certificate of certificates) {
    const signed = signedContent(text, signature, certificate)
    if (signed !== undefined) return parseXml(signed)
  }
  throw new SamlRefusal('signature', 'the signature does not fit any registered certificate')
}

function signedContent(text: string, signature: XmlElement, certificate: string) {
  try {
    const verifier = new SignedXml({ publicCert: certificate, getCertFromKeyInfo: () => null })
    // The types of the library name a DOM that Node does not have.
    verifier.loadSignature(signature.node as string)
    if (!verifier.checkSignature(text)) return undefined
    const [content, ...more] = verifier.getSignedReferences()
    return more.length === 0 ? content : undefined
  } catch {
    return undefined
  }
}

/** Signs the query of a redirect: what stands before `&Signature=`. Source: SAML 2.0 Bindings, section 3.4.4.1. */
export function signQuery(query: string, key: SamlKey, hash: SignatureHash = 'sha256'): string {
  const input = `${query}&SigAlg=${encodeURIComponent(algorithms.signature[hash])}`
  const value = createSign(`RSA-${hash.toUpperCase()}`).update(input).sign(key.privateKey, 'base64')
  return `${input}&Signature=${encodeURIComponent(value)}`
}

/** Checks the signature over a query. @throws `emulator`, problem `algorithm` or `signature`. */
export function verifyQuery(
  { input, algorithm, value }: { input: string; algorithm: string; value: string },
  certificates: readonly string[],
): void {
  if (!isTrustedSignature(algorithm)) {
    throw new SamlRefusal('algorithm', 'the signature uses an algorithm that is not accepted')
  }
  const hash = algorithm === algorithms.signature.sha512 ? 'RSA-SHA512' : 'RSA-SHA256'
  const bytes = Buffer.from(value, 'base64')
  const fits = (certificate: string) => createVerify(hash).update(input).verify(certificate, bytes)
  if (!certificates.some(fits)) {
    throw new SamlRefusal('signature', 'the signature does not fit any registered certificate')
  }
}
