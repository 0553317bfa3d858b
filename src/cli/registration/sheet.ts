/** @module The sheet: what to register at a provider, as a person reads it. */
import { publicRoutesPath, type ReadSuiteOptions } from '../../config/read-suite-options.js'
import type { ClientRegistration } from '../../oidc/registration.js'
import { routeOf, type SamlRoute } from '../../saml/routes.js'

/** One line of it. */
export type Row = readonly [name: string, value: string]

/** Addresses of the SAML service provider. */
export interface SamlRegistration {
  readonly entityId: string
  readonly metadata: string
  readonly assertionConsumerService: { readonly binding: 'HTTP-POST'; readonly location: string }
  readonly singleLogoutService: readonly { readonly binding: string; readonly location: string }[]
}

/** The service provider, for the identity provider of a name; `entityId`: ours, where it is not its metadata's address. */
export function samlRegistrationOf(
  base: string,
  name: string | undefined,
  entityId: string | undefined,
): SamlRegistration {
  const at = (route: SamlRoute): string => `${base}/${routeOf(name, route)}`
  return {
    entityId: entityId ?? at('metadata'),
    metadata: at('metadata'),
    assertionConsumerService: { binding: 'HTTP-POST', location: at('acs') },
    singleLogoutService: [
      { binding: 'HTTP-Redirect', location: at('slo') },
      { binding: 'HTTP-POST', location: at('slo') },
      { binding: 'SOAP', location: at('soap') },
    ],
  }
}

/** What the provider of the shared cookie must allow and send; `undefined`: no variable says it. */
export interface SharedCookieRegistration {
  readonly origin: string
  readonly return: string
  readonly domain: string | false | undefined
  readonly cookies: readonly string[]
  readonly claims: readonly string[]
}

/** What the provider of the shared cookie must allow and send. */
export function sharedCookieRegistrationOf(
  applicationUrl: string,
  read: ReadSuiteOptions,
): SharedCookieRegistration {
  const { get } = read
  const names = ['header', 'payload', 'signature'] as const
  return {
    origin: new URL(applicationUrl).origin,
    return: `${applicationUrl}${publicRoutesPath(read)}/return`,
    domain: get('sharedCookie.domain'),
    cookies: names.map((part) => get(`sharedCookie.names.${part}`) ?? ''),
    claims: [
      ...new Set([
        'iss',
        'sub',
        'iat',
        'exp',
        get('identityProvider.sessionClaim') ?? '',
        ...(get('identityProvider.kindClaims') ?? []),
      ]),
    ],
  }
}

/** The lines of the shared cookie. */
export function sharedCookieRows(registration: SharedCookieRegistration): readonly Row[] {
  const { domain } = registration
  return [
    ['Origin that may be returned to', registration.origin],
    ['Return address of login and logout', `${registration.return} (with a query)`],
    [
      'Domain of the cookies',
      domain === false ? 'none: host-only' : (domain ?? 'the base domain of all applications'),
    ],
    ['Cookies (header, payload, signature)', registration.cookies.join(' ')],
    ['Claims of every token', registration.claims.join(' ')],
  ]
}

/** The lines of an OpenID Connect client. */
export function openidRows(client: ClientRegistration): readonly Row[] {
  const [callback = '', silent = ''] = client.redirect_uris
  const { token_endpoint_auth_method: method, id_token_signed_response_alg: algorithm, jwks } = client
  return [
    ['Redirect URI', callback],
    ['Redirect URI of the silent check', silent],
    ['Post-logout redirect URI', client.post_logout_redirect_uris.join(' ')],
    ['Back-channel logout URI', `${client.backchannel_logout_uri} (with session id)`],
    ['Front-channel logout URI', `${client.frontchannel_logout_uri} (with issuer and session id)`],
    ['Response types', client.response_types.join(', ')],
    ['Grant types', client.grant_types.join(' ')],
    ['Scopes', client.scope],
    ['PKCE', client.code_challenge_methods.join(' ')],
    ...optionalRow('Authentication at the token endpoint', method),
    ...optionalRow('Signature of ID tokens', algorithm),
    ...optionalRow('Encryption of ID tokens', client.id_token_encrypted_response_alg),
    ...optionalRow('Encryption of UserInfo', userInfoRow(client)),
    ...optionalRow('Public keys (JWKS)', jwks && JSON.stringify(jwks)),
    ['Claim auth_time', 'in every ID token, where the provider has that (require_auth_time)'],
    [
      'Session status',
      'on, where the provider has it (Safewhere: Enable session status change notification)',
    ],
  ]
}

function userInfoRow({
  userinfo_signed_response_alg: signature,
  userinfo_encrypted_response_alg: encryption,
}: ClientRegistration): string | undefined {
  return encryption && `${encryption}, signed with ${signature} first`
}

const optionalRow = (name: string, value: string | undefined): readonly Row[] =>
  value === undefined ? [] : [[name, value]]

/** The lines of a SAML service provider. */
export function samlRows(registration: SamlRegistration): readonly Row[] {
  const { entityId, metadata } = registration
  return [
    ...(entityId === metadata ? [] : [['Entity ID', entityId] as const]),
    ['Metadata', metadata],
    ['Assertion consumer service', `${registration.assertionConsumerService.location} (HTTP-POST)`],
    ...registration.singleLogoutService.map(
      ({ binding, location }): Row => ['Single logout service', `${location} (${binding})`],
    ),
  ]
}
