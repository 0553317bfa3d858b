/** @module An authorization request: read and checked before anybody is asked to sign in. */
import { type RegisteredClient, type ResponseType, responseTypes } from './clients.js'
import type { Signing } from './signing.js'
import type { Tickets } from './tickets.js'

/** A request that a client sent ahead. */
export interface PushedRequest {
  readonly client: RegisteredClient
  readonly parameters: URLSearchParams
}

/** What a request is read against. */
export interface RequestRules {
  readonly options: { readonly clients: ReadonlyMap<string, RegisteredClient> }
  /** Requests by PAR ticket. */
  readonly pushed: Pick<Tickets<PushedRequest>, 'take'>
  readonly signing: Pick<Signing, 'read'>
  /** Whose `url` is the issuer of every hint. */
  readonly context: { url(): string }
}

/** How the answer gets to the client. */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** Where an answer goes, error or not. */
export interface AnswerTarget {
  readonly client: RegisteredClient
  readonly redirectUri: string
  readonly responseMode: ResponseMode
  readonly state: string | undefined
}

/** A request that can be answered. */
export interface AuthorizationRequest extends AnswerTarget {
  readonly responseType: ResponseType
  readonly scope: readonly string[]
  readonly nonce: string | undefined
  readonly prompts: readonly string[]
  readonly maxAgeSeconds: number | undefined
  readonly acrValues: readonly string[]
  readonly loginHint: string | undefined
  /** Languages of the pages, in the order of preference. */
  readonly uiLocales: string | undefined
  /** Subject of the `id_token_hint`. */
  readonly hintedSubject: string | undefined
  readonly codeChallenge: string | undefined
}

/** What a request is: good, wrong in a way that the client is told, or not to be answered to its address at all. */
export type ReadRequest =
  | { readonly kind: 'request'; readonly request: AuthorizationRequest }
  | {
      readonly kind: 'error'
      readonly target: AnswerTarget
      readonly error: string
      readonly message: string
    }
  | { readonly kind: 'refused'; readonly message: string }

/** Scopes that the provider knows; others are ignored. */
export const scopes = ['openid', 'profile', 'email', 'offline_access'] as const

/** Values of `prompt`. */
export const prompts = ['none', 'login', 'select_account', 'consent'] as const

/**
 * Reads a request. Nothing is sent to an address that is not registered.
 * Sources: RFC 6749, section 4.1.2.1; OpenID Connect Core, section 3.1.2; RFC 9126, section 4; RFC 7636, section 4.
 */
export async function readAuthorizationRequest(
  rules: RequestRules,
  given: URLSearchParams,
): Promise<ReadRequest> {
  const clientId = given.get('client_id') ?? ''
  const client = rules.options.clients.get(clientId)
  if (!client) return { kind: 'refused', message: `no client is registered as "${clientId}"` }
  const parameters = unpush(rules, client, given)
  if (typeof parameters === 'string') return { kind: 'refused', message: parameters }
  const twice = [...new Set(parameters.keys())].find((name) => parameters.getAll(name).length > 1)
  if (twice !== undefined) return { kind: 'refused', message: `the parameter ${twice} came twice` }
  const read = (name: string) => parameters.get(name) || undefined
  const redirectUri = read('redirect_uri') ?? ''
  if (!client.redirect_uris.includes(redirectUri)) {
    return { kind: 'refused', message: `redirect_uri "${redirectUri}" is not registered for "${clientId}"` }
  }
  const typeGiven = read('response_type')
  const responseType = responseTypeOf(typeGiven)
  const responseMode = responseModeOf(read('response_mode'), typeGiven)
  const target: AnswerTarget = {
    client,
    redirectUri,
    responseMode: responseMode ?? 'query',
    state: read('state'),
  }
  const wrong = (error: string, message: string) => ({ kind: 'error' as const, target, error, message })
  if (read('request') !== undefined) return wrong('request_not_supported', 'use plain parameters')
  if (responseType === undefined) {
    return wrong('unsupported_response_type', `response_type must be one of ${responseTypes.join(', ')}`)
  }
  if (!client.response_types.includes(responseType)) {
    return wrong('unauthorized_client', `response_types of this client does not list ${responseType}`)
  }
  if (responseMode === undefined) return wrong('invalid_request', 'response_mode does not fit')
  const problem = problemOf(client, responseType, read)
  if (problem) return wrong(problem.error, problem.message)
  const hint = read('id_token_hint')
  const hintedSubject = hint === undefined ? undefined : await subjectOfHint(rules, client, hint)
  if (hint !== undefined && hintedSubject === undefined) {
    return wrong('invalid_request', 'id_token_hint is not an id_token of ours for this client')
  }
  const request: AuthorizationRequest = {
    ...target,
    responseType,
    scope: words(read('scope')).filter((scope) => scopes.some((known) => known === scope)),
    nonce: read('nonce'),
    prompts: words(read('prompt')),
    maxAgeSeconds: read('max_age') === undefined ? undefined : Number(read('max_age')),
    acrValues: words(read('acr_values')),
    loginHint: read('login_hint'),
    uiLocales: read('ui_locales'),
    hintedSubject,
    codeChallenge: read('code_challenge'),
  }
  return { kind: 'request', request }
}

const words = (text: string | undefined) => (text ?? '').split(' ').filter((word) => word !== '')

function unpush({ pushed: tickets }: RequestRules, client: RegisteredClient, given: URLSearchParams) {
  const name = given.get('request_uri')
  if (name === null) {
    return client.require_pushed_authorization_requests === true
      ? `"${client.client_id}" has to push its requests first`
      : given
  }
  const ticket = name.startsWith(pushedPrefix) ? name.slice(pushedPrefix.length) : null
  const pushed = tickets.take(ticket)
  return pushed?.client === client ? pushed.parameters : 'the request_uri is unknown, used or too old'
}

/** What precedes the ticket in a `request_uri`. Source: RFC 9126, section 2.2. */
export const pushedPrefix = 'urn:ietf:params:oauth:request_uri:'

/** The words of a type may come in any order. Source: OAuth 2.0 Multiple Response Types, section 3. */
function responseTypeOf(given: string | undefined): ResponseType | undefined {
  const asked = words(given).sort().join(' ')
  return responseTypes.find((type) => type === asked)
}

function responseModeOf(
  given: string | undefined,
  responseType: string | undefined,
): ResponseMode | undefined {
  const hasToken = responseType?.split(' ').includes('id_token') === true
  if (given === undefined) return hasToken ? 'fragment' : 'query'
  if (given === 'form_post' || given === 'fragment') return given
  // A token in a query would end up in logs. Source: OAuth 2.0 Multiple Response Types, section 3.
  return given === 'query' && !hasToken ? 'query' : undefined
}

function problemOf(
  client: RegisteredClient,
  responseType: ResponseType,
  read: (name: string) => string | undefined,
): { readonly error: string; readonly message: string } | undefined {
  const invalid = (message: string, error = 'invalid_request') => ({ error, message })
  if (!words(read('scope')).includes('openid')) return invalid('scope must contain openid', 'invalid_scope')
  if (responseType !== 'code' && read('nonce') === undefined) return invalid('nonce is missing')
  const method = read('code_challenge_method')
  const challenge = read('code_challenge')
  if (
    challenge === undefined &&
    (method !== undefined || (client.methods.includes('none') && responseType !== 'id_token'))
  )
    return invalid('code_challenge is missing')
  if (challenge !== undefined && (method !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge)))
    return invalid('code_challenge_method must be S256, with a SHA-256 digest in base64url')
  const asked = words(read('prompt'))
  if (asked.some((one) => !prompts.some((known) => known === one))) return invalid('prompt is unknown')
  if (asked.includes('none') && asked.length > 1) return invalid('prompt=none goes with no other')
  if (!/^[0-9]{0,9}$/.test(read('max_age') ?? '')) return invalid('max_age must be a number of seconds')
  return undefined
}

/** The hint may have expired long ago. Source: OpenID Connect Core, section 3.1.2.1. */
async function subjectOfHint({ signing, context }: RequestRules, client: RegisteredClient, hint: string) {
  const claims = await signing.read(hint)
  const audience = claims?.aud ?? []
  const isForClient = (Array.isArray(audience) ? audience : [audience]).includes(client.client_id)
  return claims?.iss === context.url() && isForClient ? claims.sub : undefined
}
