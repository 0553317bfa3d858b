/** @module Randomness as a dependency. */
import { randomBytes } from 'node:crypto'

/** Returns that many random bytes. */
export type Random = (bytes: number) => Uint8Array

/** The machine's randomness. */
export const systemRandom: Random = (bytes) => randomBytes(bytes)

/** A random UUID, version 4. Source: RFC 9562, section 5.4. */
export function randomUuid(random: Random): string {
  const bytes = Buffer.from(random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Six random digits, each as likely as the others. */
export function randomDigits(random: Random): string {
  for (;;) {
    const bytes = Buffer.from(random(4))
    const value = bytes.readUInt32BE()
    // The largest multiple of 10^6 that fits: what lies above would favour small codes.
    if (value < 4_294_000_000) return String(value % 1_000_000).padStart(6, '0')
  }
}
