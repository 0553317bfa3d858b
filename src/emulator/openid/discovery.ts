/** @module The provider's metadata. */
import { json } from '../page.js'
import type { Route } from '../route.js'
import { prompts, scopes } from './authorization-request.js'
import {
  authenticationMethods,
  contentEncryptions,
  encryptionAlgorithms,
  responseTypes,
  signingAlgorithms,
} from './clients.js'
import { addressOf, faultsOf, type Provider } from './provider.js'

/**
 * `GET /.well-known/openid-configuration`: what is there, and nothing else. Sources: OpenID Connect Discovery,
 * section 3; RFC 8414, section 2; RFC 9126, 9207; Session Management, Front-Channel, Back-Channel, RP-Initiated Logout.
 */
export const createDiscovery = (provider: Provider): Route => ({
  isApi: true,
  GET: () => json(metadataOf(provider)),
})

/** What the discovery document says now. */
export function metadataOf(provider: Provider): Readonly<Record<string, unknown>> {
  const { context, options } = provider
  const at = (endpoint: Parameters<typeof addressOf>[1]) => addressOf(context, endpoint)
  const clients = [...options.clients.values()]
  const isAny = (has: (client: (typeof clients)[number]) => boolean | undefined) => clients.some(has)
  return {
    issuer: context.url(),
    authorization_endpoint: at('authorization'),
    token_endpoint: at('token'),
    userinfo_endpoint: at('userinfo'),
    jwks_uri: at('openid-keys'),
    revocation_endpoint: at('revocation'),
    pushed_authorization_request_endpoint: at('pushed-authorization'),
    ...(options.registration && { registration_endpoint: at('registration') }),
    ...(faultsOf(provider).withoutEndSession ? {} : { end_session_endpoint: at('end-session') }),
    ...(isAny((client) => client.performSessionStatusNotification) && {
      check_session_iframe: at('check-session'),
    }),
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    scopes_supported: scopes,
    response_types_supported: responseTypes,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'implicit'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: signingAlgorithms,
    userinfo_signing_alg_values_supported: signingAlgorithms,
    userinfo_encryption_alg_values_supported: encryptionAlgorithms,
    userinfo_encryption_enc_values_supported: contentEncryptions,
    token_endpoint_auth_methods_supported: authenticationMethods,
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
    revocation_endpoint_auth_methods_supported: authenticationMethods,
    revocation_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: prompts,
    acr_values_supported: Object.values(options.acrValues),
    claims_supported: [
      ...['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash'],
      ...['name', 'preferred_username', 'email', 'email_verified'],
      ...(options.saysSessionExpiry ? ['session_expiry'] : []),
    ],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    require_pushed_authorization_requests: false,
    ui_locales_supported: ['en', 'fr'],
    authorization_response_iss_parameter_supported: !faultsOf(provider).withoutIss,
  }
}
