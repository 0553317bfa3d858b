/** @module The UserInfo endpoint: plain, signed or encrypted, as the client registered it, and each way to be wrong. */
import * as jose from 'jose'
import type { UserInfoFault } from '../faults/openid.js'
import { json } from '../page.js'
import type { Route } from '../route.js'
import { oauthError } from './client-authentication.js'
import type { RegisteredClient } from './clients.js'
import { scopeClaims } from './id-token.js'
import { faultsOf, type Provider } from './provider.js'

/** More than any client has to read. */
const oversized = 64 * 1024

/** `GET|POST userinfo.idp` with a bearer token. Sources: OpenID Connect Core, section 5.3; RFC 6750, section 3. */
export function createUserinfo(provider: Provider): Route {
  const show = async (_: unknown, { request }: { readonly request: Request }) => {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
    const grant = provider.grants.ofAccessToken(token)
    const person = grant && provider.context.people.find(grant.username)
    if (grant && person) {
      const claims = { sub: grant.sub, ...scopeClaims(grant.scope, person) }
      return answer(provider, grant.client, claims)
    }
    const response = oauthError('invalid_token', 'the access token is unknown, revoked or too old', 401)
    response.headers.set('www-authenticate', 'Bearer error="invalid_token"')
    return response
  }
  return { isApi: true, GET: show, POST: show }
}

async function answer(
  provider: Provider,
  client: RegisteredClient,
  given: Readonly<Record<string, unknown>>,
) {
  const fault = faultsOf(provider).userInfo
  const claims = { ...given, ...faultyClaims(fault) }
  const { userinfo_signed_response_alg: algorithm, userinfo_encrypted_response_alg: encryption } = client
  if (algorithm === undefined && encryption === undefined) return json(claims)
  const token = { ...claims, iss: provider.context.url(), aud: client.client_id, ...faultyToken(fault) }
  const plain =
    algorithm === undefined
      ? JSON.stringify(token)
      : await provider.signing.sign(token, algorithm, fault === 'stranger-key' ? { key: 'stranger' } : {})
  const text = encryption === undefined ? plain : await encrypt(client, encryption, plain)
  const headers = { 'content-type': 'application/jwt', 'cache-control': 'no-store' }
  return new Response(text, { headers })
}

/** For the key of the client that is meant for it. Source: OpenID Connect Core, section 10.2. */
async function encrypt(client: RegisteredClient, algorithm: string, plain: string): Promise<string> {
  const keys = (client.jwks?.keys ?? []) as readonly jose.JWK[]
  const jwk = keys.find(({ use, alg }) => use === 'enc' && (alg === undefined || alg === algorithm))
  if (jwk === undefined) throw new Error(`"${client.client_id}" has no key for ${algorithm} in its jwks`)
  const header = {
    alg: algorithm,
    enc: client.userinfo_encrypted_response_enc ?? 'A128CBC-HS256',
    cty: 'JWT',
    ...(jwk.kid === undefined ? {} : { kid: jwk.kid }),
  }
  return new jose.CompactEncrypt(new TextEncoder().encode(plain))
    .setProtectedHeader(header)
    .encrypt(await jose.importJWK(jwk, algorithm))
}

function faultyClaims(fault: UserInfoFault | undefined): Readonly<Record<string, unknown>> {
  switch (fault) {
    case 'other-sub':
      return { sub: 'somebody-else' }
    case 'without-sub':
      return { sub: undefined }
    case 'oversized':
      return { picture: 'x'.repeat(oversized) }
    case 'more-than-asked':
      return {
        isMfa: true,
        isDidAuth: true,
        acr: 'urn:emulator:did',
        amr: ['mfa'],
        sid: 'another',
        auth_time: 1,
      }
    default:
      return {}
  }
}

function faultyToken(fault: UserInfoFault | undefined): Readonly<Record<string, unknown>> {
  switch (fault) {
    case 'wrong-iss':
      return { iss: 'https://another.example' }
    case 'wrong-aud':
      return { aud: 'another-client' }
    default:
      return {}
  }
}
