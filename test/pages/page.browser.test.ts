/** @module The pages that we serve, as Chromium understands them. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PageFrame } from '../../src/pages/document.js'
import { type Page, renderPage } from '../../src/pages/page.js'
import { palettes } from '../../src/pages/style.js'
import { launchChromium } from '../support/chromium.js'

let browser: Browser
let own = ''
let provider = ''
let served: Partial<Page> = {}
let frame: PageFrame = { name: 'Tax Portal', startPage: '/' }
let posted: IncomingHttpHeaders[] = []

const server = createServer((incoming, outgoing) => {
  const isProvider = incoming.headers.host?.startsWith('id.') === true
  if (incoming.method === 'POST') {
    posted.push(incoming.headers)
    outgoing.writeHead(303, { location: '/posted' }).end()
  } else if (incoming.url === '/pages.css') {
    outgoing.writeHead(200, { 'content-type': 'text/css' }).end('h1{color:rgb(1,2,3)}')
  } else if (incoming.url === '/frame') {
    const frame = `<!doctype html><iframe src="${own}/session/logout"></iframe>`
    outgoing.writeHead(200, { 'content-type': 'text/html' }).end(frame)
  } else if (isProvider) {
    outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>provider</title>')
  } else {
    const { status, headers, body } = renderPage(frame, {
      status: 200,
      language: 'en',
      title: 'title.sign-out',
      paragraphs: ['sign-out.explain', 'sign-out.other-people'],
      actions: [
        { label: 'action.sign-out-everywhere', method: 'post', href: '/session/logout', primary: true },
        { label: 'action.stay', method: 'get', href: '/' },
      ],
      ...served,
    })
    outgoing.writeHead(status, headers).end(body)
  }
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  own = `http://benefits.citizen.localhost:${port}`
  provider = `http://id.citizen.localhost:${port}`
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  server.close()
})

async function visit(
  { name = 'Tax Portal', logo, stylesheet, ...page }: Partial<Page & PageFrame>,
  see: (tab: Tab, messages: readonly string[]) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  served = page
  frame = { name, startPage: '/', logo, stylesheet }
  posted = []
  const context = await browser.newContext(options)
  const tab = await context.newPage()
  const messages: string[] = []
  tab.on('console', (message) => messages.push(message.text()))
  await tab.goto(`${own}/session/logout`)
  await see(tab, messages)
  await context.close()
}

describe('a form of ours', () => {
  it('arrives with our own Origin and as same-origin', () =>
    visit({}, async (tab) => {
      await tab.getByRole('button', { name: 'Sign out everywhere' }).click()
      await tab.waitForURL(`${own}/posted`)
      expect(posted).toHaveLength(1)
      expect(posted[0]).toMatchObject({ origin: own, 'sec-fetch-site': 'same-origin' })
    }))
})

describe('the look', () => {
  const toRgb = (colour: string) => {
    const parts = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16))
    return `rgb(${parts.join(', ')})`
  }
  const styleOf = (tab: Tab, selector: string, property: string) =>
    tab.locator(selector).evaluate((element, name) => {
      const view = globalThis as unknown as {
        getComputedStyle(of: unknown): { getPropertyValue(name: string): string }
      }
      return view.getComputedStyle(element).getPropertyValue(name)
    }, property)

  it.each(['light', 'dark'] as const)('follows the %s scheme, and its policy lets it in', (colorScheme) =>
    visit(
      {},
      async (tab, messages) => {
        expect(await styleOf(tab, 'body', 'background-color')).toBe(toRgb(palettes[colorScheme].ground))
        expect(await styleOf(tab, '.primary', 'color')).toBe(toRgb(palettes[colorScheme].onAccent))
        expect(messages.filter((message) => message.includes('Content Security Policy'))).toEqual([])
      },
      { colorScheme },
    ),
  )

  it('can be replaced', () =>
    visit({ stylesheet: '/pages.css' }, async (tab) => {
      expect(await styleOf(tab, 'h1', 'color')).toBe('rgb(1, 2, 3)')
    }))

  it.each(['en', 'fr'] as const)('fits a small phone in %s, whatever long word is shown', (language) =>
    visit(
      { language, facts: [{ label: 'leg.identity', value: 'x'.repeat(200) }] },
      async (tab) => {
        const width = await tab.evaluate('document.documentElement.scrollWidth')
        expect(width).toBeLessThanOrEqual(320)
        expect(await tab.locator('html').getAttribute('lang')).toBe(language)
      },
      { viewport: { width: 320, height: 560 } },
    ),
  )
})

it('runs nothing of what it reflects', () => {
  const attack = `"'><script>document.title='taken'</script><img src=x onerror="document.title='taken'">`
  return visit({ facts: [{ label: attack, value: attack }] }, async (tab) => {
    expect(await tab.title()).toBe('Do you want to sign out? · Tax Portal')
    expect(await tab.locator('dd').textContent()).toBe(attack)
    expect(await tab.locator('script, img').count()).toBe(0)
  })
})

it.each([
  [undefined, 0],
  ['provider', 1],
])('shows itself in a frame of the provider only where it says so: %s', (who, expected) =>
  visit({ frameAncestors: who === 'provider' ? provider : undefined }, async (tab) => {
    await tab.goto(`${provider}/frame`)
    const frame = tab.frames().find((candidate) => candidate !== tab.mainFrame())
    expect(await frame?.locator('h1').filter({ hasText: 'sign out' }).count()).toBe(expected)
  }),
)
