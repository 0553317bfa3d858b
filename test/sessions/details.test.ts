/** @module Claims, limits and bound framework sessions, written by requests that are under way at once. */
import { describe, expect, it } from 'vitest'
import { createSuite, memoryStore, type Store } from '../../src/index.js'
import { createBrowser, type Site } from '../support/browser.js'
import { TestExchange } from '../support/exchange.js'
import { issuer, providerSite, scriptedProtocol } from '../support/scripted-protocol.js'
import { createWorld, optionsOf, serve } from '../support/world.js'

type Update = Parameters<Store['update']>
type End = Parameters<Store['end']>

/** An application with both ways to hold a session, on a store whose next write can be held up. */
async function createPlace() {
  const world = await createWorld()
  const memory = memoryStore({ clock: world.now })
  const pending: (() => Promise<unknown>)[] = []
  /** What happens between the look of a request and its write. */
  const first = async () => {
    await pending.shift()?.()
  }
  const store: Store = {
    ...memory,
    async update(...given: Update) {
      if (given[2].sealed !== undefined) await first()
      return memory.update(...given)
    },
    async end(...given: End) {
      await first()
      return memory.end(...given)
    },
  }
  const scripted = scriptedProtocol()
  scripted.script.sid = 'one'
  const options = optionsOf('library', { emulator: world.emulator, clock: world.now, store })
  const suite = createSuite({ ...options, protocols: [scripted.protocol] }, {})
  const ended: (string | undefined)[] = []
  suite.onSessionEnded(({ boundSession }) => ended.push(boundSession))
  const { url } = suite.options.application
  const sites = new Map<string, Site>([
    [world.emulator.url, (request) => world.emulator.handle(request)],
    [url, (request) => serve(suite, request)],
    [issuer, providerSite(`${url}/session/return`, `${url}/session/scripted/callback`)],
  ])
  const browser = createBrowser(sites)
  const exchangeOf = async () => {
    const cookie = await browser.cookieHeader(url)
    return new TestExchange(new Request(`${url}/open`, { headers: { cookie, 'sec-fetch-mode': 'navigate' } }))
  }
  const current = async () => {
    const session = await scripted.host().sessions.current(await exchangeOf())
    if (session === undefined) throw new Error('nobody is signed in')
    return session
  }
  return {
    suite,
    scripted,
    ended,
    current,
    meanwhile: (work: () => Promise<unknown>) => pending.push(work),
    citizen: async () => suite.authenticate(await exchangeOf()),
    /** The provider takes the claim `role` for another one, at a renewal that began now. */
    renewal: async (role: string) => {
      const session = await current()
      const tokens = { tokens: '{"serial":9,"expiresAt":0}', tokensIssuedAt: 0, tokensExpireAt: 0 }
      return () => scripted.host().sessions.renew(session, { ...tokens, claims: { ...session.claims, role } })
    },
    signInOwn: () => browser.open(`${url}/session/login?returnTo=/private&via=scripted`),
    signInShared: async () => {
      const page = await browser.open(`${world.emulator.url}/login`)
      await browser.press(page, /^Sign in$/, { username: 'ana', password: 'ana-password' })
      await browser.open(`${url}/open`)
    },
  }
}

describe('details that two requests write at once', () => {
  it('HLD-16 a role that was taken away stays away when a request under way binds its session', async () => {
    const place = await createPlace()
    await place.signInOwn()
    const early = await place.citizen()
    expect(await (await place.renewal('clerk'))()).toBe('renewed')
    expect(await place.suite.bind(early, 'framework')).toBe(true)
    expect((await place.current()).claims.role).toBe('clerk')
    // And between the second look and the write.
    const again = await place.citizen()
    const renew = await place.renewal('guest')
    place.meanwhile(renew)
    expect(await place.suite.bind(again, 'framework')).toBe(true)
    expect((await place.current()).claims.role).toBe('guest')
  })

  it('HLD-16 a session that was bound meanwhile ends, after a renewal and after a login that took it up', async () => {
    const place = await createPlace()
    await place.signInOwn()
    const early = await place.citizen()
    const renew = await place.renewal('clerk')
    expect(await place.suite.bind(early, 'one')).toBe(true)
    expect(await renew()).toBe('renewed')
    place.meanwhile(() => place.suite.bind(early, 'two'))
    await place.signInOwn()
    const citizen = await place.citizen()
    expect(citizen.state).toBe('active')
    if (citizen.state === 'active') await citizen.logout({ scope: 'application' })
    expect(place.ended).toEqual(['two'])
  })

  it.each(['signInOwn', 'signInShared'] as const)(
    'HLD-16 what is bound between the look and the end is destroyed, also again and again: %s',
    async (signIn) => {
      for (const times of [1, 3]) {
        const place = await createPlace()
        await place[signIn]()
        const citizen = await place.citizen()
        if (citizen.state !== 'active') throw new Error('nobody is signed in')
        await place.suite.bind(citizen, 'before')
        const bindAgain = (left: number) => async () => {
          expect(await place.suite.bind(citizen, `bound ${left}`)).toBe(true)
          if (left > 1) place.meanwhile(bindAgain(left - 1))
        }
        place.meanwhile(bindAgain(times))
        await citizen.logout({ scope: 'application' })
        expect(place.ended).toEqual(['bound 1'])
        expect(await place.suite.bind(citizen, 'late')).toBe(false)
      }
    },
  )
})
