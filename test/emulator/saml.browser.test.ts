import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Profile, SAML } from '@node-saml/node-saml'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEmulator, type Emulator, type SamlServiceProvider } from '../../src/emulator/index.js'
import { launchChromium } from '../support/chromium.js'
import { providerKeys } from './saml-world.js'

type Name = keyof typeof providerKeys
const names: readonly Name[] = ['benefits', 'permits']

let browser: Browser
let page: Page
let providers: Server
let port: number
let emulator: Emulator
let signedIn: Map<Name, Profile>
let complaints: string[]

/** Other sites than the identity provider's: their frames bring no Lax cookies. */
const originOf = (name: Name) => `http://${name}.localhost:${port}`
const samlOf = (name: Name) =>
  new SAML({
    issuer: `${originOf(name)}/metadata`,
    callbackUrl: `${originOf(name)}/acs`,
    entryPoint: emulator.saml.ssoUrl,
    logoutUrl: emulator.saml.logoutUrl,
    idpCert: [...emulator.saml.certificates],
    privateKey: providerKeys[name].privateKey,
    signatureAlgorithm: 'sha256',
    identifierFormat: null,
    disableRequestedAuthnContext: true,
    wantAuthnResponseSigned: false,
  })

async function serve(request: IncomingMessage, response: ServerResponse) {
  const name = names.find((one) => request.headers.host?.startsWith(`${one}.`)) ?? 'benefits'
  const saml = samlOf(name)
  const url = new URL(request.url ?? '/', originOf(name))
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
  const to = (location: string) => response.writeHead(303, { location }).end()
  if (url.pathname === '/login') return to(await saml.getAuthorizeUrlAsync('state', undefined, {}))
  if (url.pathname === '/acs') {
    const { profile } = await saml.validatePostResponseAsync(form)
    if (profile) signedIn.set(name, profile)
    return to('/')
  }
  if (url.pathname === '/leave') {
    const profile = signedIn.get(name)
    signedIn.delete(name)
    return to(profile ? await saml.getLogoutUrlAsync(profile, 'bye', {}) : '/')
  }
  if (url.pathname === '/slo') {
    const query = Object.fromEntries(url.searchParams)
    const isPost = request.method === 'POST'
    if ('SAMLResponse' in { ...query, ...form }) return to('/')
    const { profile } = isPost
      ? await saml.validatePostRequestAsync(form)
      : await saml.validateRedirectAsync(query, url.search.slice(1))
    signedIn.delete(name)
    const state = (isPost ? form.RelayState : query.RelayState) ?? ''
    return to(await saml.getLogoutResponseUrlAsync(profile as Profile, state, {}, true))
  }
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<h1>${signedIn.has(name) ? 'in' : 'out'}</h1>`)
}

beforeAll(async () => {
  browser = await launchChromium()
  providers = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => providers.listen(0, '127.0.0.1', resolve))
  port = (providers.address() as AddressInfo).port
})
afterAll(async () => {
  await browser?.close()
  providers?.close()
  providers?.closeAllConnections()
})

beforeEach(async () => {
  signedIn = new Map()
  complaints = []
  page = await (await browser.newContext()).newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => {
    if (/Content Security Policy|violates/i.test(message.text())) complaints.push(message.text())
  })
})
afterEach(async () => {
  await page.context().close()
  await emulator?.close()
  expect(complaints).toEqual([])
})

async function start(frontChannel: 'redirects' | 'frames', bindings: readonly ('redirect' | 'post')[]) {
  const serviceProviders = names.map((name, at): SamlServiceProvider => {
    const binding = bindings[at] ?? 'redirect'
    return {
      entityId: `${originOf(name)}/metadata`,
      acsUrl: `${originOf(name)}/acs`,
      logout: { [binding]: `${originOf(name)}/slo` },
      certificate: providerKeys[name].certificate,
    }
  })
  emulator = await createEmulator({ port: 0, saml: { serviceProviders, frontChannel } })
  await page.goto(`${originOf('benefits')}/login`)
  await page.fill('#username', 'ana')
  await page.fill('#password', 'ana-password')
  await page.press('#password', 'Enter')
  await page.waitForURL(`${originOf('benefits')}/`)
  await page.goto(`${originOf('permits')}/login`)
  await page.waitForURL(`${originOf('permits')}/`)
  expect([...signedIn.keys()]).toEqual(['benefits', 'permits'])
}

const cases = [
  ['redirects', ['redirect', 'redirect']],
  ['redirects', ['post', 'post']],
  ['frames', ['redirect', 'post']],
] as const

describe('SAML in a real browser', () => {
  it.each(cases)('by %s and %j: one logout at a provider ends all, and comes back', async (way, bindings) => {
    await start(way, bindings)
    await page.goto(`${originOf('benefits')}/leave`)
    await page.waitForURL(`${originOf('benefits')}/`)
    expect([...signedIn.keys()]).toEqual([])
    expect(emulator.sessions).toEqual([])
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'done' }])
    expect((await page.context().cookies()).filter(({ name }) => name.startsWith('c1_'))).toEqual([])
  })

  it.each(cases)('by %s and %j: the button of the home page ends all', async (way, bindings) => {
    await start(way, bindings)
    await page.goto(emulator.url)
    await page.click('text=Sign out everywhere')
    await page.waitForSelector('text=You are signed out of CitizenOne')
    expect([...signedIn.keys()]).toEqual([])
    expect(emulator.saml.deliveries).toMatchObject([{ state: 'done' }, { state: 'done' }])
  })
})
