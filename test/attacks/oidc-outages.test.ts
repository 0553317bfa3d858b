import { describe, expect, it } from 'vitest'
import { type Store, StoreUnavailableError } from '../../src/index.js'
import { issuer } from '../oidc/signer.js'
import type { Browser } from '../support/browser.js'
import { createPlace, home, type Place } from './oidc-place.js'

/** A store that cannot answer from one of its calls on, for so many calls. */
function failing(store: Store, fault: { from: number; calls: number }): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'ready' || name === 'close') return member
      return async (...given: unknown[]) => {
        fault.from -= 1
        if (fault.from < 0 && fault.from >= -fault.calls) throw new StoreUnavailableError('the store is away')
        return member.apply(target, given) as unknown
      }
    },
  })
}

const flows = {
  'a page': { run: (browser) => browser.open(`${home}/private`), ends: false },
  'a silent check': {
    run: (browser) => browser.open(`${home}/session/reauthenticate?begin=top&returnTo=/open`, { from: home }),
    ends: false,
  },
  'a frame that watches': { run: (browser) => browser.open(`${home}/session/check-session`), ends: false },
  'a login for something recent': {
    run: (browser) => browser.open(`${home}/session/login?returnTo=/private&maxAge=10`),
    ends: false,
  },
  'a front-channel logout': {
    run: (browser) =>
      browser.open(
        `${home}/session/frontchannel-logout?${new URLSearchParams({ iss: issuer, sid: 'session-1' })}`,
      ),
    ends: true,
  },
  'a logout': { run: (browser) => browser.post(`${home}/session/logout`, {}), ends: true },
} as const satisfies Record<
  string,
  { readonly run: (browser: Browser) => ReturnType<Browser['open']>; readonly ends: boolean }
>

const steps = Array.from({ length: 24 }, (_, step) => step)

async function prepare(): Promise<{
  place: Place
  browser: Browser
  fault: { from: number; calls: number }
}> {
  const fault = { from: Number.POSITIVE_INFINITY, calls: 0 }
  const place = createPlace({
    suite: { application: { sensitivity: 'public' } },
    store: (store) => failing(store, fault),
    description: { end_session_endpoint: `${issuer}/end`, check_session_iframe: `${issuer}/check` },
  })
  place.script.sid = 'session-1'
  const browser = place.browser()
  expect((await browser.open(`${home}/session/login?returnTo=/private`)).status).toBe(200)
  place.travel(2000)
  place.script.authTime = place.now() / 1000
  return { place, browser, fault }
}

describe('a store that goes away in the middle', () => {
  it.each(Object.keys(flows) as (keyof typeof flows)[])(
    'makes no error and no sign-out of %s',
    async (name) => {
      const { run, ends } = flows[name]
      for (const calls of [1, 100]) {
        for (const from of steps) {
          const { place, browser, fault } = await prepare()
          Object.assign(fault, { from, calls })
          const visit = await run(browser)
          Object.assign(fault, { from: Number.POSITIVE_INFINITY })
          const label = `${name}, ${calls} calls from ${from}`
          expect([200, 400, 401, 403, 404, 503], label).toContain(visit.status)
          if (visit.status === 503) expect(visit.headers.has('retry-after'), label).toBe(true)
          // Nobody has asked for a silent check: the person comes to their page.
          if (name === 'a silent check') expect(visit.url, label).toBe(`${home}/open`)
          const { state } = await place.state(browser)
          if (!ends) expect(state, label).toBe('active')
          // An end that was not confirmed must not be called one.
          else if (state === 'active') expect(visit.body, label).not.toContain('You are signed out of all')
        }
      }
    },
  )

  it('BCL-27 never confirms a back-channel logout that did not happen, and takes it again', async () => {
    for (const from of steps) {
      const { place, browser, fault } = await prepare()
      Object.assign(fault, { from, calls: 2 })
      const claims = { sid: 'session-1', jti: 'the-same' }
      const first = await place.backchannel(claims)
      Object.assign(fault, { from: Number.POSITIVE_INFINITY })
      expect([200, 400]).toContain(first.status)
      if (first.status === 400) {
        place.travel(31)
        expect((await place.backchannel(claims)).status, `again, from ${from}`).toBe(200)
      }
      expect(await place.state(browser), `from ${from}`).toMatchObject({ state: 'anonymous' })
    }
  })
})

describe('a provider that goes away in the middle', () => {
  it.each(['/.well-known/openid-configuration', '/jwks', '/token', '/authorize'])(
    'makes no error and no sign-out when %s answers with an error',
    async (path) => {
      for (const answer of [
        () => new Response('', { status: 500 }),
        () => new Response('', { status: 302, headers: { location: 'http://169.254.169.254/latest' } }),
        () => new Response('x'.repeat(300_000)),
        () => new Response('<html>'),
        () => Promise.reject(new TypeError('fetch failed')),
      ]) {
        const { place, browser } = await prepare()
        place.suite.purgeKeys()
        if (path !== '/authorize') place.script.answers[path] = answer
        place.script.sid = undefined
        const pages = [
          await browser.open(`${home}/private`),
          await browser.open(`${home}/session/reauthenticate?begin=frame`, { from: home }),
          await browser.open(`${home}/session/check-session`),
          await place.browser().open(`${home}/session/login?returnTo=/private`),
        ]
        for (const { status } of pages) expect([200, 401, 503]).toContain(status)
        expect(await place.state(browser)).toMatchObject({ state: 'active' })
      }
    },
  )
})
