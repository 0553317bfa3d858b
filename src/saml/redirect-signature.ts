/** @module The redirect binding: one message in a query, its signature over the very bytes that came. */
import type { KeyObject } from 'node:crypto'
import { algorithmFor, signatureAlgorithms, signBytes, verifyBytes } from './algorithms.js'
import { decodeBase64, decodeRedirect, encodeRedirect } from './encoding.js'
import { refuse } from './saml-error.js'

/** Which of the two messages a query carries. */
export type MessageKind = 'SAMLRequest' | 'SAMLResponse'

/** A query taken apart; its values are still as they came. */
export interface RedirectMessage {
  readonly kind: MessageKind
  readonly relayState: string | undefined
  /** The values as received, percent-encoded. */
  readonly raw: ReadonlyMap<string, string>
}

const deflate = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE'
const names = new Set(['SAMLRequest', 'SAMLResponse', 'RelayState', 'SAMLEncoding', 'SigAlg', 'Signature'])
const longestQuery = 65_536

/** @throws SamlError `encoding` for what is no percent-encoding of UTF-8. */
function decodeValue(raw: string): string {
  try {
    return decodeURIComponent(raw.replaceAll('+', '%20'))
  } catch {
    return refuse('encoding')
  }
}

/**
 * Takes a raw query apart: exactly one message, every parameter once, by its plain name, and no other.
 * @throws SamlError `parameters`. Source: SAML Bindings, section 3.4.4; SLO-17, SLO-18.
 */
export function parseRedirect(query: string): RedirectMessage {
  if (query.length > longestQuery) refuse('too-large')
  const raw = new Map<string, string>()
  const parts = query.split('&')
  if (parts.length > names.size) refuse('parameters')
  for (const part of parts) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(0, equals))
    if (!names.has(name) || raw.has(name)) refuse('parameters')
    raw.set(name, part.slice(equals + 1))
  }
  if (raw.has('SAMLRequest') === raw.has('SAMLResponse')) refuse('parameters')
  const encoding = raw.get('SAMLEncoding')
  if (encoding !== undefined && decodeValue(encoding) !== deflate) refuse('parameters')
  const relayState = raw.get('RelayState')
  return {
    kind: raw.has('SAMLRequest') ? 'SAMLRequest' : 'SAMLResponse',
    relayState: relayState === undefined ? undefined : decodeValue(relayState),
    raw,
  }
}

/** The message's XML, of which nothing is verified. @throws SamlError `encoding` or `too-large`. */
export function decodeMessage({ kind, raw }: RedirectMessage): string {
  return decodeRedirect(decodeValue(raw.get(kind) ?? ''))
}

/** What the signature covers: the raw values, in the order of the specification. Source: Bindings 3.4.4.1. */
function signedText({ kind, raw }: RedirectMessage): string {
  const parts = [kind, 'RelayState', 'SigAlg'].flatMap((name) => {
    const value = raw.get(name)
    return value === undefined ? [] : [`${name}=${value}`]
  })
  return parts.join('&')
}

/**
 * Verifies the signature and returns the message's XML, from the bytes that were verified.
 * @throws SamlError `unsigned`, `algorithm`, `signature`, `encoding` or `too-large`.
 */
export function verifyRedirect(message: RedirectMessage, keys: readonly KeyObject[]): string {
  const sigAlg = message.raw.get('SigAlg')
  const signature = message.raw.get('Signature')
  if (sigAlg === undefined || signature === undefined) return refuse('unsigned')
  const algorithm = signatureAlgorithms.get(decodeValue(sigAlg)) ?? refuse('algorithm')
  // Line breaks inside the signature are what some encoders make of base64; they are no part of what it signs.
  const bytes = decodeBase64(decodeValue(signature).replace(/\r?\n/g, ''))
  if (!verifyBytes(algorithm, keys, Buffer.from(signedText(message)), bytes)) refuse('signature')
  return decodeMessage(message)
}

/**
 * The query of a signed message of ours, without `?`. Source: SAML Bindings, section 3.4.4.1.
 */
export function signRedirect(options: {
  readonly kind: MessageKind
  readonly xml: string
  readonly relayState?: string | undefined
  readonly key: KeyObject
}): string {
  const { kind, xml, relayState, key } = options
  const algorithm = algorithmFor(key)
  const parts = [`${kind}=${encodeURIComponent(encodeRedirect(xml))}`]
  if (relayState !== undefined) parts.push(`RelayState=${encodeURIComponent(relayState)}`)
  parts.push(`SigAlg=${encodeURIComponent(algorithm.uri)}`)
  const signature = signBytes(algorithm, key, Buffer.from(parts.join('&'))).toString('base64')
  return `${parts.join('&')}&Signature=${encodeURIComponent(signature)}`
}
