/** @module Authorization requests and their answers. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type AuthorizationRequest,
  authorizationParameters,
  createSecrets,
  prepareRedirect,
} from '../../src/oidc/authorization.js'
import { readAuthorizationAnswer } from '../../src/oidc/authorization-answer.js'
import { createScriptedProvider, describing } from './scripted-provider.js'
import { clientId, issuer, optionsWith, start } from './signer.js'

const secrets = { nonce: 'the-nonce', verifier: 'v'.repeat(43) }
const wish: AuthorizationRequest = {
  redirectUri: 'https://benefits.example.gov/session/callback',
  responseType: 'code',
  responseMode: 'query',
}
const challenge = createHash('sha256').update(secrets.verifier).digest('base64url')

const parametersOf = async (change: Partial<AuthorizationRequest> = {}, options = optionsWith()) =>
  Object.fromEntries(await authorizationParameters(options, { ...wish, ...change }, secrets, 'the-state'))

it('asks by code, with PKCE, state and nonce', async () => {
  expect(await parametersOf()).toEqual({
    client_id: clientId,
    redirect_uri: wish.redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
})

it('SES-12 asks silently with nothing but none as prompt, and with state, nonce and PKCE as usual', async () => {
  expect(await parametersOf({ prompt: 'none', idTokenHint: 'hint' })).toMatchObject({
    prompt: 'none',
    id_token_hint: 'hint',
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: challenge,
  })
})

it('asks for an age and a context', async () => {
  expect(await parametersOf({ maxAgeSeconds: 300, acrValues: ['urn:a', 'urn:b'] })).toMatchObject({
    max_age: '300',
    acr_values: 'urn:a urn:b',
  })
})

it('FLD-05 never asks for an age of 0, which some providers take for none', async () => {
  expect(await parametersOf({ maxAgeSeconds: 0 })).toMatchObject({ max_age: '1' })
})

it('lets no parameter from elsewhere override ours', async () => {
  const parameters = {
    redirect_uri: 'https://evil.example',
    state: 'x',
    response_type: 'token',
    login_hint: 'ana',
  }
  const built = await parametersOf({ parameters })
  expect(built).toMatchObject({ redirect_uri: wish.redirectUri, state: 'the-state', response_type: 'code' })
  expect(built.login_hint).toBe('ana')
})

it('leaves PKCE out where no code is asked for', async () => {
  const built = await parametersOf({ responseType: 'id_token', responseMode: 'fragment' })
  expect(built).toMatchObject({ response_type: 'id_token', nonce: 'the-nonce' })
  expect(built).not.toHaveProperty('code_challenge')
  expect(built).not.toHaveProperty('response_mode')
})

it('makes secrets of 256 bits that are never the same', () => {
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const all = Array.from({ length: 100 }, () => createSecrets(random)).flatMap(({ nonce, verifier }) => [
    nonce,
    verifier,
  ])
  expect(new Set(all).size).toBe(200)
  expect(all.every((secret) => /^[\w-]{43}$/.test(secret))).toBe(true)
})

describe('where the browser goes', () => {
  const parameters = new URLSearchParams({ client_id: clientId, state: 'the-state' })

  it('keeps a query that the endpoint has', async () => {
    const world = createScriptedProvider(
      {},
      describing({ authorization_endpoint: `${issuer}/authorize?tenant=a` }),
    )
    const redirect = await prepareRedirect(await world.provider.connect(), world.options, parameters, start)
    expect(redirect.url).toBe(`${issuer}/authorize?tenant=a&client_id=benefits&state=the-state`)
  })

  it('goes by form where the hint makes an address too long', async () => {
    const world = createScriptedProvider()
    const long = new URLSearchParams({ ...Object.fromEntries(parameters), id_token_hint: 'x'.repeat(8000) })
    const redirect = await prepareRedirect(await world.provider.connect(), world.options, long, start)
    expect(redirect).toMatchObject({
      method: 'post',
      url: `${issuer}/authorize`,
      fields: { state: 'the-state' },
    })
  })

  const pushing = describing({ pushed_authorization_request_endpoint: `${issuer}/par` })

  it('pushes the request where the provider offers that: nothing of it is in the address', async () => {
    const world = createScriptedProvider({}, pushing)
    world.answers['/par'] = () =>
      Response.json({ request_uri: 'urn:request:1', expires_in: 60 }, { status: 201 })
    const redirect = await prepareRedirect(await world.provider.connect(), world.options, parameters, start)
    expect(Object.fromEntries(new URL(redirect.url).searchParams)).toEqual({
      client_id: clientId,
      request_uri: 'urn:request:1',
    })
    expect(world.askedAt('/par')[0]?.form.get('state')).toBe('the-state')
  })

  it('does without an offer that fails, but not without what it must do', async () => {
    const world = createScriptedProvider({}, pushing)
    world.answers['/par'] = () => new Response('', { status: 500 })
    expect(
      (await prepareRedirect(await world.provider.connect(), world.options, parameters, start)).url,
    ).toContain('state=')
    const strict = createScriptedProvider({ pushedAuthorization: 'always' }, pushing)
    strict.answers['/par'] = () => new Response('', { status: 500 })
    await expect(
      prepareRedirect(await strict.provider.connect(), strict.options, parameters, start),
    ).rejects.toThrow()
  })

  it('pushes nothing where that is switched off', async () => {
    const world = createScriptedProvider({ pushedAuthorization: 'never' }, pushing)
    await prepareRedirect(await world.provider.connect(), world.options, parameters, start)
    expect(world.askedAt('/par')).toHaveLength(0)
  })
})

describe('an answer', () => {
  const provider = { issuer, sendsIssuer: false, hasIdToken: false }
  const read = (query: string, from = provider) => readAuthorizationAnswer(new URLSearchParams(query), from)

  it.each([
    ['code=c&state=s', { kind: 'code', code: 'c', state: 's', issuer: undefined, sessionState: undefined }],
    ['SES-01', { kind: 'malformed', problem: 'state' }],
    ['code=c&state=s&session_state=a.b', { kind: 'code', sessionState: 'a.b' }],
    ['code=c&state=s&session_state=a%20b', { kind: 'code', sessionState: undefined }],
    [
      'error=login_required&state=s&session_state=a.b',
      { kind: 'error', error: 'login_required', sessionState: 'a.b' },
    ],
    ['error=%3Cscript%3E&state=s', { kind: 'error', error: 'unknown' }],
    [`code=c&state=s&iss=${encodeURIComponent(issuer)}`, { kind: 'code', issuer }],
    ['code=c&state=s&iss=https%3A%2F%2Fevil.example', { kind: 'malformed', problem: 'issuer' }],
    ['error=access_denied&state=s&iss=https%3A%2F%2Fevil.example', { kind: 'malformed', problem: 'issuer' }],
    ['id_token=t&state=s', { kind: 'id-token', idToken: 't' }],
    ['code=c', { kind: 'malformed', problem: 'state' }],
    ['code=c&state=s&state=t', { kind: 'malformed', problem: 'duplicate' }],
    ['code=c&code=d&state=s', { kind: 'malformed', problem: 'duplicate' }],
    ['state=s', { kind: 'malformed', problem: 'empty' }],
    [`state=s&code=${'c'.repeat(8193)}`, { kind: 'malformed', problem: 'empty' }],
    [`state=${'s'.repeat(513)}&code=c`, { kind: 'malformed', problem: 'state' }],
    [`state=s&code=c${'&x=y'.repeat(31)}`, { kind: 'malformed', problem: 'parameters' }],
  ])('%s', (query, answer) => {
    expect(read(query)).toMatchObject(answer)
  })

  it('must name its issuer where the provider says that it always does', () => {
    const from = { issuer, sendsIssuer: true, hasIdToken: false }
    for (const query of ['code=c&state=s', 'error=access_denied&state=s', 'code=c&id_token=t&state=s']) {
      expect(read(query, from)).toMatchObject({ problem: 'issuer' })
    }
    // An ID token that was asked for is verified, and names its issuer itself.
    const hybrid = { ...from, hasIdToken: true }
    expect(read('code=c&id_token=t&state=s', hybrid)).toMatchObject({ kind: 'code', code: 'c', idToken: 't' })
    expect(read('code=c&state=s', hybrid)).toMatchObject({ problem: 'issuer' })
    expect(read('error=access_denied&state=s', hybrid)).toMatchObject({ problem: 'issuer' })
  })

  it('asks for a code with its ID token by a form, with the challenge and the nonce', async () => {
    const request = {
      redirectUri: wish.redirectUri,
      responseType: 'code id_token',
      responseMode: 'form_post',
    } as const
    const hybrid = await authorizationParameters(optionsWith(), request, secrets, 'the-state')
    expect(Object.fromEntries(hybrid)).toMatchObject({
      response_type: 'code id_token',
      response_mode: 'form_post',
      nonce: secrets.nonce,
      code_challenge_method: 'S256',
    })
  })
})
