/** @module The same click in Chromium: pages, redirects and forms that send themselves as people meet them. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { refusalsOf } from './round.js'
import { targetsOf } from './signed-in.js'
import { type Application, applications, type World } from './world.js'

/** How long it took from the click. Milliseconds. */
export interface ChromiumRound {
  /** Until every instance and both backends had refused. */
  readonly refused: number
  /** Until the page with the receipt was there, from the provider and back. */
  readonly shown: number
}

/** Signs a person in everywhere, clicks "Sign out everywhere" at an application, and waits until all have refused. */
export async function playInChromium(
  world: World,
  browser: Browser,
  { application, person }: { readonly application: Application; readonly person: string },
): Promise<ChromiumRound> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    for (const one of applications) await signIn(page, `${world.urlOf(one)}/private`, person)
    const cookies = new Map<Application, string>()
    for (const one of applications) cookies.set(one, await cookiesAt(context, world.urlOf(one)))
    await page.goto(`${world.urlOf(application)}/session/logout`)
    const button = page.getByRole('button', { name: 'Sign out everywhere' })
    const clickedAt = performance.now()
    const watching = refusalsOf(targetsOf(world, cookies))
    const leaving = button.click().then(() => page.waitForSelector('dd'))
    const [{ at }] = await Promise.all([watching, leaving])
    const shown = performance.now() - clickedAt
    expect(new URL(page.url()).origin).toBe(world.urlOf(application))
    const states = await page.locator('dd').allTextContents()
    expect(states.length).toBeGreaterThanOrEqual(3)
    expect(new Set(states)).toEqual(new Set(['ended']))
    return { refused: at - clickedAt, shown }
  } finally {
    await context.close()
  }
}

async function signIn(page: Page, url: string, person: string): Promise<void> {
  await page.goto(url)
  const asks = page.locator('#password')
  await page.waitForURL((now) => now.href === url || now.pathname === '/login')
  if (page.url() !== url) {
    await page.fill('#username', person)
    await asks.fill('password')
    await asks.press('Enter')
    await page.waitForURL(url)
  }
  expect(await page.textContent('body')).toBe(JSON.stringify({ sub: person }))
}

async function cookiesAt(context: BrowserContext, url: string): Promise<string> {
  const found = await context.cookies(`${url}/`)
  return found.map(({ name, value }) => `${name}=${value}`).join('; ')
}
