/** @module Digests: the names under which things are stored, so that nothing readable is. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'

/** Half of a character that stands alone. In UTF-8 all of them become the same replacement character. */
const loneSurrogate = /\p{Surrogate}/u

/**
 * The first 132 bits of SHA-256 over the parts, as 22 characters of base64url. Each part is preceded by its length,
 * so that no two lists of parts have the same digest; a text that is not well formed is taken by its code units, so
 * that two of them never share one.
 */
export function digest(...parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  // The text of well-formed parts begins with a digit, in UTF-8: no other text has the same octets.
  const octets = loneSurrogate.test(text) ? Buffer.from(`utf-16 ${text}`, 'utf16le') : text
  const whole = hash('sha256', octets, 'base64url')
  // A copy: the slice of a text keeps the whole of it in memory, for as long as the session lives.
  return Buffer.from(whole.slice(0, 22), 'latin1').toString('latin1')
}

/**
 * The first 132 bits of HMAC-SHA-256 over a text, as 22 characters of base64url: nobody without the key can make it.
 * `undefined` without a key.
 */
export function digestKeyedBy(key: string | undefined): ((text: string) => string) | undefined {
  if (key === undefined) return undefined
  return (text) => createHmac('sha256', key).update(text).digest('base64url').slice(0, 22)
}

/** Whether two texts are equal, in time that does not depend on where they differ. */
export function equalsInConstantTime(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left, 'utf16le')
  const rightBytes = Buffer.from(right, 'utf16le')
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}

/** Random bytes as base64url. 16 bytes are 22 characters. */
export function randomText(random: (bytes: number) => Uint8Array, bytes: number): string {
  return Buffer.from(random(bytes)).toString('base64url')
}
