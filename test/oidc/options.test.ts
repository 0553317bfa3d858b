/** @module The options of `oidc({ … })`: everything wrong at once, strict by default. */
import { expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { allowMissingExpiry } from '../../src/oidc/option-kinds.js'
import { resolveOidcOptions } from '../../src/oidc/resolve-options.js'
import { optionsWith } from './signer.js'

const problemsOf = (options: unknown, environment = {}): readonly string[] => {
  try {
    resolveOidcOptions(options as never, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return error.problems.map(({ path, message }) => `${path} ${message}`)
  }
}
const good = { issuer: 'https://id.example.gov', clientId: 'benefits', clientSecret: 's' }

it('is strict where nothing is said', () => {
  expect(optionsWith()).toMatchObject({
    scope: 'openid',
    responseMode: 'query',
    idTokenAlgorithms: ['RS256'],
    frontchannelLogout: { sessionRequired: true, downstream: expect.any(Function) },
    backchannelLogout: { requireType: 'compatible', isExpiryRequired: true, maximumLifetimeSeconds: 120 },
    sessionManagement: { pollSeconds: 5, followIdentity: false, responseType: 'code' },
    refresh: { timeoutSeconds: 5, waitMilliseconds: 500, keepSeconds: 0, onUnavailable: 'keep' },
    endpointOrigins: [],
  })
})

it('BCL-11 lets tokens without expiry in by nothing but the symbol', () => {
  const backchannelLogout = { expiry: allowMissingExpiry } as const
  expect(optionsWith({ backchannelLogout }).backchannelLogout.isExpiryRequired).toBe(false)
  expect(problemsOf({ ...good, backchannelLogout: { expiry: true } })).toEqual([
    expect.stringContaining('oidc.backchannelLogout.expiry'),
  ])
})

it.each([undefined, 'RSA1_5', 'dir', 'constructor', 7])(
  'HLD-23 JWT-20 takes no decryption key with alg %s',
  (alg) => {
    const key = { kty: 'RSA', d: 'AAAA', ...(alg === undefined ? {} : { alg }) }
    expect(problemsOf({ ...good, idTokenDecryptionKeys: [{ ...key, alg: 'RSA-OAEP-256' }] })).toEqual([])
    expect(problemsOf({ ...good, idTokenDecryptionKeys: [{ ...key, alg: 'RSA-OAEP-256' }, key] })).toEqual([
      expect.stringContaining('oidc.idTokenDecryptionKeys give each key its `alg`'),
    ])
  },
)

it.each([
  'sub',
  'iss',
  'acr',
  'amr',
  'auth_time',
  'isMfa',
  'isDidAuth',
  'mfaRequired',
  'session_expiry',
  '_claim_sources',
])('takes %s from no UserInfo', (name) => {
  expect(problemsOf({ ...good, userInfoClaims: ['email', 'https://example.gov/roles'] })).toEqual([])
  expect(problemsOf({ ...good, userInfoClaims: ['email', name] })).toEqual([
    `oidc.userInfoClaims leave out ${name}: only the ID token says it`,
  ])
})

it('brings the hybrid answer by a form, and asks for the same silently', () => {
  expect(optionsWith()).toMatchObject({ responseType: 'code', responseMode: 'query' })
  const hybrid = { responseType: 'code id_token' } as const
  expect(optionsWith(hybrid)).toMatchObject({
    responseMode: 'form_post',
    sessionManagement: { responseType: 'code id_token' },
  })
  const sessionManagement = { responseType: 'code' } as const
  expect(optionsWith({ ...hybrid, sessionManagement })).toMatchObject({ sessionManagement })
  expect(problemsOf({ ...good, ...hybrid, responseMode: 'query' })).toEqual([
    expect.stringContaining('oidc.responseMode write form_post with code id_token'),
  ])
  for (const responseType of ['id_token', 'code token', 'code id_token token', 'token', 'id_token code']) {
    expect(problemsOf({ ...good, responseType })).toEqual([expect.stringContaining('oidc.responseType')])
  }
})

it('says what UserInfo needs', () => {
  const endpoint = (name: string) => `https://id.example.gov/${name}`
  const undiscovered = {
    authorization: endpoint('authorize'),
    token: endpoint('token'),
    jwks: endpoint('jwks'),
  }
  const always = { ...good, userInfo: 'always' }
  for (const endpoints of [undiscovered, { userInfo: false }]) {
    expect(problemsOf({ ...always, endpoints })).toEqual([
      expect.stringContaining('oidc.endpoints.userInfo write it'),
    ])
  }
  expect(problemsOf({ ...always, endpoints: { ...undiscovered, userInfo: endpoint('me') } })).toEqual([])
  expect(problemsOf({ ...good, endpoints: { userInfo: 'https://graph.example/me' } })).toEqual([
    expect.stringContaining('name that origin in endpointOrigins'),
  ])
  expect(problemsOf({ ...good, userInfo: 'never', userInfoAtRefresh: true })).toEqual([
    expect.stringContaining('oidc.userInfoAtRefresh leave it out'),
  ])
  expect(problemsOf({ ...good, userInfoDecryptionKeys: [{ kty: 'RSA', d: 'x', alg: 'RSA1_5' }] })).toEqual([
    expect.stringContaining('oidc.userInfoDecryptionKeys give each key its `alg`'),
  ])
})

it('keeps the issuer letter by letter', () => {
  expect(optionsWith({ issuer: 'https://id.example.gov/' }).issuer).toBe('https://id.example.gov/')
})

it('names everything that is wrong, with what was most likely meant', () => {
  const problems = problemsOf({
    issuer: 'http://id.example.gov',
    clientID: 'x',
    scope: 'profile',
    sessionManagement: { pollSecond: 1 },
    refresh: 5,
    idTokenAlgorithms: ['none'],
    parameters: { redirect_uri: 'https://evil.example' },
  })
  expect(problems).toEqual([
    expect.stringMatching(/^oidc\.clientID .*did you mean clientId/),
    expect.stringMatching(/^oidc\.sessionManagement\.pollSecond .*sessionManagement\.pollSeconds/),
    expect.stringMatching(/^oidc\.refresh write an object/),
    expect.stringMatching(/^oidc\.issuer write an https/),
    expect.stringMatching(/^oidc\.clientId is missing/),
    expect.stringMatching(/^oidc\.scope .*openid/),
    expect.stringMatching(/^oidc\.parameters leave out redirect_uri/),
    expect.stringMatching(/^oidc\.idTokenAlgorithms/),
    expect.stringMatching(/^oidc\.clientSecret is missing/),
  ])
})

it.each([
  ['no object', 7],
  ['an algorithm with a shared secret', { ...good, idTokenAlgorithms: ['HS256'] }],
  ['polls within a second', { ...good, sessionManagement: { pollSeconds: 0.5 } }],
  ['a secret-less client without saying so', { ...good, clientSecret: undefined }],
  ['a key that is public', { ...good, clientAuthentication: { privateKey: { kty: 'EC', alg: 'ES256' } } }],
  ['keys on another origin', { ...good, endpoints: { jwks: 'https://keys.example.gov/' } }],
  [
    'a watch without a frame to ask',
    { ...good, sessionManagement: { enabled: true }, endpoints: { checkSession: false } },
  ],
  ['a silent prompt', { ...good, prompt: 'none' }],
  ['a parameter to pass on that is ours', { ...good, passedParameters: ['state'] }],
])('refuses %s', (_, options) => {
  expect(problemsOf(options)).toHaveLength(1)
})

it('takes http for the machine itself, and never in production', () => {
  const local = { ...good, issuer: 'http://localhost:8080' }
  expect(problemsOf(local)).toEqual([])
  expect(problemsOf(local, { NODE_ENV: 'production' })).toHaveLength(1)
})

it('FLD-05 takes no parameters for a new login that ask for nothing or are ours', () => {
  const problem = (reauthenticate: unknown) => problemsOf({ ...good, reauthenticate })
  expect(
    problem({ parameters: { prompt: 'select_account consent', max_age: '0', acr_values: 'x' } }),
  ).toEqual([expect.stringContaining('leave out acr_values')])
  expect(problem({ parameters: { prompt: 'select_account', kc_action: 'x' } })).toEqual([])
  expect(problem({ parameters: { prompt: 'none' } })).toEqual([expect.stringContaining('login, consent')])
  expect(problem({ parameters: { max_age: '-1' } })).toEqual([expect.stringContaining('number of seconds')])
  expect(problem({ parameters: {} })).toHaveLength(1)
  expect(problem({ proof: 'none' })).toHaveLength(1)
  expect(problemsOf({ ...good, reauthenticate: { proof: 'asked' }, pushedAuthorization: 'never' })).toEqual([
    expect.stringContaining('oidc.pushedAuthorization leave it out'),
  ])
})

it('believes a provider the claims of OpenID Connect, and others where they are named', () => {
  expect(optionsWith()).toMatchObject({
    trustedClaims: ['acr', 'amr'],
    untrustedClaims: ['isMfa', 'isDidAuth'],
  })
  expect(optionsWith({ trustedClaims: [] }).untrustedClaims).toEqual(['acr', 'amr', 'isMfa', 'isDidAuth'])
  for (const name of ['mfaRequired', 'auth_time', 'email', 7]) {
    expect(problemsOf({ ...good, trustedClaims: [name] })).toEqual([
      expect.stringContaining('oidc.trustedClaims write a list from acr, amr, isMfa, isDidAuth'),
    ])
  }
  // Nothing would ever show what is asked for.
  expect(problemsOf({ ...good, stepUpAcrValues: ['urn:mfa'], trustedClaims: ['amr'] })).toEqual([
    expect.stringContaining('oidc.trustedClaims name acr as well'),
  ])
  expect(problemsOf({ ...good, stepUpAcrValues: ['urn:mfa'], trustedClaims: ['acr'] })).toEqual([])
})
