/** @module A person's way through a proxy: to the sign-in and back, and never round in circles. */
import { describe, expect, it } from 'vitest'
import { subjectOf } from '../../src/emulator/people.js'
import {
  type CitizenEvent,
  createSuite,
  type GateOptions,
  type Protocol,
  type Suite,
} from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { base, createWorld, optionsOf, serve } from '../support/world.js'
import { gateSecret, testKeys, tokenOf } from './gate-world.js'

/** What is below `/<policy>/` is behind the gate, as nginx has it; the rest is the application's. */
function behindProxy(suite: Suite): Site {
  return async (request) => {
    const { pathname, search, origin } = new URL(request.url)
    const policy = /^\/(shared|own|any)\//.exec(pathname)?.[1]
    if (policy === undefined) return serve(suite, request)
    const headers = new Headers(request.headers)
    headers.set('citizen-gate-secret', gateSecret)
    headers.set('x-original-uri', pathname + search)
    headers.set('x-original-method', request.method)
    const exchange = new TestExchange(new Request(`${origin}/session/gate/${policy}`, { headers }))
    const reply = await suite.endpoint(exchange)?.(exchange)
    if (reply === undefined) throw new Error('no gate')
    const answer = exchange.respond(reply)
    if (answer.status === 204) return Response.json(tokenOf(answer).claims)
    const location = answer.headers.get('citizen-location')
    return location === null ? answer : new Response(null, { status: 302, headers: { location } })
  }
}

/** An application with the shared cookie and another way to sign in, behind a proxy that hands no cookie on. */
async function createPlace(gate: GateOptions = {}, protocols?: readonly Protocol[]) {
  const world = await createWorld({ applications: {} })
  const scripted = scriptedProtocol()
  const events: CitizenEvent[] = []
  const routes = {
    gate: {
      secret: gateSecret,
      keys: testKeys(world.now),
      policies: {
        shared: { audience: 'a', provider: 'shared-cookie' },
        own: { audience: 'a', provider: ['scripted'] },
      },
      ...gate,
    },
  }
  const parts = { emulator: world.emulator, clock: world.now, store: world.store }
  const options = { ...optionsOf('library', parts), routes, protocols: protocols ?? [scripted.protocol] }
  const suite = createSuite({ ...options, onEvent: (event) => events.push(event) }, {})
  const { url } = suite.options.application
  const sites = new Map<string, Site>([
    [world.emulator.url, (request) => world.emulator.handle(request)],
    [url, behindProxy(suite)],
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const browser = createBrowser(sites)
  const signIn = async (path: string, username = 'ana') => {
    const page = await browser.open(`${url}${path}`)
    expect(page.url).toContain(world.emulator.url)
    return browser.press(page, /^Sign in$/, { username, password: `${username}-password` })
  }
  /** The shared cookie becomes another person's, as by another application of the base domain. */
  const become = async (username: string) => {
    for (const pair of (await world.emulator.cookiesFor(username)).split('; '))
      await browser.jar.setCookie(`${pair}; Domain=${base}; Path=/; Secure`, `${url}/`)
  }
  return { world, suite, url, browser, scripted, events, signIn, become }
}

/** A browser gives up after twenty. */
const fewRedirects = 8

describe('a person behind a proxy that hands no cookie on', () => {
  it('signs in by way of a page there, and comes back to it', async () => {
    const { signIn, url } = await createPlace()
    const done = await signIn('/shared/7?a=b')
    expect([done.status, done.url, JSON.parse(done.body).sub]).toEqual([
      200,
      `${url}/shared/7?a=b`,
      subjectOf('ana'),
    ])
  })

  it('who becomes another one is told so once, on our own page, and is that one then', async () => {
    const { signIn, become, browser, url, events } = await createPlace()
    await signIn('/shared/7')
    await become('ben')
    const told = await browser.open(`${url}/shared/7`)
    expect(told.url).toBe(`${url}/session/login?returnTo=%2Fshared%2F7&provider=shared-cookie`)
    expect(told.path).toHaveLength(2)
    const page = await browser.open(`${url}/shared/7`)
    expect([page.status, JSON.parse(page.body).sub]).toEqual([200, subjectOf('ben')])
    expect(events.map(({ type }) => type)).toContain('session.identity-changed')
  })

  it('whose session is over decides on our page, and signs in anew', async () => {
    const { signIn, world, browser, url } = await createPlace()
    await signIn('/shared/7')
    world.travel(601)
    const over = await browser.open(`${url}/shared/7`)
    expect([over.status, over.path.length < fewRedirects]).toEqual([200, true])
    expect(over.url).toBe(`${url}/session/login?returnTo=%2Fshared%2F7&provider=shared-cookie`)
    const page = await browser.press(over, /^Sign in$/)
    const done = await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
    expect([done.status, done.url]).toEqual([200, `${url}/shared/7`])
  })

  it('whose cookies do not belong together is sent nowhere', async () => {
    const { signIn, world, browser, url } = await createPlace()
    await signIn('/shared/7')
    for (const pair of (await world.emulator.cookiesFor('ben')).split('; '))
      await browser.jar.setCookie(`${pair}; Path=/shared; Secure`, `${url}/shared/7`)
    const page = await browser.open(`${url}/shared/7`)
    expect([page.status, page.path.length]).toEqual([401, 1])
    expect(page.body).toContain('/session/logout')
  })

  it('whose session is of another provider than the policy names is led there, and gets no token of its `sub`', async () => {
    const { scripted, browser, url } = await createPlace()
    scripted.script.person = subjectOf('ana')
    const done = await browser.open(`${url}/own/7`)
    expect([done.status, done.url, JSON.parse(done.body).sub]).toEqual([
      200,
      `${url}/own/7`,
      subjectOf('ana'),
    ])
    const other = await browser.fetch(`${url}/shared/7`)
    expect([other.status, await other.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'other-provider', login: '/session/login?provider=shared-cookie' }),
    ])
  })

  it('gets no token of a `sub` that another provider may have for somebody else, unless the application tells them apart', async () => {
    const one = { any: { audience: 'a' } }
    const made = await createPlace({
      policies: { any: { audience: 'a', provider: ['shared-cookie', 'scripted'] } },
    }).then(
      () => 'made',
      (error: Error) => error.message,
    )
    expect(made).toContain('routes.gate.policies')
    // One way to sign in is enough, until another one is added.
    const { suite, signIn, browser, url, events } = await createPlace({ policies: one }, [])
    expect((await signIn('/any/7')).status).toBe(200)
    await suite.protocols.add(scriptedProtocol().protocol)
    expect((await browser.open(`${url}/any/7`)).status).toBe(500)
    expect(events.flatMap((event) => (event.type === 'gate.failed' ? [event.problem] : []))).toEqual([
      'subject',
    ])
    const named = await createPlace({
      policies: one,
      subject: ({ provider, claims }) => `${provider}:${claims.sub}`,
    })
    const done = await named.signIn('/any/7')
    expect(JSON.parse(done.body).sub).toBe(`shared-cookie:${subjectOf('ana')}`)
  })
})
