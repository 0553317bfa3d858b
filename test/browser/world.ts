/** @module What every Chromium test of the client needs: one browser for a file, one application for a test. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type ChromiumOptions, launchChromium } from '../support/chromium.js'
import { type GivenSuite, type Pages, startPages } from './pages.js'

/** The application and the person's browser of one test. */
export interface BrowserWorld {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly site: Pages
  /** Moves the clocks of the servers, and of the pages if theirs are installed. */
  travel(seconds: number): Promise<void>
  /** Stops the clocks of the pages: what happens then needs no timer of theirs, however busy the machine is. */
  stopClocks(): Promise<void>
  /** A further tab. */
  tab(path?: string): Promise<Page>
}

/** Sets a world up for each test of a file; a page that breaks its policy, or throws, fails the test. */
export function setUpWorld(options: ChromiumOptions & { readonly suite?: GivenSuite } = {}): BrowserWorld {
  let browser: Browser
  let context: BrowserContext
  let site: Pages
  let hasClock = false
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await launchChromium(options)
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    complaints.length = 0
    hasClock = false
    site = await startPages(options.suite)
    context = await browser.newContext()
    context.setDefaultTimeout(10_000)
    context.on('console', (message) => {
      if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
    })
    context.on('weberror', (error) => complaints.push(String(error.error())))
  })
  afterEach(async () => {
    await context.close()
    await site.close()
    expect(complaints).toEqual([])
  })

  return {
    get browser() {
      return browser
    },
    get context() {
      return context
    },
    get site() {
      return site
    },
    async travel(seconds) {
      if (!hasClock) await context.clock.install()
      hasClock = true
      site.travel(seconds)
      await context.clock.fastForward(seconds * 1000)
    },
    async stopClocks() {
      const [page] = context.pages()
      if (!hasClock || page === undefined) throw new Error('the pages have no clock: travel first')
      await context.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000)
    },
    async tab(path) {
      const page = await context.newPage()
      if (path !== undefined) await page.goto(site.url + path)
      return page
    },
  }
}
