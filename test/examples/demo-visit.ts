/** @module A person in Chromium who visits the pages of the demo, and presses what is there. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { axeFindings } from '../support/axe.js'

/** One page of one person, and what it shows. */
export interface Visit {
  readonly context: BrowserContext
  readonly page: Page
  /** What the policy of a page did not let through, and errors of its scripts. */
  readonly complaints: readonly string[]
  /** Signs in at the provider's page that is open, or that the address leads to. */
  signIn(address: string, username?: string): Promise<void>
  press(name: string): Promise<void>
  card(title: string): Locator
  /** The line that says what a button did. */
  said(text: string | RegExp): Promise<void>
  /** Waits until the log has an entry with these words. */
  logged(text: string | RegExp): Promise<void>
  /** What axe finds; nothing, one hopes. */
  findings(): Promise<readonly unknown[]>
}

/** Opens a browser of its own for a person. */
export async function visit(browser: Browser): Promise<Visit> {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (/Content Security Policy|violates|hydrat/i.test(message.text())) complaints.push(message.text())
  })
  const card = (title: string) =>
    page.locator('section.card').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  return {
    context,
    page,
    complaints,
    card,
    async signIn(address, username = 'ana') {
      if (page.url() !== address) await page.goto(address)
      await page.getByLabel('Username').fill(username)
      await page.getByLabel('Password').fill(`${username}-password`)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    },
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    said: (text) => page.getByRole('status').filter({ hasText: text }).waitFor(),
    logged: (text) => page.getByRole('log').locator('li', { hasText: text }).first().waitFor(),
    findings: () => axeFindings(page),
  }
}
