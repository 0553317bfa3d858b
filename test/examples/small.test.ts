/** @module The small examples as their users start them: signed in, seen what is theirs, signed out. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { createBrowser, type Visit } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { endWithUs } from '../support/orphans.js'
import { siteOn } from '../support/wire.js'
import { demoEnvironment } from './demo-process.js'

const patience = 60_000
let child: ChildProcess | undefined
afterEach(async () => {
  const running = child
  child = undefined
  if (running === undefined || running.exitCode !== null) return
  await new Promise((resolve) => {
    running.once('close', resolve)
    running.kill('SIGKILL')
  })
})

async function start(name: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const started = spawn(process.execPath, [join(root, 'examples/start.mjs'), name], {
    env: demoEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = started
  endWithUs(started)
  return await new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        if (said.includes('Ctrl-C stops.')) resolve(said)
      })
    }
    started.once('close', () => reject(new Error(`${name} ended before it was ready:\n${said}`)))
  })
}

it.each(['express', 'koa', 'hono'])(
  'examples/%s lets a person in and out',
  { timeout: patience },
  async (name) => {
    const [port, providerPort] = [await freePort(), await freePort()]
    const url = `http://benefits.citizen.localhost:${port}`
    const provider = `http://id.citizen.localhost:${providerPort}`
    const said = await start(name, {
      PORT: String(port),
      CITIZEN_APPLICATION_URL: url,
      CITIZEN_IDENTITY_PROVIDER_URL: provider,
      CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
    })
    expect(said).toContain(`Open ${url} and sign in as ana, password ana-password.`)
    const browser = createBrowser(
      new Map([
        [url, siteOn({ port })],
        [provider, siteOn({ port: providerPort })],
      ]),
    )
    const login = await browser.press(await browser.open(url), 'Sign in')
    const benefits = await browser.press(login, 'Sign in', { username: 'ana', password: 'ana-password' })
    expect([benefits.url, benefits.status]).toEqual([`${url}/benefits`, 200])
    expect(benefits.body).toMatch(/Yours, .+\./)
    await browser.press(benefits, 'Sign out')
    expect((await browser.open(`${url}/`)).body).toContain('Sign in')
    expect((await browser.open(`${url}/benefits`)).url).toMatch(new RegExp(`^${provider}/`))
  },
)

it('examples/oidc lets a person in and out, on a site of its own', { timeout: patience }, async () => {
  const [port, providerPort] = [await freePort(), await freePort()]
  const url = `http://library.parties.localhost:${port}`
  const provider = `http://id.citizen.localhost:${providerPort}`
  const said = await start('oidc', {
    PORT: String(port),
    CITIZEN_APPLICATION_URL: url,
    OPENID_ISSUER: provider,
    OPENID_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
  })
  expect(said).toContain(`Open ${url} and sign in as ana, password ana-password.`)
  const browser = createBrowser(
    new Map([
      [url, siteOn({ port })],
      [provider, siteOn({ port: providerPort })],
    ]),
  )
  const login = await browser.press(await browser.open(url), 'Sign in')
  const loans = await browser.press(login, 'Sign in', { username: 'ana', password: 'ana-password' })
  expect([loans.url, loans.status]).toEqual([`${url}/loans`, 200])
  expect(await browser.cookieNames(url)).toEqual(['library.sid'])
  // Signed out at the provider itself: the application is told by the back channel.
  await browser.press(await browser.open(provider), /^Sign out everywhere$/)
  expect((await browser.open(`${url}/loans`)).body).toContain('The sign-in service has signed you out')
})

it('examples/saml lets a person in and out, on a site of its own', { timeout: patience }, async () => {
  const [port, providerPort] = [await freePort(), await freePort()]
  const url = `http://permits.parties.localhost:${port}`
  const provider = `http://id.citizen.localhost:${providerPort}`
  const said = await start('saml', {
    PORT: String(port),
    CITIZEN_APPLICATION_URL: url,
    SAML_ORIGIN: provider,
    SAML_IDENTITY_PROVIDER: `${provider}/saml/metadata`,
    SAML_METADATA_URL: `http://127.0.0.1:${providerPort}/saml/metadata`,
  })
  expect(said).toContain(`Open ${url} and sign in as ana, password ana-password.`)
  const browser = createBrowser(
    new Map([
      [url, siteOn({ port })],
      [provider, siteOn({ port: providerPort })],
    ]),
  )
  const follow = async (visit: Visit): Promise<Visit> =>
    /\bsubmit\b/.test(visit.body) ? follow(await browser.press(visit, /./)) : visit
  const login = await browser.press(await browser.open(url), 'Sign in')
  const typed = { username: 'ana', password: 'ana-password' }
  const applications = await follow(await browser.press(login, 'Sign in', typed))
  expect([applications.url, applications.status]).toEqual([`${url}/applications`, 200])
  expect(applications.body).toMatch(/Yours, .+\./)
  const siblings = ['Service dashboard', 'Business connect']
  const opened = () => Promise.all(siblings.map((name) => browser.press(applications, name)))
  for (const { body } of await opened()) expect(body).toContain('You are signed in.')
  const out = await follow(await browser.press(applications, 'Sign out'))
  expect(out.body).toContain('You are signed out here and at the sign-in service.')
  for (const { body } of await opened()) expect(body).toContain('You are not signed in.')
  expect((await browser.open(`${url}/applications`)).url).toMatch(new RegExp(`^${provider}/`))
})

it('names the examples that there are', { timeout: patience }, async () => {
  await expect(start('nothing', {})).rejects.toThrow(
    'say which example: express, hono, koa, oidc, saml, sso-issuer',
  )
})
