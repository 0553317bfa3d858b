/** @module The Next.js example in Chromium, where the router moves between pages without loading them. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { launchNextExample, type NextExample } from './next-example.js'

/** Milliseconds: a limit for what hangs, not for what a busy machine compiles slowly. */
const patience = 180_000

let example: NextExample
let browser: Browser
let page: Page

beforeAll(async () => {
  example = await launchNextExample()
  browser = await launchChromium()
  page = await (await browser.newContext()).newPage()
  // In development a page is compiled when it is asked for first.
  page.setDefaultTimeout(patience)
}, patience)
afterAll(async () => {
  await browser?.close()
  await example?.stop()
})

it('leads from a link of the router to the login and back, and saves without loading the page anew', {
  timeout: patience,
}, async () => {
  await page.goto(`${example.application}/`)
  await page.getByText('Code: not-signed-in').waitFor()
  await page.getByRole('link', { name: 'Your page' }).click()
  await page.waitForURL(`${example.provider}/login**`)
  await page.getByLabel('Username').fill('ana')
  await page.getByLabel('Password').fill('ana-password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`${example.application}/private`)

  const loads: string[] = []
  page.on('request', (request) => {
    if (request.isNavigationRequest()) loads.push(request.url())
  })
  await page.getByRole('textbox').fill('bring the form')
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.getByRole('button', { name: 'Save' }).click()
  const saved = await answered
  const setCookies = (await saved.headersArray()).filter(({ name }) => /^set-cookie$/i.test(name))
  expect([saved.status(), setCookies, loads]).toEqual([200, [], []])
  await page.reload()
  expect(await page.getByRole('textbox').inputValue()).toBe('bring the form')

  // Signed out in another tab, and no client that would cover this one: the next action leads to the login, and
  // nothing is kept of it.
  await page.route('**/session/client.js', (route) => route.abort())
  await page.reload()
  const other = await page.context().newPage()
  await other.goto(`${example.application}/private`)
  await other.getByRole('button', { name: 'Sign out everywhere' }).click()
  await other.waitForURL(`${example.application}/**`)
  await page.getByRole('textbox').fill('too late')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForURL((url) => url.pathname === '/session/login' || url.origin === example.provider)
})
