/**
 * @module Logins of several tabs that come back at once have one session, and one cookie where they came by one provider:
 * never by two, whose name the cookie says.
 */
import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore } from '../../src/index.js'
import { type Browser, createBrowser, type Site } from '../support/browser.js'
import { scriptedProtocol } from '../support/scripted-protocol.js'
import { serve, shown } from '../support/world.js'

const home = 'https://benefits.example'
const provider = 'https://id.example'

/** One application with two ways in; `by`: the issuer of each. */
function createPlace(by: readonly [string, string]) {
  let now = Date.UTC(2026, 0, 15, 12)
  const clock = () => now
  const store = memoryStore({ clock })
  const alpha = scriptedProtocol('alpha', provider, by[0])
  const beta = scriptedProtocol('beta', provider, by[1])
  for (const { script } of [alpha, beta]) Object.assign(script, { sid: 's1', authenticatedAt: now })
  const suite = createSuite(
    {
      application: { id: 'benefits', url: home, secrets: ['a secret of thirty-two bytes or more'] },
      protocols: [alpha.protocol, beta.protocol],
      store,
      clock,
    },
    {},
  )
  const handle: Site = (request) => serve(suite, request)
  const browser = createBrowser(new Map([[home, handle]]))
  return {
    handle,
    browser,
    travel(seconds: number) {
      now += seconds * 1000
    },
    /** Leaves for a provider; the way back is open. */
    async leave(via: 'alpha' | 'beta'): Promise<() => Promise<string>> {
      const answer = await browser.fetch(`${home}/session/login?returnTo=/private&via=${via}`)
      const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state') ?? ''
      return async () => {
        await browser.fetch(`${home}/session/${via}/callback?state=${state}`)
        return browser.cookieHeader(home)
      }
    },
  }
}

const who = (handle: Site, cookie: string) =>
  shown(handle(new Request(`${home}/open`, { headers: { cookie } })))
const sessionCookieIn = (cookies: string) => /benefits\.sid=([^;]+)/.exec(cookies)?.[1]
const current = async (browser: Browser) => shown(browser.fetch(`${home}/open`))

describe('two logins that come back at once', () => {
  it('by one provider have one generation', async () => {
    const { leave, travel, handle } = createPlace([provider, provider])
    const [one, two] = [await leave('alpha'), await leave('alpha')]
    const first = await one()
    travel(1)
    const second = await two()
    const [before, after] = [await who(handle, first), await who(handle, second)]
    expect([before.state, after.state, before.provider]).toEqual(['active', 'active', 'alpha'])
    expect(before.session.publicId).toBe(after.session.publicId)
  })

  it.each([
    ['alpha', 'beta'],
    ['beta', 'alpha'],
  ] as const)(
    'by two, %s and then %s, of one issuer have one each: the first cookie is dead',
    async (a, b) => {
      const { leave, travel, handle, browser } = createPlace([provider, provider])
      const [one, two] = [await leave(a), await leave(b)]
      const first = await one()
      const before = await who(handle, first)
      expect([before.state, before.provider]).toEqual(['active', a])
      travel(1)
      const second = await two()
      expect(sessionCookieIn(second)).not.toBe(sessionCookieIn(first))
      expect(await who(handle, first)).toMatchObject({ state: 'anonymous' })
      const after = await current(browser)
      expect([after.state, after.provider]).toEqual(['active', b])
      expect(after.session.publicId).not.toBe(before.session.publicId)
      // One session of the provider is one session here, whichever way it was come by.
      expect(after.session.startedAt).toBe(before.session.startedAt)
    },
  )

  it.each([
    ['alpha', 'beta'],
    ['beta', 'alpha'],
  ] as const)(
    'by two, %s and then %s, of two issuers that name people and sessions alike have two sessions',
    async (a, b) => {
      const { leave, travel, handle, browser } = createPlace([`${provider}/alpha`, `${provider}/beta`])
      const [one, two] = [await leave(a), await leave(b)]
      const first = await one()
      const before = await who(handle, first)
      travel(1)
      await two()
      expect(await who(handle, first)).toMatchObject({ state: 'anonymous', reason: 'identity-changed' })
      const after = await current(browser)
      expect([after.state, after.provider]).toEqual(['active', b])
      expect(after.session.publicId).not.toBe(before.session.publicId)
      expect(after.session.startedAt).toBeGreaterThan(before.session.startedAt)
    },
  )
})
