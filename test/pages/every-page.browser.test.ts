/** @module Every page of ours in Chromium: what axe finds, whether it fits, and (PAGES_PICTURES) how it looks. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Language } from '../../src/pages/texts.js'
import { axeFindings } from '../support/axe.js'
import { launchChromium } from '../support/chromium.js'
import { everyPage, type SeenPage } from './every-page.js'

/** A folder for pictures of each page, for somebody to look at. */
const pictures = process.env.PAGES_PICTURES

let browser: Browser
let origin = ''
let pages: readonly SeenPage[] = []

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40"><rect width="160" height="40" fill="#0b5394"/></svg>'

const server = createServer((incoming, outgoing) => {
  if (incoming.url === '/logo.svg') {
    outgoing.writeHead(200, { 'content-type': 'image/svg+xml' }).end(logo)
    return
  }
  const page = pages[Number(incoming.url?.slice(1))]
  outgoing.writeHead(page?.reply.status ?? 404, page?.reply.headers).end(page?.reply.body)
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://tax.citizen.localhost:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  server.close()
})

/** Pages of different markup: what differs in its words alone looks the same to axe. */
function distinct(all: readonly SeenPage[]): readonly SeenPage[] {
  const skeletonOf = ({ reply }: SeenPage): string =>
    (reply.body ?? '').replace(/>[^<]*</g, '><').replace(/(value|href|action)="[^"]*"/g, '$1')
  return [...new Map(all.map((page) => [skeletonOf(page), page])).values()]
}

/** Opens each page in one tab; where a page goes on by itself, it stays. */
async function eachPage(
  setting: { readonly language: Language; readonly scheme: 'light' | 'dark'; readonly width: number },
  see: (tab: Page, page: SeenPage) => Promise<void>,
  logoPath?: string,
): Promise<void> {
  const { language, scheme: colorScheme, width } = setting
  pages = distinct(await everyPage({ language, logo: logoPath }))
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 844 } })
  const tab = await context.newPage()
  const complaints: string[] = []
  tab.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text())
  })
  // An answer without content: the browser stays where it is.
  await tab.route(
    (url) => url.origin !== origin,
    (route) => route.fulfill({ status: 204 }),
  )
  for (const [at, page] of pages.entries()) {
    await tab.goto(`${origin}/${at}`, { waitUntil: 'commit' })
    await tab.locator('h1').waitFor()
    await see(tab, page)
  }
  await context.close()
  expect(complaints).toEqual([])
}

describe.each(['en', 'fr'] as const)('every page in %s', (language) => {
  it.each(['light', 'dark'] as const)(
    'has nothing that axe finds in the %s scheme, and fits a phone',
    (scheme) =>
      eachPage({ language, scheme, width: 390 }, async (tab, { name }) => {
        expect(await axeFindings(tab), name).toEqual([])
        await tab.setViewportSize({ width: 320, height: 640 })
        expect(await tab.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(320)
        await tab.setViewportSize({ width: 390, height: 844 })
      }),
    120_000,
  )
})

it(
  'shows a logo that the policy lets in, at its height from the first moment, and nothing that axe finds',
  () =>
    eachPage(
      { language: 'en', scheme: 'light', width: 390 },
      async (tab, { name, from, isPassing }) => {
        const image = tab.locator('header img')
        if (isPassing || from === 'src/issuing/sso-form.ts') {
          expect(await image.count(), name).toBe(0)
          return
        }
        await image.evaluate('(image) => image.decode()')
        // A drawing is decoded before the page is laid out with it.
        await expect
          .poll(() => image.boundingBox(), { message: name })
          .toMatchObject({ height: 40, width: 160 })
        if (name === 'unknown address') expect(await axeFindings(tab)).toEqual([])
      },
      '/logo.svg',
    ),
  120_000,
)

const pictured: readonly (readonly [width: 390 | 1280, scheme: 'light' | 'dark'])[] = [
  [390, 'light'],
  [390, 'dark'],
  [1280, 'light'],
  [1280, 'dark'],
]

// None where nobody asks for them: a test that is left out would stand for a gap.
it.each(pictures === undefined ? [] : pictured)(
  'takes its picture at %s pixels in the %s scheme',
  async (width, scheme) => {
    for (const language of ['en', 'fr'] as const) {
      await eachPage({ language, scheme, width }, async (tab, { name }) => {
        const folder = join(pictures ?? '', `${width}-${scheme}-${language}`)
        mkdirSync(folder, { recursive: true })
        await tab.screenshot({ path: join(folder, `${name.replace(/[^\w]+/g, '-')}.png`), fullPage: true })
      })
    }
  },
  240_000,
)
