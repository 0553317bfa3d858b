/** @module The variables of `oidc()`: each option from the environment as from code, and what is said of mistakes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { variableOf } from '../../src/config/environment.js'
import { optionsByPath } from '../../src/config/option.js'
import { variablesFor } from '../../src/config/read-variable.js'
import { oidcOptions } from '../../src/oidc/options.js'
import { readOidcOptions, resolveOidcOptions } from '../../src/oidc/resolve-options.js'
import { withValue } from '../config/given.js'

const folder = mkdtempSync(join(tmpdir(), 'citizen-oidc-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fileWith = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const jwk = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', d: 'ZA', alg: 'ECDH-ES' }
const url = 'https://id.example.gov/x?y=z'

/** For each option that a variable can hold: a text, and what it says. */
const rows: Readonly<Record<string, readonly (readonly [text: string, value: unknown])[]>> = {
  displayName: [['Ministry of Order', 'Ministry of Order']],
  logo: [['/adfs.svg', '/adfs.svg']],
  offered: [['false', false]],
  issuer: [['https://id.example.gov/', 'https://id.example.gov/']],
  clientId: [['tax-office', 'tax-office']],
  clientSecret: [['s+/ %,"\'', 's+/ %,"\'']],
  clientAuthentication: [
    ['client_secret_post', 'client_secret_post'],
    ['none', 'none'],
    [JSON.stringify(jwk), { privateKey: jwk }],
    [
      JSON.stringify({ privateKey: jwk, audience: 'token-endpoint' }),
      { privateKey: jwk, audience: 'token-endpoint' },
    ],
  ],
  internalUrl: [['http://127.0.0.1:8080', 'http://127.0.0.1:8080']],
  endpointOrigins: [
    ['https://a.example, https://id.example.gov', ['https://a.example', 'https://id.example.gov']],
  ],
  'endpoints.authorization': [[url, url]],
  'endpoints.token': [[url, url]],
  'endpoints.jwks': [[url, url]],
  'endpoints.endSession': [
    [url, url],
    ['false', false],
  ],
  'endpoints.checkSession': [
    [url, url],
    ['false', false],
  ],
  'endpoints.revocation': [
    [url, url],
    ['false', false],
  ],
  'endpoints.userInfo': [
    [url, url],
    ['false', false],
  ],
  'endpoints.pushedAuthorization': [
    [url, url],
    ['false', false],
  ],
  scope: [['openid offline_access', 'openid offline_access']],
  responseType: [['code id_token', 'code id_token']],
  responseMode: [['form_post', 'form_post']],
  prompt: [['select_account', 'select_account']],
  maxAgeSeconds: [['0', 0]],
  acrValues: [['urn:a,urn:b', ['urn:a', 'urn:b']]],
  stepUpAcrValues: [['urn:a', ['urn:a']]],
  parameters: [['access_type=offline&hd=a%20b', { access_type: 'offline', hd: 'a b' }]],
  passedParameters: [['ui_locales', ['ui_locales']]],
  'reauthenticate.parameters': [
    ['prompt=select_account&max_age=0', { prompt: 'select_account', max_age: '0' }],
  ],
  'reauthenticate.proof': [['asked', 'asked']],
  trustedClaims: [['acr,amr,isMfa,isDidAuth', ['acr', 'amr', 'isMfa', 'isDidAuth']]],
  idTokenAlgorithms: [['ES256, PS256', ['ES256', 'PS256']]],
  idTokenDecryptionKeys: [
    [JSON.stringify({ keys: [jwk] }), [jwk]],
    [JSON.stringify([jwk]), [jwk]],
  ],
  userInfo: [['always', 'always']],
  userInfoClaims: [['email, name', ['email', 'name']]],
  userInfoAtRefresh: [['true', true]],
  userInfoDecryptionKeys: [[JSON.stringify({ keys: [jwk] }), [jwk]]],
  idTokenHint: [['auto', 'auto']],
  pushedAuthorization: [['never', 'never']],
  clockSkewSeconds: [['0', 0]],
  timeoutSeconds: [['1.5', 1.5]],
  'frontchannelLogout.sessionRequired': [['false', false]],
  'frontchannelLogout.cookieRequired': [['true', true]],
  'backchannelLogout.requireType': [['logout+jwt', 'logout+jwt']],
  'backchannelLogout.maximumLifetimeSeconds': [['60', 60]],
  'sessionManagement.enabled': [['true', true]],
  'sessionManagement.pollSeconds': [['60', 60]],
  'sessionManagement.followIdentity': [['true', true]],
  'sessionManagement.responseType': [
    ['id_token', 'id_token'],
    ['code id_token', 'code id_token'],
  ],
  'sessionManagement.timeoutSeconds': [['3', 3]],
  'refresh.afterSeconds': [['600', 600]],
  'refresh.timeoutSeconds': [['2.5', 2.5]],
  'refresh.waitMilliseconds': [['0', 0]],
  'refresh.keepSeconds': [['600', 600]],
  'refresh.onUnavailable': [['end', 'end']],
}

const required = {
  issuer: 'https://id.example.gov',
  clientId: 'benefits',
  clientSecret: 'a secret of the client',
}
const without = (path: string): object => (path in required ? { ...required, [path]: undefined } : required)
/** The options but for the functions: two of one text are two. */
const resolve = (options: object, environment: Record<string, string>): unknown =>
  JSON.parse(JSON.stringify(resolveOidcOptions(options, environment)))
const cases = Object.entries(rows).flatMap(([path, values]) =>
  values.map(([text, value]) => ({ path, text, value, variable: variableOf(`oidc.${path}`) })),
)

it('there is a row for every option that is not a function or a symbol', () => {
  const inVariables = [...optionsByPath(oidcOptions)].flatMap(([path, { kind }]) =>
    kind.fromText === undefined ? [] : [path],
  )
  expect(Object.keys(rows)).toEqual(inVariables)
})

it.each(cases)('$variable=$text is $path', ({ path, text, value, variable }) => {
  const inCode = resolve(withValue(without(path), path, value), {})
  expect(resolve(without(path), { [variable]: ` ${text}\n` })).toEqual(inCode)
})

it.each(cases)('$path in code wins over $variable', ({ path, value, variable }) => {
  const given = withValue(required, path, value)
  expect(resolve(given, { [variable]: '' })).toEqual(resolve(given, {}))
  expect(resolve(given, { [variable]: 'nonsense\u0000' })).toEqual(resolve(given, {}))
})

it.each(cases.filter(({ path }) => variablesFor('X', optionOf(path).kind).length > 1))(
  '$path may be in a file: $text',
  ({ path, text, variable }) => {
    const environment = { [`${variable}_FILE`]: fileWith(path, `\ufeff${text}\n`) }
    expect(resolve(without(path), environment)).toEqual(resolve(without(path), { [variable]: text }))
  },
)

function optionOf(path: string) {
  const option = optionsByPath(oidcOptions).get(path)
  if (option === undefined) throw new Error(path)
  return option
}

it('"update the value of EnableSessionManagement from false to true" is one variable', () => {
  const enabledBy = (environment: Record<string, string>) =>
    resolveOidcOptions(required, environment).sessionManagement.enabled
  expect(enabledBy({ CITIZEN_OIDC_SESSION_MANAGEMENT: 'true' })).toBe(true)
  expect(enabledBy({ CITIZEN_OIDC_SESSION_MANAGEMENT: 'false' })).toBe(false)
  expect(enabledBy({})).toBe(false)
})

const problemsOf = (options: object, environment: Record<string, string>) =>
  readOidcOptions(options, environment).problems.map(
    ({ path, variable, message }) => `${path} (${variable}) ${message}`,
  )

it('FLD-09 names the variable of everything that is missing or wrong, with what to write', () => {
  const CITIZEN_OIDC_REFRESH_ON_UNAVAILABLE = 'stop'
  expect(problemsOf({}, { CITIZEN_OIDC_REFRESH_ON_UNAVAILABLE })).toEqual([
    expect.stringMatching(/^oidc\.issuer \(CITIZEN_OIDC_ISSUER\) is missing: write an address/),
    expect.stringMatching(/^oidc\.clientId \(CITIZEN_OIDC_CLIENT_ID\) is missing: write a text/),
    expect.stringMatching(
      /^oidc\.refresh\.onUnavailable \(CITIZEN_OIDC_REFRESH_ON_UNAVAILABLE\) write one of keep, end; given was "stop"$/,
    ),
    expect.stringMatching(/^oidc\.clientSecret \(CITIZEN_OIDC_CLIENT_SECRET\) is missing: write it, or/),
  ])
})

it.each([
  ['a file that is not there', '/nowhere/at/all', 'cannot be read (ENOENT)'],
  ['a folder', folder, 'cannot be read (EISDIR)'],
  ['an empty file', fileWith('empty', ' \n'), 'is empty'],
  ['a file in UTF-16', fileWith('wide', Buffer.from('\ufeffa secret', 'utf16le')), 'not in UTF-8'],
  ['a file in Latin-1', fileWith('latin', Buffer.from('a secr\u00e9t', 'latin1')), 'not in UTF-8'],
  ['a file without an end', fileWith('large', 'x'.repeat(4_194_305)), 'more than 4 MiB'],
])('FLD-09 says of %s what is wrong with it, and of nothing else', (_what, path, message) => {
  const { clientSecret, ...rest } = required
  const environment = { CITIZEN_OIDC_CLIENT_SECRET_FILE: path }
  expect(problemsOf(rest, environment)).toEqual([
    expect.stringMatching(/^oidc\.clientSecret \(CITIZEN_OIDC_CLIENT_SECRET_FILE\) names a file/),
  ])
  expect(problemsOf(rest, environment)[0]).toContain(message)
  expect(problemsOf({ ...rest, clientSecret }, environment)).toEqual([])
})

it('FLD-09 takes a text or a file, and not both', () => {
  const { clientSecret, ...rest } = required
  const environment = {
    CITIZEN_OIDC_CLIENT_SECRET: clientSecret,
    CITIZEN_OIDC_CLIENT_SECRET_FILE: fileWith('secret', clientSecret),
  }
  expect(problemsOf(rest, environment)).toEqual([expect.stringContaining('and not both')])
})

const precious = 'Zk3vQ0pXw8yT1rLm6nBs9dFh2jKc5gAe'
it.each([
  ['CLIENT_SECRET', `${precious}\u0007x`],
  ['CLIENT_AUTHENTICATION', precious],
  ['CLIENT_AUTHENTICATION', JSON.stringify({ kty: 'EC', d: precious })],
  ['CLIENT_AUTHENTICATION', `{"kty":"EC","d":"${precious}"`],
  ['ID_TOKEN_DECRYPTION_KEYS', JSON.stringify({ keys: [{ kty: 'EC', d: precious }] })],
  ['ISSUER', `https://user:${precious}@id.example.gov`],
])('FLD-09 repeats nothing of a secret in %s', (name, text) => {
  const { issuer, clientSecret, ...rest } = required
  const environment = {
    CITIZEN_OIDC_ISSUER: issuer,
    CITIZEN_OIDC_CLIENT_SECRET: clientSecret,
    [`CITIZEN_OIDC_${name}`]: text,
  }
  const problems = problemsOf(rest, environment)
  expect(problems).toEqual([expect.stringContaining(`CITIZEN_OIDC_${name}`)])
  expect(problems.join()).not.toContain(precious)
})
