import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/run.js'
import { durationInWords, timeInWords } from '../../src/cli/token/times.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'

let emulator: Emulator
let folder: string
let token: string

beforeAll(async () => {
  emulator = await createEmulator({ port: 0 })
  token = await emulator.tokenFor('ana')
  folder = await mkdtemp(join(tmpdir(), 'citizen-token-'))
})

afterAll(async () => {
  await emulator.close()
  await rm(folder, { recursive: true, force: true })
})

const right = (): Record<string, string> => ({
  CITIZEN_IDENTITY_PROVIDER_URL: emulator.url,
  CITIZEN_SHARED_COOKIE_DOMAIN: 'citizen.localhost',
  CITIZEN_APPLICATION_ID: 'benefits',
  CITIZEN_APPLICATION_URL: 'http://benefits.citizen.localhost:3000',
})

interface Given {
  readonly args?: readonly string[]
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly isColoured?: boolean
}

async function inspect({ args = [], input, environment = {}, isColoured }: Given) {
  const out: string[] = []
  const err: string[] = []
  const file = join(folder, 'variables.env')
  await writeFile(
    file,
    Object.entries(environment)
      .map((pair) => pair.join('='))
      .join('\n'),
  )
  const code = await runCommandLine(['token', 'inspect', '--env-file', file, ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    stop: new AbortController().signal,
    isColoured,
    input:
      input === undefined
        ? undefined
        : (async function* () {
            yield Buffer.from(input)
          })(),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function verdictOn(
  input: string,
  variables: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
) {
  const done = await inspect({ input, environment: { ...right(), ...variables }, args: ['--json', ...args] })
  const document = JSON.parse(done.out)
  return { code: done.code, ...document.tokens[0].verdict, out: done.out }
}

const now = () => Math.floor(Date.now() / 1000)
const claims = (change: Readonly<Record<string, unknown>> = {}) => ({
  iss: emulator.issuer,
  sub: 'somebody',
  jti: 'a-session',
  iat: now() - 60,
  exp: now() + 600,
  mfaRequired: false,
  isMfa: false,
  isDidAuth: false,
  ...change,
})

describe('token inspect', () => {
  it.each([
    ['a token', () => token],
    ['a token in quotes', () => `"${token}"\n`],
    ['an Authorization header', () => `Authorization: Bearer ${token}`],
    ['three parts', () => token.split('.').join('\n')],
    ['cookies', () => emulator.cookieHeader(token)],
    ['a Cookie header', () => `Cookie: other=1; ${emulator.cookieHeader(token)}\r\n`],
  ])('reads %s, and contacts nobody', async (_, input) => {
    const asked = emulator.requests.jwks
    const done = await inspect({ input: input(), environment: right() })
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toContain('alg: "RS256"')
    expect(done.out).toContain(`iss: "${emulator.issuer}"`)
    expect(done.out).toMatch(/exp: \d+ {2}\(20\d\d-.*Z, in (?:29 minutes \d+ seconds?|30 minutes)\)/)
    expect(done.out).toContain('not refused so far')
    expect(emulator.requests.jwks).toBe(asked)
  })

  it('never prints the signature in full, unless it is asked to', async () => {
    const [, , full = ''] = token.split('.')
    for (const args of [[], ['--json']]) {
      expect((await inspect({ input: token, environment: right(), args })).out).not.toContain(full)
    }
    const shown = await inspect({ input: token, environment: right(), args: ['--show-signature'] })
    expect(shown.out).toContain(full)
  })

  it('warns that arguments are visible', async () => {
    const done = await inspect({ args: [token], environment: right() })
    expect(done.code).toBe(0)
    expect(done.err).toContain('can see arguments')
    const parts = await inspect({ args: token.split('.'), environment: right() })
    expect(parts.code).toBe(0)
  })

  it('fetches keys only when asked, and then verifies', async () => {
    expect(await verdictOn(token, {}, ['--fetch-keys'])).toMatchObject({ code: 0, outcome: 'accepted' })
    const [header, payload] = token.split('.')
    const forged = `${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`
    expect(await verdictOn(forged, {}, ['--fetch-keys'])).toMatchObject({ code: 1, problem: 'signature' })
  })

  it('tells keys that cannot be had from a token that does not hold', async () => {
    const variables = { CITIZEN_IDENTITY_PROVIDER_ENDPOINTS_JWKS: '/nowhere' }
    expect(await verdictOn(token, variables, ['--fetch-keys'])).toMatchObject({
      code: 1,
      outcome: 'undecided',
      problem: 'keys',
    })
  })

  it('shows every token that doubled cookies make', async () => {
    const other = await emulator.tokenFor('ben')
    const input = `${emulator.cookieHeader(token)}; ${emulator.cookieHeader(other)}`
    const done = await inspect({ input, environment: right(), args: ['--json'] })
    // The headers are equal: two payloads with two signatures.
    expect(JSON.parse(done.out).tokens).toHaveLength(4)
  })

  it('shows a token without any configuration, and says that nothing was compared', async () => {
    const done = await inspect({ input: token })
    expect(done.code).toBe(0)
    expect(done.out).toContain('nothing is configured')
  })

  it('says of an application without the shared cookie that nothing was compared, and misses none', async () => {
    const { CITIZEN_APPLICATION_ID, CITIZEN_APPLICATION_URL } = right()
    const environment = {
      CITIZEN_APPLICATION_ID: CITIZEN_APPLICATION_ID ?? '',
      CITIZEN_APPLICATION_URL: CITIZEN_APPLICATION_URL ?? '',
      CITIZEN_APPLICATION_SECRETS: 'a secret of thirty-two bytes or more',
      CITIZEN_OIDC_ADFS_ISSUER: 'https://id.example.gov',
      CITIZEN_OIDC_ADFS_CLIENT_ID: 'benefits',
      CITIZEN_OIDC_ADFS_CLIENT_SECRET: 'a secret',
    }
    const done = await inspect({ input: token, environment })
    expect([done.code, done.err]).toEqual([0, ''])
    expect(done.out).toContain('alg: "RS256"')
    expect(done.out).toContain('no shared cookie is configured here')
    const wrong = await inspect({
      input: token,
      environment: { ...environment, CITIZEN_OIDC_ADFS_SCOPE: 'x' },
    })
    expect(wrong.code).toBe(1)
    expect(wrong.err).toContain('CITIZEN_OIDC_ADFS_SCOPE')
    expect(wrong.err).not.toContain('CITIZEN_IDENTITY_PROVIDER_URL')
  })

  it('judges by the shared cookie where there is one, whatever else signs people in', async () => {
    const environment = { ...right(), CITIZEN_OIDC_ISSUER: 'https://id.example.gov' }
    const done = await inspect({ input: token, environment })
    expect([done.code, done.err]).toEqual([0, ''])
    expect(done.out).toContain('--fetch-keys asks the provider')
  })

  it('lists what is wrong with a configuration that cannot be used', async () => {
    const done = await inspect({ input: token, environment: { CITIZEN_APPLICATION_ID: 'No!' } })
    expect(done.code).toBe(1)
    expect(done.out).toContain('alg: "RS256"')
    expect(done.err).toContain('CITIZEN_APPLICATION_ID')
    expect(done.err).toContain('CITIZEN_IDENTITY_PROVIDER_URL')
  })

  it('spells out what a terminal would obey', async () => {
    const hostile = await emulator.signToken(claims({ name: 'a\u001b[2Jb\u009bc\u202ed\u2028e' }))
    const done = await inspect({ input: hostile, environment: right() })
    for (const obeyed of '\u001b\u009b\u202e\u2028') expect(done.out).not.toContain(obeyed)
    expect(done.out).toContain('\\u202e')
    const json = await inspect({ input: hostile, environment: right(), args: ['--json'] })
    expect(json.out).not.toContain('\u009b')
    expect(JSON.parse(json.out).tokens[0].claims.name).toContain('\u009b')
    const coloured = await inspect({ input: hostile, environment: right(), isColoured: true })
    expect(coloured.out).toContain('\u001b[1mHeader')
    expect(coloured.out).not.toContain('\u001b[2J')
  })
})

describe('token inspect, on tokens that are refused', () => {
  it.each([
    ['issuer', { iss: 'https://id.example.gov/' }, 'letter by letter'],
    ['audience', { aud: 'others' }, 'identityProvider.audience is not set'],
    ['expired', { iat: now() - 7200, exp: now() - 3600 }, '1 hour'],
    ['not-yet-valid', { iat: now() + 600, exp: now() + 900 }, 'compare the clocks'],
    ['kind', { nonce: 'x' }, 'another kind: only those have nonce'],
    ['kind', { isMfa: 'no' }, 'isMfa is "no"'],
    ['claims', { sub: '' }, 'sub ""'],
    ['claims', { exp: now() * 1000 }, 'exp after iat'],
  ] as const)('names %s of %j', async (problem, change, words) => {
    const verdict = await verdictOn(await emulator.signToken(claims(change)))
    expect(verdict).toMatchObject({ code: 1, outcome: 'refused', problem })
    expect(verdict.reason).toContain(words)
  })

  it.each([
    ['algorithm', { alg: 'none' }, 'identityProvider.algorithms accepts RS256'],
    ['kind', { alg: 'RS256', typ: 'logout+jwt' }, 'typ is "logout+jwt"'],
    ['malformed', { alg: 'RS256', crit: ['b64'] }, 'crit'],
  ] as const)('names %s of the header %j', async (problem, header, words) => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const verdict = await verdictOn(`${encode(header)}.${encode(claims())}.AAAA`)
    expect(verdict).toMatchObject({ code: 1, outcome: 'refused', problem })
    expect(verdict.reason).toContain(words)
  })

  it('names a key that the provider does not publish', async () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const unknown = `${encode({ alg: 'RS256', kid: 'gone' })}.${encode(claims())}.AAAA`
    expect(await verdictOn(unknown, {}, ['--fetch-keys'])).toMatchObject({ code: 1, problem: 'unknown-key' })
  })

  it('names what is too large, and shows what cannot be decoded', async () => {
    const [header, , tail] = token.split('.')
    expect(await verdictOn(`${header}.${'A'.repeat(9000)}.${tail}`)).toMatchObject({ problem: 'too-large' })
    const broken = await inspect({ input: `${header}.!!!.${tail}`, environment: right() })
    expect(broken.code).toBe(1)
    expect(broken.out).toContain('cannot be read')
  })
})

describe('token inspect, wrongly used', () => {
  it.each([
    [{ args: [], input: '' }, 'nothing was given'],
    [{ args: [], input: 'nonsense' }, 'neither a token'],
    [{ args: [], input: 'a=1; b=2' }, 'lacks c1_header, c1_payload, c1_signature; it has a, b'],
    [{ args: [], input: 'x'.repeat(70_000) }, 'longer than 64 KiB'],
    [{ args: ['a', 'b'] }, 'one token, three parts'],
    [{ args: ['--fetch-keys'], input: 'a.b.c' }, 'needs a configuration'],
    [{ args: ['--nonsense'], input: 'a.b.c' }, '--nonsense'],
    [{ args: [] }, 'no standard input'],
  ] as const)('answers %j with exit code 2', async (given, message) => {
    const done = await inspect(given)
    expect(done).toMatchObject({ code: 2, out: '' })
    expect(done.err).toContain(message)
  })

  it('repeats no value of a cookie in a message', async () => {
    const done = await inspect({ input: 'c1_header=very-secret; c1_payload=more-secret' })
    expect(done.code).toBe(2)
    expect(done.err).not.toContain('secret')
  })

  it('needs the word inspect', async () => {
    const err: string[] = []
    const console = {
      out: () => {},
      err: (line: string) => err.push(line),
      stop: new AbortController().signal,
    }
    expect(await runCommandLine(['token'], console)).toBe(2)
    expect(await runCommandLine(['token', 'show'], console)).toBe(2)
    expect(err.join('\n')).toContain('inspect')
  })
})

describe('times in words', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [65, '1 minute 5 seconds'],
    [3600, '1 hour'],
    [90_061, '1 day 1 hour'],
    [-120, '2 minutes'],
  ])('%d s are %s', (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words)
  })

  it('says when, and how far away', () => {
    const at = Date.UTC(2026, 0, 15, 12)
    expect(timeInWords(at / 1000, at)).toBe('2026-01-15T12:00:00Z, now')
    expect(timeInWords(at / 1000 + 60, at)).toBe('2026-01-15T12:01:00Z, in 1 minute')
    expect(timeInWords(at / 1000 - 60, at)).toBe('2026-01-15T11:59:00Z, 1 minute ago')
    expect(timeInWords(at, at)).toContain('milliseconds')
  })
})
