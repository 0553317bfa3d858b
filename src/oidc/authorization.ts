/** @module The authorization request: built from values, pushed where the provider offers it. */
import * as client from 'openid-client'
import { randomText } from '../digest.js'
import { ownParameters } from './option-kinds.js'
import type { ResolvedOidcOptions, ResponseType } from './options.js'
import type { Connection } from './provider.js'

/** What one authorization request asks for. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly responseType: ResponseType
  readonly responseMode: 'query' | 'form_post' | 'fragment'
  /** `none` stands alone (`SES-12`). */
  readonly prompt?: string | undefined
  readonly maxAgeSeconds?: number | undefined
  readonly acrValues?: readonly string[] | undefined
  readonly idTokenHint?: string | undefined
  /** More parameters; one of ours among them is dropped. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** What must be remembered until the answer comes. `state` is the transaction's own. */
export interface AuthorizationSecrets {
  readonly nonce: string
  /** PKCE; empty without a code. */
  readonly verifier: string
}

/** Where the browser goes: an address, or a form that it sends. */
export type AuthorizationRedirect =
  | { readonly method: 'get'; readonly url: string }
  | { readonly method: 'post'; readonly url: string; readonly fields: Readonly<Record<string, string>> }

/** Makes the secrets of one request: 256 bits each. */
export function createSecrets(random: (bytes: number) => Uint8Array): AuthorizationSecrets {
  return { nonce: randomText(random, 32), verifier: randomText(random, 32) }
}

/**
 * The parameters of an authorization request. Ours are set last: nothing that was passed in overrides them.
 * Source: OpenID Connect Core 1.0, section 3.1.2.1; RFC 7636; RFC 9700, section 2.1.
 */
export async function authorizationParameters(
  options: Pick<ResolvedOidcOptions, 'clientId' | 'scope' | 'parameters'>,
  request: AuthorizationRequest,
  secrets: AuthorizationSecrets,
  state: string,
): Promise<URLSearchParams> {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...options.parameters, ...request.parameters })) {
    if (!ownParameters.includes(name)) parameters.set(name, value)
  }
  parameters.set('client_id', options.clientId)
  parameters.set('redirect_uri', request.redirectUri)
  parameters.set('response_type', request.responseType)
  parameters.set('scope', options.scope)
  parameters.set('state', state)
  parameters.set('nonce', secrets.nonce)
  const hasCode = request.responseType !== 'id_token'
  const usualMode = request.responseType === 'code' ? 'query' : 'fragment'
  if (request.responseMode !== usualMode) parameters.set('response_mode', request.responseMode)
  if (hasCode) {
    parameters.set('code_challenge', await client.calculatePKCECodeChallenge(secrets.verifier))
    parameters.set('code_challenge_method', 'S256')
  }
  if (request.prompt !== undefined) parameters.set('prompt', request.prompt)
  // Some providers take 0 for "not given" (LemonLDAP::NG).
  if (request.maxAgeSeconds !== undefined) {
    parameters.set('max_age', String(Math.max(request.maxAgeSeconds, 1)))
  }
  if (request.acrValues !== undefined && request.acrValues.length > 0) {
    parameters.set('acr_values', request.acrValues.join(' '))
  }
  if (request.idTokenHint !== undefined) parameters.set('id_token_hint', request.idTokenHint)
  return parameters
}

/** Longest address that goes by GET; providers and proxies refuse longer ones. */
const longestAddress = 7_500

/**
 * Where the browser goes with an authorization request: pushed first where the provider offers that or demands it,
 * else an address, else, where the hint makes that too long, a form. `mustNotChange`: whoever has the browser must not
 * take a parameter out, where that can be had: an offer counts as a demand.
 * @throws CitizenSessionError or an error of `openid-client` when the request cannot be pushed although it must be.
 * Source: RFC 9126.
 */
export async function prepareRedirect(
  connection: Connection,
  options: Pick<ResolvedOidcOptions, 'clientId' | 'pushedAuthorization'>,
  parameters: URLSearchParams,
  now: number,
  mustNotChange = false,
): Promise<AuthorizationRedirect> {
  const { metadata } = connection
  const mayPush =
    options.pushedAuthorization !== 'never' && metadata.pushedAuthorizationEndpoint !== undefined
  const mustPush =
    options.pushedAuthorization === 'always' ||
    metadata.requiresPushedAuthorization ||
    (mustNotChange && mayPush)
  if (mustPush || mayPush) {
    try {
      const url = await client.buildAuthorizationUrlWithPAR(await connection.client(now), parameters)
      return { method: 'get', url: url.href }
    } catch (error) {
      // What was only an offer is done without.
      if (mustPush) throw error
    }
  }
  const url = new URL(metadata.authorizationEndpoint)
  for (const [name, value] of parameters) url.searchParams.set(name, value)
  if (url.href.length <= longestAddress) return { method: 'get', url: url.href }
  return {
    method: 'post',
    url: metadata.authorizationEndpoint,
    fields: Object.fromEntries(parameters),
  }
}
