/** @module The clients of the OpenID provider: their registration, under the names that OpenID gives its fields. */
import { CitizenSessionError } from '../../errors.js'

/** How a client proves itself at the token endpoint. Source: OpenID Connect Core, section 9. */
export const authenticationMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const

/** One of {@link authenticationMethods}. */
export type AuthenticationMethod = (typeof authenticationMethods)[number]

/** Algorithms of what the provider signs. */
export const signingAlgorithms = ['RS256', 'PS256', 'ES256'] as const

/** One of {@link signingAlgorithms}. */
export type OpenidSigningAlgorithm = (typeof signingAlgorithms)[number]

/** What a client may be sent by the browser. */
export const responseTypes = ['code', 'id_token', 'code id_token'] as const

/** One of {@link responseTypes}. */
export type ResponseType = (typeof responseTypes)[number]

/** How the key of what is encrypted for a client is made known to it. */
export const encryptionAlgorithms = [
  'RSA-OAEP-256',
  'RSA-OAEP',
  'ECDH-ES',
  'ECDH-ES+A128KW',
  'ECDH-ES+A256KW',
] as const

/** One of {@link encryptionAlgorithms}. */
export type EncryptionAlgorithm = (typeof encryptionAlgorithms)[number]

/** What is encrypted with that key. */
export const contentEncryptions = ['A128CBC-HS256', 'A256CBC-HS512', 'A128GCM', 'A256GCM'] as const

/** One of {@link contentEncryptions}. */
export type ContentEncryption = (typeof contentEncryptions)[number]

/**
 * A client, as one registers it. Sources: OpenID Connect Dynamic Client Registration, section 2; RP-Initiated Logout,
 * section 3.1; Back-Channel Logout, section 2.2; Front-Channel Logout, section 2; the last two fields: Safewhere.
 */
export interface OpenidClient {
  readonly client_id: string
  readonly client_secret?: string | undefined
  readonly client_name?: string | undefined
  /** Compared character by character. */
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris?: readonly string[] | undefined
  /** Default: both ways to send a secret where there is one, else `private_key_jwt` with `jwks`, else `none`. */
  readonly token_endpoint_auth_method?: AuthenticationMethod | undefined
  /** Public keys of a client: with `private_key_jwt`, and what is encrypted for it. */
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined
  /** Default `['code']`; `id_token` allows the implicit flow, `code id_token` the hybrid one. */
  readonly response_types?: readonly ResponseType[] | undefined
  /** `refresh_token` here gives refresh tokens without the scope `offline_access`: they end with the session. */
  readonly grant_types?: readonly ('authorization_code' | 'refresh_token' | 'implicit')[] | undefined
  /** Default `RS256`; logout tokens use it too. */
  readonly id_token_signed_response_alg?: OpenidSigningAlgorithm | undefined
  /** Default: UserInfo is not signed. */
  readonly userinfo_signed_response_alg?: OpenidSigningAlgorithm | undefined
  /** Default: UserInfo is not encrypted. For a key of `jwks` with `use: 'enc'`. */
  readonly userinfo_encrypted_response_alg?: EncryptionAlgorithm | undefined
  /** Default `A128CBC-HS256`. */
  readonly userinfo_encrypted_response_enc?: ContentEncryption | undefined
  readonly require_pushed_authorization_requests?: boolean | undefined
  readonly backchannel_logout_uri?: string | undefined
  /** Whether logout tokens carry `sid` besides `sub`. Default no. */
  readonly backchannel_logout_session_required?: boolean | undefined
  readonly frontchannel_logout_uri?: string | undefined
  /** Whether the front-channel address is called with `iss` and `sid`. Default no. */
  readonly frontchannel_logout_session_required?: boolean | undefined
  /** "Enable session status change notification": answers carry `session_state`. Default no. */
  readonly performSessionStatusNotification?: boolean | undefined
  /** Upstream identity providers whose people may sign in at this client. Default: all. */
  readonly allowedUpstreams?: readonly string[] | undefined
}

/** A client with its defaults. */
export interface RegisteredClient extends OpenidClient {
  readonly post_logout_redirect_uris: readonly string[]
  /** What is accepted of it: one method, or without a registered one both ways to send a secret. */
  readonly methods: readonly AuthenticationMethod[]
  readonly response_types: readonly ResponseType[]
  readonly grant_types: readonly ('authorization_code' | 'refresh_token' | 'implicit')[]
  readonly id_token_signed_response_alg: OpenidSigningAlgorithm
}

type Check = readonly [isValid: (value: unknown) => boolean, expected: string]

const isText = (value: unknown) => typeof value === 'string' && /^[\x20-\x7e]{1,256}$/.test(value)
const isFlag = (value: unknown) => typeof value === 'boolean'
const isList = (isValid: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every(isValid)
const isOneOf = (names: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && names.includes(value)

/** An absolute address without a fragment; `javascript:` and its like are none. */
function isUri(value: unknown) {
  if (typeof value !== 'string' || value.length > 2048 || !/^[\x21-\x7e]+$/.test(value)) return false
  if (!URL.canParse(value) || value.includes('#')) return false
  return !['javascript:', 'data:', 'vbscript:', 'blob:', 'file:'].includes(new URL(value).protocol)
}
const isWebUri = (value: unknown) => isUri(value) && /^https?:\/\//.test(String(value))

const uris: Check = [isList(isUri), 'a list of absolute URLs without a fragment']
const webUri: Check = [isWebUri, 'an absolute http or https URL without a fragment']
const flag: Check = [isFlag, 'true or false']

const checks: Readonly<Record<keyof OpenidClient, Check>> = {
  client_id: [(value) => isText(value) && !String(value).includes(' '), 'a text without spaces'],
  client_secret: [isText, 'a text'],
  client_name: [isText, 'a text'],
  redirect_uris: uris,
  post_logout_redirect_uris: [
    (value) => Array.isArray(value) && value.every(isUri),
    'a list of absolute URLs without a fragment',
  ],
  token_endpoint_auth_method: [isOneOf(authenticationMethods), `one of ${authenticationMethods.join(', ')}`],
  jwks: [
    (value) =>
      typeof value === 'object' && value !== null && Array.isArray((value as { keys?: unknown }).keys),
    'a JSON Web Key Set: {"keys": [...]}',
  ],
  response_types: [isList(isOneOf(responseTypes)), `a list of ${responseTypes.join(', ')}`],
  grant_types: [
    isList(isOneOf(['authorization_code', 'refresh_token', 'implicit'])),
    'a list of authorization_code, refresh_token, implicit',
  ],
  id_token_signed_response_alg: [isOneOf(signingAlgorithms), `one of ${signingAlgorithms.join(', ')}`],
  userinfo_signed_response_alg: [isOneOf(signingAlgorithms), `one of ${signingAlgorithms.join(', ')}`],
  userinfo_encrypted_response_alg: [
    isOneOf(encryptionAlgorithms),
    `one of ${encryptionAlgorithms.join(', ')}`,
  ],
  userinfo_encrypted_response_enc: [isOneOf(contentEncryptions), `one of ${contentEncryptions.join(', ')}`],
  require_pushed_authorization_requests: flag,
  backchannel_logout_uri: webUri,
  backchannel_logout_session_required: flag,
  frontchannel_logout_uri: webUri,
  frontchannel_logout_session_required: flag,
  performSessionStatusNotification: flag,
  allowedUpstreams: [isList((value) => isText(value)), 'a list of names of upstream identity providers'],
}

const wrong = (message: string) => new CitizenSessionError('emulator', `openid.clients: ${message}`)

/** Whether a client has a field of that name. */
export const isClientField = (name: string): name is keyof OpenidClient => Object.hasOwn(checks, name)

/** What a field must be, where its value is something else. */
export function problemOfField(name: keyof OpenidClient, value: unknown): string | undefined {
  const [isValid, expected] = checks[name]
  return value === undefined || isValid(value) ? undefined : expected
}

/** Fills in the defaults and checks everything. @throws `emulator` with what to write instead. */
export function registerClients(given: unknown, least: 0 | 1 = 1): ReadonlyMap<string, RegisteredClient> {
  if (!Array.isArray(given) || given.length < least)
    throw wrong('a list with at least one client is expected')
  const clients = new Map<string, RegisteredClient>()
  for (const one of given as readonly unknown[]) {
    const client = register(one)
    if (clients.has(client.client_id)) throw wrong(`"${client.client_id}" is there twice`)
    clients.set(client.client_id, client)
  }
  return clients
}

function register(given: unknown): RegisteredClient {
  if (typeof given !== 'object' || given === null) throw wrong('a client must be an object')
  const name = (given as { client_id?: unknown }).client_id
  const label = typeof name === 'string' ? `"${name}": ` : ''
  for (const [field, value] of Object.entries(given)) {
    if (!isClientField(field)) {
      throw wrong(`${label}the field "${field}" is unknown; there are ${Object.keys(checks).join(', ')}`)
    }
    const expected = problemOfField(field, value)
    if (expected !== undefined) throw wrong(`${label}${field} must be ${expected}`)
  }
  const client = given as OpenidClient
  for (const field of ['client_id', 'redirect_uris'] as const) {
    if (client[field] === undefined) throw wrong(`${label}${field} is missing`)
  }
  const contradiction = contradictionIn(client)
  if (contradiction !== undefined) throw wrong(`${label}${contradiction}`)
  return complete(client)
}

const methodOf = (client: OpenidClient): AuthenticationMethod =>
  client.token_endpoint_auth_method ??
  (client.client_secret !== undefined ? 'client_secret_basic' : client.jwks ? 'private_key_jwt' : 'none')

/** What a client lacks beside what it has. */
export function contradictionIn(client: OpenidClient): string | undefined {
  const method = methodOf(client)
  if (method.startsWith('client_secret') && client.client_secret === undefined) {
    return `${method} needs client_secret`
  }
  if (client.userinfo_encrypted_response_alg !== undefined && client.jwks === undefined) {
    return 'userinfo_encrypted_response_alg needs jwks with a key for it'
  }
  return method === 'private_key_jwt' && client.jwks === undefined ? `${method} needs jwks` : undefined
}

/** The client with its defaults. */
export function complete(client: OpenidClient): RegisteredClient {
  return {
    ...client,
    post_logout_redirect_uris: client.post_logout_redirect_uris ?? [],
    methods:
      client.token_endpoint_auth_method === undefined && methodOf(client) === 'client_secret_basic'
        ? ['client_secret_basic', 'client_secret_post']
        : [methodOf(client)],
    response_types: client.response_types ?? ['code'],
    grant_types: client.grant_types ?? ['authorization_code'],
    id_token_signed_response_alg: client.id_token_signed_response_alg ?? 'RS256',
  }
}
