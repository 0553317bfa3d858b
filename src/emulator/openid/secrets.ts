/** @module Secrets of clients: kept as digests, compared in time that does not depend on where they differ. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** The digest that a secret is known by. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Whether a text is the secret of that digest. */
export const isSecretOf = (given: string, digest: Buffer): boolean => timingSafeEqual(digestOf(given), digest)
