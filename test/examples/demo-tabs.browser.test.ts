/** @module Several tabs of the demo: the browser client keeps them in step, whichever framework serves it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { launchDemo, type RunningDemo } from './demo-process.js'
import { visit } from './demo-visit.js'

let browser: Browser
let demo: RunningDemo

beforeAll(async () => {
  // Without the back/forward cache a page would be loaded anew, which shows nothing of it.
  browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  demo = await launchDemo(['--port', '0'])
}, 240_000)
afterAll(async () => {
  await browser?.close()
  if (demo) expect(await demo.interrupt()).toBe(0)
})

const warning = (page: Page) => page.getByRole('button', { name: 'Stay signed in', exact: true })
/** When a page was covered, by the browser's clock: what the test takes to hear of it is not the page's. */
const coveredAt = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          const cover = document.querySelector('citizen-session')?.shadowRoot?.querySelector('dialog.cover')
          if (cover?.checkVisibility() === true) resolve(Date.now())
          else setTimeout(look, 10)
        }
        look()
      }),
  )

/** When the answer to a request began, by the browser's clock. */
async function answeredAt(page: Page, address: RegExp): Promise<number> {
  const response = await page.waitForResponse(address)
  const { startTime, responseStart } = response.request().timing()
  return startTime + responseStart
}

describe.each(['benefits', 'library', 'permits'] as const)('two tabs of %s', (name) => {
  it('warn together, are extended by one, and are covered within a second of a sign-out in one', async () => {
    const person = await visit(browser)
    const address = `${demo[name]}/private`
    await person.signIn(address)
    await person.page.waitForURL(address)
    const other = await person.context.newPage()
    await other.goto(address)
    await person.card('Application session').getByText('active', { exact: true }).waitFor()

    await person.press('Nearly idle')
    await Promise.all([warning(person.page).waitFor(), warning(other).waitFor()])
    await warning(other).click()
    await Promise.all([
      warning(person.page).waitFor({ state: 'hidden' }),
      warning(other).waitFor({ state: 'hidden' }),
    ])

    const signedOut = answeredAt(person.page, /\/session\/logout$/)
    const covered = coveredAt(other)
    await person.press('Sign out everywhere')
    // Mostly 0.1 s; 0.3 s where the page that is left was asking for all.
    expect((await covered) - (await signedOut)).toBeLessThan(1000)
    await person.page.getByText('You are signed out', { exact: false }).first().waitFor()

    await person.page.goBack()
    await expect.poll(() => person.page.locator('body').innerText()).not.toContain('Ana Archer')
    await person.context.close()
    expect(person.complaints).toEqual([])
  })
})
