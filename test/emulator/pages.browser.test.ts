import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { axeFindings } from '../support/axe.js'
import { launchChromium } from '../support/chromium.js'

/** A folder for pictures of each page, for somebody to look at. */
const pictures = process.env.PAGES_PICTURES

let browser: Browser
let emulator: Emulator
let application: Server
let app: string
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  browser = await launchChromium()
  emulator = await createEmulator({ port: 0, partner: {} })
  application = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(
      `<title>application</title><h1>${request.headers.cookie?.includes('c1_signature=') ? 'in' : 'out'}</h1>`,
    )
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  app = `http://benefits.citizen.localhost:${(application.address() as AddressInfo).port}/permits?state=s-1`
})
afterAll(async () => {
  await browser?.close()
  await emulator?.close()
  application?.close()
  application?.closeAllConnections()
})
beforeEach(async () => {
  emulator.reset()
  complaints.length = 0
  context = await browser.newContext()
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
})
afterEach(async () => {
  await context.close()
  expect(complaints).toEqual([])
})

const login = (query = '') => `${emulator.url}/login?returnTo=${encodeURIComponent(app)}${query}`

async function fillPassword(username: string) {
  await page.fill('#username', username)
  await page.fill('#password', `${username}-password`)
  await page.press('#password', 'Enter')
  await page.waitForURL((url) => url.pathname !== '/login')
}

async function fillCode(code: string) {
  await page.fill('#code', code)
  await page.keyboard.press('Enter')
}

const heading = () => page.textContent('h1')

async function claims() {
  const cookies = await context.cookies(app)
  const payload = cookies.find(({ name }) => name === 'c1_payload')?.value ?? ''
  return JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}')
}

describe('in Chromium', () => {
  it('a password signs in at the application, scripts read the payload only, a sign-out leaves no part', async () => {
    await page.goto(login())
    await fillPassword('ana')
    await page.waitForURL(app)
    expect(await heading()).toBe('in')
    const readable = String(await page.evaluate('document.cookie'))
    expect(readable).toMatch(/^c1_payload=[\w-]+$/)

    await page.goto(login())
    expect(page.url()).toBe(app)

    await page.goto(emulator.url)
    expect(await heading()).toBe('Hello, Ana Archer')
    await page.goto(`${emulator.url}/logout?returnTo=${encodeURIComponent(app)}`)
    expect(page.url()).toBe(app)
    expect(await heading()).toBe('out')
    expect(await context.cookies()).toEqual([])
    expect(emulator.sessions).toEqual([])
  })

  it('signs out from its own page by the button', async () => {
    await page.goto(login())
    await fillPassword('ana')
    await page.goto(emulator.url)
    await page.click('text="Sign out everywhere"')
    await page.waitForURL((url) => url.pathname === '/logout')
    expect(await heading()).toBe('Signed out')
    expect(await context.cookies()).toEqual([])
  })

  it('prompt=login asks again and gives a new session value', async () => {
    await page.goto(login())
    await fillPassword('ana')
    const { jti } = await claims()
    await page.goto(login('&prompt=login'))
    expect(await heading()).toBe('Sign in')
    await fillPassword('ana')
    await page.waitForURL(app)
    expect((await claims()).jti).not.toBe(jti)
  })

  it('an SMS is read on the phone page and finishes the sign-in', async () => {
    await page.goto(login())
    await fillPassword('ben')
    expect(await heading()).toBe('One more step')
    expect(await claims()).toMatchObject({ mfaRequired: true, isMfa: false })
    const phone = await context.newPage()
    await phone.goto(`${emulator.url}/messages`)
    const code = /([0-9]{6}) is your/.exec((await phone.textContent('main')) ?? '')?.[1] ?? ''
    await fillCode(code)
    await page.waitForURL(app)
    expect(await claims()).toMatchObject({ mfaRequired: true, isMfa: true })
  })

  it('an authenticator app is enrolled on the profile and asked for at the next sign-in', async () => {
    await page.goto(login())
    await fillPassword('ana')
    await page.goto(`${emulator.url}/profile`)
    await page.click('text="Add an authenticator app"')
    const box = await page.locator('.qr svg').boundingBox()
    expect(box?.width).toBeGreaterThan(150)
    const totp = new TOTP({ secret: Secret.fromBase32((await page.textContent('#secret')) ?? '') })
    await fillCode(totp.generate({ timestamp: emulator.clock() }))
    await page.waitForSelector('text="Your authenticator app is set up."')

    await page.goto(`${emulator.url}/logout`)
    emulator.travel(60)
    await page.goto(login())
    await fillPassword('ana')
    await fillCode(totp.generate({ timestamp: emulator.clock() }))
    await page.waitForURL(app)
    expect(await claims()).toMatchObject({ mfaRequired: true, isMfa: true, isDidAuth: false })
  })

  it('Eeze signs in with one button, and the profile offers no further factor', async () => {
    await page.goto(login())
    await page.click('text="Sign in with Eeze as Dan Duval"')
    await page.waitForURL(app)
    expect(await claims()).toMatchObject({ isMfa: true, isDidAuth: true })
    await page.goto(`${emulator.url}/profile`)
    expect(await page.locator('form').count()).toBe(0)
  })

  it('faults are switched on and off by hand', async () => {
    await page.goto(`${emulator.url}/faults`)
    await page.selectOption('select[name="status-refresh"]', '503')
    await page.click('text="Switch"')
    await page.waitForSelector('option[selected]:text("503")', { state: 'attached' })
    expect(emulator.faults.settings.status).toEqual({ refresh: 503 })
    await page.click('text="Everything off"')
    await page.waitForSelector('option[selected]', { state: 'detached' })
    expect(emulator.faults.settings.status).toEqual({})
  })

  it.each([
    ['light', 'en'],
    ['dark', 'en'],
    ['light', 'fr'],
    ['dark', 'fr'],
  ] as const)(
    'every page fits a phone in the %s scheme, in %s, and axe finds nothing',
    async (colorScheme, locale) => {
      await context.close()
      context = await browser.newContext({ locale, colorScheme })
      page = await context.newPage()
      await page.setViewportSize({ width: 320, height: 640 })
      const expectFit = async () => {
        expect(await page.evaluate('document.documentElement.scrollWidth'), page.url()).toBeLessThanOrEqual(
          320,
        )
        expect(await axeFindings(page), page.url()).toEqual([])
        if (pictures === undefined) return
        const folder = join(pictures, 'emulator', `${colorScheme}-${locale}`)
        mkdirSync(folder, { recursive: true })
        for (const width of [390, 1280]) {
          await page.setViewportSize({ width, height: 844 })
          const name = new URL(page.url()).pathname.replace(/\W+/g, '-')
          await page.screenshot({ path: join(folder, `page${name}-${width}.png`), fullPage: true })
        }
        await page.setViewportSize({ width: 320, height: 640 })
      }
      await page.goto(login('&prompt=login'))
      await expectFit()
      await fillPassword('cleo')
      await expectFit()
      await fillCode(await emulator.totpCodeFor('cleo'))
      await page.waitForURL(app)
      for (const path of ['/', '/messages', '/profile', '/faults', '/nowhere', '/logout']) {
        await page.goto(emulator.url + path)
        await expectFit()
      }
      // What people write has no place to break.
      const endless = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(3)
      emulator.partner.registerUser({ sub: endless, name: endless })
      for (const path of ['/partner', '/partner/developer/sso', '/partner/settings/users']) {
        await page.goto(emulator.url + path)
        await expectFit()
      }
    },
  )
})
