/** @module A provider's keys and tokens for the tests of this folder, without a provider. */
import { createHash } from 'node:crypto'
import type { Clock } from '../../src/clock.js'
import type { OidcOptions, ResolvedOidcOptions } from '../../src/oidc/options.js'
import { resolveOidcOptions } from '../../src/oidc/resolve-options.js'
import { createJwksCache, type JwksCache } from '../../src/tokens/jwks-cache.js'
import { forAllFiles } from '../support/rsa-keys.js'
import { createSigningKey, encode, keySet, type SigningKey, signEncoded } from '../tokens/signing.js'

export const issuer = 'https://id.example.gov'
export const clientId = 'benefits'
export const start = Date.UTC(2026, 0, 15, 12, 0, 0)
export const seconds = start / 1000

/** Options as an application writes them, with the rest resolved. */
export function optionsWith(given: Partial<OidcOptions> = {}): ResolvedOidcOptions {
  return resolveOidcOptions({ issuer, clientId, clientSecret: 'a secret of the client', ...given }, {})
}

export const key: SigningKey = forAllFiles(() => createSigningKey('key-1'))

/** What `at_hash`, `c_hash` and `s_hash` say of a text. */
export function leftHalf(text: string, hash = 'sha256'): string {
  const digest = createHash(hash).update(text).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

/** A cache of the keys given, as the provider publishes them. */
export function cacheOf(
  keys: readonly SigningKey[],
  more: {
    readonly clock?: Clock
    readonly algorithms?: readonly string[]
    readonly onFetch?: () => void
  } = {},
): JwksCache {
  return createJwksCache({
    url: `${issuer}/jwks`,
    algorithms: more.algorithms ?? ['RS256'],
    coolDownSeconds: 30,
    floorSeconds: 30,
    ceilingSeconds: 3600,
    staleSeconds: 86_400,
    timeoutSeconds: 1,
    fetch: async () => {
      more.onFetch?.()
      return keySet(keys)
    },
    clock: more.clock ?? (() => start),
    report: () => undefined,
  })
}

type Changes = Readonly<Record<string, unknown>>

function without(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** A token over these members, signed; `undefined` leaves one out. */
export function sign(header: Changes, claims: Changes, by: SigningKey = key): string {
  const head = encode(without({ alg: by.algorithm, kid: by.kid, ...header }))
  const parts = signEncoded(by, head, encode(without({ ...claims })))
  return `${parts.header}.${parts.payload}.${parts.signature}`
}

export const logoutEvents = { 'http://schemas.openid.net/event/backchannel-logout': {} }

/** A good logout token, with changes. */
export function logoutToken(claims: Changes = {}, header: Changes = {}, by: SigningKey = key): string {
  const good = {
    iss: issuer,
    aud: clientId,
    iat: seconds,
    exp: seconds + 60,
    jti: 'logout-1',
    sub: 'ana',
    sid: 'session-1',
    events: logoutEvents,
  }
  return sign({ typ: 'logout+jwt', ...header }, { ...good, ...claims }, by)
}

/** A good ID token, with changes. */
export function idToken(claims: Changes = {}, header: Changes = {}, by: SigningKey = key): string {
  const good = {
    iss: issuer,
    aud: clientId,
    iat: seconds,
    exp: seconds + 300,
    sub: 'ana',
    sid: 'session-1',
    nonce: 'the-nonce',
    auth_time: seconds - 10,
  }
  return sign({ typ: 'JWT', ...header }, { ...good, ...claims }, by)
}
