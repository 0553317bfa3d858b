/** @module The page on which a person chooses a provider, in Chromium, in an application with helmet's policy. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import helmet from 'helmet'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { memoryStore, type Suite } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { axeFindings } from '../support/axe.js'
import { launchChromium } from '../support/chromium.js'
import { freePort } from '../support/free-port.js'

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"><rect width="160" height="40" fill="#0b5394"/></svg>'
const names = ['adfs', 'entra', 'third'] as const
type Name = (typeof names)[number]

let browser: Browser
let home = ''
const emulators = new Map<Name, Emulator>()
const closers: (() => unknown)[] = []
let listener: RequestListener = (_, response) => response.writeHead(503).end()

beforeAll(async () => {
  browser = await launchChromium()
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  home = `http://benefits.localhost:${(server.address() as AddressInfo).port}`
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  for (const name of names) {
    const port = await freePort()
    const emulator = await createEmulator({
      url: `http://${name}.localhost:${port}`,
      domain: `${name}.localhost`,
      port,
      openid: {
        clients: [
          {
            client_id: 'benefits',
            client_secret: 'a secret',
            redirect_uris: [`${home}/session/${name}/callback`],
            post_logout_redirect_uris: [`${home}/session/return`],
          },
        ],
      },
    })
    emulators.set(name, emulator)
    closers.push(() => emulator.close())
  }
}, 60_000)
afterAll(async () => {
  await browser?.close()
  for (const close of closers) await close()
})

const plugIn = (name: Name, displayName: string) => {
  const emulator = emulators.get(name)
  return oidc({
    name,
    displayName,
    logo: `/${name}.svg`,
    issuer: emulator?.url ?? '',
    internalUrl: emulator?.internalUrl,
    clientId: 'benefits',
    clientSecret: 'a secret',
  })
}

let suite: Suite
let context: BrowserContext
const complaints: string[] = []
beforeEach(async () => {
  complaints.length = 0
  const app = express()
  app.use(helmet())
  app.get(/\.svg$/, (_, response) => void response.type('svg').send(logo))
  const session = citizenSession({
    application: {
      id: 'benefits',
      url: home,
      secrets: ['a secret of thirty-two bytes or more'],
      sensitivity: 'basic',
    },
    protocols: [plugIn('adfs', 'Ministry <A>'), plugIn('entra', 'Municipalités & Régions')],
    login: { select: ({ target }) => (target.includes('tenant') ? 'entra' : undefined) },
    store: memoryStore(),
    onEvent: () => undefined,
  })
  suite = session.suite as unknown as Suite
  app.use(session)
  app.get('/private', requireCitizen(), (request, response) => {
    response.send(
      `<!doctype html><html lang="en"><title>Private</title><h1>${request.citizen.provider}</h1></html>`,
    )
  })
  listener = app
})
afterEach(async () => {
  await context?.close()
  await suite.close()
  for (const emulator of emulators.values()) emulator.reset()
  expect(complaints).toEqual([])
})

async function openTab(locale = 'en-GB'): Promise<Page> {
  context = await browser.newContext({ locale })
  context.setDefaultTimeout(10_000)
  context.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  return context.newPage()
}
const hostOf = (page: Page) => new URL(page.url()).hostname
async function signInAt(page: Page, name: Name): Promise<void> {
  await page.waitForURL((url) => url.hostname === `${name}.localhost`)
  await page.fill('input[name=username]', 'ana')
  await page.fill('input[name=password]', 'ana-password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`${home}/private`)
}
/** The session is gone, the rest of the browser is as it was. */
const forgetSession = async () => {
  expect((await context.cookies()).map(({ name }) => name)).toContain('benefits.sid')
  await context.clearCookies({ name: 'benefits.sid' })
}

describe.each([
  ['en-GB', 'en', 'Choose how to sign in'],
  ['fr-CA', 'fr', 'Choisissez comment vous connecter'],
] as const)('the page to choose, for a browser that speaks %s', (locale, language, title) => {
  it.each(['light', 'dark'] as const)(
    'has names and logos, and nothing that axe finds, in %s',
    async (scheme) => {
      const page = await openTab(locale)
      await page.emulateMedia({ colorScheme: scheme })
      await page.goto(`${home}/private`)
      expect(await page.getAttribute('html', 'lang')).toBe(language)
      expect(await page.textContent('h1')).toBe(title)
      const buttons = page.getByRole('listitem').getByRole('button')
      expect(await buttons.allTextContents()).toEqual(['Ministry <A>', 'Municipalités & Régions'])
      const widths = await page
        .locator('li img')
        .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth))
      expect(widths).toEqual([160, 160])
      expect(await axeFindings(page)).toEqual([])
    },
  )
})

describe('the page to choose', () => {
  it('is used by the keyboard alone, and remembered', async () => {
    const page = await openTab()
    await page.goto(`${home}/private`)
    const entra = page.getByRole('button', { name: 'Municipalités' })
    for (let presses = 0; presses < 6; presses += 1) {
      await page.keyboard.press('Tab')
      if (await entra.evaluate((button) => button === document.activeElement)) break
    }
    expect(await entra.evaluate((button) => button === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await signInAt(page, 'entra')
    expect(await page.textContent('h1')).toBe('entra')
    await forgetSession()
    await page.goto(`${home}/private`)
    expect([page.url(), await page.textContent('h1')]).toEqual([`${home}/private`, 'entra'])
  })

  it('is passed by a link that names a provider, and by login.select before that', async () => {
    const page = await openTab()
    await page.goto(`${home}/session/login?via=adfs&returnTo=/private`)
    expect(hostOf(page)).toBe('adfs.localhost')
    await page.goto(`${home}/session/login?via=adfs&returnTo=/private&tenant=1`)
    expect(hostOf(page)).toBe('entra.localhost')
  })

  it.each([
    '"><script>alert(1)</script>',
    '__proto__',
    'javascript:alert(1)',
    '//evil.example',
    'a'.repeat(5000),
  ])('is shown for a link with %j, which it neither follows nor shows', async (via) => {
    const page = await openTab()
    const answer = await page.goto(`${home}/session/login?returnTo=/private&via=${encodeURIComponent(via)}`)
    expect([answer?.status(), hostOf(page)]).toEqual([200, 'benefits.localhost'])
    expect(await page.getByRole('listitem').count()).toBe(2)
    expect(await page.content()).not.toContain(via.slice(0, 40))
  })

  it('works on while providers are added, replaced and removed', async () => {
    const page = await openTab()
    await page.goto(`${home}/private`)
    await suite.protocols.add(plugIn('third', 'Third'))
    await suite.protocols.replace(plugIn('adfs', 'Ministry of A'))
    await page.getByRole('button', { name: 'Ministry <A>' }).click()
    await signInAt(page, 'adfs')
    expect(await page.textContent('h1')).toBe('adfs')
    await suite.protocols.remove('adfs')
    await page.goto(`${home}/private`)
    expect(await page.textContent('main')).toContain('not part of this application any more')
    expect(await axeFindings(page)).toEqual([])
    // What is remembered is gone: the person chooses among those that there are now.
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    const buttons = page.getByRole('listitem').getByRole('button')
    await buttons.first().waitFor()
    expect(await buttons.allTextContents()).toEqual(['Municipalités & Régions', 'Third'])
    await suite.protocols.remove('third')
    await page.getByRole('button', { name: 'Municipalités' }).click()
    await signInAt(page, 'entra')
    expect(await page.textContent('h1')).toBe('entra')
  })

  it('takes nobody to a provider that was removed while it was open', async () => {
    await suite.protocols.add(plugIn('third', 'Third'))
    const page = await openTab()
    await page.goto(`${home}/private`)
    await suite.protocols.remove('third')
    await page.getByRole('button', { name: 'Third' }).click()
    const buttons = page.getByRole('listitem').getByRole('button')
    await buttons.first().waitFor()
    expect(hostOf(page)).toBe('benefits.localhost')
    expect(await buttons.allTextContents()).toEqual(['Ministry <A>', 'Municipalités & Régions'])
  })
})
