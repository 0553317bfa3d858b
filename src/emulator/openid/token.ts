/** @module The token endpoint and its siblings: pushed requests, revocation. */
import { createHash } from 'node:crypto'
import { json } from '../page.js'
import type { Person } from '../people.js'
import { randomUuid } from '../random.js'
import type { Route } from '../route.js'
import { readForm } from '../visit.js'
import { pushedPrefix, readAuthorizationRequest } from './authorization-request.js'
import { authenticateClient, oauthError } from './client-authentication.js'
import type { RegisteredClient } from './clients.js'
import type { Grant } from './grants.js'
import { signIdToken } from './id-token.js'
import { faultsOf, methodsOf, type Provider } from './provider.js'

type ClientEndpoint = (client: RegisteredClient, form: URLSearchParams) => Promise<Response> | Response

/** A POST of a client that proves itself. */
const forClients = (provider: Provider, answer: ClientEndpoint): Route => ({
  isApi: true,
  async POST(_, { request }) {
    const form = await readForm(request)
    const twice = [...new Set(form.keys())].find((name) => form.getAll(name).length > 1)
    if (twice !== undefined) return oauthError('invalid_request', `${twice} came twice`)
    const client = await authenticateClient(provider, request, form)
    return client instanceof Response ? client : answer(client, form)
  },
})

/** `POST token.idp`: a code, or a refresh token. Sources: RFC 6749, sections 4.1.3 and 6; RFC 9700, section 4.14. */
export const createTokenEndpoint = (provider: Provider): Route =>
  forClients(provider, (client, form) => {
    const fault = faultsOf(provider).tokenError
    if (fault !== undefined) return oauthError(fault, 'a fault that was switched on')
    const type = form.get('grant_type')
    if (type === 'authorization_code') return byCode(provider, client, form)
    if (type === 'refresh_token') return byRefreshToken(provider, client, form)
    return oauthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
  })

async function byCode(provider: Provider, client: RegisteredClient, form: URLSearchParams) {
  const found = provider.grants.spendCode(form.get('code') ?? '', client)
  if (!found)
    return oauthError('invalid_grant', 'the code is unknown, used, too old, or its session has ended')
  if (form.get('redirect_uri') !== found.redirectUri) {
    return oauthError('invalid_grant', 'redirect_uri is not that of the authorization request')
  }
  const verifier = form.get('code_verifier')
  const isProven =
    found.codeChallenge === undefined
      ? verifier === null
      : verifier !== null && createHash('sha256').update(verifier).digest('base64url') === found.codeChallenge
  if (!isProven) return oauthError('invalid_grant', 'code_verifier does not fit')
  return answer(provider, found.grant, { isFirst: true, refreshToken: undefined })
}

function byRefreshToken(provider: Provider, client: RegisteredClient, form: URLSearchParams) {
  const given = form.get('refresh_token') ?? ''
  const grant = provider.grants.spendRefreshToken(given, client)
  if (!grant) return oauthError('invalid_grant', 'the refresh token is unknown, used, revoked or too old')
  const { session } = grant.sso
  if (provider.register.isAlive(grant.sso)) provider.context.sessions.extend(session)
  const refreshToken = provider.options.rotatesRefreshTokens ? undefined : given
  return answer(provider, grant, { isFirst: false, refreshToken })
}

async function answer(
  provider: Provider,
  grant: Grant,
  { isFirst, refreshToken }: { readonly isFirst: boolean; readonly refreshToken: string | undefined },
) {
  const { context, options, grants } = provider
  const person = context.people.find(grant.username)
  if (!person) return oauthError('invalid_grant', 'the person is gone')
  const hasRefreshToken =
    grant.scope.includes('offline_access') || grant.client.grant_types.includes('refresh_token')
  // A session may have risen since, by a factor that was enrolled: what is asked for anew says so.
  const said = isFirst ? grant : asOfNow(provider, grant, person)
  const accessToken = await createAccessToken(provider, said)
  grants.keepAccessToken(accessToken, grant)
  const idToken = await signIdToken(provider, { grant: said, person, isFirst, accessToken })
  const sessionState = faultsOf(provider).withoutSessionState ? undefined : grant.sessionState
  return json({
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: options.accessTokenSeconds,
    scope: grant.scope.join(' '),
    id_token: idToken,
    ...(hasRefreshToken && { refresh_token: refreshToken ?? grants.issueRefreshToken(grant) }),
    ...(isFirst && sessionState !== undefined && { session_state: sessionState }),
  })
}

/** A grant as its session stands: how the person has proved who they are by now. */
function asOfNow({ register }: Provider, grant: Grant, person: Person): Grant {
  const { session } = grant.sso
  if (!register.isAlive(grant.sso)) return grant
  return { ...grant, level: session.level, amr: methodsOf(session, person) }
}

/** Source of the JWT form: RFC 9068, section 2. */
async function createAccessToken({ context, options, signing }: Provider, grant: Grant) {
  if (options.accessTokenFormat === 'opaque') {
    return Buffer.from(context.options.random(32)).toString('base64url')
  }
  const now = Math.floor(context.now() / 1000)
  const claims = {
    iss: context.url(),
    sub: grant.sub,
    aud: context.url(),
    client_id: grant.client.client_id,
    scope: grant.scope.join(' '),
    iat: now,
    exp: now + options.accessTokenSeconds,
    jti: randomUuid(context.options.random),
    auth_time: grant.authTime,
    acr: options.acrValues[grant.level],
    amr: grant.amr,
  }
  return signing.sign(claims, 'RS256', { header: { typ: 'at+jwt' } })
}

/** `POST par.idp`: keeps a request for a minute, once. Source: RFC 9126, section 2. */
export const createPushedAuthorization = (provider: Provider): Route =>
  forClients(provider, async (client, form) => {
    if (form.has('request_uri')) return oauthError('invalid_request', 'request_uri cannot be pushed')
    const parameters = new URLSearchParams(form)
    for (const name of ['client_secret', 'client_assertion', 'client_assertion_type']) parameters.delete(name)
    parameters.set('client_id', client.client_id)
    const plain = { ...client, require_pushed_authorization_requests: false }
    const clients = new Map([[client.client_id, plain]])
    const read = await readAuthorizationRequest({ ...provider, options: { clients } }, parameters)
    if (read.kind === 'refused') return oauthError('invalid_request', read.message)
    if (read.kind === 'error') return oauthError(read.error, read.message)
    const ticket = provider.pushed.keep({ client, parameters })
    return json({ request_uri: `${pushedPrefix}${ticket}`, expires_in: 60 }, 201)
  })

/** `POST revocation.idp`: 200 for any token, ours or not. Source: RFC 7009, section 2.2. */
export const createRevocation = (provider: Provider): Route =>
  forClients(provider, (client, form) => {
    const token = form.get('token')
    if (token === null) return oauthError('invalid_request', 'token is missing')
    provider.grants.revoke(token, client)
    return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
  })
