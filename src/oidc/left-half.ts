/** @module The hashes by which an ID token names what came with it: `at_hash`, `c_hash`, `s_hash`. */
import { createHash } from 'node:crypto'
import { findAlgorithm } from '../tokens/algorithms.js'

/**
 * The left half of a text's digest, which belongs to the algorithm of the ID token, as base64url.
 * Source: OpenID Connect Core 1.0, sections 3.1.3.6 and 3.3.2.11.
 */
export function leftHalf(text: string, algorithm: string): string {
  // Ed25519 has SHA-512 within itself. Source: RFC 8032, section 5.1.
  const digest = createHash(findAlgorithm(algorithm)?.hash ?? 'sha512')
    .update(text, 'latin1')
    .digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
