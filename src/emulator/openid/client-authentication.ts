/** @module Who asks at the token endpoint: the ways in which a client proves itself. */
import * as jose from 'jose'
import { json } from '../page.js'
import type { AuthenticationMethod, RegisteredClient } from './clients.js'
import { addressOf, type Provider } from './provider.js'
import { digestOf, isSecretOf } from './secrets.js'

const isSecret = (given: string, client: RegisteredClient) =>
  client.client_secret !== undefined && isSecretOf(given, digestOf(client.client_secret))

/** The form of an error of the token endpoint and its siblings. Source: RFC 6749, section 5.2. */
export const oauthError = (error: string, description: string, status = 400): Response =>
  json({ error, error_description: description }, status)

/**
 * The client, or the answer to somebody who is none. A client proves itself as it is registered, and in one way only.
 * Sources: RFC 6749, section 2.3; OpenID Connect Core, section 9; RFC 7523, section 3.
 */
export async function authenticateClient(
  provider: Provider,
  request: Request,
  form: URLSearchParams,
): Promise<RegisteredClient | Response> {
  const credentials = readCredentials(request, form)
  const client = credentials && provider.options.clients.get(credentials.clientId)
  const isProven =
    credentials &&
    client?.methods.includes(credentials.method) === true &&
    (await proves(provider, client, credentials))
  if (client && isProven) return client
  const response = oauthError('invalid_client', 'the client did not prove itself as it is registered', 401)
  if (request.headers.has('authorization')) response.headers.set('www-authenticate', 'Basic realm="emulator"')
  return response
}

interface Credentials {
  readonly clientId: string
  readonly method: AuthenticationMethod
  readonly secret: string
}

function readCredentials(request: Request, form: URLSearchParams): Credentials | undefined {
  const authorization = request.headers.get('authorization')
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  if ([authorization, secret, assertion].filter((one) => one !== null).length > 1) return undefined
  if (authorization !== null) return readBasic(authorization)
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      return undefined
    return { clientId: subjectOf(assertion), method: 'private_key_jwt', secret: assertion }
  }
  const clientId = form.get('client_id') ?? ''
  if (secret === null) return { clientId, method: 'none', secret: '' }
  return { clientId, method: 'client_secret_post', secret }
}

function readBasic(header: string): Credentials | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(header) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const at = text.indexOf(':')
  // Both halves are form-encoded first. Source: RFC 6749, section 2.3.1.
  const decode = (part: string) => new URLSearchParams(`v=${part.replaceAll('&', '%26')}`).get('v') ?? ''
  if (at < 1) return undefined
  return {
    clientId: decode(text.slice(0, at)),
    method: 'client_secret_basic',
    secret: decode(text.slice(at + 1)),
  }
}

function subjectOf(assertion: string) {
  try {
    return jose.decodeJwt(assertion).sub ?? ''
  } catch {
    return ''
  }
}

async function proves(provider: Provider, client: RegisteredClient, { method, secret }: Credentials) {
  if (method === 'none') return true
  if (method !== 'private_key_jwt') return isSecret(secret, client)
  const { context, usedAssertions } = provider
  try {
    const keys = jose.createLocalJWKSet({ keys: [...(client.jwks?.keys ?? [])] as jose.JWK[] })
    const { payload } = await jose.jwtVerify(secret, keys, {
      issuer: client.client_id,
      subject: client.client_id,
      audience: [context.url(), addressOf(context, 'token'), addressOf(context, 'pushed-authorization')],
      currentDate: new Date(context.now()),
      requiredClaims: ['exp', 'jti'],
    })
    const now = context.now()
    for (const [jti, until] of usedAssertions) if (until <= now) usedAssertions.delete(jti)
    const name = `${client.client_id} ${payload.jti}`
    if (usedAssertions.has(name)) return false
    usedAssertions.set(name, (payload.exp ?? 0) * 1000)
    return true
  } catch {
    return false
  }
}
