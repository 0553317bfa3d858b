/** @module The client as it is to be registered at a provider, under the names that OpenID gives its fields. */
import { createPublicKey } from 'node:crypto'
import type { ClientAuthentication } from './client-authentication.js'
import { routeOf } from './routes.js'
import type { PrivateJsonWebKey } from './signed-token.js'

/** What a registration is made for. */
export interface RegistrationRequest {
  /** Origin of the application. */
  readonly applicationUrl: string
  /** Where our routes are served, as in `/session`. */
  readonly routesPath: string
  /** The name of the provider among several. */
  readonly name?: string | undefined
  /** Whether the silent check uses the implicit flow (`sessionManagement.responseType: 'id_token'`). */
  readonly implicit: boolean
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
  const at = (route: string) => `${base}/${routeOf(request.name, route)}`
  const { clientName, idTokenAlgorithm, implicit } = request
  return {
    application_type: 'web',
    ...(clientName !== undefined && { client_name: clientName }),
    redirect_uris: [at('callback'), at('reauthenticate')],
    // One for all providers: what comes back is told apart by its state.
    post_logout_redirect_uris: [`${base}/return`],
    response_types: implicit ? ['code', 'id_token'] : ['code'],
    grant_types: ['authorization_code', 'refresh_token', ...(implicit ? ['implicit'] : [])],
    scope: request.scope,
    code_challenge_methods: ['S256'],
    ...authenticationOf(request.authentication),
    ...(idTokenAlgorithm !== undefined && { id_token_signed_response_alg: idTokenAlgorithm }),
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

function keysOf({ authentication, decryptionKeys = [] }: RegistrationRequest) {
  const signing = typeof authentication === 'object' ? [publicKeyOf(authentication.privateKey, 'sig')] : []
  const keys = [...signing, ...decryptionKeys.map((key) => publicKeyOf(key, 'enc'))]
  const alg = decryptionKeys[0]?.alg
  return {
    ...(alg !== undefined && { id_token_encrypted_response_alg: alg }),
    ...(keys.length > 0 && { jwks: { keys } }),
  }
}

/** What `node:crypto` knows as the public half, and nothing else of the key. */
function publicKeyOf(key: PrivateJsonWebKey, use: 'sig' | 'enc'): ClientKey {
  const { kid, alg } = key
  const half = createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' })
  return { ...half, use, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}
