/** @module The token that takes a person over to a partner: its claims, and its signature. */
import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { CitizenSessionError } from '../errors.js'
import type { KeyRing } from './ring.js'

/** Claims that say for whom and for how long a token is: ours alone to set. Source: RFC 7519, section 4.1. */
export const reservedClaims: ReadonlySet<string> = new Set(['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'nbf'])

/** Longest token, in characters: what partners and their servers take in a form field. */
const longestToken = 8_192

/** What a token says. */
export interface TokenContent {
  readonly issuer: string
  readonly audience: string | readonly string[]
  readonly subject: string
  readonly lifetimeSeconds: number
  /** What the partner gets to know besides. `undefined` members are left out. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The header `typ`. Default `JWT`. */
  readonly type?: string | undefined
}

/** The type of tokens that the gate gives to backends: no other kind of token is taken for one. Source: RFC 8725, section 3.11. */
export const gateTokenType = 'gate+jwt'

/**
 * Signs a token with the ring's active key. Each has a `jti` of 128 random bits, so that the partner can take it once.
 * @throws CitizenSessionError `usage` for claims that are not the application's to set, or a life that the ring does
 * not allow; `keys-unavailable`, `key-ring`, `key-file`.
 */
export async function signToken(ring: KeyRing, content: TokenContent): Promise<string> {
  const wrong = Object.keys(content.claims).find((name) => reservedClaims.has(name))
  if (wrong !== undefined)
    throw new CitizenSessionError('usage', `the claim "${wrong}" is set by the issuer, not by claims()`)
  const signer = await ring.signer()
  if (content.lifetimeSeconds > signer.tokenSeconds) {
    throw new CitizenSessionError(
      'usage',
      `lifetimeSeconds is ${content.lifetimeSeconds}, and the key ring keeps its keys for tokens of ${signer.tokenSeconds} ` +
        'seconds: shorten it, or change the ring with `citizen-session keys rotate --token-seconds`',
    )
  }
  const issuedAt = Math.floor(content.now / 1000)
  const { audience } = content
  const token = await new SignJWT({ ...content.claims })
    .setProtectedHeader({ alg: signer.algorithm, kid: signer.kid, typ: content.type ?? 'JWT' })
    .setIssuer(content.issuer)
    .setAudience(typeof audience === 'string' ? audience : [...audience])
    .setSubject(content.subject)
    .setJti(randomBytes(16).toString('base64url'))
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + content.lifetimeSeconds)
    .sign(signer.privateKey)
  if (token.length > longestToken)
    throw new CitizenSessionError(
      'usage',
      `a token has at most ${longestToken} characters: let claims() return less`,
    )
  return token
}
