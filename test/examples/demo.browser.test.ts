import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { cache } from '../../examples/set-up.mjs'
import { launchChromium } from '../support/chromium.js'
import { launchDemo, type RunningDemo } from './demo-process.js'

const pictures = join(cache, 'demo')
let browser: Browser
let demo: RunningDemo
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  browser = await launchChromium()
  demo = await launchDemo(['--short', '--port', '0'])
}, 180_000)
afterAll(async () => {
  await browser?.close()
  if (demo) expect(await demo.interrupt()).toBe(0)
})
beforeEach(async () => {
  complaints.length = 0
  context = await browser.newContext()
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
})
afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
const main = async () => (await page.textContent('main')) ?? ''
/** All but what the provider tells its OpenID clients: that somebody else is signed in now, or nobody. */
const cookieNames = async () =>
  (await context.cookies()).map(({ name }) => name).filter((name) => name !== 'OPBS')

async function signIn(username = 'ana') {
  await page.goto(`${demo.benefits}/private`)
  await page.fill('#username', username)
  await page.fill('#password', `${username}-password`)
  await page.click('button:text-is("Sign in")')
}

/** Moves the clock of the provider and of both applications, by the provider's page. */
async function travel(seconds: number) {
  const other = await context.newPage()
  await other.goto(`${demo.provider}/faults`)
  await other.fill('#seconds', String(seconds))
  // It stays open: Chromium may wait for ever to close a page that has just moved on.
  await Promise.all([other.waitForResponse(/\/faults$/), other.click('text="Travel"')])
}

it('signs in at one application, is known at the other, and is out everywhere after one button', async () => {
  await page.goto(`${demo.benefits}/`)
  expect(await main()).toContain('Not signed in')
  await picture('signed-out')
  await signIn()
  await page.waitForURL(`${demo.benefits}/private`)
  expect(await main()).toContain('Signed in as Ana Archer')
  await picture('signed-in')

  await page.click('header >> text="Library"')
  await page.click('text="Your page"')
  await page.waitForURL(`${demo.library}/private`)
  expect(await main()).toContain('Signed in as Ana Archer')

  await page.click('text="Sign out everywhere"')
  await page.waitForURL((url) => url.pathname === '/session/return')
  expect(await main()).toContain('You are signed out of all applications and of the sign-in service.')
  expect(await page.locator('dd').allTextContents()).toEqual(['ended', 'ended', 'ended'])
  await picture('receipt')

  await page.goto(`${demo.benefits}/`)
  expect(await main()).toContain('signed-out')
  await picture('signed-out-elsewhere')
  await page.goto(demo.provider)
  expect(await main()).toContain('You are not signed in.')
  expect(await cookieNames()).toEqual([])
})

it('moves across the three applications, in by one and out by another', async () => {
  await page.goto(`${demo.permits}/`)
  await page.getByText('Code: not-signed-in').waitFor()
  await page.locator('main').getByRole('link', { name: 'Sign in' }).click()
  await page.fill('#username', 'ana')
  await page.fill('#password', 'ana-password')
  await page.click('button:text-is("Sign in")')
  await page.waitForURL(`${demo.permits}/private`)
  await page.getByText('Note of').waitFor()
  await picture('permits')
  for (const application of [demo.benefits, demo.library]) {
    await page.goto(`${application}/private`)
    expect(await main()).toContain('Signed in as Ana Archer')
  }

  await page.click('text="Sign out everywhere"')
  await page.waitForURL(`${demo.library}/session/return**`)
  await page.goto(`${demo.permits}/`)
  await page
    .getByText(/^Not signed in/)
    .first()
    .waitFor()
  expect(await page.evaluate(`fetch('/api/me').then(({ status }) => status)`)).toBe(401)
  await page.goto(`${demo.benefits}/`)
  expect(await main()).toContain('signed-out')

  await signIn()
  await page.waitForURL(`${demo.benefits}/private`)
  // By the header, which is the same in all of them.
  for (const [here, there] of [
    ['Benefits', 'Library'],
    ['Library', 'Permits'],
  ] as const) {
    await page.getByRole('region', { name: 'Account' }).getByText('Ana Archer').waitFor()
    await page.getByRole('button', { name: `Applications: ${here}` }).click()
    await page.getByRole('menuitem', { name: there }).click()
  }
  await page.getByText('Signed in as').waitFor()
  await page.getByRole('region', { name: 'Account' }).getByText('Ana Archer').waitFor()
  await page.getByRole('button', { name: 'Applications: Permits' }).waitFor()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.waitForURL(`${demo.permits}/session/return**`)
  expect(await main()).toContain('You are signed out of all applications and of the sign-in service.')
  for (const application of [demo.benefits, demo.library]) {
    await page.goto(`${application}/`)
    expect(await main()).toContain('Not signed in')
  }
  expect(await cookieNames()).toEqual([])
})

it('says why a timer ended the session, and begins a new one after a new sign-in', async () => {
  await signIn()
  await page.waitForURL(`${demo.benefits}/private`)
  const publicId = async () => page.locator('dt:text("Public id") + dd').textContent()
  const first = await publicId()
  await travel(21)
  await page.goto(`${demo.benefits}/`)
  expect(await main()).toContain('idle-timeout')
  await picture('idle')
  await page.click('text="Your page"')
  expect(await main()).toContain('You were away for a while')
  await picture('idle-reason')
  await page.click('button:text-is("Sign in")')
  await page.waitForURL((url) => url.searchParams.get('prompt') === 'login')
  await page.fill('#username', 'ana')
  await page.fill('#password', 'ana-password')
  await page.click('button:text-is("Sign in")')
  await page.waitForURL(`${demo.benefits}/private`)
  expect(await publicId()).not.toBe(first)
})

it('steps up by Eeze, and stays signed in at the sibling after a sign-out here only', async () => {
  await page.goto(`${demo.library}/strong`)
  await page.click('text="Sign in with Eeze as Dan Duval"')
  await page.waitForURL(`${demo.library}/strong`)
  expect(await main()).toContain('Level 2, by did')
  await page.goto(`${demo.benefits}/private`)
  await page.click('text="Sign out here only"')
  await page.waitForURL(`${demo.benefits}/session/logout`)
  expect(await main()).toContain('You may still be signed in elsewhere.')
  await picture('signed-out-here')
  await page.goto(`${demo.library}/private`)
  expect(await main()).toContain('Signed in as Dan Duval')
})

it.each(['light', 'dark'] as const)('fits a phone in the %s scheme', async (colorScheme) => {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width: 320, height: 640 })
  await signIn()
  await page.waitForURL(`${demo.benefits}/private`)
  for (const address of [demo.benefits, demo.library]) {
    await page.goto(`${address}/private`)
    await picture(`phone-${colorScheme}-${new URL(address).hostname.split('.', 1)[0]}`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
  }
})
