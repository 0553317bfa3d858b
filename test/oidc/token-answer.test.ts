/** @module Codes and refresh tokens at the token endpoint: what each answer of the provider comes to. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { renewTokens } from '../../src/oidc/refresh.js'
import { revokeTokens } from '../../src/oidc/revocation.js'
import { type CodeExchange, redeemCode } from '../../src/oidc/token-answer.js'
import { type KeptTokens, parseTokens } from '../../src/oidc/tokens.js'
import { createSigningKey, keySet } from '../tokens/signing.js'
import { createScriptedProvider, describing, type ScriptedProvider } from './scripted-provider.js'
import { clientId, idToken, issuer, leftHalf, logoutToken, seconds, start } from './signer.js'

const exchange: CodeExchange = {
  code: 'the-code',
  idToken: undefined,
  isHybrid: false,
  issuer: undefined,
  state: 'the-state',
  redirectUri: 'https://benefits.example.gov/session/callback',
  nonce: 'the-nonce',
  verifier: 'v'.repeat(43),
  maxAgeSeconds: undefined,
  sessionState: 'from-authorization',
}

const tokenAnswer = (more: Readonly<Record<string, unknown>> = {}): Response =>
  Response.json({
    access_token: 'access-secret-1',
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: 'refresh-secret-1',
    id_token: idToken(),
    ...more,
  })

const run = async (world: ScriptedProvider, change: Partial<CodeExchange> = {}) =>
  redeemCode(await world.provider.connect(), world.options, { ...exchange, ...change }, start)

it('exchanges a code, with its verifier and the client’s proof', async () => {
  const world = createScriptedProvider()
  world.answers['/token'] = () => tokenAnswer()
  const result = await run(world)
  expect(result).toMatchObject({
    claims: { sub: 'ana' },
    tokens: {
      accessToken: 'access-secret-1',
      accessExpiresAt: start + 300_000,
      refreshToken: 'refresh-secret-1',
      sessionState: 'from-authorization',
    },
  })
  const [asked] = world.askedAt('/token')
  expect(Object.fromEntries(asked?.form ?? [])).toEqual({
    grant_type: 'authorization_code',
    code: 'the-code',
    code_verifier: 'v'.repeat(43),
    redirect_uri: exchange.redirectUri,
  })
  expect(asked?.headers.get('authorization')).toMatch(/^Basic /)
})

it.each([
  [undefined, issuer],
  ['issuer', issuer],
  ['token-endpoint', `${issuer}/token`],
] as const)('FLD-04 a client that proves itself by a key names the audience %s', async (audience, aud) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', kid: 'mine' }
  const world = createScriptedProvider({ clientAuthentication: { privateKey: jwk, audience } })
  world.answers['/token'] = () => tokenAnswer()
  world.answers['/revoke'] = () => new Response('')
  const result = await run(world)
  if (!('tokens' in result)) throw new Error(result.problem)
  await revokeTokens(await world.provider.connect(), result.tokens, start)
  for (const path of ['/token', '/revoke']) {
    const assertion = world.askedAt(path)[0]?.form.get('client_assertion') ?? ''
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString())
    expect(claims, path).toMatchObject({ aud, iss: clientId, sub: clientId })
  }
})

it('sends the secret in the form where the provider offers only that', async () => {
  const world = createScriptedProvider(
    {},
    describing({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
  )
  world.answers['/token'] = () => tokenAnswer()
  await run(world)
  const [asked] = world.askedAt('/token')
  expect(asked?.form.get('client_secret')).toBe('a secret of the client')
  expect(asked?.headers.get('authorization')).toBeNull()
})

it('SES-01 takes the session state of the token answer, and refuses one with a blank', async () => {
  const world = createScriptedProvider()
  world.answers['/token'] = () => tokenAnswer({ session_state: 'from-token.salt' })
  expect(await run(world)).toMatchObject({ tokens: { sessionState: 'from-token.salt' } })
  world.answers['/token'] = () => tokenAnswer({ session_state: 'with blank' })
  expect(await run(world)).toMatchObject({ tokens: { sessionState: 'from-authorization' } })
})

/** As a provider answers a client that has used the Basic scheme, and is not known by what it has shown. */
const challenged = (body: unknown, type = 'application/json; charset=utf-8') =>
  new Response(JSON.stringify(body), {
    status: 401,
    headers: { 'content-type': type, 'www-authenticate': 'Basic realm="clients"' },
  })

describe('an answer that brings nobody in', () => {
  it.each([
    ['an error', () => Response.json({ error: 'invalid_grant' }, { status: 400 }), 'invalid_grant'],
    [
      'RFC 6749 5.2 an error beside a challenge',
      () => challenged({ error: 'invalid_client' }),
      'invalid_client',
    ],
    ['a challenge without a word', () => challenged({}), 'status'],
    ['a challenge of something in between', () => challenged('<html>', 'text/html'), 'status'],
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'answer'],
    ['no tokens', () => Response.json({}), 'answer'],
    ['no ID token', () => tokenAnswer({ id_token: undefined }), 'answer'],
    ['the ID token of another login', () => tokenAnswer({ id_token: idToken({ nonce: 'x' }) }), 'nonce'],
    [
      'a forged ID token',
      () => tokenAnswer({ id_token: idToken({}, {}, createSigningKey('key-1')) }),
      'signature',
    ],
    [
      'an ID token of an unknown key',
      () => tokenAnswer({ id_token: idToken({}, {}, createSigningKey('new')) }),
      'unknown-key',
    ],
    ['BCL-31 a logout token', () => tokenAnswer({ id_token: logoutToken({ nonce: 'the-nonce' }) }), 'kind'],
    ['an enormous token', () => tokenAnswer({ access_token: 'x'.repeat(32_769) }), 'too-large'],
    ['an enormous answer', () => tokenAnswer({ access_token: 'x'.repeat(300_000) }), 'too-large'],
    ['a redirect', () => Response.redirect('https://evil.example/', 307), 'redirect'],
    ['a server error', () => new Response('', { status: 502 }), 'status'],
  ])('%s', async (_, answer, problem) => {
    const world = createScriptedProvider()
    world.answers['/token'] = answer
    const result = await run(world)
    expect(result).toMatchObject({ problem })
    expect(inspect(result, { depth: 9 })).not.toMatch(/access-secret|refresh-secret|eyJ/)
  })

  const odd = `https://evil.example/${'x'.repeat(200)}`
  it.each([
    ['issuer', idToken({ iss: odd }), `${odd.slice(0, 100)}…`, issuer],
    ['issuer', idToken({ iss: 'a\u001b[2J\u202eb' }), 'a\\u001b[2J\\u202eb', issuer],
    ['audience', idToken({ aud: 'permits' }), 'permits', clientId],
    [
      'audience',
      idToken({ aud: ['permits', clientId], azp: 'permits' }),
      `["permits","${clientId}"] for azp permits`,
      clientId,
    ],
    ['algorithm', idToken({}, { alg: 'PS512' }), 'PS512', 'RS256'],
    ['algorithm', idToken({}, { alg: 'none' }), 'none', 'RS256'],
    ['unknown-key', idToken({}, { kid: 'new' }), 'kid new', undefined],
  ])(
    'FLD-08 an ID token that is refused says what it has there, and what was wanted: %s',
    async (problem, id, given, expected) => {
      const world = createScriptedProvider()
      world.answers['/token'] = () => tokenAnswer({ id_token: id })
      expect(await run(world)).toEqual({ problem, difference: { given, expected } })
    },
  )

  const wrong = [
    ['of another access token', leftHalf('access-secret-2')],
    ['of the whole digest', createHash('sha256').update('access-secret-1').digest('base64url')],
    ['of another algorithm', leftHalf('access-secret-1', 'sha512')],
    ['that is empty', ''],
    ['that is null', null],
    ['that is no text', [leftHalf('access-secret-1')]],
  ] as const

  it.each(wrong)('an ID token beside another access token, by an at_hash %s', async (_name, at_hash) => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => tokenAnswer({ id_token: idToken({ at_hash }) })
    expect(await run(world)).toEqual({ problem: 'at-hash', difference: {} })
    // The same beside a refresh token that is spent: its successor is kept, and nothing else.
    const outcome = await renew(world)
    expect(outcome).toMatchObject({ kind: 'failed', problem: 'id-token-at-hash' })
    expect(outcome.kind === 'failed' && parseTokens(outcome.successor)).toEqual({
      ...kept,
      refreshToken: 'refresh-secret-1',
    })
  })

  it.each([
    ['RS256', 'sha256'],
    ['ES384', 'sha384'],
    ['PS512', 'sha512'],
    ['EdDSA', 'sha512'],
  ])('but none whose at_hash is by the digest of %s', async (algorithm, hash) => {
    const signer = createSigningKey('key-2', algorithm)
    const world = createScriptedProvider({ idTokenAlgorithms: [algorithm] })
    world.answers['/jwks'] = () => keySet([signer])
    const at_hash = leftHalf('access-secret-1', hash)
    world.answers['/token'] = () => tokenAnswer({ id_token: idToken({ at_hash }, {}, signer) })
    expect(await run(world)).toMatchObject({ claims: { sub: 'ana' } })
    expect(await renew(world)).toMatchObject({ kind: 'tokens' })
  })

  it.each([
    ['issuer', { iss: undefined }],
    ['audience', { aud: undefined }],
    ['claims', { sub: undefined }],
    ['claims', { sub: 7 }],
    ['claims', { iat: undefined }],
    ['claims', { exp: undefined }],
    ['claims', { exp: 'tomorrow' }],
    ['nonce', { nonce: undefined }],
  ])(
    'FLD-08 an ID token that lacks a claim, or has one of another type, is called so: %s by %o',
    async (problem, claims) => {
      const world = createScriptedProvider()
      world.answers['/token'] = () => tokenAnswer({ id_token: idToken(claims) })
      expect(await run(world)).toMatchObject({ problem, difference: expect.anything() })
    },
  )

  it('an ID token that is none is called so, and one that cannot be opened', async () => {
    const world = createScriptedProvider()
    const problems: unknown[] = []
    for (const id_token of ['no token', 7, 'a.b.c.d.e']) {
      world.answers['/token'] = () => tokenAnswer({ id_token })
      problems.push(await run(world))
    }
    expect(problems).toMatchObject([
      { problem: 'malformed' },
      { problem: 'malformed' },
      { problem: 'encryption' },
    ])
  })

  it('an answer that lacks something beside a good ID token is not blamed on that', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => tokenAnswer({ token_type: undefined })
    expect(await run(world)).toMatchObject({ problem: 'answer', call: expect.anything() })
  })

  it('SES-20 an authentication that is older than was asked for', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => tokenAnswer({ id_token: idToken({ auth_time: seconds - 200 }) })
    expect(await run(world, { maxAgeSeconds: 60 })).toMatchObject({ problem: 'too-old' })
    expect(await run(world, { maxAgeSeconds: 300 })).toMatchObject({ claims: { sub: 'ana' } })
  })
})

const kept: KeptTokens = {
  version: 1,
  accessToken: 'access-secret-0',
  accessIssuedAt: start - 300_000,
  accessExpiresAt: start,
  refreshToken: 'refresh-secret-0',
  idToken: 'the-old-id-token',
  identity: { iss: issuer, sub: 'ana', iat: seconds - 300, auth_time: seconds - 10, nonce: 'the-nonce' },
  sessionState: 'old-state',
}

const renew = async (world: ScriptedProvider, from: KeptTokens = kept) =>
  renewTokens(
    await world.provider.connect(),
    world.options,
    { kept: from, claims: { iss: issuer, sub: 'ana', iat: 0, exp: 1 }, tellUntrusted: () => undefined },
    start,
  )

describe('a refresh', () => {
  it('takes rotated tokens, and keeps what the answer leaves out', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => tokenAnswer({ id_token: undefined, refresh_token: undefined })
    const outcome = await renew(world)
    expect(outcome).toMatchObject({ kind: 'tokens', expiresAt: start + 300_000 })
    expect(outcome.kind === 'tokens' && parseTokens(outcome.tokens)).toMatchObject({
      accessToken: 'access-secret-1',
      refreshToken: 'refresh-secret-0',
      idToken: 'the-old-id-token',
      sessionState: 'old-state',
    })
    expect(world.askedAt('/token')[0]?.form.get('refresh_token')).toBe('refresh-secret-0')
  })

  it('without an ID token compares nothing with the one from before, which names another access token', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => tokenAnswer({ id_token: undefined })
    const idTokenBefore = idToken({ at_hash: leftHalf('access-secret-0') })
    const outcome = await renew(world, { ...kept, idToken: idTokenBefore })
    expect(outcome).toMatchObject({ kind: 'tokens' })
    expect(outcome.kind === 'tokens' && parseTokens(outcome.tokens)).toMatchObject({ idToken: idTokenBefore })
  })

  it('REF-2 is refused by invalid_grant alone', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
    expect(await renew(world)).toEqual({ kind: 'refused', problem: 'invalid_grant' })
  })

  it.each([
    ['invalid_client', () => Response.json({ error: 'invalid_client' }, { status: 401 }), 'invalid_client'],
    ['invalid_client beside a challenge', () => challenged({ error: 'invalid_client' }), 'invalid_client'],
    ['a challenge without a word', () => challenged({}), 'status'],
    [
      'temporarily_unavailable',
      () => Response.json({ error: 'temporarily_unavailable' }, { status: 503 }),
      'status',
    ],
    ['429 with a wait', () => new Response('', { status: 429, headers: { 'retry-after': '17' } }), 'status'],
    ['a server error', () => new Response('', { status: 500 }), 'status'],
    ['a broken connection', () => Promise.reject(new TypeError('fetch failed')), 'network'],
    [
      'REF-3 the same token again',
      () => tokenAnswer({ access_token: 'access-secret-0', refresh_token: undefined }),
      'unchanged',
    ],
    ['REF-3 a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'answer'],
    ['REF-3 missing fields', () => Response.json({ token_type: 'Bearer' }), 'answer'],
    ['REF-3 an enormous answer', () => new Response('x'.repeat(300_000)), 'too-large'],
    [
      'SES-21 another person',
      () => tokenAnswer({ id_token: idToken({ sub: 'ben', nonce: undefined }) }),
      'subject',
    ],
    [
      'SES-21 another issuer',
      () => tokenAnswer({ id_token: idToken({ iss: 'https://evil.example' }) }),
      'id-token-issuer',
    ],
    [
      'SES-21 a forged ID token',
      () => tokenAnswer({ id_token: idToken({}, {}, createSigningKey('key-1')) }),
      'id-token-signature',
    ],
  ])('leaves the session as it is after %s', async (_, answer, problem) => {
    const world = createScriptedProvider()
    world.answers['/token'] = answer
    const outcome = await renew(world)
    expect(outcome).toMatchObject({ kind: 'failed', problem })
    expect(inspect(outcome, { depth: 9 })).not.toMatch(/secret|eyJ/)
  })

  it.each([
    ['audience', { aud: 'permits' }, 'audience'],
    ['time of authentication', { auth_time: seconds }, 'auth_time'],
    ['authorized party', { azp: clientId }, 'azp'],
  ])(
    'HLD-07 SES-21 keeps the next refresh token beside an ID token with another %s, and nothing else',
    async (_, more, problem) => {
      const world = createScriptedProvider()
      world.answers['/token'] = () => tokenAnswer({ id_token: idToken(more) })
      const outcome = await renew(world)
      expect(outcome).toMatchObject({ kind: 'failed', problem: `id-token-${problem}` })
      expect(outcome.kind === 'failed' && parseTokens(outcome.successor)).toEqual({
        ...kept,
        refreshToken: 'refresh-secret-1',
      })
    },
  )

  it('REF-2 hands on how long the provider wants to be left alone', async () => {
    const world = createScriptedProvider()
    world.answers['/token'] = () => new Response('', { status: 429, headers: { 'retry-after': '17' } })
    expect(await renew(world)).toMatchObject({ kind: 'failed', status: 429, retryAfterSeconds: 17 })
  })

  it('ends by its deadline', async () => {
    const world = createScriptedProvider({ timeoutSeconds: 0.05 })
    world.answers['/token'] = () => new Promise(() => undefined)
    expect(await renew(world)).toMatchObject({ kind: 'failed', problem: 'timeout' })
  })
})

describe('RPI-12 the revocation of tokens', () => {
  it.each([
    ['done', () => new Response(''), { state: 'done' }],
    [
      'refused',
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      { state: 'refused', reason: 'invalid_client' },
    ],
    [
      'not for this kind',
      () => Response.json({ error: 'unsupported_token_type' }, { status: 400 }),
      { state: 'skipped', reason: 'unsupported_token_type' },
    ],
    [
      'unknown after a fault',
      () => new Response('', { status: 500 }),
      { state: 'unknown', reason: 'status' },
    ],
    [
      'unknown without a connection',
      () => Promise.reject(new TypeError('fetch failed')),
      { state: 'unknown', reason: 'network' },
    ],
    ['timed out', () => new Promise<Response>(() => undefined), { state: 'timed-out' }],
  ])('%s', async (_, answer, leg) => {
    const world = createScriptedProvider({ timeoutSeconds: 0.05 })
    world.answers['/revoke'] = answer
    expect(await revokeTokens(await world.provider.connect(), kept, start)).toEqual(leg)
    expect(Object.fromEntries(world.askedAt('/revoke')[0]?.form ?? [])).toMatchObject({
      token: 'refresh-secret-0',
      token_type_hint: 'refresh_token',
    })
  })

  it('is skipped where the provider has no place for it, or nothing is kept', async () => {
    const world = createScriptedProvider({}, describing({ revocation_endpoint: undefined }))
    const connection = await world.provider.connect()
    expect(await revokeTokens(connection, kept, start)).toEqual({
      state: 'skipped',
      reason: 'no-revocation-endpoint',
    })
    expect(await revokeTokens(connection, undefined, start)).toEqual({
      state: 'skipped',
      reason: 'no-tokens',
    })
    expect(await revokeTokens(undefined, kept, start)).toEqual({
      state: 'unknown',
      reason: 'provider-unavailable',
    })
  })
})
