/** @module What a provider says of itself, checked: its issuer is the one configured, its endpoints lie where they may. */
import type { ServerMetadata } from 'openid-client'
import { parseUrl } from '../parse-url.js'
import { textOf } from '../printable.js'
import type { ResolvedOidcOptions } from './options.js'
import { mayAskUserInfo } from './user-info-claims.js'

/** The provider's endpoints and abilities, as far as we use them. */
export interface ProviderMetadata {
  readonly issuer: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly jwksUri: string
  readonly endSessionEndpoint: string | undefined
  readonly checkSessionIframe: string | undefined
  readonly revocationEndpoint: string | undefined
  /** Absent too where the options never ask it. */
  readonly userInfoEndpoint: string | undefined
  readonly pushedAuthorizationEndpoint: string | undefined
  readonly requiresPushedAuthorization: boolean
  /** Whether every authorization answer carries `iss` (RFC 9207). */
  readonly sendsIssuer: boolean
  readonly tokenEndpointAuthMethods: readonly string[] | undefined
  /** Endpoints that nothing is sent to, since they lie where they may not: what they are for is not to be had. */
  readonly refused: readonly RefusedEndpoint[]
}

/** An endpoint of the description that is not used. */
export interface RefusedEndpoint {
  readonly name: string
  readonly message: string
}

/** A description that cannot be used. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError'
  /** `issuer`, `malformed`, or the name of the member that is at fault. */
  readonly problem: string

  constructor(problem: string, message: string) {
    super(message)
    this.problem = problem
  }
}

/** The address of the description. Source: OpenID Connect Discovery 1.0, section 4. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** Origins on which the provider's endpoints may lie. */
export function allowedOrigins(options: ResolvedOidcOptions): ReadonlySet<string> {
  return new Set([new URL(options.issuer).origin, ...options.endpointOrigins])
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MetadataError('malformed', 'the provider’s description is no JSON object')
  }
  return value as Readonly<Record<string, unknown>>
}

/** An endpoint on one of the allowed origins; `undefined` where there is none. */
function endpointIn(
  description: Readonly<Record<string, unknown>>,
  name: string,
  given: string | false | undefined,
  origins: ReadonlySet<string>,
): string | undefined {
  if (given === false) return undefined
  const value = given ?? description[name]
  if (value === undefined || value === null || value === '') return undefined
  const url = typeof value === 'string' && value.length <= 2048 ? parseUrl(value) : undefined
  if (typeof value !== 'string' || url === undefined) {
    throw new MetadataError(name, `the provider’s ${name} is no address`)
  }
  if (!origins.has(url.origin)) {
    throw new MetadataError(
      name,
      `the provider’s ${name} lies on ${url.origin}: if that is right, name it in endpointOrigins`,
    )
  }
  if (url.username !== '' || url.password !== '' || value.includes('#')) {
    throw new MetadataError(name, `the provider’s ${name} has a user name or a fragment`)
  }
  return url.href
}

/**
 * Reads a provider's description; endpoints given as options win over what it says.
 * @throws MetadataError
 * Source: OpenID Connect Discovery 1.0, sections 3 and 4.3; RFC 8414; `RPI-01`, `SES-06`.
 */
export function readMetadata(value: unknown, options: ResolvedOidcOptions): ProviderMetadata {
  const description = members(value)
  if (description.issuer !== options.issuer) {
    const [named, configured] = [description.issuer ?? 'none', options.issuer].map((each) =>
      JSON.stringify(textOf(each).slice(0, 100)),
    )
    const message = `the provider names the issuer ${named}, and ${configured} is configured: write it letter by letter`
    throw new MetadataError('issuer', message)
  }
  const origins = allowedOrigins(options)
  const { endpoints } = options
  const refused: RefusedEndpoint[] = []
  /** One that cannot be used costs what it is for, and nothing else. */
  const optional = (name: string, given?: string | false): string | undefined => {
    try {
      return endpointIn(description, name, given, origins)
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error
      refused.push({ name, message: error.message })
      return undefined
    }
  }
  const required = (name: string, given?: string): string => {
    const found = endpointIn(description, name, given, origins)
    if (found === undefined) throw new MetadataError(name, `the provider names no ${name}`)
    return found
  }
  const methods = description.token_endpoint_auth_methods_supported
  return {
    issuer: options.issuer,
    authorizationEndpoint: required('authorization_endpoint', endpoints.authorization),
    tokenEndpoint: required('token_endpoint', endpoints.token),
    jwksUri: required('jwks_uri', endpoints.jwks),
    endSessionEndpoint: optional('end_session_endpoint', endpoints.endSession),
    checkSessionIframe: optional('check_session_iframe', endpoints.checkSession),
    revocationEndpoint: optional('revocation_endpoint', endpoints.revocation),
    // One that lies elsewhere is no news where nobody wants it.
    userInfoEndpoint: mayAskUserInfo(options) ? optional('userinfo_endpoint', endpoints.userInfo) : undefined,
    pushedAuthorizationEndpoint: optional(
      'pushed_authorization_request_endpoint',
      endpoints.pushedAuthorization,
    ),
    requiresPushedAuthorization: description.require_pushed_authorization_requests === true,
    sendsIssuer: description.authorization_response_iss_parameter_supported === true,
    tokenEndpointAuthMethods: Array.isArray(methods)
      ? methods.filter((method): method is string => typeof method === 'string')
      : undefined,
    refused,
  }
}

/** Why an endpoint is not to be had: the provider names none, or one that is refused. */
export function reasonWithout(metadata: ProviderMetadata, name: string, none: string): string {
  return metadata.refused.some((endpoint) => endpoint.name === name) ? 'endpoint-refused' : none
}

/** The same description for `openid-client`. */
export function toServerMetadata(metadata: ProviderMetadata, options: ResolvedOidcOptions): ServerMetadata {
  return {
    issuer: metadata.issuer,
    authorization_endpoint: metadata.authorizationEndpoint,
    token_endpoint: metadata.tokenEndpoint,
    jwks_uri: metadata.jwksUri,
    authorization_response_iss_parameter_supported: metadata.sendsIssuer,
    // What we accept, not what the provider offers.
    id_token_signing_alg_values_supported: [...options.idTokenAlgorithms],
    ...(metadata.revocationEndpoint === undefined
      ? {}
      : { revocation_endpoint: metadata.revocationEndpoint }),
    ...(metadata.pushedAuthorizationEndpoint === undefined
      ? {}
      : { pushed_authorization_request_endpoint: metadata.pushedAuthorizationEndpoint }),
  }
}
