import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { dialogOf, type Pages, signIn, snapshotOf, startPages, watchPolicy } from './pages.js'

let browser: Browser
let site: Pages
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  complaints.length = 0
  site = await startPages()
  context = await browser.newContext()
  context.setDefaultTimeout(10_000)
  watchPolicy(context, complaints)
  page = await context.newPage()
})
afterEach(async () => {
  await context.close()
  await site.close()
  expect(complaints).toEqual([])
})

/** Moves the clocks of the server and of a page by the same time. */
async function travel(seconds: number, ...pages: readonly Page[]) {
  site.travel(seconds)
  for (const each of pages) await each.clock.fastForward(seconds * 1000)
}

describe('the warning', () => {
  it("comes a minute before the end of a sensitive session, by a clock that is not the browser's", async () => {
    await page.clock.install()
    await signIn(page, `${site.url}/private`)
    expect(await snapshotOf(page)).toMatchObject({ state: 'active', secondsLeft: 600 })
    await travel(537, page)
    await page.waitForTimeout(1500)
    expect(await dialogOf(page).count()).toBe(0)
    await travel(2, page)
    await dialogOf(page).waitFor()
    expect(await dialogOf(page).innerText()).toMatch(/signed out in (?:1 minute|\d\d seconds)\./)
  })
})
