/** @module Reads a part of a token as JSON, and refuses what two parsers could read differently. */
import { isUtf8 } from 'node:buffer'

/** Objects and arrays may lie so deep in each other, and no deeper. */
export const maximumDepth = 16

/** The bytes of canonical base64url: no padding, no blanks, no stray bits. Source: RFC 7515, section 2; `JWT-09`. */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

/** What one pass over the octets of a part tells. */
interface Octets {
  readonly isAscii: boolean
  /** The colons outside of all strings: in JSON, one for each member of each object. */
  readonly members: number
}

function readOctets(bytes: Uint8Array): Octets {
  let seen = 0
  let members = 0
  let isInString = false
  for (let at = 0; at < bytes.length; at += 1) {
    const octet = bytes[at] ?? 0
    seen |= octet
    if (octet === quote) isInString = !isInString
    else if (octet === colon) members += isInString ? 0 : 1
    // What follows a backslash stands for itself; in a text that is JSON, there is one in strings only.
    else if (octet === backslash) at += 1
  }
  return { isAscii: seen < 0x80, members }
}

/**
 * Freezes a value through and through, and counts the members of its objects.
 * @returns `undefined` where it nests too deep or holds a `__proto__`.
 */
function freezeCounting(value: object, depth: number): number | undefined {
  if (depth > maximumDepth) return undefined
  const names = Object.keys(value)
  let members = Array.isArray(value) ? 0 : names.length
  for (const name of names) {
    if (name === '__proto__') return undefined
    const member: unknown = (value as Record<string, unknown>)[name]
    if (typeof member !== 'object' || member === null) continue
    const further = freezeCounting(member, depth + 1)
    if (further === undefined) return undefined
    members += further
  }
  Object.freeze(value)
  return members
}

/**
 * The JSON object that one part of a token encodes, frozen through and through, because requests share it.
 *
 * A name that comes twice in one object leaves one member of the two, so that the text has more members than what was
 * read from it, at whatever depth and however a name is written.
 * @returns `undefined` unless the part is canonical base64url of UTF-8 of a JSON object without duplicate names.
 * Source: RFC 7519, section 4 and 7.2; `JWT-07`, `JWT-09`.
 */
export function parseStrictObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(part)
  return bytes && parseStrictBytes(bytes)
}

/** The same of an object as it came, without base64url. */
export function parseStrictBytes(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  const { isAscii, members } = readOctets(bytes)
  if (!isAscii && !isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString(isAscii ? 'latin1' : 'utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return freezeCounting(value, 1) === members ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
