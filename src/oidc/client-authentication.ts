/** @module How the client proves itself at the token endpoint, and the check of it. */
import type { ClientAuth } from 'openid-client'
import { jsonInText, type Kind } from '../config/option-types.js'
import type { PrivateJsonWebKey } from './signed-token.js'

/** Proves the client by a signed assertion. Source: OpenID Connect Core 1.0, section 9. */
export interface PrivateKeyAuthentication {
  /** The private key as a JSON Web Key with `alg`; `kid` is sent along. */
  readonly privateKey: PrivateJsonWebKey
  /**
   * `aud` of the assertion: the provider's issuer (default, and what keeps an assertion from being of use elsewhere), or
   * the address of its token endpoint, for providers that take nothing else. Always one of the two, never a list.
   */
  readonly audience?: 'issuer' | 'token-endpoint' | undefined
}

/** How the client proves itself at the token endpoint. A function is one of `openid-client`'s own. */
export type ClientAuthentication =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'none'
  | PrivateKeyAuthentication
  | ClientAuth

/** A way to prove the client; never repeated, for it may hold a key. In a variable a key is a JSON Web Key. */
export const clientAuthentication: Kind<ClientAuthentication> = {
  fromText: (text) => {
    const value = jsonInText(text)
    return typeof value === 'object' && value !== null && 'kty' in value ? { privateKey: value } : value
  },
  isInFile: true,
  check: (value) => {
    if (value === 'client_secret_basic' || value === 'client_secret_post' || value === 'none')
      return { value }
    if (typeof value === 'function') return { value: value as ClientAuthentication }
    if (typeof value === 'object' && value !== null && 'privateKey' in value) {
      const { privateKey, audience, ...others } = value as Record<string, unknown>
      const isPrivate =
        typeof privateKey === 'object' && privateKey !== null && 'd' in privateKey && 'alg' in privateKey
      const [other] = Object.keys(others)
      if (other !== undefined) return { problem: `leave out ${other}: write privateKey and audience` }
      if (audience !== undefined && audience !== 'issuer' && audience !== 'token-endpoint')
        return { problem: 'write issuer or token-endpoint as audience, never a list' }
      if (isPrivate) return { value: value as ClientAuthentication }
    }
    return {
      problem:
        'write client_secret_basic, client_secret_post, none, or { privateKey } with a private JSON Web Key that has alg (in a variable the key itself)',
    }
  },
}
