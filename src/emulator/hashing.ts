/** @module Passwords and codes at rest: salted and hashed with PBKDF2, which FIPS 140 allows. */
import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'

/** A salted hash; the text that it was made of cannot be read from it. */
export interface SaltedHash {
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** Hashes short secrets and compares them in constant time. */
export interface Hashing {
  hash(secret: string): Promise<SaltedHash>
  matches(secret: string, stored: SaltedHash): Promise<boolean>
}

/** The fewest iterations that are allowed. Source: NIST SP 800-132, section 5.2. */
export const leastIterations = 1000

/** The most: seconds of a processor for one password. */
export const mostIterations = 10_000_000

/** 128 random bits. Source: NIST SP 800-132, section 5.1. */
const saltLength = 16

/** As long as the digest, so that each iteration is run once; 112 bits is the least. Source: the same, section 5.3. */
const hashLength = 32

/**
 * Makes the hashing of an emulator: PBKDF2 with HMAC-SHA-256, of so many iterations.
 * Source: NIST SP 800-132; RFC 8018, section 5.2; NIST SP 800-63B, section 5.1.1.2.
 */
export function createHashing(iterations: number): Hashing {
  const derive = (secret: string, salt: Uint8Array) =>
    new Promise<Buffer>((resolve, reject) => {
      pbkdf2(secret.normalize('NFKC'), salt, iterations, hashLength, 'sha256', (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
  return {
    async hash(secret) {
      const salt = randomBytes(saltLength)
      return { salt, hash: await derive(secret, salt) }
    },
    async matches(secret, stored) {
      return timingSafeEqual(await derive(secret, stored.salt), stored.hash)
    },
  }
}
