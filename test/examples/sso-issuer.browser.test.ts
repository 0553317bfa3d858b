import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { launchChromium } from '../support/chromium.js'
import { endWithUs } from '../support/orphans.js'
import { demoEnvironment } from './demo-process.js'

let browser: Browser
let page: Page
let child: ChildProcess
let folder: string
let url: string
let partner: string
let ports: { readonly own: number; readonly partner: number }
const complaints: string[] = []

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

/** The example as its users start it. @throws Error with all that it said, if it ends. */
async function start(environment: Readonly<Record<string, string>>): Promise<void> {
  child = spawn(process.execPath, [join(root, 'examples/start.mjs'), 'sso-issuer'], {
    env: demoEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child)
  await new Promise<void>((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk
        if (said.includes('Ctrl-C stops.')) resolve()
      })
    }
    child.once('close', () => reject(new Error(said)))
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citizen-sso-'))
  const [port, providerPort, partnerPort] = [await freePort(), await freePort(), await freePort()]
  ports = { own: port, partner: partnerPort }
  url = `http://benefits.citizen.localhost:${port}`
  partner = `http://partner.localhost:${partnerPort}/sso/login`
  await start({
    PORT: String(port),
    CITIZEN_APPLICATION_URL: url,
    CITIZEN_IDENTITY_PROVIDER_URL: `http://id.citizen.localhost:${providerPort}`,
    CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
    CITIZEN_SSO_KEYS: join(folder, 'keys'),
    SSO_PARTNER_PORT: String(partnerPort),
    SSO_PARTNER_URL: partner,
  })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  complaints.length = 0
  page = await (await browser.newContext()).newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  await page.click('text="Sign in"')
  await page.fill('#username', 'ana')
  await page.fill('#password', 'ana-password')
  await page.click('button:text-is("Sign in")')
  await page.waitForURL(`${url}/`)
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

const welcome = /Welcome at the partner, .+, level 1\./

it('takes a person to the partner with one click, with a token that no address shows', async () => {
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.click('text="To the partner"')
  await page.waitForURL(partner)
  expect(await page.textContent('body')).toMatch(welcome)
  expect(addresses.join(' ')).not.toContain('eyJ')
  expect((await page.context().cookies(partner)).length).toBe(0)
})

it('shows a button to whoever comes by a link, and goes on from there', async () => {
  await page.goto(`${url}/partner`)
  expect(await page.textContent('h1')).toBe('Continue to the other site')
  await page.click('button')
  await page.waitForURL(partner)
  expect(await page.textContent('body')).toMatch(welcome)
})

it('lets no other site send a person over', async () => {
  const evil = await page.context().newPage()
  // A page of another origin: the sibling's name does not help it.
  await evil.goto(`${partner.replace('/sso/login', '')}/`)
  await evil.setContent(`<form method="post" action="${url}/partner"><button>Win</button></form>`)
  await evil.click('button')
  await evil.waitForURL(`${url}/**`)
  expect(await evil.content()).not.toContain('eyJ')
  expect(evil.url()).not.toBe(partner)
})

it('takes a token once: the same form sent again is refused', async () => {
  const body = new Promise<string>((resolve) => {
    page.on('request', (request) => {
      if (request.url() === partner) resolve(request.postData() ?? '')
    })
  })
  await page.click('text="To the partner"')
  await page.waitForURL(partner)
  const again = await fetch(`http://127.0.0.1:${ports.partner}/sso/login`, {
    method: 'POST',
    body: new URLSearchParams(await body),
  })
  expect([again.status, await again.text()]).toEqual([401, 'Not signed in: replayed.'])
})

it('leads back to our page, not to the token', async () => {
  await page.click('text="To the partner"')
  await page.waitForURL(partner)
  await page.goBack()
  expect(page.url()).toBe(`${url}/`)
  expect(await page.textContent('h1')).toBe('Welcome')
})

it('keeps its private key to itself', async () => {
  const set = await fetch(`http://127.0.0.1:${ports.own}/.well-known/jwks.json`)
  const { keys } = (await set.json()) as { keys: { kid: string }[] }
  expect(keys.map((key) => Object.keys(key))).toEqual([['kty', 'use', 'kid', 'alg', 'n', 'e']])
  expect(statSync(join(folder, 'keys', `${keys[0]?.kid}.pem`)).mode & 0o777).toBe(0o600)
})
