/**
 * @module `/register`: clients that register themselves, and read, update and delete what they have registered. Sources:
 * RFC 7591, section 3; RFC 7592, section 2; OpenID Connect Dynamic Client Registration 1.0.
 */
import { json } from '../page.js'
import type { Route } from '../route.js'
import { readBody, type Visit } from '../visit.js'
import { oauthError } from './client-authentication.js'
import { complete, contradictionIn, isClientField, type OpenidClient, problemOfField } from './clients.js'
import { addressOf, type Provider } from './provider.js'
import type { Registration, Registrations } from './registrations.js'
import { digestOf, isSecretOf } from './secrets.js'

/** Makes the endpoint: `POST`, and with `client_id` in the query `GET`, `PUT` and `DELETE`. */
export const createRegistration = (provider: Provider, registrations: Registrations): Route => {
  /** The registration that a request opens, or the answer to somebody who may not. */
  const opened = ({ request, query }: Visit): Registration | Response =>
    registrations.find(query.get('client_id') ?? '', bearerOf(request) ?? '') ?? refuse()
  return {
    isApi: true,
    async POST(_, { request }) {
      if (!isInvited(provider, bearerOf(request))) return refuse()
      if (registrations.isFull) return oauthError('temporarily_unavailable', 'too many clients', 503)
      const client = clientIn(await readMetadata(request), newCredentials(provider))
      return client instanceof Response ? client : told(provider, registrations.keep(client), 201)
    },
    GET(_, visit) {
      const found = opened(visit)
      if (found instanceof Response) return found
      // The token that is good goes along: RFC 7592, section 3.
      return told(provider, { registration: found, token: bearerOf(visit.request) ?? '' }, 200)
    },
    async PUT(_, visit) {
      const found = opened(visit)
      if (found instanceof Response) return found
      const metadata = await readMetadata(visit.request)
      const refusal = metadata && misplacedIn(metadata, found)
      if (refusal !== undefined) return oauthError('invalid_client_metadata', refusal)
      const { client_id, client_secret } = found.client
      const client = clientIn(metadata, { client_id, client_secret: client_secret ?? newSecret(provider) })
      return client instanceof Response ? client : told(provider, registrations.keep(client), 200)
    },
    DELETE(_, visit) {
      const found = opened(visit)
      if (found instanceof Response) return found
      registrations.remove(found.client.client_id)
      return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
    },
  }
}

const newSecret = ({ context }: Provider): string =>
  Buffer.from(context.options.random(32)).toString('base64url')

const newCredentials = (provider: Provider) => ({
  client_id: `client-${newSecret(provider).slice(0, 16)}`,
  client_secret: newSecret(provider),
})

function isInvited({ options }: Provider, token: string | undefined): boolean {
  const { initialAccessToken } = options
  return (
    initialAccessToken === undefined ||
    (token !== undefined && isSecretOf(token, digestOf(initialAccessToken)))
  )
}

const bearerOf = (request: Request): string | undefined =>
  /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1]

/** Source: RFC 6750, section 3.1. */
function refuse(): Response {
  const response = oauthError('invalid_token', 'the token is missing, or is not good here', 401)
  response.headers.set('www-authenticate', 'Bearer error="invalid_token"')
  return response
}

type Metadata = Readonly<Record<string, unknown>>

async function readMetadata(request: Request): Promise<Metadata | undefined> {
  if (!/^application\/json(;|$)/i.test(request.headers.get('content-type') ?? '')) return undefined
  try {
    const value: unknown = JSON.parse(await readBody(request))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Metadata)
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** What an update may not say. Source: RFC 7592, section 2.2. */
function misplacedIn(metadata: Metadata, { client }: Registration): string | undefined {
  const ours = [
    'registration_access_token',
    'registration_client_uri',
    'client_secret_expires_at',
    'client_id_issued_at',
  ].find((name) => metadata[name] !== undefined)
  if (ours !== undefined) return `${ours} is not for the client to say`
  if (metadata.client_id !== client.client_id) return 'client_id must be that of the client'
  const secret = metadata.client_secret
  return secret === undefined || secret === client.client_secret
    ? undefined
    : 'client_secret must be that of the client'
}

/**
 * The client that metadata describes. What is not known here is ignored, and the credentials are not for the client to
 * choose. Source: RFC 7591, section 2.
 */
function clientIn(
  metadata: Metadata | undefined,
  { client_id, client_secret }: { readonly client_id: string; readonly client_secret: string },
) {
  if (metadata === undefined) return oauthError('invalid_client_metadata', 'a JSON object is expected')
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (!isClientField(name) || name === 'client_id' || name === 'client_secret') continue
    const expected = problemOfField(name, value)
    if (expected !== undefined) {
      const error = name === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata'
      return oauthError(error, `${name} must be ${expected}`)
    }
    fields[name] = value
  }
  if (fields.redirect_uris === undefined)
    return oauthError('invalid_redirect_uri', 'redirect_uris is missing')
  const { token_endpoint_auth_method = 'client_secret_basic' } = fields
  const needsSecret = String(token_endpoint_auth_method).startsWith('client_secret')
  const client = {
    ...fields,
    client_id,
    token_endpoint_auth_method,
    ...(needsSecret && { client_secret }),
  } as unknown as OpenidClient
  const contradiction = contradictionIn(client)
  return contradiction === undefined ? complete(client) : oauthError('invalid_client_metadata', contradiction)
}

/** The registration as the client is told of it. Source: RFC 7591, section 3.2.1; RFC 7592, section 3. */
function told(
  { context }: Provider,
  { registration, token }: { readonly registration: Registration; readonly token: string },
  status: 200 | 201,
): Response {
  const { methods: _methods, ...metadata } = registration.client
  const address = addressOf(context, 'registration')
  return json(
    {
      ...metadata,
      client_id_issued_at: registration.issuedAt,
      ...(metadata.client_secret !== undefined && { client_secret_expires_at: 0 }),
      registration_access_token: token,
      registration_client_uri: `${address}?client_id=${encodeURIComponent(metadata.client_id)}`,
    },
    status,
  )
}
