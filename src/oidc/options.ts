/** @module The options of `oidc({ … })`, as given and as resolved. */
import type { JsonWebKey } from 'node:crypto'
import type { ClientAuth } from 'openid-client'
import type { Claims } from '../citizen.js'
import type { Downstream } from './downstream.js'

/**
 * Accepts logout tokens without `exp`, as providers from before errata 1 send them: then only their `iat` and the
 * replay memory limit how long a stolen one is of use. A symbol, so that it stands out where it is used.
 * Source: `BCL-11`; OpenID Connect Back-Channel Logout 1.0 errata 1, section 2.4.
 */
export const allowMissingExpiry: unique symbol = Symbol('allowMissingExpiry')

/** Proves the client by a signed assertion. Source: OpenID Connect Core 1.0, section 9. */
export interface PrivateKeyAuthentication {
  /** The private key as a JSON Web Key with `alg`; `kid` is sent along. */
  readonly privateKey: JsonWebKey & { readonly kid?: string; readonly alg?: string }
  /**
   * `aud` of the assertion: the provider's issuer (default, and what keeps an assertion from being of use elsewhere), or
   * the address of its token endpoint, for providers that take nothing else. Always one of the two, never a list.
   */
  readonly audience?: 'issuer' | 'token-endpoint' | undefined
}

/**
 * How a sign-out brings the hint: in the address, in a form, in a form only where it would make the address too long,
 * or not at all.
 */
export type IdTokenHint = 'query' | 'form' | 'auto' | 'none'

/** How the client proves itself at the token endpoint. A function is one of `openid-client`'s own. */
export type ClientAuthentication =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'none'
  | PrivateKeyAuthentication
  | ClientAuth

/** Endpoints that override what discovery says. `false`: the provider's is not used. */
export interface OidcEndpoints {
  readonly authorization?: string | undefined
  readonly token?: string | undefined
  readonly jwks?: string | undefined
  readonly endSession?: string | false | undefined
  readonly checkSession?: string | false | undefined
  readonly revocation?: string | false | undefined
  readonly pushedAuthorization?: string | false | undefined
}

/** The options of `oidc({ … })`. */
export interface OidcOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly clientAuthentication?: ClientAuthentication | undefined
  readonly internalUrl?: string | undefined
  readonly endpointOrigins?: readonly string[] | undefined
  readonly endpoints?: OidcEndpoints | undefined
  readonly scope?: string | undefined
  readonly responseMode?: 'query' | 'form_post' | undefined
  readonly prompt?: 'login' | 'consent' | 'select_account' | undefined
  readonly maxAgeSeconds?: number | undefined
  readonly acrValues?: readonly string[] | undefined
  readonly stepUpAcrValues?: readonly string[] | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly passedParameters?: readonly string[] | undefined
  readonly reauthenticate?:
    | {
        readonly parameters?: Readonly<Record<string, string>> | undefined
        readonly proof?: 'auth-time' | 'asked' | undefined
      }
    | undefined
  readonly assuranceLevel?: ((claims: Claims) => number) | undefined
  readonly idTokenAlgorithms?: readonly string[] | undefined
  readonly idTokenDecryptionKeys?: readonly JsonWebKey[] | undefined
  readonly idTokenHint?: IdTokenHint | undefined
  readonly pushedAuthorization?: 'auto' | 'always' | 'never' | undefined
  readonly clockSkewSeconds?: number | undefined
  readonly timeoutSeconds?: number | undefined
  readonly frontchannelLogout?:
    | {
        readonly sessionRequired?: boolean | undefined
        readonly cookieRequired?: boolean | undefined
        readonly downstream?: Downstream | undefined
      }
    | undefined
  readonly backchannelLogout?:
    | {
        readonly requireType?: 'logout+jwt' | 'compatible' | undefined
        readonly expiry?: typeof allowMissingExpiry | undefined
        readonly maximumLifetimeSeconds?: number | undefined
      }
    | undefined
  readonly sessionManagement?:
    | {
        readonly pollSeconds?: number | undefined
        readonly followIdentity?: boolean | undefined
        readonly responseType?: 'code' | 'id_token' | undefined
        readonly timeoutSeconds?: number | undefined
      }
    | undefined
  readonly refresh?:
    | {
        readonly afterSeconds?: number | undefined
        readonly timeoutSeconds?: number | undefined
        readonly waitMilliseconds?: number | undefined
        readonly keepSeconds?: number | undefined
        readonly onUnavailable?: 'keep' | 'end' | undefined
      }
    | undefined
}

/** Every option resolved. */
export interface ResolvedOidcOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  /** `undefined`: `client_secret_basic`, or `client_secret_post` where the provider offers only that. */
  readonly clientAuthentication: ClientAuthentication | undefined
  readonly internalUrl: string | undefined
  readonly endpointOrigins: readonly string[]
  readonly endpoints: OidcEndpoints
  readonly scope: string
  readonly responseMode: 'query' | 'form_post'
  readonly prompt: string | undefined
  readonly maxAgeSeconds: number | undefined
  readonly acrValues: readonly string[]
  readonly stepUpAcrValues: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
  readonly passedParameters: readonly string[]
  readonly reauthenticate: {
    readonly parameters: Readonly<Record<string, string>>
    readonly proof: 'auth-time' | 'asked'
  }
  readonly assuranceLevel: (claims: Claims) => number
  readonly idTokenAlgorithms: readonly string[]
  readonly idTokenDecryptionKeys: readonly JsonWebKey[]
  readonly idTokenHint: IdTokenHint
  readonly pushedAuthorization: 'auto' | 'always' | 'never'
  readonly clockSkewSeconds: number
  readonly timeoutSeconds: number
  readonly frontchannelLogout: {
    readonly sessionRequired: boolean
    readonly cookieRequired: boolean
    readonly downstream: Downstream
  }
  readonly backchannelLogout: {
    readonly requireType: 'logout+jwt' | 'compatible'
    readonly isExpiryRequired: boolean
    readonly maximumLifetimeSeconds: number
  }
  readonly sessionManagement: {
    readonly pollSeconds: number
    readonly followIdentity: boolean
    readonly responseType: 'code' | 'id_token'
    readonly timeoutSeconds: number
  }
  readonly refresh: {
    readonly afterSeconds: number | undefined
    readonly timeoutSeconds: number
    readonly waitMilliseconds: number
    readonly keepSeconds: number
    readonly onUnavailable: 'keep' | 'end'
  }
}
