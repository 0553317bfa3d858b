/** @module Digests: the names under which things are stored, so that nothing readable is. */
import { hash, timingSafeEqual } from 'node:crypto'

/**
 * The first 132 bits of SHA-256 over the parts, as 22 characters of base64url. Each part is preceded by its length,
 * so that no two lists of parts have the same digest.
 */
export function digest(...parts: readonly string[]): string {
  let text = ''
  for (const part of parts) text += `${part.length}:${part}`
  const whole = hash('sha256', text, 'base64url')
  // A copy: the slice of a text keeps the whole of it in memory, for as long as the session lives.
  return Buffer.from(whole.slice(0, 22), 'latin1').toString('latin1')
}

/** Whether two texts are equal, in time that does not depend on where they differ. */
export function equalsInConstantTime(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left)
  const rightBytes = Buffer.from(right)
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes)
}

/** Random bytes as base64url. 16 bytes are 22 characters. */
export function randomText(random: (bytes: number) => Uint8Array, bytes: number): string {
  return Buffer.from(random(bytes)).toString('base64url')
}
