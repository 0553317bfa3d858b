/**
 * @module Four providers at once in one application over real HTTP, two of them not written by us: npm's `oidc-provider` and
 * `samlify`, and the emulator by OpenID Connect and by SAML.
 */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { citizenSession, requireCitizen } from '../../adapters/express.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { type CitizenEvent, memoryStore } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { saml } from '../../src/saml/saml.js'
import { clientSecret, createListener, signingKey } from '../oidc/interop/provider.js'
import { createSamlify, type SamlifyProvider } from '../saml/samlify.js'
import { keyOf } from '../saml/world.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { siteOn } from '../support/wire.js'

const names = ['registry', 'entra', 'samlify', 'saml'] as const
type Name = (typeof names)[number]
const others = (name: Name) => names.filter((other) => other !== name)

const closers: (() => unknown)[] = []
const sites = new Map<string, Site>()
const events: CitizenEvent[] = []
const browsers = new Map<Name, Browser>()
let home = ''
let samlifyProvider: SamlifyProvider
let entra: Emulator
let eduid: Emulator

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** The emulator under a name of this machine, as each of the two has cookies of its own. */
async function startEmulator(name: string, options: Parameters<typeof createEmulator>[0]): Promise<Emulator> {
  const port = await freePort()
  const emulator = await createEmulator({
    url: `http://${name}.localhost:${port}`,
    domain: `${name}.localhost`,
    port,
    ...options,
  })
  closers.push(() => emulator.close())
  sites.set(emulator.url, siteOn({ port }))
  return emulator
}

beforeAll(async () => {
  const app = express()
  const appPort = await listen(app)
  home = `http://localhost:${appPort}`
  sites.set(home, siteOn({ port: appPort }))
  const clientAt = (name: Name) => ({
    client_id: 'benefits',
    client_secret: clientSecret,
    redirect_uris: [`${home}/session/${name}/callback`, `${home}/session/${name}/reauthenticate`],
    post_logout_redirect_uris: [`${home}/session/return`],
    backchannel_logout_uri: `${home}/session/${name}/backchannel-logout`,
    backchannel_logout_session_required: true,
  })
  // All have one key id: `kid` says nothing of whose key it is.
  let atRegistry: RequestListener = (_, response) => response.writeHead(503).end()
  const registryPort = await listen((request, response) => void atRegistry(request, response))
  const registry = `http://127.0.0.1:${registryPort}`
  sites.set(registry, siteOn({ port: registryPort }))
  atRegistry = createListener(registry, signingKey('key-1'), clientAt('registry'))
  entra = await startEmulator('entra', { openid: { clients: [clientAt('entra')] } })
  eduid = await startEmulator('eduid', {
    saml: { serviceProviders: [{ metadataUrl: `${home}/session/saml/metadata` }] },
  })
  for (const emulator of [entra, eduid]) await emulator.rotateKeys({ kid: 'key-1', dropOld: true })
  samlifyProvider = createSamlify('https://samlify.example/idp', `${home}/session/samlify/`, {
    binding: 'redirect',
  })
  sites.set('https://samlify.example', samlifyProvider.site)
  const client = { clientId: 'benefits', clientSecret, scope: 'openid offline_access', clockSkewSeconds: 60 }
  const session = citizenSession({
    application: {
      id: 'benefits',
      url: home,
      secrets: ['a secret of thirty-two bytes or more'],
      sensitivity: 'basic',
    },
    protocols: [
      oidc({ name: 'registry', displayName: 'Registry', issuer: registry, ...client }),
      oidc({ name: 'entra', issuer: entra.url, internalUrl: entra.internalUrl, ...client }),
      saml({
        name: 'samlify',
        identityProvider: 'https://samlify.example/idp',
        metadata: samlifyProvider.idp.getMetadata(),
        ...keyOf('benefits'),
      }),
      saml({
        identityProvider: eduid.saml.entityId,
        metadata: await eduid.saml.metadata(),
        ...keyOf('benefits'),
      }),
    ],
    store: memoryStore(),
    onEvent: (event) => events.push(event),
  })
  closers.push(() => session.suite.close())
  app.use(session)
  app.get('/', (request, response) => {
    const { state, reason, provider, claims } = request.citizen
    response.json({ state, reason, provider, sub: claims?.sub })
  })
  app.get('/private', requireCitizen(), (request, response) => {
    response.json({ provider: request.citizen.provider })
  })
  for (const name of names) {
    app.get(`/of/${name}`, requireCitizen({ provider: name }), (request, response) => {
      response.json({ provider: request.citizen.provider })
    })
  }
  samlifyProvider.register(await (await fetch(`${home}/session/samlify/metadata`)).text())
}, 60_000)
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

/** Goes on through pages whose form sends itself, and types what a provider asks for, until it is at home again. */
async function goOn(browser: Browser, visit: Visit): Promise<Visit> {
  let current = visit
  for (let hops = 0; hops < 12; hops += 1) {
    if (/\bsubmit\(\)|\.submit\b/.test(current.body)) current = await browser.press(current, /./)
    else if (current.body.includes('name="login"'))
      current = await browser.press(current, 'Sign-in', { login: 'ana', password: 'x' })
    else if (/>Continue</.test(current.body) && !current.url.startsWith(home))
      current = await browser.press(current, 'Continue')
    else if (current.body.includes('name="username"'))
      current = await browser.press(current, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    else if (current.url.includes('/session/end')) {
      const [, xsrf = ''] = /name="xsrf" value="([^"]*)"/.exec(current.body) ?? []
      const confirm = new URL('/session/end/confirm', current.url).href
      current = await browser.post(confirm, { xsrf, logout: 'yes' })
    } else return current
  }
  return current
}

async function signIn(name: Name): Promise<Browser> {
  const browser = createBrowser(sites)
  const page = await browser.open(`${home}/of/${name}`)
  const visit = await goOn(browser, page)
  expect([visit.url, visit.status, JSON.parse(visit.body)]).toEqual([
    `${home}/of/${name}`,
    200,
    { provider: name },
  ])
  browsers.set(name, browser)
  return browser
}
const stateOf = async (name: Name): Promise<unknown> =>
  (await (browsers.get(name) ?? createBrowser(sites)).fetch(`${home}/`)).json()

describe('four providers at once', () => {
  it('lets a person choose among all of them on one page', async () => {
    const page = await createBrowser(sites).open(`${home}/private`)
    const titles = [...page.body.matchAll(/<li><form\b.*?<button>(.*?)<\/button>/gs)].map(
      ([, title]) => title,
    )
    expect(titles).toEqual(['Registry', new URL(entra.url).host, 'samlify.example', new URL(eduid.url).host])
  })

  it.each(names)('sign a person in whose page asks for %s, and for no other', async (name) => {
    const browser = await signIn(name)
    expect(await stateOf(name)).toMatchObject({ state: 'active', provider: name })
    for (const other of others(name)) {
      const answer = await browser.fetch(`${home}/of/${other}`)
      expect([other, answer.status]).toEqual([other, 401])
    }
  })

  it('take one browser from one to the next, as guards ask for them', async () => {
    const browser = createBrowser(sites)
    const goTo = async (name: Name) => goOn(browser, await browser.open(`${home}/of/${name}`))
    for (const name of names) {
      const { url, body } = await goTo(name)
      expect([url, body]).toEqual([`${home}/of/${name}`, JSON.stringify({ provider: name })])
    }
    // Another person may have come between: what has ended by that begins again by a new authentication alone.
    const ended = await goTo('registry')
    expect(ended.body).toContain('Your session has ended')
    // The same person, perhaps: all that is known is that these are two accounts.
    expect(ended.body).toContain('This browser has signed in with another account since.')
    const again = await goOn(browser, await browser.press(ended, 'Sign in'))
    expect([again.url, again.body]).toEqual([`${home}/of/registry`, '{"provider":"registry"}'])
  })

  it.each(names)('sign one out at %s, and leave the people of all others in', async (name) => {
    for (const each of names) await signIn(each)
    const browser = browsers.get(name) ?? createBrowser(sites)
    const receipt = await goOn(browser, await browser.post(`${home}/session/logout`))
    expect([receipt.status, receipt.url]).toEqual([200, expect.stringContaining('/session/')])
    expect(receipt.body).toContain('You are signed out here and at the sign-in service.')
    expect(await stateOf(name)).toMatchObject({ state: 'anonymous' })
    for (const other of others(name)) {
      expect(await stateOf(other)).toMatchObject({ state: 'active', provider: other })
    }
    expect(events.filter(({ type }) => type === 'token.rejected')).toEqual([])
  })

  it.each([
    ['entra', () => entra],
    ['saml', () => eduid],
  ] as const)('hear of an end at %s, which is nobody else’s', async (name, emulatorOf) => {
    for (const each of names) await signIn(each)
    emulatorOf().revoke('ana')
    await entra.openid.settled()
    await eduid.saml.settled()
    expect(await stateOf(name)).toMatchObject({ state: 'anonymous', reason: 'identity-ended' })
    for (const other of others(name)) expect(await stateOf(other)).toMatchObject({ state: 'active' })
  })
})
