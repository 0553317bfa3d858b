/** @module The bindings of SAML: a message as a URL, as form fields, in a SOAP envelope, and back. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { SamlKey } from './keys.js'
import { namespaces, type SamlBinding } from './names.js'
import { isElement, longestMessage, parseXml, type XmlElement } from './parse.js'
import { SamlRefusal } from './refusal.js'
import { type SignatureHash, signQuery } from './signature.js'
import { asXml, xml } from './xml.js'

/** Name of the parameter that carries a message. */
export type MessageParameter = 'SAMLRequest' | 'SAMLResponse'

/** A message as it arrived. */
export interface IncomingMessage {
  readonly binding: SamlBinding
  readonly parameter: MessageParameter
  /** The document, in which the signature is looked for. */
  readonly text: string
  /** The message in it. */
  readonly element: XmlElement
  readonly relayState: string | undefined
  /** The signature over the query, of the redirect binding. */
  readonly query?: { readonly input: string; readonly algorithm: string; readonly value: string } | undefined
}

const refuse = (why: string, cause?: unknown) => new SamlRefusal('malformed', why, cause)

/** The address of a redirect, signed over its query if a key is given. Source: SAML 2.0 Bindings, section 3.4.4. */
export function toRedirectUrl(
  url: string,
  message: { parameter: MessageParameter; text: string; relayState: string | undefined },
  signing?: { key: SamlKey; hash?: SignatureHash },
): string {
  const value = deflateRawSync(Buffer.from(message.text)).toString('base64')
  const relayState =
    message.relayState === undefined ? '' : `&RelayState=${encodeURIComponent(message.relayState)}`
  const query = `${message.parameter}=${encodeURIComponent(value)}${relayState}`
  const whole = signing ? signQuery(query, signing.key, signing.hash) : query
  return `${url}${url.includes('?') ? '&' : '?'}${whole}`
}

/** The fields of a form. Source: SAML 2.0 Bindings, section 3.5.4. */
export function toFormFields(message: {
  parameter: MessageParameter
  text: string
  relayState: string | undefined
}): Readonly<Record<string, string>> {
  const value = Buffer.from(message.text).toString('base64')
  return {
    [message.parameter]: value,
    ...(message.relayState === undefined ? {} : { RelayState: message.relayState }),
  }
}

/** A SOAP 1.1 envelope. Source: SAML 2.0 Bindings, section 3.2. */
export const toEnvelope = (text: string): string =>
  xml`<soap:Envelope xmlns:soap="${namespaces.soap}"><soap:Body>${asXml(text)}</soap:Body></soap:Envelope>`
    .xml

/** Reads the raw query of a redirect; each parameter may be there once. @throws `emulator`, problem `malformed`. */
export function fromRedirect(search: string): IncomingMessage {
  const raw = new Map<string, string>()
  for (const pair of search.replace(/^\?/, '').split('&')) {
    const at = pair.indexOf('=')
    const name = at === -1 ? pair : pair.slice(0, at)
    if (raw.has(name)) throw refuse(`${name} is there twice`)
    raw.set(name, at === -1 ? '' : pair.slice(at + 1))
  }
  const parameter = messageParameter((name) => raw.has(name))
  const decoded = (name: string) => decode(raw.get(name))
  if (raw.has('SAMLEncoding') && !decoded('SAMLEncoding')?.endsWith(':bindings:URL-Encoding:DEFLATE')) {
    throw refuse('SAMLEncoding must be DEFLATE')
  }
  const text = inflate(fromBase64(decoded(parameter) ?? ''))
  const value = decoded('Signature')
  const algorithm = decoded('SigAlg')
  // The very bytes that came, in the order that the binding asks for.
  const input = [parameter, 'RelayState', 'SigAlg']
    .flatMap((name) => (raw.has(name) ? [`${name}=${raw.get(name)}`] : []))
    .join('&')
  return {
    binding: 'redirect',
    parameter,
    text,
    element: parseXml(text),
    relayState: decoded('RelayState'),
    query: value !== undefined && algorithm !== undefined ? { input, algorithm, value } : undefined,
  }
}

/** Reads a posted form. @throws `emulator`, problem `malformed`. */
export function fromForm(form: URLSearchParams): IncomingMessage {
  for (const name of ['SAMLRequest', 'SAMLResponse', 'RelayState']) {
    if (form.getAll(name).length > 1) throw refuse(`${name} is there twice`)
  }
  const parameter = messageParameter((name) => form.has(name))
  const text = toText(fromBase64(form.get(parameter) ?? ''))
  return {
    binding: 'post',
    parameter,
    text,
    element: parseXml(text),
    relayState: form.get('RelayState') ?? undefined,
  }
}

/** Reads a SOAP envelope with one message. @throws `emulator`, problem `malformed`. */
export function fromEnvelope(text: string): IncomingMessage {
  const envelope = parseXml(text)
  const body = envelope.children.find((child) => isElement(child, namespaces.soap, 'Body'))
  const [element, ...more] = body?.children ?? []
  if (!isElement(envelope, namespaces.soap, 'Envelope') || !element || more.length > 0) {
    throw refuse('a SOAP envelope with one message is expected')
  }
  const parameter = element.name.endsWith('Request') ? 'SAMLRequest' : 'SAMLResponse'
  return { binding: 'soap', parameter, text, element, relayState: undefined }
}

function messageParameter(has: (name: string) => boolean): MessageParameter {
  if (has('SAMLRequest') === has('SAMLResponse')) {
    throw refuse('one of SAMLRequest and SAMLResponse is expected')
  }
  return has('SAMLRequest') ? 'SAMLRequest' : 'SAMLResponse'
}

function decode(value: string | undefined) {
  if (value === undefined) return undefined
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch (cause) {
    throw refuse('the query is not percent-encoded as it should be', cause)
  }
}

function fromBase64(value: string) {
  const bare = value.replace(/[\r\n]/g, '')
  if (bare === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(bare)) throw refuse('the message is not base64')
  return Buffer.from(bare, 'base64')
}

function inflate(bytes: Buffer) {
  try {
    return toText(inflateRawSync(bytes, { maxOutputLength: longestMessage }))
  } catch (cause) {
    throw refuse('the message cannot be inflated', cause)
  }
}

function toText(bytes: Uint8Array) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refuse('the message is not UTF-8', cause)
  }
}
