/** @module The SOAP binding: one message in one envelope, with no browser between. */
import { readBounded, withinSeconds } from '../outbound.js'
import { decodeUtf8 } from './encoding.js'
import { refuse, SamlError } from './saml-error.js'
import { envelopeLimits } from './xml/gate.js'
import { parseXml, type XmlDocument, type XmlElement } from './xml/parse.js'
import { childOf, isElement, namespaces, requireChild } from './xml/read.js'

/** Content type of SOAP 1.1. */
export const soapType = 'text/xml; charset=utf-8'

/** Wraps a message. Source: SAML Bindings, section 3.2.2. */
export function writeEnvelope(message: string): string {
  return `<soap:Envelope xmlns:soap="${namespaces.soap}"><soap:Body>${message}</soap:Body></soap:Envelope>`
}

/** A message, and the document that it is part of. */
interface Enveloped {
  readonly document: XmlDocument
  readonly message: XmlElement
}

/**
 * The one message in an envelope. Where the two give one prefix different meanings, as they do that number their prefixes, the
 * message is read as a document of its own: the envelope is no part of what is signed. A header that must be understood is not.
 * @throws SamlError. Source: SAML Bindings, section 3.2.2.
 */
export function readEnvelope(bytes: Uint8Array): Enveloped {
  const text = decodeUtf8(bytes)
  try {
    const document = parseXml(text)
    return { document, message: findMessage(document) }
  } catch (error) {
    if (!(error instanceof SamlError) || error.problem !== 'namespace') throw error
  }
  const envelope = parseXml(text, envelopeLimits)
  const message = findMessage(envelope)
  const part = envelope.root.children.flatMap(({ children }) => children).indexOf(message)
  const document = parseXml(envelope.parts[part] ?? refuse('structure'))
  return { document, message: document.root }
}

function findMessage({ root }: XmlDocument): XmlElement {
  if (!isElement(root, namespaces.soap, 'Envelope')) refuse('structure')
  const header = childOf(root, namespaces.soap, 'Header')
  const isDemanding = (child: XmlElement) =>
    child.attributes.get(`{${namespaces.soap}}mustUnderstand`) === '1'
  if (header?.children.some(isDemanding)) refuse('structure')
  const [message, ...more] = requireChild(root, namespaces.soap, 'Body').children
  return message === undefined || more.length > 0 ? refuse('structure') : message
}

/** A message of ours for another's SOAP address. */
interface SoapCall {
  readonly url: string
  readonly message: string
  readonly fetch: typeof globalThis.fetch
  readonly timeoutSeconds: number
}

/** Longest envelope that is read: 256 KiB. */
export const longestEnvelope = 262_144

/**
 * Sends an envelope and reads the answer: no redirect, at most 256 KiB, within the time.
 * @throws SamlError; a `TimeoutError`; what `fetch` throws: nothing is known of the session then.
 */
export function callSoap(call: SoapCall): Promise<Enveloped> {
  return withinSeconds(
    call.timeoutSeconds,
    (signal) => send(call, signal),
    () => new DOMException('the answer by SOAP did not come in time', 'TimeoutError'),
  )
}

async function send({ url, message, fetch }: SoapCall, signal: AbortSignal): Promise<Enveloped> {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    credentials: 'omit',
    headers: { 'content-type': soapType, soapaction: '"http://www.oasis-open.org/committees/security"' },
    body: writeEnvelope(message),
    signal,
  })
  if (response.status !== 200 || response.redirected || response.body === null) {
    await response.body?.cancel()
    return refuse('status')
  }
  return readEnvelope((await readBounded(response, longestEnvelope)) ?? refuse('too-large'))
}
