/** @module The provider: its description, fetched when first needed and kept; its keys; the client that talks to it. */
import { importJWK } from 'jose'
import * as client from 'openid-client'
import { doubledSeconds } from '../backoff.js'
import type { Clock } from '../clock.js'
import { CitizenSessionError } from '../errors.js'
import type { Report } from '../events.js'
import { createJwksCache, type JwksCache } from '../tokens/jwks-cache.js'
import { isAhead, isWaiting, noWait } from '../wait.js'
import type { ClientAuthentication } from './client-authentication.js'
import { createLimitedFetch, type LimitedFetch } from './limited-fetch.js'
import {
  allowedOrigins,
  discoveryUrl,
  MetadataError,
  type ProviderMetadata,
  readMetadata,
  toServerMetadata,
} from './metadata.js'
import type { ResolvedOidcOptions } from './options.js'

/** How long a description is used before it is fetched anew behind the requests. */
const freshSeconds = 3600
const firstBackoffSeconds = 1
/** Keys that nobody knows, brought by strangers, delay a logout token of a new key by that long at most. */
const strangersCoolDownSeconds = 5
/** So many of them delay nothing. */
const strangersFetches = 5

/** A provider that can be talked to. */
export interface Connection {
  readonly metadata: ProviderMetadata
  readonly keys: JwksCache
  /** A client of `openid-client` whose clock is ours at `now`; no call of it takes longer than `timeoutSeconds`. */
  client(now: number, timeoutSeconds?: number): Promise<client.Configuration>
  readonly call: LimitedFetch
}

export interface Provider {
  /**
   * The connection, from the description at hand or after fetching it.
   * @throws CitizenSessionError `identity-unavailable` (503, transient)
   */
  connect(): Promise<Connection>
  /** The connection if it is there already. */
  readonly known: Connection | undefined
}

/** What a provider stands on. */
export interface ProviderParts {
  readonly options: ResolvedOidcOptions
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  readonly report: Report
}

/** The connection; `undefined` while the provider cannot be had. */
export async function connectOrNothing(provider: Provider): Promise<Connection | undefined> {
  try {
    return await provider.connect()
  } catch (error) {
    if (error instanceof CitizenSessionError && error.code === 'identity-unavailable') return undefined
    throw error
  }
}

/** What fetching and connecting stand on. */
interface ProviderContext extends ProviderParts {
  readonly call: LimitedFetch
}

/** Makes the provider; nothing is fetched before it is needed. */
export function createProvider(parts: ProviderParts): Provider {
  const { options, clock, random, report } = parts
  const call = createLimitedFetch({
    fetch: parts.fetch,
    origins: allowedOrigins(options),
    publicOrigin: new URL(options.issuer).origin,
    internalUrl: options.internalUrl,
  })
  const context = { ...parts, call }
  let current: Connection | undefined
  let loadedAt = 0
  let pending: Promise<Connection> | undefined
  let failures = 0
  let rest = noWait
  let lastFailure: CitizenSessionError | undefined

  const load = async (): Promise<Connection> => {
    try {
      const connection = connectTo(context, readMetadata(await describe(context), options), current)
      for (const { message } of connection.metadata.refused) {
        report({ type: 'warning', code: 'oidc-endpoint', message })
      }
      current = connection
      loadedAt = clock()
      failures = 0
      return connection
    } catch (error) {
      const seconds = doubledSeconds(firstBackoffSeconds, failures, random)
      failures += 1
      rest = { since: clock(), milliseconds: seconds * 1000 }
      lastFailure = unavailableProvider(error, seconds)
      report({ type: 'warning', code: 'oidc-discovery', message: lastFailure.message })
      throw lastFailure
    } finally {
      pending = undefined
    }
  }

  const start = (): Promise<Connection> => {
    pending ??= load()
    return pending
  }

  return {
    get known() {
      return current
    },
    async connect() {
      const now = clock()
      const mayTry = !isWaiting(rest, now)
      if (current !== undefined) {
        // What is at hand goes on while it is fetched anew; a failure is reported, and tried again later.
        const isDue = now - loadedAt >= freshSeconds * 1000 || isAhead(loadedAt, now)
        if (isDue && mayTry) start().catch(() => undefined)
        return current
      }
      if (pending === undefined && !mayTry && lastFailure !== undefined) throw lastFailure
      return start()
    },
  }
}

/** The provider's description of itself; its issuer alone where the options say all that is needed. */
async function describe({ options, call }: ProviderContext): Promise<unknown> {
  const { authorization, token, jwks } = options.endpoints
  if (authorization !== undefined && token !== undefined && jwks !== undefined) {
    return { issuer: options.issuer }
  }
  const response = await call(
    discoveryUrl(options.issuer),
    { headers: { accept: 'application/json' } },
    options.timeoutSeconds,
  )
  if (response.status !== 200) throw new MetadataError('status', 'the provider does not describe itself')
  return response.json()
}

/** Keys that are known stay, as long as they lie at the same address. */
function connectTo(
  { options, call, clock, report }: ProviderContext,
  metadata: ProviderMetadata,
  before: Connection | undefined,
): Connection {
  const keys =
    before?.metadata.jwksUri === metadata.jwksUri
      ? before.keys
      : createJwksCache({
          url: metadata.jwksUri,
          algorithms: options.idTokenAlgorithms,
          coolDownSeconds: strangersCoolDownSeconds,
          unknownFetches: strangersFetches,
          floorSeconds: 30,
          ceilingSeconds: 3600,
          staleSeconds: 86_400,
          timeoutSeconds: options.timeoutSeconds,
          fetch: (url, init) => call(String(url), init, options.timeoutSeconds),
          clock,
          report,
        })
  return { metadata, keys, call, client: createConfigurator(metadata, options, call) }
}

function unavailableProvider(cause: unknown, retrySeconds: number): CitizenSessionError {
  const message = cause instanceof MetadataError ? cause.message : 'the provider cannot be reached'
  return new CitizenSessionError('identity-unavailable', message, {
    status: 503,
    headers: { 'retry-after': String(Math.max(1, Math.ceil(retrySeconds))) },
    isTransient: true,
    cause,
  })
}

function createConfigurator(
  metadata: ProviderMetadata,
  options: ResolvedOidcOptions,
  call: LimitedFetch,
): Connection['client'] {
  const server = toServerMetadata(metadata, options)
  const isLoopback = new URL(metadata.issuer).protocol === 'http:'
  let prepared: Promise<[client.ClientAuth, readonly client.DecryptionKey[]]> | undefined

  return async (now, timeoutSeconds = options.timeoutSeconds) => {
    prepared ??= Promise.all([authenticationOf(metadata, options), decryptionKeysOf(options)])
    const [authentication, keys] = await prepared
    const configuration = new client.Configuration(
      server,
      options.clientId,
      {
        client_id: options.clientId,
        [client.clockSkew]: Math.round((now - Date.now()) / 1000),
        [client.clockTolerance]: options.clockSkewSeconds,
      },
      authentication,
    )
    if (isLoopback) client.allowInsecureRequests(configuration)
    configuration[client.customFetch] = async (url, init) =>
      withoutChallenge(await call(url, init as RequestInit, timeoutSeconds))
    configuration.timeout = timeoutSeconds
    if (keys.length > 0) client.enableDecryptingResponses(configuration, undefined, ...keys)
    return configuration
  }
}

/**
 * An error whose body says what it is, without the challenge beside it: `openid-client` would see nothing but that. Our
 * calls by it are those of a client, whose errors are in the body. Source: RFC 6749, section 5.2.
 */
function withoutChallenge(response: Response): Response {
  const [type = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(';')
  if (response.status < 400 || type.trim() !== 'application/json') return response
  const headers = new Headers(response.headers)
  headers.delete('www-authenticate')
  return new Response(response.body, { status: response.status, headers })
}

async function decryptionKeysOf(options: ResolvedOidcOptions): Promise<readonly client.DecryptionKey[]> {
  return Promise.all(
    options.idTokenDecryptionKeys.map(async (jwk) => {
      const { alg, kid } = jwk
      const key = await importJWK(jwk, typeof alg === 'string' ? alg : undefined)
      if (key instanceof Uint8Array) throw new TypeError('a symmetric key decrypts no ID token')
      return {
        key: key as client.CryptoKey,
        ...(typeof alg === 'string' ? { alg } : {}),
        ...(typeof kid === 'string' ? { kid } : {}),
      }
    }),
  )
}

async function authenticationOf(
  metadata: ProviderMetadata,
  options: ResolvedOidcOptions,
): Promise<client.ClientAuth> {
  const given: ClientAuthentication = options.clientAuthentication ?? defaultMethod(metadata)
  if (typeof given === 'function') return given
  if (typeof given === 'object') {
    const key = await importJWK(given.privateKey)
    if (key instanceof Uint8Array) throw new TypeError('a symmetric key proves no client')
    const { kid } = given.privateKey
    const signer = { key: key as client.CryptoKey, ...(kid === undefined ? {} : { kid }) }
    if (given.audience !== 'token-endpoint') return client.PrivateKeyJwt(signer)
    return client.PrivateKeyJwt(signer, {
      [client.modifyAssertion]: (_, payload) => {
        payload.aud = metadata.tokenEndpoint
      },
    })
  }
  if (given === 'none') return client.None()
  return given === 'client_secret_post'
    ? client.ClientSecretPost(options.clientSecret)
    : client.ClientSecretBasic(options.clientSecret)
}

/** Source: OpenID Connect Core 1.0, section 9: `client_secret_basic` unless the provider lists only other methods. */
function defaultMethod(metadata: ProviderMetadata): 'client_secret_basic' | 'client_secret_post' {
  const methods = metadata.tokenEndpointAuthMethods
  if (methods === undefined || methods.includes('client_secret_basic')) return 'client_secret_basic'
  return methods.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic'
}
