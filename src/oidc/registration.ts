/** @module The client as it is to be registered at a provider, under the names that OpenID gives its fields. */
import { createPublicKey } from 'node:crypto'
import type { ClientAuthentication } from './client-authentication.js'
import type { ResponseType } from './options.js'
import { type OidcRoute, routeOf } from './routes.js'
import type { PrivateJsonWebKey } from './signed-token.js'

/** What a registration is made for. */
export interface RegistrationRequest {
  /** Origin of the application. */
  readonly applicationUrl: string
  /** Where our routes are served, as in `/session`. */
  readonly routesPath: string
  /** The name of the provider among several. */
  readonly name?: string | undefined
  /** What comes back by the browser from a sign-in, and from a silent check. */
  readonly responseTypes: readonly ResponseType[]
  /** Scopes that are asked for. */
  readonly scope: string
  /** Name that the provider shows to people. */
  readonly clientName?: string | undefined
  /** How the client proves itself, where that is settled. */
  readonly authentication?: ClientAuthentication | undefined
  /** How ID tokens are to be signed, where that is settled. */
  readonly idTokenAlgorithm?: string | undefined
  /** Keys that ID tokens are to be encrypted for. */
  readonly decryptionKeys?: readonly PrivateJsonWebKey[] | undefined
  /** Keys that UserInfo is to be encrypted for. */
  readonly userInfoDecryptionKeys?: readonly PrivateJsonWebKey[] | undefined
}

/** A public key of the client. */
export type ClientKey = Readonly<Record<string, unknown>>

/** A client's metadata. Source: OpenID Connect Dynamic Client Registration 1.0, section 2, and the logout specifications. */
export interface ClientRegistration {
  readonly application_type: 'web'
  readonly client_name?: string
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris: readonly string[]
  readonly response_types: readonly string[]
  readonly grant_types: readonly string[]
  readonly scope: string
  readonly code_challenge_methods: readonly ['S256']
  readonly token_endpoint_auth_method?: string
  readonly token_endpoint_auth_signing_alg?: string
  readonly id_token_signed_response_alg?: string
  readonly id_token_encrypted_response_alg?: string
  readonly userinfo_signed_response_alg?: string
  readonly userinfo_encrypted_response_alg?: string
  readonly jwks?: { readonly keys: readonly ClientKey[] }
  readonly backchannel_logout_uri: string
  readonly backchannel_logout_session_required: true
  readonly frontchannel_logout_uri: string
  readonly frontchannel_logout_session_required: true
  /** Whether every ID token says when the person authenticated: without it no new authentication can be proven. */
  readonly require_auth_time: true
}

/**
 * Makes the registration. Every address is exact: no wildcard, no fragment (`RPI-05`, `BCL-33`, `FCL-10`). Of keys only
 * the public half is in it.
 * @throws TypeError for a key that is none
 */
export function registrationOf(request: RegistrationRequest): ClientRegistration {
  const base = `${request.applicationUrl}${request.routesPath}`
  const at = (route: OidcRoute) => `${base}/${routeOf(request.name, route)}`
  const { clientName, idTokenAlgorithm } = request
  const responseTypes = [...new Set(request.responseTypes)]
  // Whatever brings an ID token by the browser counts as implicit (Dynamic Client Registration 1.0, section 2).
  const isImplicit = responseTypes.some((type) => type !== 'code')
  return {
    application_type: 'web',
    ...(clientName !== undefined && { client_name: clientName }),
    redirect_uris: [at('callback'), at('reauthenticate')],
    // One for all providers: what comes back is told apart by its state.
    post_logout_redirect_uris: [`${base}/return`],
    response_types: responseTypes,
    grant_types: ['authorization_code', 'refresh_token', ...(isImplicit ? ['implicit'] : [])],
    scope: request.scope,
    code_challenge_methods: ['S256'],
    ...authenticationOf(request.authentication),
    ...(idTokenAlgorithm !== undefined && { id_token_signed_response_alg: idTokenAlgorithm }),
    ...encryptionOf(request),
    ...keysOf(request),
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
    frontchannel_logout_uri: at('frontchannel-logout'),
    frontchannel_logout_session_required: true,
    require_auth_time: true,
  }
}

/** A function is one of a library, which alone knows what it does. */
function authenticationOf(authentication: ClientAuthentication | undefined) {
  if (authentication === undefined || typeof authentication === 'function') return {}
  if (typeof authentication === 'string') return { token_endpoint_auth_method: authentication }
  const { alg } = authentication.privateKey
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    ...(alg !== undefined && { token_endpoint_auth_signing_alg: alg }),
  }
}

/** UserInfo is signed first where it is encrypted: not every provider knows the one without the other. */
function encryptionOf({
  idTokenAlgorithm = 'RS256',
  decryptionKeys = [],
  userInfoDecryptionKeys = [],
}: RegistrationRequest) {
  const [ofIdTokens, ofUserInfo] = [decryptionKeys[0]?.alg, userInfoDecryptionKeys[0]?.alg]
  return {
    ...(ofIdTokens !== undefined && { id_token_encrypted_response_alg: ofIdTokens }),
    ...(ofUserInfo !== undefined && {
      userinfo_signed_response_alg: idTokenAlgorithm,
      userinfo_encrypted_response_alg: ofUserInfo,
    }),
  }
}

function keysOf({ authentication, decryptionKeys = [], userInfoDecryptionKeys = [] }: RegistrationRequest) {
  const signing = typeof authentication === 'object' ? [publicKeyOf(authentication.privateKey, 'sig')] : []
  const encryption = [...decryptionKeys, ...userInfoDecryptionKeys].map((key) => publicKeyOf(key, 'enc'))
  // One key may serve both.
  const keys = [...new Map([...signing, ...encryption].map((key) => [JSON.stringify(key), key])).values()]
  return keys.length > 0 ? { jwks: { keys } } : {}
}

/** What `node:crypto` knows as the public half, and nothing else of the key. */
function publicKeyOf(key: PrivateJsonWebKey, use: 'sig' | 'enc'): ClientKey {
  const { kid, alg } = key
  const half = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' })
  return { ...half, use, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}
