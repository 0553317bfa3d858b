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
const covered = (page: Page) => page.locator('citizen-session dialog.cover').waitFor()

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

    const signedOut = person.page.waitForResponse(/\/session\/logout$/).then(() => performance.now())
    const isCovered = covered(other).then(() => performance.now())
    await person.press('Sign out everywhere')
    expect((await isCovered) - (await signedOut)).toBeLessThan(1000)
    await person.page.getByText('You are signed out', { exact: false }).first().waitFor()

    await person.page.goBack()
    await expect.poll(() => person.page.locator('body').innerText()).not.toContain('Ana Archer')
    await person.context.close()
    expect(person.complaints).toEqual([])
  })
})
