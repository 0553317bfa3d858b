/**
 * @module SAML on the provider's base domain, in Chromium: one sign-out ends what knows nothing of SAML, and a frame keeps the
 * provider's session alive. Each application has a store of its own.
 * Source: CitizenOne, Logout Strategy for JWT; Identity Session Layer.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator } from '../../src/emulator/index.js'
import { memoryStore, type SuiteOptions } from '../../src/index.js'
import { type SamlOptions, saml } from '../../src/saml/saml.js'
import { launchChromium } from '../support/chromium.js'
import { keyOf } from './world.js'

let browser: Browser
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(async () => {
  for (const close of closers.splice(0)) await close()
  await browser?.close()
})

const siblings = ['Service dashboard', 'Business connect']
const script = '<script src="/session/client.js" data-is-private defer></script>'

/** An application of the base domain on a port of its own; what it is made of needs its address. */
async function serve(name: string): Promise<{ readonly url: string; start(options: SuiteOptions): void }> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const url = `http://${name}.citizen.localhost:${(server.address() as AddressInfo).port}`
  return {
    url,
    start(options) {
      const secrets = [`a secret of ${name} that is thirty-two bytes or more`]
      const application = { id: name, url, secrets, sensitivity: 'basic' } as const
      const app = express()
      app.use(citizenSession({ ...options, application, store: memoryStore({ clock: options.clock }) }))
      app.get('/private', requireCitizen(), (_request, response) => {
        const form = '<form method="post" action="/session/logout"><button>Leave</button></form>'
        response.set('content-security-policy', "default-src 'self'")
        response.send(`<!doctype html><html lang="en"><title>${name}</title><h1>yours</h1>${form}${script}`)
      })
      server.on('request', app)
    },
  }
}

/** The provider with its two applications, one that speaks SAML, and one that knows the shared cookie alone. */
async function createPlace(keepAlive: NonNullable<SamlOptions['keepAlive']> = {}) {
  const [permits, benefits] = [await serve('permits'), await serve('benefits')]
  const at = `${permits.url}/session/saml`
  const registered = {
    entityId: `${at}/metadata`,
    acsUrl: `${at}/acs`,
    logout: { redirect: `${at}/slo` },
    certificate: keyOf('permits').certificate,
  }
  const emulator = await createEmulator({ port: 0, saml: { serviceProviders: [registered] } })
  closers.push(() => emulator.close())
  const { clock, internalUrl } = emulator
  const provider = {
    identityProvider: emulator.saml.entityId,
    metadataUrl: `${internalUrl}/saml/metadata`,
    endpointOrigins: [emulator.url],
    keepAlive,
  }
  permits.start({ clock, protocols: [saml({ ...provider, ...keyOf('permits') })] })
  benefits.start({
    clock,
    identityProvider: { url: emulator.url, internalUrl },
    sharedCookie: { domain: 'citizen.localhost' },
  })
  return { emulator, permits, benefits }
}

async function signIn(page: Page): Promise<void> {
  await page.fill('input[name=username]', 'ana')
  await page.fill('input[name=password]', 'ana-password')
  await page.click('button:text-is("Sign in")')
  await page.waitForSelector('h1:text-is("yours")')
}

it('the provider’s single logout ends the service dashboard, Business connect, and who has the cookie alone', async () => {
  const { emulator, permits, benefits } = await createPlace()
  const context = await browser.newContext()
  const open = async (address: string): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(address)
    return page
  }
  const leaving = await open(`${permits.url}/private`)
  await signIn(leaving)
  const home = await open(emulator.url)
  const pages: Page[] = []
  for (const name of siblings) {
    const [page] = await Promise.all([
      context.waitForEvent('page'),
      home.click(`a:text-is("${name}")`, { modifiers: ['ControlOrMeta'] }),
    ])
    await page.waitForSelector(`h1:text-is("${name}") ~ section:has-text("You are signed in.")`)
    pages.push(page)
  }
  const waiting = await open(`${benefits.url}/private`)
  await waiting.waitForSelector('h1:text-is("yours")')
  const copy = (await context.cookies(benefits.url)).map(({ name, value }) => `${name}=${value}`).join('; ')
  expect(copy).toContain('c1_payload=')

  await leaving.click('text=Leave')
  await leaving.waitForSelector('text=You are signed out here and at the sign-in service')
  expect(new URL(leaving.url()).origin).toBe(permits.url)
  const names = (await context.cookies(benefits.url)).map(({ name }) => name)
  expect(names.filter((name) => name.startsWith('c1_'))).toEqual([])
  // The page that was only open: nobody has touched it.
  await waiting.waitForURL(`${emulator.url}/login?**`)
  for (const page of pages) {
    await page.reload()
    await page.waitForSelector('section:has-text("You are not signed in.")')
  }

  // What a copy of the cookie is worth: SECURITY.md, "What an end is worth".
  const answer = async (url: string): Promise<Response> => fetch(url, { headers: { cookie: copy } })
  const copyAt = (path: string) =>
    answer(`${emulator.internalUrl}${path}`).then((response) => response.text())
  for (const path of ['/service-dashboard', '/business-connect']) {
    // With a store of its own an application takes it until its exp.
    expect(await copyAt(path)).toContain('You are signed in.')
  }
  // One that the browser has told of the sign-out takes it no more, and the provider renews it for nobody.
  const benefitsHere = benefits.url.replace('benefits.citizen.localhost', '127.0.0.1')
  expect((await answer(`${benefitsHere}/private`)).status).toBe(401)
  const [, header, payload, signature] =
    /c1_header=([^;]+).*c1_payload=([^;]+).*c1_signature=([^;]+)/.exec(copy) ?? []
  const refresh = await fetch(`${emulator.internalUrl}/sp/api/v1/authenticate?type=token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: `${header}.${payload}.${signature}`, refresh: 'true' }),
  })
  expect(refresh.status).toBe(401)
  emulator.travel(1801)
  expect(await copyAt('/service-dashboard')).toContain('You are not signed in.')
  await context.close()
}, 120_000)

it.each(['frame', 'navigation'] as const)(
  'a passive request by %s keeps the provider’s session alive, and the page is as it was',
  async (by) => {
    const { emulator, permits } = await createPlace({ by })
    const context = await browser.newContext()
    const complaints: string[] = []
    context.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/.test(message.text())) complaints.push(message.text())
    })
    const page = await context.newPage()
    await page.goto(`${permits.url}/private`)
    await signIn(page)
    const asked = emulator.requests['saml-sign-on']
    const expiresAt = () => emulator.sessions[0]?.expiresAt ?? 0
    const before = expiresAt()
    emulator.travel(901)
    // The person goes on; the frame of the page that they come to is due, or the page lies behind a detour.
    await page.goto(`${permits.url}/private?note=1`)
    await page.waitForSelector('h1:text-is("yours")')
    await emulator.arrived('saml-sign-on', asked + 1)
    if (by === 'frame') {
      // The browser client has brought it: nothing is written into the page.
      const identity = () => page.evaluate('citizenSession.client.snapshot.identity')
      await expect.poll(identity, { timeout: 20_000 }).toBe('unchanged')
      expect(page.frames().map((frame) => new URL(frame.url()).pathname)).toContain(
        '/session/saml/keep-alive',
      )
    }
    expect(page.url()).toBe(`${permits.url}/private?note=1`)
    expect(expiresAt()).toBeGreaterThanOrEqual(before + 900_000)
    await page.reload()
    await page.waitForSelector('h1:text-is("yours")')
    expect(emulator.requests['saml-sign-on']).toBe(asked + 1)
    expect(complaints).toEqual([])
    await context.close()
  },
  120_000,
)

it('a provider’s page that breaks out of frames leads no page away, nor asks anything in its place', async () => {
  const { emulator, permits } = await createPlace({ by: 'frame' })
  const context = await browser.newContext()
  const dialogs: string[] = []
  const page = await context.newPage()
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  await page.goto(`${permits.url}/private`)
  await signIn(page)
  let shown = () => {}
  const isShown = new Promise<void>((resolve) => {
    shown = resolve
  })
  await page.exposeFunction('shown', () => shown())
  const html = (script: string) => ({
    contentType: 'text/html',
    body: `<!doctype html><title>Sign in</title><script>${script}</script>`,
  })
  const breaker = 'alert("sign in"); try { top.location = self.location.href } catch {} shown()'
  await page.route(`${emulator.url}/breaker`, (route) => route.fulfill(html(breaker)))
  // Playwright sees no request that a redirect leads to: the page that does the same goes to the provider.
  const goTo = `location.replace(${JSON.stringify(`${emulator.url}/breaker`)})`
  await page.route(/keep-alive\?begin=frame/, (route) => route.fulfill(html(goTo)))
  emulator.travel(901)
  await page.goto(`${permits.url}/private?note=1`)
  await isShown
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 0))')
  expect(page.url()).toBe(`${permits.url}/private?note=1`)
  expect(await page.title()).toBe('permits')
  expect(dialogs).toEqual([])
  await context.close()
}, 60_000)
