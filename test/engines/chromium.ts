/** @module Chromium as one of the engines, by Playwright. */
import type { BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.js'
import { createTab, type Engine, keys, type Person, type Tab } from './engine.js'

/** Starts Chromium with its back/forward cache, which Playwright switches off by itself. */
export async function startChromium(): Promise<Engine> {
  const browser = await launchChromium({
    args: ['--ignore-certificate-errors'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
  let context: BrowserContext | undefined
  return {
    name: 'Chromium',
    version: browser.version(),
    async newPerson() {
      await context?.close()
      context = await browser.newContext({ ignoreHTTPSErrors: true })
      return personOf(context)
    },
    close: () => browser.close(),
  }
}

function personOf(context: BrowserContext): Person {
  return {
    newTab: async () => tabOf(await context.newPage()),
    async opened(work) {
      const page = context.waitForEvent('page')
      await work()
      return tabOf(await page)
    },
    count: async () => context.pages().length,
  }
}

function tabOf(page: Page): Tab {
  // A page that leads on by itself interrupts its own loading.
  const loading = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: Error) => {
        if (!/interrupted by another navigation|ERR_ABORTED/.test(error.message)) throw error
      },
    )
  return createTab({
    goto: (url) => loading(page.goto(url, { waitUntil: 'domcontentloaded' })),
    back: () => loading(page.goBack({ waitUntil: 'commit' })),
    reload: () => loading(page.reload({ waitUntil: 'domcontentloaded' })),
    evaluateText: (expression) => page.evaluate<string>(expression),
    clickAt: (x, y) => page.mouse.click(x, y),
    async keys(text) {
      const name = Object.entries(keys).find(([, key]) => key === text)?.[0]
      if (name === undefined) await page.keyboard.type(text)
      else await page.keyboard.press(name)
    },
    cookies: () => page.context().cookies(page.url()),
    bringToFront: () => page.bringToFront(),
    isOpen: async () => !page.isClosed(),
    close: () => page.close(),
  })
}
