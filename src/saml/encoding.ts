/** @module From the wire to text: strict base64, DEFLATE with a ceiling, strict UTF-8. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { refuse } from './saml-error.js'
import { messageLimits } from './xml/gate.js'

/** What node:zlib answers with `info`: the bytes, and how many of those given it has used. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes base64 that a strict encoder could have made. @throws SamlError `encoding`. Source: RFC 4648, section 3.5. */
export function decodeBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) refuse('encoding')
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : refuse('encoding')
}

/**
 * Bytes as text, without the byte order mark that may stand before a document and is no part of it.
 * @throws SamlError `encoding` for anything but UTF-8. Source: XML 1.0, section 4.3.3.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.byteLength > messageLimits.characters) refuse('too-large')
  try {
    return utf8.decode(bytes)
  } catch {
    return refuse('encoding')
  }
}

/** The message of a POST binding form: base64, with or without line breaks. Source: SAML Bindings, section 3.5.4. */
export function decodePost(value: string): string {
  if (value.length > messageLimits.characters * 2) refuse('too-large')
  return decodeUtf8(decodeBase64(value.replace(/\r?\n/g, '')))
}

/** The message of a redirect binding parameter: base64 over DEFLATE. Source: SAML Bindings, section 3.4.4.1. */
export function decodeRedirect(value: string): string {
  const bytes = decodeBase64(value)
  let inflated: Inflated
  try {
    const options = { maxOutputLength: messageLimits.characters, info: true }
    inflated = inflateRawSync(bytes, options) as unknown as Inflated
  } catch (error) {
    const isTooLong =
      error instanceof RangeError || (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
    return refuse(isTooLong ? 'too-large' : 'encoding')
  }
  // What follows the end of the stream is part of what was signed, and nobody would read it.
  return inflated.engine.bytesWritten === bytes.length ? decodeUtf8(inflated.buffer) : refuse('encoding')
}

/** A message for the POST binding. */
export function encodePost(xml: string): string {
  return Buffer.from(xml).toString('base64')
}

/** A message for the redirect binding, not yet percent-encoded. */
export function encodeRedirect(xml: string): string {
  return deflateRawSync(xml).toString('base64')
}
