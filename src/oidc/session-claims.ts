/** @module What an ID token says of the person: the session's claims, how and when they proved who they are. */
import type { Assurance, Claims } from '../citizen.js'
import type { IdTokenClaims } from './id-token.js'

/** Claims that are about the token, not about the person. */
const protocolClaims: ReadonlySet<string> = new Set([
  'aud',
  'azp',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'nbf',
  'jti',
  'sid',
])

/** Methods that are a second factor, or more than one, by themselves. Source: RFC 8176, section 2. */
const strongMethods: ReadonlySet<string> = new Set([
  'mfa',
  'mca',
  'otp',
  'sms',
  'tel',
  'hwk',
  'swk',
  'sc',
  'pop',
])

/** The session's claims: those of the ID token without the ones that are about the token. */
export function sessionClaimsOf(claims: IdTokenClaims): Claims {
  const kept = Object.entries(claims).filter(([name]) => !protocolClaims.has(name))
  return Object.fromEntries(kept) as Claims
}

/** When the person proved who they are, in milliseconds since the epoch; 0: the provider does not say. */
export function authenticatedAtOf(claims: IdTokenClaims): number {
  return claims.auth_time === undefined ? 0 : Math.floor(claims.auth_time * 1000)
}

/**
 * How the person proved who they are: by `isDidAuth` and `isMfa` where CitizenOne sends them, else by `amr`.
 * Source: CitizenOne, "Sessions & JWT"; RFC 8176.
 */
export function methodOf(claims: IdTokenClaims): Assurance['method'] {
  const methods: readonly unknown[] = Array.isArray(claims.amr) ? claims.amr : []
  if (claims.isDidAuth === true || methods.includes('did')) return 'did'
  const isStrong = methods.some((method) => typeof method === 'string' && strongMethods.has(method))
  return isStrong || claims.isMfa === true ? 'mfa' : 'password'
}
