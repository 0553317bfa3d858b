/** @module The options of plug-ins in the environment of one suite: read by its environment, told in its one error. */
import { afterEach, expect, it, vi } from 'vitest'
import { createSuite } from '../../src/compose/compose.js'
import { ConfigurationError, type ConfigurationProblem } from '../../src/errors.js'
import { oidc } from '../../src/oidc/oidc.js'
import type { Protocol, ProtocolHost } from '../../src/protocols/protocol.js'
import { saml } from '../../src/saml/saml.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { required, secret } from './given.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const application = { ...required.application, secrets: [secret] }
const environment = {
  CITIZEN_OIDC_ISSUER: 'https://id.example.gov',
  CITIZEN_OIDC_CLIENT_ID: 'benefits',
  CITIZEN_OIDC_CLIENT_SECRET: 'the secret of the client',
}
type Environment = Readonly<Record<string, string | undefined>>

function problemsOf(protocols: readonly Protocol[], given: Environment, options: object = { application }) {
  try {
    void createSuite({ ...options, protocols }, given).close()
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}
const said = (problems: readonly ConfigurationProblem[]) =>
  problems.map(({ path, variable, message }) => `${path} (${variable}) ${message}`)

it('a suite reads the plug-in by the environment that it was given, not by that of the process', async () => {
  vi.stubEnv('CITIZEN_OIDC_ISSUER', 'https://elsewhere.example.gov')
  const plugIn = oidc()
  const suite = createSuite({ application, protocols: [plugIn], onEvent: () => undefined }, environment)
  const exchange = {
    method: 'GET',
    target: '/session/check-session',
    remoteAddress: undefined,
    header: () => undefined,
    body: async () => new Uint8Array(),
    form: async () => new URLSearchParams(),
    setCookie: () => undefined,
  }
  expect(suite.endpoint(exchange)).toBeDefined()
  expect(problemsOf([plugIn], {})).toHaveLength(3)
  expect(problemsOf([plugIn], environment)).toEqual([])
  await suite.close()
})

it('FLD-09 everything wrong is told in one error: of the suite, of both plug-ins, in code and in variables', () => {
  const problems = problemsOf(
    [oidc({ clientId: '', scop: 'openid' } as object), saml({ clockSkewSeconds: 600 })],
    { CITIZEN_APPLICATION_URL: 'benefits', CITIZEN_OIDC_RESPONSE_MODE: 'fragment', CITIZEN_OIDC_ISUER: 'x' },
    {},
  )
  expect(problems.map(({ path, variable }) => `${path} ${variable}`)).toEqual([
    'application.id CITIZEN_APPLICATION_ID',
    'application.url CITIZEN_APPLICATION_URL',
    'application.secrets CITIZEN_APPLICATION_SECRETS',
    'oidc.scop ',
    'oidc.issuer CITIZEN_OIDC_ISSUER',
    'oidc.clientId CITIZEN_OIDC_CLIENT_ID',
    'oidc.responseMode CITIZEN_OIDC_RESPONSE_MODE',
    'oidc.clientSecret CITIZEN_OIDC_CLIENT_SECRET',
    'saml.identityProvider CITIZEN_SAML_IDENTITY_PROVIDER',
    'saml.privateKey CITIZEN_SAML_PRIVATE_KEY',
    'saml.certificate CITIZEN_SAML_CERTIFICATE',
    'saml.clockSkewSeconds CITIZEN_SAML_CLOCK_SKEW_SECONDS',
    'saml.metadataUrl CITIZEN_SAML_METADATA_URL',
    'oidc.issuer CITIZEN_OIDC_ISUER',
  ])
})

it.each(['CITIZEN_OIDC_ISUER', 'CITIZEN_OIDC_CLIENT_SECRET_FIEL', 'CITIZN_OIDC_SCOPE'])(
  'FLD-09 the typing mistake %s is refused as with variables of the suite',
  (name) => {
    const [problem, ...others] = problemsOf([oidc()], { ...environment, [name]: 'x' })
    expect(others).toEqual([])
    expect(problem).toMatchObject({
      variable: name,
      message: expect.stringMatching(/^is not known: write CITIZEN_OIDC_/),
    })
  },
)

it.each([
  ['CITIZEN_OIDC_SCOPE_FILE', /read from none: write CITIZEN_OIDC_SCOPE$/],
  ['CITIZEN_APPLICATION_PATH_FILE', /read from none: write CITIZEN_APPLICATION_PATH$/],
  ['CITIZEN_OIDC_SESSION_MANAGEMENT_ENABLED', /^is not known: write CITIZEN_OIDC_SESSION_MANAGEMENT$/],
])('FLD-09 %s, which our rules would make, does nothing silently', (name, message) => {
  const wrong = { ...environment, [name]: 'true' }
  expect(problemsOf([oidc()], wrong)).toMatchObject([
    { variable: name, message: expect.stringMatching(message) },
  ])
  // A script of somebody's may read it and set ours.
  const meant = name.replace(/_(?:FILE|ENABLED)$/, '')
  const value = { _PATH: '/x', SCOPE: 'openid', MENT: 'true' }[/(?:_PATH|SCOPE|MENT)$/.exec(meant)?.[0] ?? '']
  expect(problemsOf([oidc()], { ...wrong, [meant]: value })).toEqual([])
})

it.each(['CITIZEN_OIDC_NOTHING_OF_OURS', 'CITIZEN_SAML_PRIVATE_KY'])(
  'the variable %s belongs to somebody else, as with those of the suite',
  (name) => {
    expect(problemsOf([oidc()], { ...environment, [name]: 'x' })).toEqual([])
  },
)

it('nobody reads the variables of a plug-in that is not there', () => {
  const others = { CITIZEN_OIDC_ISUER: 'x', CITIZEN_OIDC_ISSUER: 'no address' }
  expect(problemsOf([scriptedProtocol().protocol], others)).toEqual([])
})

const named = (name: string, issuer: string) => {
  const at = (option: string) => `CITIZEN_OIDC_${name.toUpperCase().replaceAll('-', '_')}_${option}`
  return {
    [at('ISSUER')]: issuer,
    [at('CLIENT_ID')]: 'benefits',
    [at('CLIENT_SECRET')]: `the secret for ${name}`,
  }
}

it('each provider has the variables of its name, one that begins with another name too', () => {
  const plugIns = [oidc(), oidc({ name: 'adfs' }), oidc({ name: 'adfs-eu' }), oidc({ name: 'a' })]
  const all = {
    ...environment,
    ...named('adfs', 'https://adfs.example.gov'),
    ...named('adfs-eu', 'https://eu.example.gov'),
    ...named('a', 'https://a.example.gov'),
  }
  expect(problemsOf(plugIns, all)).toEqual([])
  for (const name of Object.keys(all).filter((each) => each.endsWith('ISSUER'))) {
    expect(problemsOf(plugIns, { ...all, [name]: undefined }).map(({ variable }) => variable)).toEqual([name])
  }
  expect(said(problemsOf(plugIns, { ...all, CITIZEN_OIDC_ADFS_ISUER: 'x' }))).toEqual([
    'oidc.adfs.issuer (CITIZEN_OIDC_ADFS_ISUER) is not known: write CITIZEN_OIDC_ADFS_ISSUER',
  ])
})

it('no provider with a name reads the variables of the one without', () => {
  expect(problemsOf([oidc({ name: 'adfs' })], environment).map(({ variable }) => variable)).toEqual([
    'CITIZEN_OIDC_ADFS_ISSUER',
    'CITIZEN_OIDC_ADFS_CLIENT_ID',
    'CITIZEN_OIDC_ADFS_CLIENT_SECRET',
  ])
})

it.each([
  ['adfs', 'adfs-refresh', 'CITIZEN_OIDC_ADFS_REFRESH_TIMEOUT_SECONDS'],
  ['adfs-refresh', 'adfs', 'CITIZEN_OIDC_ADFS_REFRESH_TIMEOUT_SECONDS'],
  ['x', 'x-endpoints', 'CITIZEN_OIDC_X_ENDPOINTS_USER_INFO'],
])(
  'two providers %s and %s, of whom one would have an option of the other, are refused',
  (one, other, name) => {
    const all = { ...named(one, 'https://a.example.gov'), ...named(other, 'https://b.example.gov') }
    expect(said(problemsOf([oidc({ name: one }), oidc({ name: other })], all))).toEqual([
      expect.stringContaining(
        `protocols () ${other} has the variable ${name} in common with another plug-in`,
      ),
    ])
  },
)

it('a plug-in that somebody has wrapped keeps what it was wrapped in, and its settings', async () => {
  const inner = oidc()
  let host: ProtocolHost | undefined
  const wrapped: Protocol = {
    ...inner,
    install(given) {
      host = given
      return inner.install(given)
    },
  }
  await createSuite({ application, protocols: [wrapped] }, environment).close()
  expect(host?.environment).toBe(environment)
  expect(problemsOf([{ name: 'oidc', install: (given) => inner.install(given) }], {})).toHaveLength(3)
})

it('what the options allow but somebody should know is said at the start, from a variable too', async () => {
  const events: object[] = []
  const given = { ...environment, CITIZEN_OIDC_REAUTHENTICATE_PROOF: 'asked' }
  await createSuite(
    { application, protocols: [oidc()], onEvent: (event) => events.push(event) },
    given,
  ).close()
  expect(events).toContainEqual(expect.objectContaining({ code: 'oidc-asked-is-no-proof' }))
})
