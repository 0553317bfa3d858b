import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Express } from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type DiagnosisRequest, diagnose } from '../../src/cli/doctor/diagnose.js'
import { type Finding, withoutPasswords } from '../../src/cli/doctor/finding.js'
import { runCommandLine } from '../../src/cli/run.js'
import { findTokens } from '../../src/cli/token/read.js'
import { type Deployment, type HeaderLines, startDeployment } from './deployment.js'

let deployment: Deployment

beforeAll(async () => {
  deployment = await startDeployment({ applications: [{ name: 'benefits' }, { name: 'library' }] })
})

afterEach(() => {
  deployment.tamper(undefined)
  deployment.emulator.reset()
})

afterAll(() => deployment.close())

const tokenOf = (cookie: string): DiagnosisRequest['token'] => {
  return (names) => findTokens(cookie, names)[0] ?? { header: '', payload: '', signature: '' }
}

/** Examines the deployment, with other variables or requests where a test says so. */
async function examine(
  variables: Readonly<Record<string, string>> = {},
  request: Partial<DiagnosisRequest> = {},
): Promise<readonly Finding[]> {
  const { findings } = await diagnose({
    environment: { ...deployment.environment, ...variables },
    urls: [deployment.origins.library ?? ''],
    certificates: deployment.certificate,
    timeoutSeconds: 2,
    token: tokenOf(await deployment.emulator.cookiesFor('ana')),
    ...request,
  })
  return findings
}

const wrong = (findings: readonly Finding[]) =>
  findings.filter(({ state }) => state === 'fail' || state === 'warn').map(({ code }) => code)

const isApplication = (host: string) => !host.startsWith('id.')
const without = (lines: HeaderLines, wanted: string): HeaderLines =>
  lines.filter(([name]) => name.toLowerCase() !== wanted)
const mapCookies = (lines: HeaderLines, change: (value: string) => string): HeaderLines =>
  lines.map(([name, value]) => [name, name.toLowerCase() === 'set-cookie' ? change(value) : value])

describe('doctor on a right deployment', () => {
  it('finds nothing wrong, with every check done that can be done', async () => {
    const findings = await examine()
    expect(wrong(findings)).toEqual([])
    expect(findings.filter(({ state }) => state === 'skipped').map(({ check }) => check)).toEqual([
      'discovery',
      'store',
    ])
    const ok = new Set(findings.filter(({ state }) => state === 'ok').map(({ check }) => check))
    for (const check of [
      'keys',
      'clock',
      'login',
      'logout',
      'cookies',
      'cache-headers',
      'policies',
      'siblings',
      'token',
    ])
      expect(ok).toContain(check)
  })

  it('signs nobody out, and asks nothing twice', async () => {
    const cookie = await deployment.emulator.cookiesFor('ana')
    await examine({}, { token: tokenOf(cookie) })
    expect(deployment.emulator.sessions).toHaveLength(2)
    expect(deployment.emulator.requests).toMatchObject({ refresh: 1, logout: 1, login: 1 })
  })

  it('gives every complaint a remedy, and says each in one line', async () => {
    const findings = await examine({ CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS: '/nowhere' })
    for (const { state, remedy, reason } of findings) {
      expect(reason).not.toMatch(/\n/)
      if (state === 'fail' || state === 'warn') expect(remedy).toBeTruthy()
    }
  })
})

describe('doctor, with one variable wrong', () => {
  const rows: readonly (readonly [what: string, change: Record<string, string>, codes: readonly string[]])[] =
    [
      [
        'path of the keys',
        { IDENTITY_PROVIDER_ENDPOINTS_JWKS: '/jwks.json' },
        ['keys-status', 'token-undecided'],
      ],
      ['issuer', { IDENTITY_PROVIDER_ISSUER: 'https://id.citizen.localhost' }, ['token-issuer']],
      ['audience', { IDENTITY_PROVIDER_AUDIENCE: 'benefits' }, ['token-audience']],
      ['algorithm', { IDENTITY_PROVIDER_ALGORITHMS: 'ES256' }, ['keys-empty', 'token-algorithm']],
      [
        'cookie name',
        { SHARED_COOKIE_NAMES_SIGNATURE: 'sso_signature' },
        ['shared-cookie-names', 'logout-other-names', 'token-unreadable'],
      ],
      [
        'all cookie names',
        {
          SHARED_COOKIE_NAMES_HEADER: 'sso_header',
          SHARED_COOKIE_NAMES_PAYLOAD: 'sso_payload',
          SHARED_COOKIE_NAMES_SIGNATURE: 'sso_signature',
        },
        ['shared-cookie-names', 'logout-other-names', 'token-unreadable'],
      ],
      ['cookie path', { SHARED_COOKIE_PATH: '/portal' }, ['routes-outside-cookie', 'shared-cookie-path']],
      ['SameSite', { SHARED_COOKIE_SAME_SITE: 'strict' }, ['shared-cookie-same-site']],
      ['persistence', { SHARED_COOKIE_PERSISTENT: 'true' }, ['persistent-cookie']],
      ['login page', { IDENTITY_PROVIDER_ENDPOINTS_LOGIN: '/profile' }, ['login-elsewhere']],
      ['return parameter', { IDENTITY_PROVIDER_RETURN_PARAMETER: 'back' }, ['login-return']],
      ['routes', { ROUTES_PATH: '/auth' }, ['application-missing']],
      ['application id', { APPLICATION_ID: 'permits' }, ['other-id']],
      ['short secret', { APPLICATION_SECRETS: 'short' }, ['configuration']],
      ['plain http', { APPLICATION_URL: 'http://benefits.example.gov' }, ['configuration']],
      ['production on http', { NODE_ENV: 'production' }, ['configuration']],
      ['misspelt variable', { APPLICATION_IDLE_SECOND: '60' }, ['configuration']],
      [
        'idle longer than a token',
        { APPLICATION_IDLE_SECONDS: '3600', APPLICATION_SENSITIVITY: 'basic' },
        ['idle-longer-than-token'],
      ],
      [
        'idle longer than the level recommends',
        { APPLICATION_IDLE_SECONDS: '901' },
        ['idle-longer-than-recommended', 'idle-longer-than-token'],
      ],
      [
        'refresh after the end of a token',
        { IDENTITY_PROVIDER_REFRESH_AFTER_SECONDS: '1800' },
        ['refresh-after-token'],
      ],
      [
        'absolute time',
        { APPLICATION_ABSOLUTE_SECONDS: '2592001', APPLICATION_SENSITIVITY: 'public' },
        ['absolute-longer-than-recommended', 'level', 'idle-longer-than-token'],
      ],
    ]
  it.each(rows)('names it: %s', async (_, change, codes) => {
    const variables = Object.fromEntries(
      Object.entries(change).map(([name, value]) => [name === 'NODE_ENV' ? name : `CITIZEN_${name}`, value]),
    )
    const findings = await examine(variables)
    const named = codes.filter((code) => code !== 'token-undecided')
    expect(new Set(wrong(findings))).toEqual(new Set(named))
    for (const code of codes) expect(findings.map((finding) => finding.code)).toContain(code)
  })

  it('lists every problem of a configuration at once, and leaves the rest', async () => {
    const { findings } = await diagnose({ environment: {}, urls: [] })
    const failed = findings.filter(({ state }) => state === 'fail')
    expect(failed.map(({ target }) => target)).toEqual([
      'identityProvider.url',
      'sharedCookie.domain',
      'application.id',
      'application.url',
    ])
    expect(failed[0]?.remedy).toBe('set CITIZEN_IDENTITY_PROVIDER_URL')
    expect(findings.every(({ state }) => state === 'fail' || state === 'skipped')).toBe(true)
  })
})

describe('doctor, with the provider at fault', () => {
  it('keys: the endpoint is down', async () => {
    await deployment.emulator.close()
    const codes = wrong(await examine())
    await deployment.emulator.listen()
    expect(codes).toContain('keys-unreachable')
    expect(codes).toContain('login-unreachable')
  })

  it.each([
    ['status 500', { status: { jwks: 500 } }, 'keys-status'],
    ['a page instead of keys', { nonsense: { jwks: 'html' } }, 'keys-malformed'],
    ['an endless answer', { nonsense: { jwks: 'huge' } }, 'keys-malformed'],
    ['an object without keys', { nonsense: { jwks: 'missing-fields' } }, 'keys-malformed'],
  ] as const)('keys: %s', async (_, faults, code) => {
    deployment.emulator.faults.set(faults)
    expect(wrong(await examine())).toEqual([code])
  })

  it('login: an error instead of a page', async () => {
    deployment.emulator.faults.set({ status: { login: 503 } })
    expect(wrong(await examine())).toEqual(['login-status'])
  })

  it('login: a return address that the provider refuses', async () => {
    deployment.emulator.faults.set({ status: { login: 400 } })
    expect(wrong(await examine())).toEqual(['login-refused'])
  })

  it('does not wait for ever', async () => {
    const release = deployment.emulator.faults.hold('login')
    const findings = await examine({}, { timeoutSeconds: 1 })
    release()
    expect(wrong(findings)).toEqual(['login-unreachable'])
  })
})

describe('doctor, with something on the way at fault', () => {
  const rows: readonly (readonly [
    what: string,
    tamper: Parameters<Deployment['tamper']>[0],
    codes: readonly string[],
  ])[] = [
    [
      'another domain on the shared cookie',
      (lines, { host }) =>
        isApplication(host)
          ? lines
          : mapCookies(lines, (value) => value.replace(/Domain=[^;]+/, 'Domain=localhost')),
      ['shared-cookie-domain'],
    ],
    [
      'the shared cookie without Secure',
      (lines, { host }) =>
        isApplication(host) ? lines : mapCookies(lines, (value) => value.replace(/; Secure/i, '')),
      ['shared-cookie-secure'],
    ],
    [
      'Secure taken off our cookies',
      (lines, { host }) =>
        isApplication(host) ? mapCookies(lines, (value) => value.replace(/; Secure/i, '')) : lines,
      ['cookie-not-secure', 'cookie-dropped'],
    ],
    [
      'a path put on our cookies',
      (lines, { host }) =>
        isApplication(host)
          ? mapCookies(lines, (value) =>
              value.startsWith('__Host-') ? value.replace('Path=/', 'Path=/app') : value,
            )
          : lines,
      ['cookie-dropped'],
    ],
    [
      'HttpOnly taken off our cookies',
      (lines, { host }) =>
        isApplication(host) ? mapCookies(lines, (value) => value.replace(/; HttpOnly/i, '')) : lines,
      ['cookie-readable'],
    ],
    [
      'the domain of our deletions rewritten',
      (lines, { host }) =>
        isApplication(host)
          ? mapCookies(lines, (value) => value.replace(/Domain=citizen\.localhost/, 'Domain=localhost'))
          : lines,
      ['logout-other-domain'],
    ],
    [
      'a cache header replaced',
      (lines, { host }) =>
        isApplication(host)
          ? [...without(lines, 'cache-control'), ['Cache-Control', 'public, max-age=60']]
          : lines,
      ['cache-header'],
    ],
    [
      'FLD-02 a second policy',
      (lines, { host }) =>
        isApplication(host) ? [...lines, ['Content-Security-Policy', "form-action 'self'"]] : lines,
      ['policy-added'],
    ],
    [
      'FLD-02 a policy for frames, windows and referrers',
      (lines, { host }) =>
        isApplication(host)
          ? [
              ...lines,
              ['X-Frame-Options', 'SAMEORIGIN'],
              ['Cross-Origin-Opener-Policy', 'same-origin'],
              ['Referrer-Policy', 'no-referrer'],
            ]
          : lines,
      ['policy-added', 'policy-added', 'policy-added'],
    ],
    [
      'a cookie doubled',
      (lines, { host }) =>
        isApplication(host)
          ? [...lines, ['Set-Cookie', 'a=1; Secure'], ['Set-Cookie', 'a=2; Secure']]
          : lines,
      ['cookie-twice'],
    ],
    [
      'a cookie beyond what browsers keep',
      (lines, { path }) =>
        path.endsWith('/login') ? [...lines, ['Set-Cookie', `big=${'x'.repeat(4094)}; Secure`]] : lines,
      ['cookie-too-large'],
    ],
    [
      "a cookie of the provider's with a name of ours",
      (lines, { host }) => [
        ...lines,
        ['Set-Cookie', isApplication(host) ? 'lang=en; Secure' : 'lang=en; Secure; Domain=citizen.localhost'],
        ...(isApplication(host) ? [['Cache-Control', 'no-store'] as const] : []),
      ],
      ['same-cookie'],
    ],
    [
      'a logout by GET that deletes',
      (lines, { path }) =>
        path === '/session/logout'
          ? [...lines, ['Set-Cookie', 'c1_payload=; Max-Age=0; Secure; Domain=citizen.localhost']]
          : lines,
      ['logout-by-get'],
    ],
    [
      'the login leads back to the application',
      (lines, { path }) =>
        path === '/session/login' ? [...without(lines, 'location'), ['Location', '/session/login']] : lines,
      ['login-route-loop'],
    ],
    [
      'the clock of an application',
      (lines, { host }) =>
        isApplication(host)
          ? [...without(lines, 'date'), ['Date', new Date(Date.now() - 90_000).toUTCString()]]
          : lines,
      ['clock-off'],
    ],
  ]
  it.each(rows)('names it: %s', async (_, tamper, codes) => {
    deployment.tamper(tamper)
    expect(new Set(wrong(await examine()))).toEqual(new Set(codes))
  })

  it('names a clock that only drifts, and its own where all others agree', async () => {
    const seconds = (ahead: number) => ({ clock: () => Date.now() - ahead * 1000 })
    const drifting = await diagnose({
      environment: deployment.environment,
      urls: [],
      certificates: deployment.certificate,
      ...seconds(12),
    })
    expect(wrong(drifting.findings)).toEqual(['clock-here'])
    expect(drifting.findings.find(({ code }) => code === 'clock-here')?.reason).toMatch(/1[1-3] s ahead of/)
  })
})

describe('doctor, with the applications at fault', () => {
  async function examineWith(
    setting: Parameters<typeof startDeployment>[0],
    urls: (made: Deployment) => readonly string[] = () => [],
    variables: Readonly<Record<string, string>> = {},
  ) {
    const made = await startDeployment(setting)
    try {
      const { findings } = await diagnose({
        environment: { ...made.environment, ...variables },
        urls: urls(made),
        certificates: made.certificate,
      })
      return wrong(findings)
    } finally {
      await made.close()
    }
  }

  it('two applications with one id', async () => {
    const { memoryStore } = await import('../../src/index.js')
    const codes = await examineWith(
      {
        applications: [
          { name: 'benefits' },
          { name: 'library', options: { application: { id: 'benefits' }, store: memoryStore() } },
        ],
      },
      ({ origins }) => [origins.library ?? ''],
    )
    expect(codes).toEqual(['same-id'])
  })

  it('two applications that set one cookie for the whole domain', async () => {
    const before = (app: Express) =>
      app.use((_, res, next) => {
        res.cookie('connect.sid', 'x', { domain: 'citizen.localhost', secure: true, httpOnly: true })
        res.setHeader('cache-control', 'no-store')
        next()
      })
    const codes = await examineWith(
      {
        applications: [
          { name: 'benefits', before },
          { name: 'library', before },
        ],
      },
      ({ origins }) => [origins.library ?? ''],
    )
    expect(codes).toEqual(['same-cookie', 'same-cookie'])
  })

  it('everything down: one failure for each address, and nothing is called right that was not seen', async () => {
    const made = await startDeployment()
    await made.close()
    const request = {
      environment: made.environment,
      urls: [`https://library.citizen.localhost:${made.port}`],
    }
    const { findings } = await diagnose(request)
    expect(wrong(findings)).toEqual([
      'keys-unreachable',
      'login-unreachable',
      'provider-logout-unreachable',
      'refresh-unreachable',
      'application-unreachable',
      'application-unreachable',
    ])
    const ok = findings.filter(({ state }) => state === 'ok').map(({ check }) => check)
    expect(ok).toEqual(['configuration', 'times', 'cookie-domain'])
  })

  it('a session end of its own on GET, before the middleware', async () => {
    const codes = await examineWith({
      applications: [
        {
          name: 'benefits',
          before: (app) => app.get('/session/logout', (_, res) => res.clearCookie('c1_header').redirect('/')),
        },
      ],
    })
    expect(codes).toContain('logout-by-get')
  })

  it.each([
    ['/session/login', 'login-route-unreachable'],
    ['/session/logout', 'logout-unreachable'],
  ])('%s never answered', async (path, code) => {
    const before = (app: Express) => app.get(path, (req) => void req.socket.destroy())
    expect(await examineWith({ applications: [{ name: 'benefits', before }] })).toEqual([code])
  })

  it('a logout page that something else serves', async () => {
    const before = (app: Express) => app.get('/session/logout', (_, res) => void res.status(404).end())
    expect(await examineWith({ applications: [{ name: 'benefits', before }] })).toEqual(['logout-page'])
  })

  it('an application that was given another address', async () => {
    const codes = await examineWith({
      applications: [
        { name: 'benefits', options: { application: { url: 'https://old.citizen.localhost' } } },
      ],
    })
    expect(codes).toEqual(['login-return'])
  })

  it('an application that thinks it is reached without TLS', async () => {
    const codes = await examineWith({
      applications: [
        { name: 'benefits', options: { application: { url: 'http://benefits.citizen.localhost' } } },
      ],
    })
    expect(new Set(codes)).toEqual(new Set(['login-return', 'cookie-not-secure', 'cookie-prefix']))
  })

  it('an application that is not there, one on plain http, one outside the domain', async () => {
    const codes = await examineWith({}, ({ port }) => [
      'http://library.example.gov',
      `https://permits.citizen.localhost:${port}`,
      'https://127.0.0.1:1',
    ])
    expect(codes).toContain('application-plain-http')
    expect(codes).toContain('application-missing')
    expect(codes).toContain('application-unreachable')
    expect(codes).toContain('outside-domain')
  })

  it('an application whose store cannot answer', async () => {
    const codes = await examineWith({
      applications: [{ name: 'benefits', options: { store: 'redis://127.0.0.1:1' } }],
    })
    expect(codes).toEqual(['application-unavailable'])
  })

  it('a public suffix as the base domain, which no short list knows', async () => {
    const made = await startDeployment({ domain: 'me.uk' })
    const { findings } = await diagnose({
      environment: made.environment,
      urls: [],
      certificates: made.certificate,
      lookup: (_, options, callback) =>
        options.all === true
          ? callback(null, [{ address: '127.0.0.1', family: 4 }])
          : callback(null, '127.0.0.1', 4),
    })
    await made.close()
    expect(wrong(findings)).toEqual(['public-suffix'])
  })

  it('says so where the public suffix list is not installed', async () => {
    const findings = await examine({}, { loadSuffixes: async () => undefined })
    const finding = findings.find(({ check }) => check === 'cookie-domain')
    expect(finding).toMatchObject({ state: 'skipped', code: 'public-suffix-list' })
    expect(finding?.remedy).toContain('npm install')
  })
})

describe('citizen-session doctor', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'citizen-doctor-'))
    await writeFile(join(folder, 'ca.pem'), deployment.certificate)
    const lines = Object.entries(deployment.environment).map(([name, value]) => `${name}=${value}`)
    await writeFile(join(folder, 'right.env'), lines.join('\n'))
    await writeFile(join(folder, 'wrong.env'), 'CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS=/nowhere\n')
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function run(args: readonly string[], given: { input?: string; isColoured?: boolean } = {}) {
    const out: string[] = []
    const err: string[] = []
    const code = await runCommandLine(['doctor', ...args], {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      stop: new AbortController().signal,
      isColoured: given.isColoured,
      input: (async function* () {
        yield Buffer.from(given.input ?? '')
      })(),
    })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  const right = () => ['--env-file', join(folder, 'right.env'), '--ca', join(folder, 'ca.pem')]

  it('ends with 0 on a right deployment, plain where nobody sees colours', async () => {
    const done = await run([...right(), '--url', deployment.origins.library ?? ''])
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toMatch(/ok {7}keys +http:\/\/127\.0\.0\.1:\d+/)
    expect(done.out).toMatch(/\d+ ok, 0 warnings, 0 failed, \d+ skipped/)
    expect(done.out).toContain('session without activity ends after: 600 s')
    expect(done.out).not.toContain('\u001b')
    expect((await run(right(), { isColoured: true })).out).toContain('\u001b[32m')
  })

  it('ends with 1 on a failure, as JSON too', async () => {
    const args = [...right(), '--env-file', join(folder, 'wrong.env'), '--json', '--token-file', '-']
    const done = await run(args, { input: `Cookie: ${await deployment.emulator.cookiesFor('ana')}` })
    expect(done.code).toBe(1)
    const document = JSON.parse(done.out)
    expect(document).toMatchObject({ ok: false, counts: { fail: 1 } })
    expect(document.findings).toContainEqual(
      expect.objectContaining({ check: 'keys', state: 'fail', code: 'keys-status' }),
    )
  })

  it.each([
    [['--url', 'benefits.example.gov'], '--url must be an origin'],
    [['--url', 'https://benefits.example.gov/path'], '--url must be an origin'],
    [['--timeout', '0'], '--timeout must be'],
    [['--env-file', '/nowhere/at/all'], 'ENOENT'],
    [['--ca', '/nowhere/at/all'], 'ENOENT'],
    [['--token-file', '/nowhere/at/all'], 'ENOENT'],
    [['extra'], 'extra'],
  ])('answers %j with a usage error and exit code 2', async (args, message) => {
    const done = await run(args)
    expect(done).toMatchObject({ code: 2, out: '' })
    expect(done.err).toContain(message)
  })
})

describe('HLD-23 what was given', () => {
  it.each([
    ['CITIZEN_STORE_URL', 'redis://someone:s3cr3t-word@127.0.0.1:1'],
    ['CITIZEN_STORE_URL', 'redis://:s3cr3t-word@127.0.0.1:1,/x'],
    ['CITIZEN_STORE_URL', 'mysql://someone:s3cr3t-word@127.0.0.1'],
    ['CITIZEN_IDENTITY_PROVIDER_URL', 'https://someone:s3cr3t-word@id.example'],
    ['CITIZEN_APPLICATION_URL', 'https://someone:s3cr3t-word@benefits.example/x?y'],
  ])('HLD-23 is printed without its password: %s %s', async (variable, value) => {
    const findings = await examine({ [variable]: value }, { timeoutSeconds: 1 })
    expect(wrong(findings)).not.toEqual([])
    expect(JSON.stringify(findings)).not.toContain('s3cr3t-word')
  })

  it.each([[], ['--json']])('HLD-23 is printed without its password: an argument %j', async (...more) => {
    const lines: string[] = []
    const address = 'https://someone:s3cr3t-word@127.0.0.1:1/metadata'
    const code = await runCommandLine(['doctor', '--timeout', '1', '--saml-metadata', address, ...more], {
      out: (line) => lines.push(line),
      err: (line) => lines.push(line),
      stop: new AbortController().signal,
    })
    expect(code).toBe(1)
    expect(lines.join('\n')).toContain('127.0.0.1:1/metadata')
    expect(lines.join('\n')).not.toContain('s3cr3t-word')
  })

  it.each([
    '"s3cr3t-word',
    "'s3cr3t-word",
    '<s3cr3t-word',
    's3cr3t-word>x',
    'one s3cr3t-word',
    'x"s3cr3t-word y',
  ])('HLD-23 is printed without its password: an argument with %s', async (password) => {
    const lines: string[] = []
    const address = `https://someone:${password}@127.0.0.1:1/metadata`
    const code = await runCommandLine(['doctor', '--timeout', '1', '--saml-metadata', address], {
      out: (line) => lines.push(line),
      err: (line) => lines.push(line),
      stop: new AbortController().signal,
    })
    expect(code).toBe(1)
    expect(lines.join('\n')).toContain('127.0.0.1:1/metadata')
    expect(lines.join('\n')).not.toContain('s3cr3t-word')
    expect(withoutPasswords(`not ?password=${password.replace(/ .*/, '')} to`)).toBe('not ?password=*** to')
  })

  it('HLD-23 loses nothing else by that', () => {
    expect(withoutPasswords('look at https://id.example/a?b=c, and mail a@b.example')).toBe(
      'look at https://id.example/a?b=c, and mail a@b.example',
    )
    expect(withoutPasswords('redis://u:p@h:1/0?password=x&near=true')).toBe(
      'redis://***@h:1/0?password=***&near=true',
    )
  })
})
