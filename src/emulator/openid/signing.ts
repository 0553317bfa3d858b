/** @module What the provider signs with: the emulator's key ring, and a P-256 key beside each of its keys. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as jose from 'jose'
import type { KeyRing, SignTokenOptions } from '../keys.js'
import type { OpenidSigningAlgorithm } from './clients.js'

/** Signs and verifies for the OpenID provider. */
export interface Signing {
  /** The published set: for each key of the ring one for every algorithm. Source: RFC 7517, section 5. */
  jwks(): { readonly keys: readonly jose.JWK[] }
  /** Signs exactly these claims with the current key of this algorithm, unless the options say otherwise. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    algorithm: OpenidSigningAlgorithm,
    options?: SignTokenOptions,
  ): Promise<string>
  /** The claims of a token that we signed with a published key, whatever its times; else `undefined`. */
  read(token: string): Promise<jose.JWTPayload | undefined>
}

/** Makes it over a ring: what the ring rotates and drops is rotated and dropped here. */
export function createSigning(keys: KeyRing): Signing {
  const pairs = new Map<string, { readonly privateKey: KeyObject; readonly jwk: jose.JWK }>()
  function pairOf(kid: string) {
    const known = pairs.get(kid)
    if (known) return known
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: `${kid}-es256`, alg: 'ES256', use: 'sig' }
    const made = { privateKey, jwk: jwk as jose.JWK }
    pairs.set(kid, made)
    return made
  }
  function jwks() {
    const ring = keys.jwks().keys
    for (const kid of pairs.keys()) if (!ring.some((key) => key.kid === kid)) pairs.delete(kid)
    const all = ring.flatMap((key) => {
      const kid = key.kid ?? ''
      return [key, { ...key, kid: `${kid}-ps256`, alg: 'PS256' }, pairOf(kid).jwk]
    })
    return { keys: all }
  }
  return {
    jwks,
    sign(claims, algorithm, options = {}) {
      // Another algorithm than the client's is a fault: that key ring knows how to do wrong by itself.
      if (algorithm === 'RS256' || options.alg !== undefined) return keys.sign(claims, options)
      const kid = `${keys.kid}-${algorithm.toLowerCase()}`
      const key = algorithm === 'ES256' ? { key: pairOf(keys.kid).privateKey } : {}
      return keys.sign(claims, { kid, ...key, ...options, alg: algorithm })
    },
    async read(token) {
      try {
        const set = jose.createLocalJWKSet({ keys: [...jwks().keys] })
        const { payload } = await jose.compactVerify(token, set, { algorithms: ['RS256', 'PS256', 'ES256'] })
        const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
        return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
      } catch {
        return undefined
      }
    },
  }
}
