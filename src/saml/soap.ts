/** @module The SOAP binding: one message in one envelope, with no browser between. */
import { readBounded, withinSeconds } from '../outbound.js'
import { decodeUtf8 } from './encoding.js'
import { refuse } from './saml-error.js'
import { parseXml, type XmlDocument, type XmlElement } from './xml/parse.js'
import { childOf, isElement, namespaces, requireChild } from './xml/read.js'

/** Content type of SOAP 1.1. */
export const soapType = 'text/xml; charset=utf-8'

/** Wraps a message. Source: SAML Bindings, section 3.2.2. */
export function writeEnvelope(message: string): string {
  return `<soap:Envelope xmlns:soap="${namespaces.soap}"><soap:Body>${message}</soap:Body></soap:Envelope>`
}

/** The one message in an envelope. A header that must be understood is not. @throws SamlError */
export function readEnvelope(bytes: Uint8Array): {
  readonly document: XmlDocument
  readonly message: XmlElement
} {
  const document = parseXml(decodeUtf8(bytes))
  if (!isElement(document.root, namespaces.soap, 'Envelope')) refuse('structure')
  const header = childOf(document.root, namespaces.soap, 'Header')
  const isDemanding = (child: XmlElement) =>
    child.attributes.get(`{${namespaces.soap}}mustUnderstand`) === '1'
  if (header?.children.some(isDemanding)) refuse('structure')
  const [message, ...more] = requireChild(document.root, namespaces.soap, 'Body').children
  return message === undefined || more.length > 0 ? refuse('structure') : { document, message }
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
export function callSoap(call: SoapCall): Promise<ReturnType<typeof readEnvelope>> {
  return withinSeconds(
    call.timeoutSeconds,
    (signal) => send(call, signal),
    () => new DOMException('the answer by SOAP did not come in time', 'TimeoutError'),
  )
}

async function send(
  { url, message, fetch }: SoapCall,
  signal: AbortSignal,
): Promise<ReturnType<typeof readEnvelope>> {
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
