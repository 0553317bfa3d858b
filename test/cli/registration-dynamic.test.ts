/** @module `citizen-session registration --register` and what follows it, at the emulator. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { loopbackFetch } from '../../src/emulator/loopback-fetch.js'
import { createSuite, memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { secret } from '../config/given.js'
import { createBrowser } from '../support/browser.js'
import { serve, shown } from '../support/world.js'
import { createFolder, type Folder, registration } from './registering.js'

const home = 'https://benefits.example'
const initialToken = 'an-initial.access~token+/1=='
let emulator: Emulator
let folder: Folder

beforeAll(async () => {
  emulator = await createEmulator({
    port: 0,
    openid: { clients: [], registration: true, initialAccessToken: initialToken },
  })
})
afterAll(() => emulator.close())

beforeEach(() => {
  folder = createFolder()
  vi.stubEnv('CITIZEN_APPLICATION_URL', home)
  vi.stubEnv('CITIZEN_APPLICATION_NAME', 'Tax Portal')
  vi.stubEnv('CITIZEN_OIDC_ISSUER', emulator.url)
  vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', initialToken)
})
afterEach(() => {
  vi.unstubAllEnvs()
  emulator.reset()
  folder.remove()
})

const run = (...args: string[]) => registration([...args, '--file', folder.file])
/** Nothing that opens anything is in a text. */
const secretsIn = (text: string): readonly unknown[] => {
  const { client_secret, registration_access_token } = folder.kept()
  return [client_secret, registration_access_token, initialToken].filter((each) =>
    text.includes(String(each)),
  )
}

describe('registration --register', () => {
  it('registers the application, keeps what opens it in files of mode 0600, and prints none of it', async () => {
    const { code, out, err } = await run('--register')
    expect([code, err]).toEqual([0, ''])
    expect(secretsIn(out)).toEqual([])
    expect(folder.names()).toEqual(['openid-client.json', 'openid-client.secret'])
    expect([folder.mode(folder.file), folder.mode(folder.secretFile)]).toEqual(['600', '600'])
    const [client] = emulator.openid.clients
    expect(client).toMatchObject({
      client_name: 'Tax Portal',
      redirect_uris: [`${home}/session/callback`, `${home}/session/reauthenticate`],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      backchannel_logout_uri: `${home}/session/backchannel-logout`,
    })
    expect(folder.kept()).toEqual({
      issuer: emulator.url,
      client_id: client?.client_id,
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: client?.client_secret,
      client_secret_expires_at: 0,
      registration_client_uri: `${emulator.url}/register?client_id=${client?.client_id}`,
      registration_access_token: expect.any(String),
    })
    expect(folder.text(folder.secretFile)).toBe(client?.client_secret)
    for (const line of [
      `CITIZEN_OIDC_ISSUER=${emulator.url}`,
      `CITIZEN_OIDC_CLIENT_ID=${client?.client_id}`,
      `CITIZEN_OIDC_CLIENT_SECRET_FILE=${folder.secretFile}`,
      // The emulator sends auth_time always, and has no member for it.
      'warn  require_auth_time: asked for true, registered is nothing',
    ]) {
      expect(out).toContain(line)
    }
  })

  it.each([
    ['by the code', []],
    ['by the hybrid flow', ['--hybrid']],
    ['with the implicit flow for the silent check', ['--implicit']],
  ])(
    'gives an application what it needs to sign people in, by the lines that it prints: %s',
    async (_what, args) => {
      const { out } = await run('--register', ...args)
      const environment = Object.fromEntries(
        out
          .split('\n')
          .flatMap((line) =>
            [/^(CITIZEN_\w+)='?([^']*)'?$/.exec(line)?.slice(1) ?? []].filter((each) => each.length === 2),
          ),
      ) as Record<string, string>
      expect(environment).toMatchObject({
        CITIZEN_OIDC_SCOPE: 'openid offline_access',
        ...(args.includes('--hybrid') && { CITIZEN_OIDC_RESPONSE_TYPE: 'code id_token' }),
        ...(args.includes('--implicit') && { CITIZEN_OIDC_SESSION_MANAGEMENT_RESPONSE_TYPE: 'id_token' }),
      })
      const suite = createSuite(
        {
          application: { id: 'benefits', url: home, secrets: [secret] },
          protocols: [oidc()],
          store: memoryStore(),
          fetch: loopbackFetch,
          onEvent: () => undefined,
        },
        environment,
      )
      const browser = createBrowser(
        new Map([
          [home, (request: Request) => serve(suite, request)],
          [emulator.url, (request: Request) => loopbackFetch(request)],
        ]),
      )
      const visit = await browser.open(`${home}/session/login?returnTo=/open`)
      let back = await browser.press(visit, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      // The form of the provider, and the page of ours that sends it once more.
      if (args.includes('--hybrid')) back = await browser.press(await browser.press(back, /./), /^Continue$/)
      expect(back.url).toBe(`${home}/open`)
      expect(await shown(browser.fetch(`${home}/open`))).toMatchObject({ state: 'active', provider: 'oidc' })
      await suite.close()
    },
  )

  it.each([
    ['a file', () => ['--initial-token-file', join(folder.path, 'token')]],
    ['standard input', () => ['--initial-token-file', '-']],
    [
      'a file of a variable',
      () => {
        vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN_FILE', join(folder.path, 'token'))
        return []
      },
    ],
  ])('takes the initial access token from %s', async (_what, args) => {
    vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', '')
    writeFileSync(join(folder.path, 'token'), `${initialToken}\n`)
    const done = await registration(['--register', '--file', folder.file, ...args()], {
      input: `${initialToken}\n`,
    })
    expect(done).toMatchObject({ code: 0, err: '' })
  })

  it.each([
    ['no token', ''],
    ['another token', 'something-else'],
  ])('is refused with %s, and leaves no file behind', async (_what, token) => {
    vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', token)
    const { code, out, err } = await run('--register')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('the answer is 401: invalid_token')
    expect(folder.names()).toEqual([])
  })

  it('says of a token that is none where it came from, and nothing of it', async () => {
    vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', 'precious token')
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN: write the token'),
    ])
    expect(err).not.toContain('precious')
    const argument = await run('--register', '--initial-token', 'precious')
    expect(argument.code).toBe(2)
    expect(argument.err).not.toContain('precious')
  })

  it('puts no client in the place of another', async () => {
    await run('--register')
    const before = folder.kept()
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([2, expect.stringContaining('is there already: --update changes the client')])
    expect([folder.kept(), emulator.openid.clients.length]).toEqual([before, 1])
  })

  it.each([
    [
      'a file that cannot be written',
      ['--file', '/nowhere/at/all/client.json'],
      'cannot be written (ENOENT)',
    ],
    ['no file', [], '--file is missing'],
  ])('asks nobody with %s', async (_what, args, words) => {
    const { code, err } = await registration(['--register', ...args])
    expect([code, err]).toEqual([2, expect.stringContaining(words)])
    expect(emulator.openid.clients).toEqual([])
  })

  it('registers a client with a key of its own, whose public half alone leaves the machine', async () => {
    const key = { kty: 'EC', crv: 'P-256', alg: 'ES256', kid: 'k1', ...pair }
    vi.stubEnv('CITIZEN_OIDC_CLIENT_AUTHENTICATION', JSON.stringify(key))
    expect((await run('--register')).code).toBe(0)
    const [client] = emulator.openid.clients
    expect(client).toMatchObject({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ kid: 'k1', x: pair.x }] },
    })
    expect(JSON.stringify(client)).not.toContain(pair.d)
    expect(folder.names()).toEqual(['openid-client.json'])
  })
})

const pair = {
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
}

describe('a registration that is kept', () => {
  it('is read, updated under a new token, and deleted', async () => {
    await run('--register')
    const first = folder.kept()
    expect(await run('--read')).toMatchObject({ code: 0, out: expect.stringContaining('Registered at') })
    vi.stubEnv('CITIZEN_APPLICATION_URL', 'https://portal.example')
    const old = await run('--read')
    expect(old.code).toBe(1)
    expect(old.out).toContain(
      `fail  redirect_uris: asked for https://portal.example/session/callback https://portal.example/session/reauthenticate, registered is ${home}/session/callback`,
    )
    const updated = await run('--update')
    expect(updated).toMatchObject({ code: 0, out: expect.stringContaining('Updated at') })
    const second = folder.kept()
    expect(second).toEqual({ ...first, registration_access_token: expect.any(String) })
    expect(second.registration_access_token).not.toBe(first.registration_access_token)
    expect([folder.mode(folder.file), secretsIn(updated.out)]).toEqual(['600', []])
    expect(emulator.openid.clients[0]?.redirect_uris[0]).toBe('https://portal.example/session/callback')
    const deleted = await run('--delete')
    expect([deleted.code, deleted.out]).toEqual([0, expect.stringContaining('Deleted at')])
    expect([folder.names(), emulator.openid.clients]).toEqual([[], []])
  })

  it('keeps the files where the provider knows the client no more', async () => {
    await run('--register')
    emulator.reset()
    const { code, err } = await run('--delete')
    expect([code, err]).toEqual([1, expect.stringContaining('the answer is 401')])
    expect(folder.names()).toEqual(['openid-client.json', 'openid-client.secret'])
  })

  it('is of its provider, also where that is one of several', async () => {
    vi.stubEnv('CITIZEN_OIDC_ADFS_ISSUER', emulator.url)
    vi.stubEnv('CITIZEN_OIDC_ADFS_INITIAL_ACCESS_TOKEN', initialToken)
    const { code, out } = await run('--register', '--provider', 'adfs')
    expect(code).toBe(0)
    expect(out).toContain(`CITIZEN_OIDC_ADFS_CLIENT_SECRET_FILE=${folder.secretFile}`)
    expect((await run('--update')).code).toBe(0)
    expect(emulator.openid.clients[0]?.redirect_uris).toEqual([
      `${home}/session/adfs/callback`,
      `${home}/session/adfs/reauthenticate`,
    ])
    for (const args of [
      ['--provider', 'entra'],
      ['--openid-issuer', 'https://id.example.gov'],
    ]) {
      const other = await run('--update', ...args)
      expect([other.code, other.err]).toEqual([2, expect.stringContaining('is registered at')])
    }
  })

  it('is not read from a file that others can read, or that holds something else', async () => {
    await run('--register')
    chmodSync(folder.file, 0o644)
    expect(await run('--read')).toMatchObject({ code: 1, err: expect.stringContaining('chmod 0600') })
    chmodSync(folder.file, 0o600)
    writeFileSync(folder.file, '{"issuer":7}')
    expect(await run('--read')).toMatchObject({ code: 2, err: expect.stringContaining('holds no client') })
    const missing = await registration(['--read', '--file', join(folder.path, 'none.json')])
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('--register makes it') })
  })

  it('is told as JSON without anything that opens it', async () => {
    await run('--register')
    const { out } = await run('--read', '--json')
    expect(JSON.parse(out)).toEqual({
      issuer: emulator.url,
      clientId: folder.kept().client_id,
      file: folder.file,
      secretFile: folder.secretFile,
      differences: [expect.objectContaining({ member: 'require_auth_time', weight: 'warn' })],
      notes: [],
    })
    expect(secretsIn(out)).toEqual([])
    expect(JSON.parse((await run('--delete', '--json')).out)).toEqual({ issuer: emulator.url, deleted: true })
  })
})

it.each([
  [['--register', '--update'], 'cannot go together'],
  [['--file', 'x.json'], '--file belongs to --register'],
  [['--openid-issuer', 'https://id.example.gov'], '--openid-issuer belongs to'],
  [['--register', '--saml'], 'OpenID Connect only'],
  [['--read', '--initial-token-file', 'x'], 'belongs to --register'],
  [['--register', '--provider', 'Adfs'], '--provider must be'],
  [['--register', '--timeout', '0', '--file', 'x.json'], '--timeout must be'],
  [['--register', '--ca', '/nowhere', '--file', 'x.json'], '--ca: /nowhere cannot be read'],
  [['--register', '--file', 'x.json', '--openid-issuer', 'id.example.gov'], '--openid-issuer'],
])('answers %j with a usage error', async (args, words) => {
  expect(await registration(args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(words) })
})
