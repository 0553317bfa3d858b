/** @module Passwords and codes at rest: salted and hashed with scrypt. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

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

/**
 * Makes the hashing of an emulator. `cost` is scrypt's N (a power of two); block size 8, parallelisation 1.
 * Source: RFC 7914, section 2.
 */
export function createHashing(cost: number): Hashing {
  const derive = (secret: string, salt: Uint8Array) =>
    new Promise<Buffer>((resolve, reject) => {
      scrypt(
        secret.normalize('NFKC'),
        salt,
        32,
        { N: cost, r: 8, p: 1, maxmem: 33_554_432 + 2048 * cost },
        (error, key) => (error ? reject(error) : resolve(key)),
      )
    })
  return {
    async hash(secret) {
      const salt = randomBytes(16)
      return { salt, hash: await derive(secret, salt) }
    },
    async matches(secret, stored) {
      return timingSafeEqual(await derive(secret, stored.salt), stored.hash)
    },
  }
}
