import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { root } from '../../examples/set-up.mjs'
import { axeFindings } from '../support/axe.js'
import { launchChromium } from '../support/chromium.js'
import { freePort } from '../support/free-port.js'
import { endWithUs } from '../support/orphans.js'
import { demoEnvironment } from './demo-process.js'

let browser: Browser
let page: Page
let child: ChildProcess
let folder: string
let url: string
/** The partner's site. */
let partner: string
let ownPort: number
const complaints: string[] = []

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
  const [port, providerPort] = [await freePort(), await freePort()]
  ownPort = port
  url = `http://benefits.citizen.localhost:${port}`
  partner = `http://partner.localhost:${providerPort}`
  await start({
    PORT: String(port),
    CITIZEN_APPLICATION_URL: url,
    CITIZEN_IDENTITY_PROVIDER_URL: `http://id.citizen.localhost:${providerPort}`,
    CITIZEN_IDENTITY_PROVIDER_INTERNAL_URL: `http://127.0.0.1:${providerPort}`,
    CITIZEN_SSO_KEYS: join(folder, 'keys'),
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
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

async function signIn(username = 'ana') {
  await page.goto(url)
  await page.click('text="Sign in"')
  await page.fill('#username', username)
  await page.fill('#password', `${username}-password`)
  await page.click('button:text-is("Sign in")')
  await page.waitForURL(`${url}/`)
}

const arrived = () => page.waitForURL(`${partner}/partner`)
const heading = () => page.textContent('h1')

it('takes a person to the partner with one click, with a token that no address shows, and back', async () => {
  await signIn()
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.click('text="To the partner"')
  await arrived()
  expect(await heading()).toBe('Welcome, Ana Archer')
  expect(await page.textContent('table')).toMatch(/level\s*1/)
  expect(addresses.join(' ')).not.toContain('eyJ')
  const cookies = await page.context().cookies(`${partner}/partner`)
  expect(cookies.map(({ name }) => name)).toEqual(['partner_session'])
  expect(await axeFindings(page)).toEqual([])
  await page.click('text="Sign out here"')
  await page.waitForSelector('text=Nobody is signed in here')
  // Back over the page that made the token: it is not there any more.
  for (let steps = 0; page.url() !== `${url}/` && steps < 4; steps += 1) await page.goBack()
  expect([page.url(), await page.textContent('button')]).toEqual([`${url}/`, 'To the partner'])
})

it('shows a button to whoever comes by a link, and goes on from there', async () => {
  await signIn()
  await page.goto(`${url}/partner`)
  expect(await heading()).toBe('Continue to the other site')
  await page.click('button')
  await arrived()
  expect(await heading()).toBe('Welcome, Ana Archer')
})

it('turns away whom nobody has registered at the partner, until somebody has', async () => {
  await signIn('dan')
  await page.click('text="To the partner"')
  await page.waitForURL(`${partner}/partner/sso/login`)
  expect(await page.textContent('[role=alert]')).toContain('There is no account for this person here')
  expect(await axeFindings(page)).toEqual([])
  await page.click('main a:text("Users")')
  expect(await axeFindings(page)).toEqual([])
  await page.click('[aria-label="Register Dan Duval"]')
  await page.waitForSelector('[aria-label="Remove Dan Duval"]')
  await page.goto(url)
  await page.click('text="To the partner"')
  await arrived()
  expect(await heading()).toBe('Welcome, Dan Duval')
})

it("makes jwks.json in the partner's dashboard of the uploaded public key, and shows issuer and audience", async () => {
  await page.goto(`${partner}/partner/developer/sso`)
  expect(await page.textContent('#issuer')).toMatch(/^org-/)
  expect(await page.textContent('#audience')).toMatch(/^vivoldi-/)
  expect(await page.inputValue('#address')).toBe(`http://127.0.0.1:${ownPort}/.well-known/jwks.json`)
  const keys = join(folder, 'keys')
  const [name = ''] = readdirSync(keys).filter((file) => file.endsWith('.public.pem'))
  const kid = name.replace('.public.pem', '')
  await page.setInputFiles('#public', join(keys, `${kid}.pem`))
  await page.click('text="Upload"')
  expect(await page.textContent('[role=alert]')).toContain('This is a private key')
  await page.setInputFiles('#public', join(keys, name))
  await page.fill('#kid', kid)
  await page.click('text="Upload"')
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a:text("jwks.json")')])
  expect(download.suggestedFilename()).toBe('jwks.json')
  const own = await (await fetch(`http://127.0.0.1:${ownPort}/.well-known/jwks.json`)).json()
  expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual(own)
  // By the uploaded key from now on, with nothing to fetch.
  await page.fill('#address', '')
  await page.click('text="Save"')
  await signIn()
  await page.click('text="To the partner"')
  await arrived()
  await page.goto(`${partner}/partner/developer/sso`)
  expect(await page.inputValue('#address')).toBe('')
  expect(await page.textContent('section:last-of-type tbody tr')).toContain('signed-in')
  expect(await axeFindings(page)).toEqual([])
})

it('lets no other site send a person over', async () => {
  await signIn()
  const evil = await page.context().newPage()
  await evil.goto(`${partner}/partner`)
  await evil.setContent(`<form method="post" action="${url}/partner"><button>Win</button></form>`)
  await evil.click('button')
  await evil.waitForURL(`${url}/**`)
  expect(await evil.content()).not.toContain('eyJ')
})

it('keeps its private key to itself', async () => {
  const set = await fetch(`http://127.0.0.1:${ownPort}/.well-known/jwks.json`)
  const { keys } = (await set.json()) as { keys: { kid: string }[] }
  expect(keys.map((key) => Object.keys(key))).toEqual([['kty', 'use', 'kid', 'alg', 'n', 'e']])
  expect(statSync(join(folder, 'keys', `${keys[0]?.kid}.pem`)).mode & 0o777).toBe(0o600)
})
