/** @module Chromium, through nginx with TLS: what a person's browser keeps, sends and forgets. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.js'
import { type BehindNginx, domain, startBehindNginx } from './behind-nginx.js'

const day = 86_400
const ownName = /^__Host-(benefits|library)\./
const partNames = ['c1_header', 'c1_payload', 'c1_signature']

let chromium: Browser
let behind: BehindNginx
let context: BrowserContext
let page: Page

beforeAll(async () => {
  chromium = await launchChromium({ args: ['--ignore-certificate-errors'] })
})
afterAll(() => chromium.close())
beforeEach(async () => {
  behind = await startBehindNginx()
  context = await chromium.newContext({ ignoreHTTPSErrors: true })
  page = await context.newPage()
})
afterEach(async () => {
  await context.close()
  await behind.close()
})

async function signIn(username = 'ana'): Promise<void> {
  await page.goto(`${behind.benefits.url}/private`)
  await page.locator('input[name="username"]').fill(username)
  await page.locator('input[name="password"]').fill(`${username}-password`)
  await page.getByRole('button', { name: /^Sign in$/ }).click()
  await page.waitForURL(`${behind.benefits.url}/private`)
}

const stateOf = async (url: string, path = '/open'): Promise<string> => {
  const response = await page.goto(`${url}${path}`)
  if (response === null) throw new Error(`no answer from ${url}`)
  return ((await response.json()) as { state: string }).state
}
const shared = async () => (await context.cookies()).filter(({ name }) => partNames.includes(name))
const ours = async () => (await context.cookies()).filter(({ name }) => ownName.test(name))

async function signOut(): Promise<void> {
  await page.goto(`${behind.benefits.url}/session/logout`)
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await page.waitForURL(/\/session\/return\?/)
}

describe('a person with Chromium', () => {
  it('CK-17 signs in, is known at the sibling, and holds only cookies that scripts and neighbours cannot use', async () => {
    await signIn()
    expect(await stateOf(behind.library.url, '/private')).toBe('active')
    await page.goto(`${behind.benefits.url}/private`)
    for (const cookie of await ours()) {
      expect(cookie).toMatchObject({ httpOnly: true, secure: true, path: '/' })
      expect(['Lax', 'Strict']).toContain(cookie.sameSite)
      expect(cookie.domain).toMatch(/^(benefits|library)\.citizen\.localhost$/)
      expect(cookie.value).toMatch(/^[\w-]+$/)
    }
    expect((await ours()).map(({ name }) => name).sort()).toEqual([
      '__Host-benefits.seen',
      '__Host-library.seen',
    ])
    const visible = await page.evaluate<string>('document.cookie')
    expect(visible.split('; ').map((pair) => pair.split('=', 1)[0])).toEqual(['c1_payload'])
    // A page of a neighbour sees none of ours either.
    await page.goto(`${behind.library.url}/open`)
    expect(await page.evaluate<string>('document.cookie')).not.toContain('__Host-')
  })

  it('CK-12 the browser keeps our cookies no longer than itself, or a quarter of an hour for a login in flight', async () => {
    await page.goto(`${behind.benefits.url}/private`)
    const now = Date.now() / 1000
    const [transaction] = await ours()
    expect(transaction?.name).toMatch(/^__Host-benefits\.login\./)
    expect(transaction?.expires).toBeGreaterThan(now + 600)
    expect(transaction?.expires).toBeLessThan(now + 1000)
    await signIn()
    for (const { expires } of [...(await ours()), ...(await shared())]) {
      expect(expires === -1 || expires < now + 400 * day).toBe(true)
    }
    const lasting = (await ours()).filter(({ expires }) => expires !== -1)
    // The first of the two logins was never finished.
    expect(lasting.map(({ name }) => name)).toEqual([transaction?.name])
    expect((await ours()).map(({ name }) => name)).toContain('__Host-benefits.seen')
  })

  it('CK-05 signs out, and no part is left on any of the sites, nor set again', async () => {
    await signIn()
    await stateOf(behind.library.url)
    await page.goto(`${behind.benefits.url}/open`)
    await page.evaluate(`
      document.cookie = 'c1_payload=planted; Path=/session; Secure'
      document.cookie = 'c1_header=planted; Path=/; Secure; Domain=benefits.citizen.localhost'
    `)
    expect(await shared()).toHaveLength(5)
    await signOut()
    expect(await page.textContent('body')).toContain('You are signed out of all applications')
    expect(await shared()).toEqual([])
    for (const url of [behind.benefits.url, behind.library.url]) {
      expect(await stateOf(url)).toBe('anonymous')
      expect(await shared()).toEqual([])
    }
    expect(await ours()).toEqual([])
    await page.goto(behind.emulator.url)
    expect(await shared()).toEqual([])
  })

  it('CK-16 going back after a logout shows nothing that a response with cookies had shown', async () => {
    await signIn()
    const response = await page.goto(`${behind.benefits.url}/private`)
    expect(response?.status()).toBe(200)
    behind.travel(1000)
    const refreshed = await page.goto(`${behind.benefits.url}/private?refreshed`)
    expect(await refreshed?.headerValue('set-cookie')).toContain('c1_signature=')
    expect(await refreshed?.headerValue('cache-control')).toBe('private, no-store')
    await signOut()
    // Back over the receipt and the confirmation to the page that came with cookies: it is asked for again.
    const asked: string[] = []
    const isAskedAgain = () => asked.some((url) => url.includes('?refreshed'))
    page.on('request', (request) => {
      if (request.isNavigationRequest()) asked.push(request.url())
    })
    for (let step = 0; step < 4 && !isAskedAgain(); step += 1) {
      await page.goBack().catch(() => null)
    }
    expect(isAskedAgain()).toBe(true)
    expect(await page.textContent('body')).not.toContain('"active"')
  })

  it("CK-08 a sibling that replaces the shared cookie by somebody else's ends the session here, and gains nothing", async () => {
    await signIn()
    const before = await stateOf(behind.benefits.url)
    expect(before).toBe('active')
    const stranger = await behind.emulator.cookiesFor('dan')
    for (const pair of stranger.split('; ')) {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      await context.addCookies([{ name, value, domain: `.${domain}`, path: '/', secure: true }])
    }
    expect(await stateOf(behind.benefits.url)).toBe('anonymous')
    const types = behind.benefits.events.map(({ type }) => type)
    expect(types).toContain('session.identity-changed')
    expect(types).toContain('session.ended')
    // A cookie of ours cannot be made by a sibling: the prefix binds it to its host.
    await page.goto(`${behind.library.url}/open`)
    await page.evaluate(`
      document.cookie = '__Host-benefits.seen=planted; Path=/; Secure; Domain=citizen.localhost'
    `)
    const seen = (await ours()).filter(({ name }) => name === '__Host-benefits.seen')
    expect(seen.every(({ value }) => value !== 'planted')).toBe(true)
  })
})
