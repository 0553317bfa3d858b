/** @module More sessions of a person than an application keeps: the one that was seen the longest ago ends, and is told. */
import { describe, expect, it } from 'vitest'
import { type CitizenEvent, createSuite } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, serve, shown } from '../support/world.js'

describe.each(['own cookie', 'shared cookie'] as const)('more sessions than are kept, by the %s', (by) => {
  it('HLD-18 end the one that was seen the longest ago, with a reason and a way back', async () => {
    const world = await createWorld()
    const { protocol } = scriptedProtocol()
    const events: CitizenEvent[] = []
    const ended: (string | undefined)[] = []
    const options = optionsOf(
      'library',
      { emulator: world.emulator, clock: world.now, store: world.store },
      { application: { sessionsPerPerson: 2, sensitivity: 'basic' } },
    )
    const suite = createSuite(
      { ...options, protocols: [protocol], onEvent: (event) => events.push(event) },
      {},
    )
    suite.onSessionEnded(({ boundSession }) => ended.push(boundSession))
    const { url } = suite.options.application
    const sites = new Map<string, Site>([
      [world.emulator.url, (request) => world.emulator.handle(request)],
      [url, (request) => serve(suite, request)],
      [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
    ])
    const signIn = async () => {
      const browser = createBrowser(sites)
      if (by === 'own cookie') await browser.open(`${url}/session/login?returnTo=/private&via=scripted`)
      else {
        const page = await browser.open(`${world.emulator.url}/login`)
        await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
        await browser.open(`${url}/private`)
      }
      world.travel(20)
      return browser
    }
    const who = (browser: ReturnType<typeof createBrowser>) => shown(browser.fetch(`${url}/open`))
    const [first, second] = [await signIn(), await signIn()]
    const headers = { cookie: await second.cookieHeader(url) }
    const citizen = await suite.authenticate(new TestExchange(new Request(`${url}/open`, { headers })))
    expect(await suite.bind(citizen, 'framework')).toBe(true)
    world.travel(20)
    // The first one is used again: it is the second that was seen the longest ago.
    await first.open(`${url}/private`)
    world.travel(20)
    const third = await signIn()
    expect(await who(first)).toMatchObject({ state: 'active' })
    expect(await who(third)).toMatchObject({ state: 'active' })
    expect(await who(second)).toMatchObject({ state: 'anonymous', reason: 'too-many-sessions' })
    const told = events.filter(({ type }) => type === 'session.ended')
    expect(told).toMatchObject([{ reason: 'too-many-sessions', sessionApplication: 'library' }])
    expect(ended).toEqual(['framework'])
    const page = await second.open(`${url}/private`)
    expect(page.body).toContain('more often than this application keeps sessions')
    await second.press(page, /^Continue|^Sign in/)
    if (by === 'own cookie') await second.open(`${url}/private`)
    expect(await who(second)).toMatchObject({ state: 'active' })
  })
})
