/** @module `citizen-session doctor` against the running demo: right as it is, then with one fault at a time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { citizenSession } from '../../adapters/express.js'
import { root, run } from '../../examples/set-up.mjs'
import type { CheckName, Finding } from '../../src/cli/doctor/finding.js'
import { runCommandLine } from '../../src/cli/run.js'
import { memoryStore } from '../../src/index.js'
import { demoEnvironment, launchDemo, type RunningDemo } from '../examples/demo-process.js'

/** The demo builds itself first. */
const patience = 180_000
const domain = 'citizen.localhost'
const secret = 'a secret of thirty-two bytes or more'

interface Report {
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

let demo: RunningDemo
let internalUrl: string
let folder: string
let right: Report

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citizen-doctor-demo-'))
  // Without Next.js, which takes minutes to install and to build: Express and Koa start at once, and what the doctor
  // asks for is answered by the same core in all three.
  demo = await launchDemo(['--port', '0', '--without-next'])
  internalUrl = `http://127.0.0.1:${portOf(demo.provider)}`
}, patience)

beforeEach(signIn)
afterEach(() => control('reset'))

afterAll(async () => {
  await demo.interrupt()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

const portOf = (url: string) => new URL(url).port

/** The emulator's control interface, as an operator of the demo reaches it. */
async function control(action: string, body: unknown = {}): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${internalUrl}/emulator/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

const cookieFile = () => join(folder, 'cookie.txt')

/** The cookies of a browser that is signed in, which every examination is given. */
async function signIn() {
  await writeFile(cookieFile(), String((await control('cookies', { username: 'ana' })).cookie))
}

/** The variables of Benefits in the demo, and nothing else that the command would read. */
function environmentOf(change: Readonly<Record<string, string>>): Record<string, string> {
  const variables = {
    IDENTITY_PROVIDER_URL: demo.provider,
    IDENTITY_PROVIDER_INTERNAL_URL: internalUrl,
    IDENTITY_PROVIDER_SESSION_CLAIM: 'sid',
    SHARED_COOKIE_DOMAIN: domain,
    APPLICATION_ID: `benefits-${portOf(demo.benefits)}`,
    APPLICATION_URL: demo.benefits,
    APPLICATION_SECRETS: secret,
    ...change,
  }
  const prefixed = Object.entries(variables).map(([name, value]) => [
    name === 'NODE_ENV' ? name : `CITIZEN_${name}`,
    value,
  ])
  return demoEnvironment(Object.fromEntries(prefixed))
}

const argumentsOf = (args: readonly string[]) => [
  ...['doctor', '--json', '--token-file', cookieFile(), '--url', demo.library],
  ...args,
]

/** Runs the command as it is installed, in a process of its own. */
async function examineInstalled(
  change: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
) {
  const cleared = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]))
  const command = [...nodeArgs, join(root, 'dist/src/cli/main.js'), ...argumentsOf(args)]
  const { code, output } = await run(process.execPath, command, {
    env: { ...cleared, ...environmentOf(change) },
  })
  return { code, report: JSON.parse(output) as Report }
}

/** Runs the command in this process: most of the time of one of its own goes into its start. */
async function examine(change: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  const environment = process.env
  const lines: string[] = []
  process.env = environmentOf(change)
  try {
    const code = await runCommandLine(argumentsOf(args), {
      out: (line) => lines.push(line),
      err: (line) => lines.push(line),
      stop: new AbortController().signal,
    })
    return { code, report: JSON.parse(lines.join('\n')) as Report }
  } finally {
    process.env = environment
  }
}

const isComplaint = ({ state }: Finding) => state === 'fail' || state === 'warn'
/** The demo runs on http, on this machine only, and says so. */
const complaintsOf = ({ findings }: Report) =>
  findings.filter((finding) => isComplaint(finding) && finding.code !== 'plain-http')
const linesOf = ({ findings }: Report, isLeftOut: (check: CheckName) => boolean) =>
  findings
    .filter(({ check }) => !isLeftOut(check))
    .map(({ check, state, code, target }) => [check, state, code, target].join(' '))

/**
 * Whether the report names the fault, gives its remedy, ends as it must, and says of everything else what it says of
 * the right deployment. `affected`: checks that cannot say the same, for they stand on what is at fault.
 */
async function expectFault(
  done: Awaited<ReturnType<typeof examine>>,
  codes: readonly string[],
  remedy: RegExp,
  affected: readonly CheckName[] = [],
) {
  const complaints = complaintsOf(done.report)
  expect(complaints.map(({ code }) => code)).toEqual(codes)
  expect(complaints.every((complaint) => (complaint.remedy ?? '') !== '')).toBe(true)
  expect(complaints[0]?.remedy).toMatch(remedy)
  const hasFailed = complaints.some(({ state }) => state === 'fail')
  expect(done.code).toBe(hasFailed ? 1 : 0)
  expect(done.report.ok).toBe(!hasFailed)
  const concerned = new Set<CheckName>([...affected, ...complaints.map(({ check }) => check)])
  const isLeftOut = (check: CheckName) => concerned.has(check)
  expect(linesOf(done.report, isLeftOut)).toEqual(linesOf(right, isLeftOut))
}

/** A row of a table with every column, for `it.each`. */
const complete = <Change>([what, change, codes, remedy, affected = []]: readonly [
  what: string,
  change: Change,
  codes: readonly string[],
  remedy: RegExp,
  affected?: readonly CheckName[],
]) => [what, change, codes, remedy, affected] as const

describe('doctor on the demo as it is', () => {
  it('finds nothing but the plain http that it runs on', async () => {
    const { code, report } = await examineInstalled()
    right = report
    expect(code).toBe(0)
    expect(report.ok).toBe(true)
    expect(report.findings.filter(isComplaint).map(({ code: said }) => said)).toEqual(['plain-http'])
    // What the demo does not have: a Redis and, in the cookie mode, a discovery document.
    const skipped = report.findings.filter(({ state }) => state === 'skipped').map(({ code: said }) => said)
    expect(skipped.filter((said) => said !== 'discovery')).toEqual(['memory'])
    const targets = report.findings.map(({ target }) => target)
    for (const origin of [demo.benefits, demo.library]) expect(targets).toContain(`${origin}/session/status`)
  })

  it('changes nothing there: nobody is signed in or out, and no session begins', async () => {
    const state = async () => (await fetch(`${internalUrl}/emulator/state`)).json()
    const before = (await state()) as { readonly sessions: unknown }
    await examineInstalled()
    expect(await state()).toMatchObject({ sessions: before.sessions })
  })

  it('says the same after keys were rotated, for old tokens are still good', async () => {
    await control('rotate-keys')
    const { code, report } = await examineInstalled()
    expect(code).toBe(0)
    expect(linesOf(report, () => false)).toEqual(linesOf(right, () => false))
  })
})

describe('doctor where no optional package is installed', () => {
  it('does everything else, and says what to install', async () => {
    const missing = join(folder, 'missing.mjs')
    const names = '/^(?:xml-crypto|openid-client|@node-saml.*|tldts|ioredis|redis|otpauth|uqr)$/'
    const hook = `export async function resolve(name, context, next) {
      if (!${names}.test(name)) return next(name, context)
      throw Object.assign(new Error('not installed here'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    const address = JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)
    // What is imported, and what is required.
    const program = `import Module, { register } from 'node:module'
      register(${address})
      const resolve = Module._resolveFilename
      Module._resolveFilename = (name, ...others) => {
        if (!${names}.test(name)) return resolve(name, ...others)
        throw Object.assign(new Error("Cannot find module '" + name + "'"), { code: 'MODULE_NOT_FOUND' })
      }`
    await writeFile(missing, program)
    const metadata = join(folder, 'idp.xml')
    await writeFile(metadata, '<nothing/>')
    const args = ['--saml-metadata', metadata, '--openid-issuer', 'http://127.0.0.1:1']
    const { report } = await examineInstalled({}, args, ['--import', missing])
    expect(complaintsOf(report).map(({ code }) => code)).toEqual(['openid-unreachable'])
    const remedies = report.findings.filter(({ state }) => state === 'skipped').map(({ remedy }) => remedy)
    expect(remedies).toContain('npm install xml-crypto')
    expect(remedies).toContain('npm install --save-dev tldts')
  })
})

describe('doctor on the demo, with one fault of the provider switched on', () => {
  const rows: readonly (readonly [
    what: string,
    faults: Readonly<Record<string, unknown>>,
    codes: readonly string[],
    remedy: RegExp,
    affected?: readonly CheckName[],
  ])[] = [
    ['keys cut off', { unreachable: ['jwks'] }, ['keys-unreachable'], /see that/, ['token']],
    ['keys: 500', { status: { jwks: 500 } }, ['keys-status'], /address of the key set/, ['token']],
    ['keys: a page', { nonsense: { jwks: 'html' } }, ['keys-malformed'], /"keys"/, ['token']],
    ['keys: endless', { nonsense: { jwks: 'huge' } }, ['keys-malformed'], /"keys"/, ['token']],
    ['keys: too slow', { slow: { jwks: 8000 } }, ['keys-unreachable'], /firewall/, ['token']],
    ['login: 503', { status: { login: 503 } }, ['login-status'], /look at the provider/],
    ['login: refused', { status: { login: 400 } }, ['login-refused'], /register/],
    ['login: too slow', { slow: { login: 8000 } }, ['login-unreachable'], /firewall/, ['clock']],
    ['logout: 500', { status: { logout: 500 } }, ['provider-logout-status'], /look/, ['provider-cookies']],
    [
      'logout cut off',
      { unreachable: ['logout'] },
      ['provider-logout-unreachable'],
      /see that/,
      ['provider-cookies'],
    ],
    ['refresh: 502', { status: { refresh: 502 } }, ['refresh-status'], /look at the provider/],
    ['refresh cut off', { unreachable: ['refresh'] }, ['refresh-unreachable'], /see that/],
    [
      'everything down',
      { down: true },
      ['keys-unreachable', 'login-unreachable', 'provider-logout-unreachable', 'refresh-unreachable'],
      /see that/,
      ['discovery', 'clock', 'provider-cookies', 'token'],
    ],
  ]

  it.each(rows.map(complete))('names it: %s', async (_, faults, codes, remedy, affected) => {
    await control('faults', faults)
    await expectFault(await examine({}, ['--timeout', '3']), codes, remedy, affected)
  })

  it.each([
    [3600, ['token-not-yet-valid']],
    [-7200, ['token-expired']],
  ])('names a clock that is %i s ahead, by the tokens that it issues', async (skewSeconds, codes) => {
    await control('faults', { skewSeconds })
    await signIn()
    await expectFault(await examine(), codes, /synchronise the clocks/)
  })

  it('names a key that the provider has dropped', async () => {
    await control('rotate-keys', { dropOld: true })
    await expectFault(await examine(), ['token-unknown-key'], /sign in again/)
  })
})

describe('doctor on the demo, with one variable wrong', () => {
  /** Every check of the application that is looked at under another address. */
  const elsewhere: readonly CheckName[] = [
    ...([
      'clock',
      'application',
      'login',
      'logout',
      'cookies',
      'cache-headers',
      'policies',
      'siblings',
    ] as const),
  ]
  type Change = () => Readonly<Record<string, string>>
  const at = (name: string, url: string) => `http://${name}.${domain}:${portOf(url)}`
  const rows: readonly (readonly [
    what: string,
    change: Change,
    codes: readonly string[],
    remedy: RegExp,
    affected?: readonly CheckName[],
  ])[] = [
    [
      'issuer',
      () => ({ IDENTITY_PROVIDER_ISSUER: 'https://id.example.gov' }),
      ['discovery-issuer', 'token-issuer'],
      /token inspect/,
    ],
    ['audience', () => ({ IDENTITY_PROVIDER_AUDIENCE: 'benefits' }), ['token-audience'], /token inspect/],
    [
      'session claim',
      () => ({ IDENTITY_PROVIDER_SESSION_CLAIM: 'session' }),
      ['token-claims'],
      /token inspect/,
    ],
    [
      'name of the provider',
      () => ({ IDENTITY_PROVIDER_URL: at('idp', demo.provider) }),
      ['discovery-issuer', 'login-elsewhere', 'login-elsewhere', 'token-issuer'],
      /token inspect/,
      ['clock', 'provider-login', 'provider-logout', 'provider-cookies'],
    ],
    [
      'address of the provider inside',
      () => ({ IDENTITY_PROVIDER_INTERNAL_URL: 'http://127.0.0.1:1' }),
      ['keys-unreachable', 'refresh-unreachable'],
      /start it/,
      ['discovery', 'token'],
    ],
    [
      'keys',
      () => ({ IDENTITY_PROVIDER_ENDPOINTS_JWKS: '/keys' }),
      ['keys-status', 'discovery-keys'],
      /_JWKS/,
      ['token'],
    ],
    [
      'login endpoint',
      () => ({ IDENTITY_PROVIDER_ENDPOINTS_LOGIN: '/sign-in' }),
      ['login-refused', 'login-elsewhere', 'login-elsewhere'],
      /CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGIN/,
    ],
    [
      'logout endpoint',
      () => ({ IDENTITY_PROVIDER_ENDPOINTS_LOGOUT: '/sign-out' }),
      ['provider-logout-status'],
      /CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_LOGOUT/,
      ['provider-cookies'],
    ],
    [
      'refresh endpoint',
      () => ({ IDENTITY_PROVIDER_ENDPOINTS_REFRESH: '/refresh' }),
      ['refresh-status'],
      /CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_REFRESH/,
    ],
    [
      'return parameter',
      () => ({ IDENTITY_PROVIDER_RETURN_PARAMETER: 'back' }),
      ['login-return', 'login-return'],
      /RETURN_PARAMETER/,
    ],
    [
      'cookie names',
      () => ({ SHARED_COOKIE_NAMES_PAYLOAD: 'sso_payload' }),
      ['shared-cookie-names', 'logout-other-names', 'logout-other-names', 'token-unreadable'],
      /CITIZEN_SHARED_COOKIE_NAMES/,
      ['times'],
    ],
    [
      'SameSite',
      () => ({ SHARED_COOKIE_SAME_SITE: 'strict' }),
      ['shared-cookie-same-site'],
      /CITIZEN_SHARED_COOKIE_SAME_SITE/,
    ],
    ['application id', () => ({ APPLICATION_ID: 'permits' }), ['other-id'], /CITIZEN_APPLICATION_ID/],
    [
      'port of the application',
      () => ({ APPLICATION_URL: `http://benefits.${domain}:1` }),
      ['application-unreachable'],
      /start it/,
      elsewhere,
    ],
    [
      'name of the application',
      () => ({ APPLICATION_URL: at('benefit', demo.benefits) }),
      ['login-return'],
      /CITIZEN_APPLICATION_URL/,
      elsewhere,
    ],
    [
      'address of the provider for our own',
      () => ({ APPLICATION_URL: demo.provider }),
      ['application-missing'],
      /the proxy passes/,
      elsewhere,
    ],
    [
      'address of a sibling for our own',
      () => ({ APPLICATION_URL: demo.library }),
      ['other-id'],
      /CITIZEN_APPLICATION_ID/,
      elsewhere,
    ],
    [
      'path of the routes',
      () => ({ ROUTES_PATH: '/auth' }),
      ['application-missing', 'application-missing'],
      /CITIZEN_ROUTES_PATH/,
      elsewhere.filter((check) => check !== 'clock'),
    ],
    ['store', () => ({ STORE_URL: 'redis://127.0.0.1:1' }), ['store-unreachable'], /CITIZEN_STORE_URL/],
    ['key files', () => ({ SSO_KEYS: join(folder, 'nowhere') }), ['key-files'], /keys check/],
    [
      'idle time',
      () => ({ APPLICATION_IDLE_SECONDS: '901' }),
      ['idle-longer-than-recommended', 'idle-longer-than-token'],
      /CITIZEN_APPLICATION_IDLE_SECONDS/,
    ],
  ]

  it.each(rows.map(complete))('names it: %s', async (_, change, codes, remedy, affected) => {
    await expectFault(await examine(change()), codes, remedy, affected)
  })

  it.each([
    ['domain', { SHARED_COOKIE_DOMAIN: 'example.gov' }, ['sharedCookie.domain']],
    ['domain that is everybody’s', { SHARED_COOKIE_DOMAIN: 'localhost' }, ['sharedCookie.domain']],
    ['no domain', { SHARED_COOKIE_DOMAIN: 'false' }, ['sharedCookie.domain']],
    ['misspelt name', { APPLICATION_IDLE_SECOND: '60' }, ['application.idleSeconds']],
    [
      'production',
      { NODE_ENV: 'production' },
      ['identityProvider.url', 'identityProvider.internalUrl', 'application.url'],
    ],
  ])('names what no application would start with, and asks nobody: %s', async (_, change, targets) => {
    const before = await control('clear-faults')
    const { code, report } = await examine(change)
    expect(code).toBe(1)
    expect(complaintsOf(report).map(({ target }) => target)).toEqual(targets)
    for (const { remedy } of complaintsOf(report)) expect(remedy).toMatch(/^(?:set|correct) CITIZEN_/)
    expect(report.findings.filter(({ check }) => check !== 'configuration')).toSatisfy(
      (others: readonly Finding[]) => others.every(({ state }) => state === 'skipped'),
    )
    expect((await control('clear-faults')).requests).toEqual(before.requests)
  })
})

describe('doctor on the demo, with one application too many', () => {
  it('names an application of the same id', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://tax.${domain}:${(server.address() as AddressInfo).port}`
    const auth = citizenSession({
      identityProvider: { url: demo.provider, internalUrl },
      sharedCookie: { domain },
      application: { id: `library-${portOf(demo.library)}`, url, secrets: [secret] },
      store: memoryStore(),
      onEvent: () => undefined,
    })
    server.on('request', express().use(auth))
    const done = await examine({}, ['--url', url])
    await auth.suite.close()
    server.closeAllConnections()
    server.close()
    const affected = [
      ...(['clock', 'application', 'login', 'logout', 'cookies', 'cache-headers', 'policies'] as const),
    ] as const
    await expectFault(done, ['same-id'], /CITIZEN_APPLICATION_ID of its own/, affected)
    expect(complaintsOf(done.report)[0]?.target).toBe(`${demo.library}, ${url}`)
  })

  it('names one application at two addresses, and an address that strangers can read', async () => {
    const alias = `http://books.${domain}:${portOf(demo.library)}`
    const done = await examine({}, ['--url', alias, '--url', 'http://library.example.gov'])
    expect(done.code).toBe(1)
    expect(complaintsOf(done.report).map(({ code, target }) => [code, target])).toEqual([
      ['application-plain-http', 'http://library.example.gov'],
      ['login-return', `${alias}/session/login`],
      ['same-id', `${demo.library}, ${alias}`],
    ])
  })
})
