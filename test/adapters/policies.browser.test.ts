/** @module The policies of an application's own middleware, as Chromium enforces them on the way to a provider. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { memoryStore } from '../../src/index.js'
import { applications } from '../engines/applications.js'
import { openSamlPlace, samlParties } from '../engines/saml-place.js'
import { launchChromium } from '../support/chromium.js'
import { type HttpsSites, openHttpsSites } from '../support/https-sites.js'

const secrets = ['a secret of thirty-two bytes or more']
const start = Date.UTC(2026, 0, 15, 12)
let browser: Browser
let context: BrowserContext
let sites: HttpsSites
const closers: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  browser = await launchChromium({ args: ['--ignore-certificate-errors'] })
})
afterAll(() => browser?.close())
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A page that collects what the browser holds against policies. */
async function openPage(): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  context = await browser.newContext()
  closers.push(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/.test(message.text())) complaints.push(message.text())
  })
  return { page, complaints }
}

async function openSites(): Promise<void> {
  sites = await openHttpsSites()
  closers.push(() => sites.close())
}

/** A provider that hands everybody on to another one, on a site of its own, and takes them back from there. */
function serveBroker(emulator: Emulator): void {
  const upstream = sites.originOf('upstream')
  const broker = sites.originOf('id.citizen')
  sites.serve('upstream', (request, response) => {
    const back = new URL(request.url ?? '/', upstream)
    response.writeHead(302, { location: `${broker}/back${back.pathname}${back.search}` }).end()
  })
  sites.serve('id.citizen', async (request, response) => {
    const url = new URL(request.url ?? '/', broker)
    if (!url.pathname.startsWith('/back')) {
      response.writeHead(302, { location: `${upstream}${url.pathname}${url.search}` }).end()
      return
    }
    const isLogin = url.pathname === '/back/login'
    const cookies = isLogin ? (await emulator.cookiesFor('ana')).split('; ') : []
    const lines = cookies.map((pair) => `${pair}; Domain=citizen.localhost; Path=/; Secure; SameSite=Lax`)
    const location = url.searchParams.get('returnTo') ?? '/'
    response.writeHead(302, { location, 'set-cookie': lines }).end()
  })
}

describe.each(['Express', 'Koa'] as const)('on %s behind the defaults of helmet', (framework) => {
  const openApplication = async () => {
    await openSites()
    const url = sites.originOf('benefits.citizen')
    const emulator = await createEmulator({ clock: () => start, url: sites.originOf('id.citizen') })
    serveBroker(emulator)
    sites.serve(
      'benefits.citizen',
      applications[framework]({
        identityProvider: { url: sites.originOf('id.citizen') },
        sharedCookie: { domain: 'citizen.localhost' },
        application: { id: 'benefits', url, secrets },
        store: memoryStore({ clock: emulator.clock }),
        clock: emulator.clock,
        fetch: emulator.fetch,
        onEvent: () => undefined,
      }),
    )
    const opened = await openPage()
    const { page } = opened
    await page.goto(`${url}/private`)
    await page.waitForSelector('h1:text-is("private")')
    return { ...opened, url, emulator }
  }

  it('FLD-02 a sign-out gets to a provider behind the provider, and back to the receipt', async () => {
    const { page, complaints, url } = await openApplication()
    await page.goto(`${url}/`)
    await page.click('text=Leave')
    await page.waitForURL(`${url}/session/return?*`)
    await page.waitForSelector('text=You are signed out')
    expect(complaints).toEqual([])
  })

  it('FLD-02 the button of a session that has ended gets to a provider behind the provider', async () => {
    const { page, complaints, url, emulator } = await openApplication()
    emulator.travel(601)
    await page.goto(`${url}/private`)
    await page.click('button')
    await page.waitForURL(`${url}/private`)
    await page.waitForSelector('h1:text-is("private")')
    expect(complaints).toEqual([])
  })

  it('FLD-02 a form of the application that ends at a guard leads to the sign-in', async () => {
    const { page, complaints, url } = await openApplication()
    await context.clearCookies()
    await page.goto(`${url}/`)
    await page.click('text=Save')
    await page.waitForURL(`${url}/private`)
    await page.waitForSelector('h1:text-is("private")')
    expect(complaints).toEqual([])
  })
})

describe.each(['Express', 'Koa'] as const)('on %s behind the defaults of helmet, by SAML', (framework) => {
  it.each(['redirect', 'post'] as const)(
    'FLD-02 a sign-out by %s goes on through the applications of the provider and comes back',
    async (binding) => {
      await openSites()
      const emulator = await openSamlPlace(sites, framework, binding)
      const { page, complaints } = await openPage()
      for (const name of samlParties) {
        await page.goto(`${sites.originOf(name)}/session/login?returnTo=/private`)
        if (name === 'permits') {
          await page.fill('input[name=username]', 'ana')
          await page.fill('input[name=password]', 'ana-password')
          await page.click('button:text-is("Sign in")')
        }
        await page.waitForSelector('h1:text-is("private")')
      }
      await page.goto(`${sites.originOf('benefits')}/`)
      await page.click('text=Leave')
      await page.waitForSelector('text=You are signed out here and at the sign-in service.')
      expect(new URL(page.url()).origin).toBe(sites.originOf('benefits'))
      expect(emulator.saml.deliveries).toMatchObject([{ state: 'done', status: ['Success'] }])
      await page.goto(`${sites.originOf('permits')}/`)
      await page.waitForSelector('h1:text-is("anonymous")')
      expect(complaints).toEqual([])
    },
    120_000,
  )
})
