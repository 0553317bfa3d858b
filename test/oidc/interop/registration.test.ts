/** @module An application that registers itself at npm's `oidc-provider`, which we did not write, and signs people in by that. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { createSuite, memoryStore } from '../../../src/index.js'
import { oidc } from '../../../src/oidc/oidc.js'
import { createFolder, type Folder, registration } from '../../cli/registering.js'
import { secret } from '../../config/given.js'
import { createBrowser } from '../../support/browser.js'
import { siteOn } from '../../support/wire.js'
import { serve } from '../../support/world.js'
import { signingKey } from './provider.js'

/** Nothing listens there: the browser of the test knows the way. */
const home = 'http://localhost:4998'
let issuer: string
let folder: Folder
let atProvider: RequestListener
const server = createServer((request, response) => void atProvider(request, response))

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    jwks: { keys: [signingKey('registration')] as never },
    cookies: { keys: ['a key for the cookies'] },
    features: {
      registration: { enabled: true, initialAccessToken: 'an-initial-token' },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      backchannelLogout: { enabled: true },
    },
    scopes: ['openid', 'offline_access'],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  })
  atProvider = provider.callback()
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  folder = createFolder()
  vi.stubEnv('CITIZEN_APPLICATION_URL', home)
  vi.stubEnv('CITIZEN_OIDC_ISSUER', issuer)
  vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', 'an-initial-token')
})
afterEach(() => {
  vi.unstubAllEnvs()
  folder.remove()
})

const run = (...args: string[]) => registration([...args, '--file', folder.file])

it('registers itself, signs a person in, is updated under a new token, and deleted', async () => {
  const done = await run('--register')
  expect([done.code, done.err]).toEqual([0, ''])
  // It has no front-channel logout any more, and says so.
  expect(done.out.match(/^ {2}warn {2}\w+/gm)).toEqual([
    '  warn  frontchannel_logout_uri',
    '  warn  frontchannel_logout_session_required',
  ])
  const first = folder.kept()
  expect(done.out).not.toContain(String(first.client_secret))
  expect(done.out).not.toContain(String(first.registration_access_token))

  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: [secret] },
      protocols: [oidc()],
      store: memoryStore(),
      onEvent: () => undefined,
    },
    {
      CITIZEN_OIDC_ISSUER: issuer,
      CITIZEN_OIDC_CLIENT_ID: String(first.client_id),
      CITIZEN_OIDC_CLIENT_SECRET_FILE: folder.secretFile,
    },
  )
  const browser = createBrowser(
    new Map([
      [issuer, siteOn({ port: Number(new URL(issuer).port) })],
      [home, (request: Request) => serve(suite, request)],
    ]),
  )
  const login = await browser.open(`${home}/session/login?returnTo=/open`)
  const consent = await browser.press(login, 'Sign-in', { login: 'ana', password: 'x' })
  const back = consent.url.startsWith(home) ? consent : await browser.press(consent, 'Continue')
  expect(JSON.parse(back.body)).toMatchObject({ state: 'active', sub: 'ana' })
  await suite.close()

  expect((await run('--read')).code).toBe(0)
  vi.stubEnv('CITIZEN_APPLICATION_PATH', '/portal')
  expect((await run('--read')).code).toBe(1)
  expect((await run('--update')).code).toBe(0)
  const second = folder.kept()
  expect(second).toEqual({ ...first, registration_access_token: expect.any(String) })
  expect(second.registration_access_token).not.toBe(first.registration_access_token)
  expect((await run('--read')).code).toBe(0)
  expect((await run('--delete')).code).toBe(0)
  expect(folder.names()).toEqual([])
}, 60_000)

it('is refused without the initial access token, and with one that is not good', async () => {
  for (const token of ['', 'another-one']) {
    vi.stubEnv('CITIZEN_OIDC_INITIAL_ACCESS_TOKEN', token)
    const { code, err } = await run('--register')
    expect([code, err]).toEqual([1, expect.stringMatching(/the answer is 40[01]: /)])
  }
  expect(folder.names()).toEqual([])
})
