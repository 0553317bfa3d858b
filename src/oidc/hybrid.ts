/** @module The hybrid flow: the ID token that comes by the browser beside the code, and what binds the two. */
import { type IdTokenClaims, type IdTokenRules, type RefusedIdToken, verifyIdToken } from './id-token.js'
import { leftHalf } from './left-half.js'

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
