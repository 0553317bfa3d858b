/** @module The client as it is to be registered at a provider, under the names that OpenID gives its fields. */

/** What a registration is made for. */
export interface RegistrationRequest {
  /** Origin of the application. */
  readonly applicationUrl: string
  /** Where our routes are served, as in `/session`. */
  readonly routesPath: string
  /** Whether the silent check uses the implicit flow (`sessionManagement.responseType: 'id_token'`). */
  readonly implicit: boolean
  /** Scopes that are asked for. */
  readonly scope: string
}

/** A client's metadata. Source: OpenID Connect Dynamic Client Registration 1.0, section 2, and the logout specifications. */
export interface ClientRegistration {
  readonly application_type: 'web'
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris: readonly string[]
  readonly response_types: readonly string[]
  readonly grant_types: readonly string[]
  readonly scope: string
  readonly code_challenge_methods: readonly ['S256']
  readonly backchannel_logout_uri: string
  readonly backchannel_logout_session_required: true
  readonly frontchannel_logout_uri: string
  readonly frontchannel_logout_session_required: true
  /** Whether every ID token says when the person authenticated: without it no new authentication can be proven. */
  readonly require_auth_time: true
}

/** Makes the registration. Every address is exact: no wildcard, no fragment (`RPI-05`, `BCL-33`, `FCL-10`). */
export function registrationOf(request: RegistrationRequest): ClientRegistration {
  const at = (route: string) => `${request.applicationUrl}${request.routesPath}/${route}`
  return {
    application_type: 'web',
    redirect_uris: [at('callback'), at('reauthenticate')],
    post_logout_redirect_uris: [at('return')],
    response_types: request.implicit ? ['code', 'id_token'] : ['code'],
    grant_types: ['authorization_code', 'refresh_token', ...(request.implicit ? ['implicit'] : [])],
    scope: request.scope,
    code_challenge_methods: ['S256'],
    backchannel_logout_uri: at('backchannel-logout'),
    backchannel_logout_session_required: true,
    frontchannel_logout_uri: at('frontchannel-logout'),
    frontchannel_logout_session_required: true,
    require_auth_time: true,
  }
}
