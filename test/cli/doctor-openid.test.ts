import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type DiagnosisRequest, diagnose } from '../../src/cli/doctor/diagnose.js'
import type { Finding } from '../../src/cli/doctor/finding.js'
import { runCommandLine } from '../../src/cli/run.js'
import { oidc } from '../../src/oidc/oidc.js'
import { startDeployment } from './deployment.js'
import { type ProtocolDeployment, startProtocolDeployment } from './protocol-deployment.js'

let deployment: ProtocolDeployment
let issuer: string

beforeAll(async () => {
  deployment = await startProtocolDeployment(
    (url) => ({
      openid: {
        clients: [
          {
            client_id: 'benefits',
            client_secret: 'benefits-secret',
            redirect_uris: [`${url}/session/callback`],
            performSessionStatusNotification: true,
          },
        ],
      },
    }),
    ({ url }) => [
      oidc({
        issuer: url,
        clientId: 'benefits',
        clientSecret: 'benefits-secret',
        // What is pushed, nobody outside can look at.
        pushedAuthorization: 'never',
      }),
    ],
  )
  issuer = deployment.emulator.url
})

afterEach(() => {
  deployment.changeProvider(undefined)
  deployment.changeApplication(undefined)
  deployment.emulator.reset()
})

afterAll(() => deployment.close())

async function examine(
  openid: Partial<NonNullable<DiagnosisRequest['openid']>> = {},
  request: Partial<DiagnosisRequest> = {},
): Promise<readonly Finding[]> {
  const { findings } = await diagnose({
    environment: deployment.environment,
    urls: [],
    timeoutSeconds: 2,
    openid: { issuer, endpointOrigins: [], ...openid },
    ...request,
  })
  return findings
}

/** Everything but the plain http of this machine. */
const complaintsOf = (findings: readonly Finding[]) =>
  findings.filter(({ state, code }) => (state === 'fail' || state === 'warn') && !code.endsWith('plain-http'))
const wrong = (findings: readonly Finding[]) =>
  complaintsOf(findings).map(({ state, code }) => `${state} ${code}`)

type Document = Record<string, unknown>
/** The discovery document, with some members changed; `undefined` takes one away. */
const describedAs = (members: Document) =>
  deployment.changeProvider((path, body) =>
    path === '/.well-known/openid-configuration'
      ? { body: JSON.stringify({ ...(JSON.parse(body) as Document), ...members }) }
      : undefined,
  )

describe('doctor and an application that signs in by OpenID Connect alone', () => {
  it('finds nothing wrong, without any variable of the shared cookie', async () => {
    const findings = await examine()
    expect(wrong(findings)).toEqual([])
    const said = findings.filter(({ check }) => check.startsWith('openid')).map(({ code }) => code)
    expect(said).toEqual([
      'openid-issuer',
      'openid-plain-http',
      'openid-algorithms',
      'openid-code',
      'openid-pkce',
      'openid-par',
      'openid-userinfo',
      'openid-end-session',
      'openid-backchannel',
      'openid-frontchannel',
      'openid-check-session',
      'keys',
      'keys-cache',
    ])
    const checks = new Set(findings.map(({ check }) => check))
    for (const check of [
      'times',
      'clock',
      'application',
      'login',
      'logout',
      'cookies',
      'cache-headers',
      'store',
    ])
      expect(checks).toContain(check)
    for (const check of ['keys', 'discovery', 'provider-login', 'provider-cookies', 'cookie-domain', 'token'])
      expect(checks).not.toContain(check)
    const login = findings.find(({ check }) => check === 'login')
    expect(login).toMatchObject({ state: 'ok', code: 'login-route' })
    expect(login?.reason).toContain(`leads to ${issuer}/`)
  })

  it('looks at the provider alone where no application is configured', async () => {
    const findings = await examine({}, { environment: {} })
    expect(wrong(findings)).toEqual([])
    expect(findings[0]).toMatchObject({ check: 'configuration', state: 'skipped', code: 'not-configured' })
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['configuration', 'clock', 'openid', 'openid-keys']),
    )
  })

  it('looks at the provider still where the configuration of the application does not hold', async () => {
    const findings = await examine({}, { environment: { CITIZEN_APPLICATION_ID: 'benefits' } })
    expect(wrong(findings)).toEqual(['fail configuration', 'fail configuration'])
    expect(findings.map(({ code }) => code)).toContain('openid-issuer')
  })

  it('looks at both where the shared cookie is configured too', async () => {
    const findings = await examine(
      {},
      {
        environment: {
          ...deployment.environment,
          CITIZEN_IDENTITY_PROVIDER_URL: issuer,
          CITIZEN_SHARED_COOKIE_DOMAIN: 'citizen.localhost',
        },
      },
    )
    const checks = new Set(findings.map(({ check }) => check))
    for (const check of ['keys', 'discovery', 'openid', 'openid-keys']) expect(checks).toContain(check)
  })
})

describe('doctor and a provider of everything, over https', () => {
  it('finds nothing at all', async () => {
    const made = await startDeployment({
      emulator: {
        openid: {
          clients: [
            {
              client_id: 'benefits',
              client_secret: 'benefits-secret',
              redirect_uris: ['https://benefits.citizen.localhost/session/callback'],
              performSessionStatusNotification: true,
            },
          ],
        },
        saml: { serviceProviders: [] },
      },
    })
    const { findings } = await diagnose({
      environment: {},
      urls: [],
      certificates: made.certificate,
      openid: { issuer: made.emulator.url, endpointOrigins: [] },
      saml: { source: made.emulator.saml.metadataUrl, text: undefined, entityId: undefined, pinned: [] },
    })
    await made.close()
    expect(findings.filter(({ state }) => state !== 'ok').map(({ code }) => code)).toEqual(['not-configured'])
    expect(findings.map(({ code }) => code)).toContain('openid-endpoints')
  })
})

describe('doctor, with an OpenID provider that says something wrong', () => {
  const rows: readonly (readonly [
    what: string,
    members: Document,
    codes: readonly string[],
    remedy: RegExp,
  ])[] = [
    [
      'another issuer',
      { issuer: 'https://id.example.gov' },
      ['fail openid-issuer'],
      /https:\/\/id\.example\.gov/,
    ],
    [
      'keys elsewhere',
      { jwks_uri: 'https://keys.example.gov/' },
      ['fail openid-endpoint'],
      /--openid-origin/,
    ],
    ['no token endpoint', { token_endpoint: undefined }, ['fail openid-endpoint'], /token_endpoint/],
    ['no logout', { end_session_endpoint: undefined }, ['warn openid-end-session'], /endSession/],
    [
      'no back-channel logout',
      { backchannel_logout_supported: false },
      ['warn openid-backchannel'],
      /backchannel-logout/,
    ],
    [
      'logout tokens without a session',
      { backchannel_logout_session_supported: false },
      ['warn openid-backchannel-session'],
      /sid/,
    ],
    [
      'no word of a logout elsewhere',
      {
        backchannel_logout_supported: undefined,
        frontchannel_logout_supported: undefined,
        check_session_iframe: undefined,
      },
      ['warn openid-no-notice'],
      /refresh\.afterSeconds/,
    ],
    ['PKCE without S256', { code_challenge_methods_supported: ['plain'] }, ['fail openid-pkce'], /S256/],
    ['no word of PKCE', { code_challenge_methods_supported: undefined }, ['warn openid-pkce'], /PKCE/],
    [
      'pushed requests demanded, and nowhere to push',
      { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: undefined },
      ['fail openid-par'],
      /pushed_authorization_request_endpoint/,
    ],
    [
      'a code with an ID token alone',
      { response_types_supported: ['id_token', 'id_token code'] },
      ['warn openid-hybrid'],
      /responseType: 'code id_token'/,
    ],
    ['no authorization code', { response_types_supported: ['id_token'] }, ['fail openid-code'], /code flow/],
    [
      'other algorithms',
      { id_token_signing_alg_values_supported: ['ES256', 'HS256'] },
      ['warn openid-algorithms'],
      /idTokenAlgorithms: \['ES256'\]/,
    ],
    [
      'no algorithm that is accepted',
      { id_token_signing_alg_values_supported: ['HS256', 'none'] },
      ['fail openid-algorithms'],
      /RS256/,
    ],
  ]

  it.each(rows)('names it: %s', async (_, members, codes, remedy) => {
    describedAs(members)
    const findings = await examine({}, { environment: {} })
    expect(wrong(findings)).toEqual(codes)
    expect(complaintsOf(findings)[0]?.remedy).toMatch(remedy)
  })

  it.each([
    [
      'members that are merely not offered',
      { frontchannel_logout_supported: false, check_session_iframe: undefined },
    ],
    ['no pushed requests', { pushed_authorization_request_endpoint: undefined }],
    ['no word of algorithms', { id_token_signing_alg_values_supported: undefined }],
  ])('does not complain of %s', async (_, members) => {
    describedAs(members)
    expect(wrong(await examine({}, { environment: {} }))).toEqual([])
  })

  it.each([
    ['404', { status: 404 }, 'openid-document'],
    ['a page', { body: '<!doctype html>' }, 'openid-document'],
    ['too much', { body: JSON.stringify({ issuer: 'x', more: 'x'.repeat(300_000) }) }, 'openid-document'],
  ])('names a document that is %s', async (_, changed, code) => {
    deployment.changeProvider((path) => (path.endsWith('openid-configuration') ? changed : undefined))
    expect(wrong(await examine({}, { environment: {} }))).toEqual([`fail ${code}`])
  })

  it('names keys that cannot be fetched, that are none, and private ones', async () => {
    const keysAre = (changed: { status?: number; body?: string }) =>
      deployment.changeProvider((path, body) =>
        path !== '/.well-known/openid-configuration' && body.includes('"keys"') ? changed : undefined,
      )
    const look = async () => wrong(await examine({}, { environment: {} }))
    keysAre({ status: 500 })
    expect(await look()).toEqual(['fail keys-status'])
    keysAre({ body: '{"keys":[]}' })
    expect(await look()).toEqual(['fail keys-empty'])
    keysAre({ body: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}' })
    expect(await look()).toEqual(['fail keys-empty', 'fail keys-private'])
  })

  it('names a provider that is not there, and an issuer that no application would start with', async () => {
    const closed = await examine({ issuer: 'http://127.0.0.1:1' }, { environment: {} })
    expect(wrong(closed)).toEqual(['fail openid-unreachable'])
    const slash = await examine({ issuer: `${issuer}/` }, { environment: {} })
    expect(wrong(slash)).toEqual(['fail openid-issuer'])
    const plain = await examine({ issuer: 'http://id.example.gov' }, { environment: {} })
    expect(wrong(plain)).toEqual(['fail openid-option'])
    const production = await examine({}, { environment: { NODE_ENV: 'production' } })
    expect(wrong(production)).toEqual(['fail openid-option'])
  })

  it('asks inside where that is named, as the application does', async () => {
    const { port } = new URL(issuer)
    const internalUrl = `http://127.0.0.1:${port}`
    const findings = await examine({ internalUrl }, { environment: {} })
    expect(wrong(findings)).toEqual([])
    const targets = findings.filter(({ check }) => check === 'openid-keys').map(({ target }) => target)
    expect(targets.every((target) => target?.startsWith(`${internalUrl}/`))).toBe(true)
    const closed = await examine({ internalUrl: 'http://127.0.0.1:1' }, { environment: {} })
    expect(wrong(closed)).toEqual(['fail openid-unreachable'])
  })

  it('asks other origins only where they are named', async () => {
    const { port } = new URL(issuer)
    describedAs({ jwks_uri: `http://keys.citizen.localhost:${port}/nowhere` })
    const endpointOrigins = [`http://keys.citizen.localhost:${port}`]
    expect(wrong(await examine({}, { environment: {} }))).toEqual(['fail openid-endpoint'])
    expect(wrong(await examine({ endpointOrigins }, { environment: {} }))).toEqual(['fail keys-status'])
  })
})

describe('doctor, with the application at fault', () => {
  it('names a login that leads to another provider', async () => {
    describedAs({ authorization_endpoint: `${issuer}/elsewhere` })
    // The application has read the document before it was changed.
    expect(wrong(await examine())).toEqual(['fail login-elsewhere'])
  })

  it('names an application that was given another address', async () => {
    const { port } = new URL(deployment.url)
    const CITIZEN_APPLICATION_URL = `http://tax.citizen.localhost:${port}`
    const environment = { ...deployment.environment, CITIZEN_APPLICATION_URL }
    expect(wrong(await examine({}, { environment }))).toEqual(['fail login-return'])
  })

  it('names a login route that does not lead anywhere', async () => {
    deployment.changeApplication((path) => (path === '/session/login' ? { status: 503 } : undefined))
    expect(wrong(await examine())).toEqual(['fail login-route-status'])
  })
})

describe('citizen-session doctor --openid-issuer', () => {
  async function run(args: readonly string[]) {
    const out: string[] = []
    const err: string[] = []
    const code = await runCommandLine(['doctor', ...args], {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      stop: new AbortController().signal,
    })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }

  it('ends with 0 on a right provider and with 1 on a wrong one', async () => {
    const right = await run(['--openid-issuer', issuer])
    expect(right).toMatchObject({ code: 0, err: '' })
    expect(right.out).toMatch(/ok +openid +http.*offers end_session_endpoint/)
    describedAs({ issuer: 'https://id.example.gov' })
    expect((await run(['--openid-issuer', issuer])).code).toBe(1)
  })

  it.each([
    [['--openid-issuer', 'id.example.gov'], '--openid-issuer must be an address'],
    [['--openid-origin', 'https://id.example.gov'], '--openid-origin belongs to --openid-issuer'],
    [
      ['--openid-issuer', 'https://id.example.gov', '--openid-origin', 'https://x/y'],
      '--openid-origin must be',
    ],
    [['--openid-internal', 'https://id.example.gov'], '--openid-internal belongs to --openid-issuer'],
    [['--saml-entity', 'https://id.example.gov'], '--saml-entity belongs to --saml-metadata'],
    [['--saml-certificate', 'x.pem'], '--saml-certificate belongs to --saml-metadata'],
    [
      ['--saml-metadata', 'https://id.example.gov/', '--saml-certificate', '/nowhere/at/all'],
      '--saml-certificate: /nowhere/at/all cannot be read (ENOENT)',
    ],
    [
      ['--saml-metadata', 'https://id.example.gov/', '--saml-certificate', 'package.json'],
      'must hold certificates in PEM',
    ],
    [['--saml-metadata', '/nowhere/at/all'], 'ENOENT'],
    [['--saml-metadata', 'https://'], '--saml-metadata must be'],
  ])('answers %j with a usage error', async (args, message) => {
    const done = await run(args)
    expect(done).toMatchObject({ code: 2, out: '' })
    expect(done.err).toContain(message)
  })
})
