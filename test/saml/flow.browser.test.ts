/** @module SAML in a real browser: other sites than the provider's, forms that send themselves, frames without cookies. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { citizenSession } from '../../adapters/express.js'
import { createEmulator, type Emulator, type SamlOptions } from '../../src/emulator/index.js'
import { memoryStore } from '../../src/index.js'
import { saml } from '../../src/saml/saml.js'
import { launchChromium } from '../support/chromium.js'
import { keyOf } from './world.js'

const names = ['permits', 'benefits'] as const
type Name = (typeof names)[number]

let browser: Browser
const closers: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  browser = await launchChromium()
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})
afterAll(() => browser?.close())

interface Place {
  readonly emulator: Emulator
  readonly context: BrowserContext
  /** What the browser complained of: a policy of ours that stands in our own way. */
  readonly complaints: readonly string[]
  urlOf(name: Name): string
  open(): Promise<Page>
}

const freePort = async (): Promise<{ readonly server: Server; readonly port: number }> => {
  const server = express().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

/** The provider and two applications, each on a site of its own. */
async function createPlace(
  binding: 'redirect' | 'post',
  frontChannel: NonNullable<SamlOptions['frontChannel']>,
): Promise<Place> {
  const provider = await freePort()
  await new Promise((resolve) => provider.server.close(resolve))
  const origin = `http://id.citizen.localhost:${provider.port}`
  const servers = new Map<Name, number>()
  const registered: SamlOptions['serviceProviders'][number][] = []
  const started: (() => void)[] = []
  for (const name of names) {
    const { server, port } = await freePort()
    closers.push(
      () =>
        new Promise((resolve) => {
          server.close(resolve)
          server.closeAllConnections()
        }),
    )
    servers.set(name, port)
    const url = `http://${name}.localhost:${port}`
    registered.push({
      entityId: `${url}/session/saml/metadata`,
      acsUrl: `${url}/session/saml/acs`,
      logout: { [binding]: `${url}/session/saml/slo` },
      certificate: keyOf(name).certificate,
    })
    started.push(() => {
      const app = express()
      app.use(
        citizenSession({
          application: {
            id: name,
            url,
            secrets: ['a secret of thirty-two bytes or more'],
            sensitivity: 'basic',
          },
          protocols: [
            saml({
              identityProvider: `${origin}/saml/metadata`,
              metadataUrl: `http://127.0.0.1:${provider.port}/saml/metadata`,
              endpointOrigins: [origin],
              signInBinding: binding,
              logoutBinding: binding,
              ...keyOf(name),
            }),
          ],
          store: memoryStore(),
        }),
      )
      app.get('/', (request, response) => {
        response.send(
          `<h1>${request.citizen.state}</h1><form method="post" action="/session/logout"><button>Leave</button></form>`,
        )
      })
      server.removeAllListeners('request')
      server.on('request', app)
    })
  }
  const emulator = await createEmulator({ url: origin, saml: { serviceProviders: registered, frontChannel } })
  await emulator.listen(provider.port)
  closers.push(() => emulator.close())
  for (const start of started) start()
  const context = await browser.newContext()
  closers.push(() => context.close())
  const complaints: string[] = []
  return {
    emulator,
    context,
    complaints,
    urlOf: (name) => `http://${name}.localhost:${servers.get(name)}`,
    async open() {
      const page = await context.newPage()
      page.on('console', (message) => {
        if (/Content.Security.Policy|Refused to/.test(message.text())) complaints.push(message.text())
      })
      return page
    },
  }
}

async function signIn(place: Place, page: Page, name: Name): Promise<void> {
  await page.goto(`${place.urlOf(name)}/session/login?returnTo=/`)
  await page.waitForURL(/\/login\?|\/$/)
  if (new URL(page.url()).origin === place.emulator.url) {
    await page.fill('input[name=username]', 'ana')
    await page.fill('input[name=password]', 'ana-password')
    await page.click('button:text-is("Sign in")')
  }
  await page.waitForSelector('h1:text-is("active")')
}

describe('SAML in Chromium', () => {
  it.each([
    ['redirect', 'redirects'],
    ['redirect', 'frames'],
    ['post', 'frames'],
  ] as const)(
    'by %s signs in at two sites, and one sign-out ends both through %s',
    async (binding, frontChannel) => {
      const place = await createPlace(binding, frontChannel)
      const page = await place.open()
      await signIn(place, page, 'permits')
      await signIn(place, page, 'benefits')
      await page.click('text=Leave')
      await page.waitForSelector('text=You are signed out here and at the sign-in service')
      expect(new URL(page.url()).origin).toBe(place.urlOf('benefits'))
      expect(place.emulator.saml.deliveries).toMatchObject([{ state: 'done', status: ['Success'] }])
      await page.goto(`${place.urlOf('permits')}/`)
      await page.waitForSelector('h1:text-is("anonymous")')
      expect(place.complaints).toEqual([])
    },
    120_000,
  )
})
