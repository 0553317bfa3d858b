/** @module Behind a proxy that takes a path prefix away: each adapter, each way to sign in, over HTTP. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as onExpress from '../../adapters/express.js'
import * as onFetch from '../../adapters/fetch.js'
import * as onKoa from '../../adapters/koa.js'
import { createEmulator, type Emulator } from '../../src/emulator/index.js'
import { createSuite, memoryStore, type Suite, type SuiteOptions } from '../../src/index.js'
import { oidc } from '../../src/oidc/oidc.js'
import { saml } from '../../src/saml/saml.js'
import { keyOf } from '../saml/world.js'
import { type Browser, createBrowser, type Site, type Visit } from '../support/browser.js'
import { type StrippingProxy, startStrippingProxy } from '../support/stripping-proxy.js'
import { siteOn } from '../support/wire.js'

const provider = 'https://id.citizen.example'
const url = 'https://benefits.citizen.example'
const base = `${url}/app`
const at = (route: string) => `${base}/session/${route}`

const adapters: readonly (readonly [name: string, build: (suite: Suite) => RequestListener])[] = [
  [
    'Express',
    (suite) => {
      const app = express().use(onExpress.citizenSession(suite))
      app.get('/', (_request, response) => void response.send('the start page'))
      app.use('/private', onExpress.requireCitizen(), (request, response) => {
        response.send(`private: ${request.originalUrl}`)
      })
      return app
    },
  ],
  [
    'Koa',
    (suite) => {
      const app = new Koa().use(onKoa.citizenSession(suite))
      app.use(async (context, next) => {
        if (context.path !== '/private') context.body = 'the start page'
        else await onKoa.requireCitizen()(context as never, next)
      })
      app.use((context) => {
        if (context.path === '/private') context.body = `private: ${context.originalUrl}`
      })
      const callback = app.callback()
      return (request, response) => void callback(request, response)
    },
  ],
  [
    'fetch',
    (suite) => {
      const auth = onFetch.citizenSession(suite)
      const page = auth.withCitizen(async (request) => {
        const { pathname, search } = new URL(request.url)
        return new Response(`private: ${pathname}${search}`)
      })
      return getRequestListener(
        auth.fetch((request) =>
          new URL(request.url).pathname === '/private' ? page(request) : new Response('the start page'),
        ),
      )
    },
  ],
]

type Mode = 'the shared cookie' | 'OpenID Connect' | 'SAML'
const modes: readonly Mode[] = ['the shared cookie', 'OpenID Connect', 'SAML']

interface Place {
  readonly emulator: Emulator
  readonly proxy: StrippingProxy
  readonly asked: string[]
  browser(): Browser
  close(): Promise<void>
}

const sites = new Map<string, Site>()
const reach: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  const site = sites.get(new URL(request.url).origin)
  if (site === undefined) throw new TypeError('fetch failed')
  return site(request)
}

/** Making keys takes longer than a test: one provider for each mode. */
const emulators = new Map<Mode, Promise<Emulator>>()

function emulatorFor(mode: Mode): Promise<Emulator> {
  const emulator = emulators.get(mode) ?? makeEmulator(mode)
  emulators.set(mode, emulator)
  return emulator
}

function makeEmulator(mode: Mode): Promise<Emulator> {
  return createEmulator({
    url: provider,
    domain: 'citizen.example',
    fetch: reach,
    ...(mode === 'OpenID Connect' && {
      openid: {
        clients: [
          {
            client_id: 'benefits',
            client_secret: 'benefits-secret',
            redirect_uris: [at('callback'), at('reauthenticate')],
            post_logout_redirect_uris: [at('return')],
            backchannel_logout_uri: at('backchannel-logout'),
            backchannel_logout_session_required: true,
          },
        ],
      },
    }),
    ...(mode === 'SAML' && { saml: { serviceProviders: [{ metadataUrl: at('saml/metadata') }] } }),
  })
}

async function startPlace(build: (suite: Suite) => RequestListener, mode: Mode): Promise<Place> {
  const emulator = await emulatorFor(mode)
  const asked: string[] = []
  const ways: Readonly<Record<Mode, () => SuiteOptions>> = {
    'the shared cookie': () => ({
      identityProvider: { url: emulator.url },
      sharedCookie: { domain: 'citizen.example' },
    }),
    'OpenID Connect': () => ({
      protocols: [oidc({ issuer: provider, clientId: 'benefits', clientSecret: 'benefits-secret' })],
    }),
    SAML: () => ({
      protocols: [
        saml({
          identityProvider: emulator.saml.entityId,
          metadataUrl: emulator.saml.metadataUrl,
          ...keyOf('benefits'),
        }),
      ],
    }),
  }
  const suite = createSuite(
    {
      ...ways[mode](),
      application: {
        id: 'benefits',
        url,
        path: '/app',
        sensitivity: 'basic',
        secrets: ['a secret of thirty-two bytes or more'],
      },
      routes: {
        skip(exchange) {
          asked.push(`skip ${exchange.target}`)
          return exchange.target === '/skipped'
        },
        touch(exchange) {
          asked.push(`touch ${exchange.target}`)
          return true
        },
      },
      store: memoryStore({ clock: emulator.clock }),
      clock: emulator.clock,
      fetch: reach,
      onEvent: () => undefined,
    },
    {},
  )
  const server = createServer(build(suite))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy = await startStrippingProxy('/app', () => (server.address() as AddressInfo).port)
  sites.set(provider, (request) => emulator.handle(request))
  sites.set(url, siteOn({ port: proxy.port }))
  return {
    emulator,
    proxy,
    asked,
    browser: () => createBrowser(sites),
    async close() {
      await proxy.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await suite.close()
      emulator.reset()
    },
  }
}

/** Goes on through the pages whose form a script would send. */
async function follow(browser: Browser, visit: Visit): Promise<Visit> {
  let current = visit
  for (let hops = 0; hops < 12 && /\bsubmit\b/.test(current.body); hops += 1) {
    current = await browser.press(current, /./)
  }
  return current
}

describe.each(adapters)('FLD-01 behind a proxy that takes /app away, %s', (_adapter, build) => {
  describe.each(modes)('with %s', (mode) => {
    let place: Place
    beforeAll(async () => {
      place = await startPlace(build, mode)
    })
    afterAll(() => place.close())

    /** Where a browser has been at the application. */
    const own = (visit: Visit) => visit.path.filter((address) => address.startsWith(`${url}/`))

    const signIn = async (): Promise<{ readonly browser: Browser; readonly done: Visit }> => {
      const browser = place.browser()
      const asked = await follow(browser, await browser.open(`${base}/private?tab=1`))
      expect(own(asked)[0]).toBe(`${base}/private?tab=1`)
      const typed = { username: 'ana', password: 'ana-password' }
      const done = await follow(browser, await browser.press(asked, /^Sign in$/, typed))
      return { browser, done }
    }
    const status = async (browser: Browser) =>
      (await (await browser.fetch(at('status'))).json()) as Record<string, unknown>

    it('leads from a guard to the provider, back, and to the page as the browser knows it', async () => {
      const { browser, done } = await signIn()
      expect([done.url, done.status, done.body]).toEqual([
        `${base}/private?tab=1`,
        200,
        'private: /private?tab=1',
      ])
      for (const cookie of await browser.jar.getCookies(base)) {
        if (!cookie.key.startsWith('c1_'))
          expect([cookie.key.slice(0, 7), cookie.path]).toEqual(['__Host-', '/'])
      }
    })

    it('says its public addresses to the browser client, and lets it keep the session alive', async () => {
      const { browser } = await signIn()
      const expected = { state: 'active', login: '/app/session/login', logout: '/app/session/logout' }
      expect(await status(browser)).toMatchObject(expected)
      const extended = await browser.fetch(at('extend'), { method: 'POST' })
      expect(await extended.json()).toMatchObject(expected)
      expect((await browser.fetch(at('client.js'))).status).toBe(200)
    })

    it('leads home to its own start page, and a foreign path of the origin is no way back', async () => {
      const { browser } = await signIn()
      for (const returnTo of ['', '/', '/other', '/application', '/app/../other', '/app/%2e%2e/other']) {
        const address = `${at('login')}?${new URLSearchParams({ returnTo })}`
        expect([returnTo, (await browser.open(address)).url]).toEqual([returnTo, `${base}/`])
      }
      const stay = await browser.press(await browser.open(at('logout')), /stay/i)
      expect([stay.url, stay.body]).toEqual([`${base}/`, 'the start page'])
    })

    it('signs out at the provider, and comes back with the receipt', async () => {
      const { browser } = await signIn()
      const page = await browser.open(`${at('logout')}`)
      const receipt = await follow(browser, await browser.press(page, 'Sign out everywhere'))
      expect([receipt.url.split('?')[0], receipt.status]).toEqual([
        mode === 'SAML' ? at('saml/slo') : at('return'),
        200,
      ])
      expect(receipt.path.some((address) => address.startsWith(provider)) || mode === 'SAML').toBe(true)
      const home = await browser.press(receipt, /start page/i)
      expect(home.url).toBe(`${base}/`)
      expect((await status(browser)).state).toBe('anonymous')
      const again = await browser.press(receipt, 'Sign in again')
      expect(again.url.startsWith(provider) || /submit/.test(again.body)).toBe(true)
    })

    it('gives a script the receipt with the public address to go on to', async () => {
      const { browser } = await signIn()
      const answer = await browser.fetch(at('logout'), { method: 'POST' })
      const receipt = (await answer.json()) as { outcome: string; continueAt?: string }
      expect(receipt.continueAt).toMatch(/^https:\/\/benefits\.citizen\.example\/app\/session\/leave\?/)
      const done = await follow(browser, await browser.open(receipt.continueAt ?? ''))
      expect([done.url.split('?')[0], done.status]).toEqual([
        mode === 'SAML' ? at('saml/slo') : at('return'),
        200,
      ])
    })

    it('asks the rules of the application about the paths that the application sees', async () => {
      const { browser } = await signIn()
      place.emulator.travel(120)
      await browser.open(`${base}/private?tab=2`)
      await browser.open(`${base}/skipped`)
      expect(place.asked).toContain('skip /private?tab=2')
      expect(place.asked).toContain('touch /private?tab=2')
      expect(place.asked).not.toContain('touch /skipped')
      expect(place.asked.filter((line) => line.includes('/app'))).toEqual([])
    })

    it('knows our routes by no other path', async () => {
      const browser = place.browser()
      expect((await browser.open(`${url}/session/status`)).body).toBe('another application')
      const twice = await browser.open(`${base}/app/session/status`)
      expect(twice.body).not.toContain('anonymous')
    })

    it('names what there is not by the path that the browser asked for', async () => {
      const answer = await place.browser().fetch(at('nothing'))
      expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
        404,
        'there is no such route below /app/session',
      ])
    })

    if (mode === 'OpenID Connect') {
      it('hears a logout by the back channel', async () => {
        const { browser } = await signIn()
        const page = await browser.open(`${provider}/logout`)
        await follow(browser, page)
        await expect.poll(async () => (await status(browser)).state).toBe('anonymous')
        expect(place.proxy.passed).toContain('/session/backchannel-logout')
      })
    }

    if (mode === 'SAML') {
      it('publishes its metadata with public addresses, and ends sessions by messages of the provider', async () => {
        const { browser } = await signIn()
        const { body } = await browser.open(at('saml/metadata'))
        const locations = [...body.matchAll(/(?:Location|entityID)="([^"]+)"/g)].map(
          ([, place = '']) => place,
        )
        expect(locations.length).toBeGreaterThan(3)
        expect(locations.filter((each) => !each.startsWith(`${at('saml')}/`))).toEqual([])
        const deliveries = await place.emulator.saml.logout({ username: 'ana' })
        expect(deliveries.flatMap(({ status: said }) => said)).toContain('Success')
        expect((await status(browser)).state).toBe('anonymous')
      })
    }
  })
})
