/** @module The hybrid flow: the ID token that comes by the browser beside the code, and what binds the two. */
import { createHash } from 'node:crypto'
import { findAlgorithm } from '../tokens/algorithms.js'
import { type IdTokenClaims, type IdTokenRules, type RefusedIdToken, verifyIdToken } from './id-token.js'

/** What came by the browser, and what was remembered of its request. */
export interface FrontChannelAnswer {
  readonly idToken: string
  readonly code: string
  readonly state: string
  readonly nonce: string
}

/**
 * Verifies the ID token of the authorization answer: that the provider signed it for this login, and for this very code.
 * Source: OpenID Connect Core 1.0, sections 3.3.2.8 to 3.3.2.12; `s_hash`: FAPI 1.0 Part 2, section 5.1.
 */
export async function verifyFrontChannel(
  { idToken, code, state, nonce }: FrontChannelAnswer,
  rules: IdTokenRules,
  now: number,
): Promise<{ readonly claims: IdTokenClaims } | RefusedIdToken> {
  // It came by the browser: anybody could have sent it.
  const verified = await verifyIdToken(idToken, { ...rules, bearer: 'anybody' }, { nonce }, now)
  if ('problem' in verified) return verified
  const { claims, algorithm } = verified
  if (claims.c_hash !== leftHalf(code, algorithm)) return { problem: 'c-hash', signed: claims }
  const isOfState = claims.s_hash === undefined || claims.s_hash === leftHalf(state, algorithm)
  return isOfState ? { claims } : { problem: 's-hash', signed: claims }
}

/** Whether both ID tokens of a login are about one person. Source: OpenID Connect Core 1.0, section 3.3.3.6. */
export function isSamePerson(front: IdTokenClaims, back: IdTokenClaims): boolean {
  return front.iss === back.iss && front.sub === back.sub
}

/** The left half of the digest that belongs to the algorithm. Source: OpenID Connect Core 1.0, section 3.3.2.11. */
function leftHalf(text: string, algorithm: string): string {
  // Ed25519 has SHA-512 within itself. Source: RFC 8032, section 5.1.
  const digest = createHash(findAlgorithm(algorithm)?.hash ?? 'sha512')
    .update(text, 'latin1')
    .digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
